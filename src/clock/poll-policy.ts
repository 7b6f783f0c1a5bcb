/**
 * When to ask a source again. Pure: schedule and need in, instant out.
 *
 * A burst at the start and in a disruption; else the configured interval; sooner if the clock's own bound would pass a share of the
 * accepted variance before. Asking early backs off while nobody answers, and never goes below the source's own minimum.
 */
import { max, min } from '../base/index.ts'
import type { Schedule } from './source-register.ts'

/** The local instant at which the source is due; `undefined` need: the bound asks for nothing. */
export const dueAtNs = (schedule: Schedule, neededByNs: bigint | undefined): bigint | undefined => {
  const { polledNs, intervalNs, intervalMinNs, burstLeft, unanswered } = schedule
  if (polledNs === undefined) return undefined
  if (burstLeft > 0) return polledNs + intervalMinNs
  const regular = polledNs + intervalNs
  if (neededByNs === undefined) return regular
  const patienceNs = intervalMinNs << BigInt(Math.min(unanswered, 16))
  return min(regular, max(neededByNs, polledNs + patienceNs))
}

/** After "you ask too often" (kiss-o'-death RATE, RFC 5905 §7.4): twice the interval, no burst, nothing sooner. */
export const slowed = (schedule: Schedule, intervalMaxNs: bigint): Schedule => {
  const intervalNs = min(schedule.intervalNs * 2n, max(intervalMaxNs, schedule.intervalNs))
  return { ...schedule, intervalNs, intervalMinNs: intervalNs, burstLeft: 0 }
}

/** A fresh burst, for a clock that must know soon. One that asked for patience keeps its own pace: its minimum says so. */
export const hurried = (schedule: Schedule, burstPolls: number): Schedule => ({
  ...schedule,
  burstLeft: Math.max(schedule.burstLeft, burstPolls),
})
