/**
 * Which of a receiver's measurements are passed on: at most one an interval, the best kind there is; and a refusal at most
 * once an interval for each reason, so that a receiver that reports ten times a second does not flood its owner.
 *
 * Pure state. Does not judge measurements (clock/gpsd-measurement.ts does).
 */
import { NS_PER_SEC } from '../base/index.ts'
import { GPS_BASES } from './gpsd-measurement.ts'
import type { GpsBasis } from './gpsd-measurement.ts'

/** A better kind that was seen this recently keeps a worse one back, ns. */
export const GPSD_BETTER_NS = 5n * NS_PER_SEC
/** A poll brings the next measurement forward, but never sooner after the last than this, ns. */
export const GPSD_INTERVAL_NS_MIN = NS_PER_SEC

export interface GpsdPace {
  readonly passed: { readonly localNs: bigint; readonly rank: number } | undefined
  readonly best: { readonly localNs: bigint; readonly rank: number } | undefined
  /** Has a poll asked since the last measurement was passed on? */
  readonly isAsked: boolean
  /** When each reason was last passed on; reasons are a closed list, so this cannot grow without end. */
  readonly refusals: ReadonlyMap<string, bigint>
}

export const GPSD_PACE: GpsdPace = { passed: undefined, best: undefined, isAsked: false, refusals: new Map() }

export const paceAsked = (pace: GpsdPace): GpsdPace => ({ ...pace, isAsked: true })

export interface GpsdPaceStep {
  readonly pace: GpsdPace
  readonly isPassed: boolean
}

/** A believed measurement came at `localNs`: is it passed on? */
export const paceMeasurement = (pace: GpsdPace, basis: GpsBasis, localNs: bigint, intervalNs: bigint): GpsdPaceStep => {
  const rank = GPS_BASES.indexOf(basis)
  const { best: before, passed } = pace
  const isBeaten = before !== undefined && before.rank > rank && localNs - before.localNs <= GPSD_BETTER_NS
  if (isBeaten) return { pace, isPassed: false }
  const best = { localNs, rank }
  const sinceNs = passed === undefined ? undefined : localNs - passed.localNs
  const waitNs = pace.isAsked && GPSD_INTERVAL_NS_MIN < intervalNs ? GPSD_INTERVAL_NS_MIN : intervalNs
  // Receivers report on the second, give or take some milliseconds: a tenth of slack keeps every n-th from slipping to n + 1.
  const isDue = sinceNs === undefined || sinceNs >= waitNs - waitNs / 10n || rank > (passed?.rank ?? 0)
  return isDue
    ? { pace: { ...pace, best, passed: best, isAsked: false }, isPassed: true }
    : { pace: { ...pace, best }, isPassed: false }
}

/** Something was refused at `localNs`: is it told? */
export const paceRefusal = (pace: GpsdPace, reason: string, localNs: bigint, intervalNs: bigint): GpsdPaceStep => {
  const last = pace.refusals.get(reason)
  if (last !== undefined && localNs - last < intervalNs) return { pace, isPassed: false }
  return { pace: { ...pace, refusals: new Map([...pace.refusals, [reason, localNs]]) }, isPassed: true }
}
