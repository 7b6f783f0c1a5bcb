/**
 * What a GPS receiver's word, come through gpsd, says of the local counter, and when it is not to be believed.
 * Source: gpsd_json(5) (meaning of TPV, SKY, TOFF, PPS); IS-GPS-200 (1,024-week numbers, leap seconds).
 *
 *   TPV   names the instant of a fix, which lies before the report: TAI at its arrival is in
 *         [time − ept − margin, time + latencyNsMax].
 *   TOFF  pairs a second with gpsd's reading of the host clock when the receiver's first byte for it came: the way from
 *         gpsd to here, and the length of the receiver's report, drop out. TAI at that reading is in
 *         [real − ept − margin, real + toffLatencyNsMax].
 *   PPS   pairs a second with the host clock at the receiver's pulse: within `ppsErrorNs` on both sides.
 *
 * TOFF and PPS speak of the host clock; a reading of it and of the local counter, taken together at arrival, carries them
 * over. The host clock serves as a stopwatch for less than `pairAgeNsMax`, and its date does not matter.
 *
 * Pure. Does not promise to notice a spoofed signal that is smooth from the start: that takes other sources.
 */
import { abs, accept, floorDiv, holds, max, middle, NS_PER_MS, NS_PER_SEC, reject, widen } from '../base/index.ts'
import type { Admission, NsInterval, Tai } from '../base/index.ts'
import type { GpsdMessage, GpsdPulse, GpsdTpv } from './gpsd-protocol.ts'
import { isLeapTableExpired, LEAP_TABLE, taiMinusUtcAtUnixSec } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import { nsOfLog2Sec } from './ntp-durations.ts'
import type { Measurement } from './port.ts'
import { GPS_WEEK_ROLLOVER, NS_PER_WEEK, RELEASE_TAI, taiSpanOfUnixNs, unixFromTai } from './time-scales.ts'

/** What is assumed of receiver, line and host. Durations in ns. */
export interface GpsLimits {
  /** From a fix to its report's arrival here. */
  readonly latencyNsMax: bigint
  /** From a second to the first byte that the receiver sends for it. */
  readonly toffLatencyNsMax: bigint
  /** From the true second to gpsd's time stamp of the pulse, either way, where gpsd states no precision. */
  readonly ppsErrorNs: bigint
  /** Added below the stated error of a fix: clocks of receivers are set to their messages, not the reverse. */
  readonly marginNs: bigint
  /** Stated error of a fix where gpsd states none. */
  readonly errorNsDefault: bigint
  /** A fix with a larger stated error is refused. */
  readonly errorNsMax: bigint
  /** How coarsely the host clock is read, by gpsd and here. */
  readonly hostResolutionNs: bigint
  /** How wrong the rate of the host clock or the local counter may be, ppb. */
  readonly driftPpbMax: bigint
  /** From gpsd's reading of the host clock to ours; above it the pair is not trusted. */
  readonly pairAgeNsMax: bigint
  /** For how long a good fix vouches for pulses, and a satellite count for fixes. */
  readonly vouchNsMax: bigint
  /** Least satellites used, where SKY says how many: three with a known height, four without. */
  readonly satellitesUsedMin: number
  /** A series of fixes that contradicts the last good one, but not itself, replaces it after this long and so many. */
  readonly anewNs: bigint
  readonly anewFixes: number
  readonly earliestTai: Tai
  /** From here on a date is refused: a 1,024-week counter that began before the release has wrapped by then. */
  readonly horizonTai: Tai
  readonly leapTable: LeapTable
}

export const GPS_LIMITS: GpsLimits = {
  latencyNsMax: (3n * NS_PER_SEC) / 2n,
  toffLatencyNsMax: NS_PER_SEC,
  ppsErrorNs: NS_PER_MS,
  marginNs: NS_PER_MS,
  errorNsDefault: 5n * NS_PER_MS,
  errorNsMax: NS_PER_SEC,
  hostResolutionNs: NS_PER_MS,
  driftPpbMax: 500_000n,
  pairAgeNsMax: 5n * NS_PER_SEC,
  vouchNsMax: 10n * NS_PER_SEC,
  satellitesUsedMin: 3,
  anewNs: 60n * NS_PER_SEC,
  anewFixes: 30,
  earliestTai: RELEASE_TAI,
  horizonTai: RELEASE_TAI + GPS_WEEK_ROLLOVER * NS_PER_WEEK,
  leapTable: LEAP_TABLE,
}

/** Why a fix or a pulse is not believed. */
export const GPS_REASONS = [
  'gps-no-fix',
  'gps-no-time',
  'gps-imprecise',
  'gps-leap-unknown',
  'gps-before-release',
  'gps-after-horizon',
  'gps-backwards',
  'gps-implausible-step',
  'gps-few-satellites',
  'gps-host-clock-stepped',
  'gps-pulse-disagrees',
] as const
export type GpsReason = (typeof GPS_REASONS)[number]

/** How good a measurement's ground is, worst first. */
export const GPS_BASES = ['TPV', 'TOFF', 'PPS'] as const
export type GpsBasis = (typeof GPS_BASES)[number]

export interface GpsSample extends Omit<Measurement, 'sourceId' | 'kind'> {
  readonly basis: GpsBasis
}

/** When a message came: the local counter, and the host clock read together with it within `readingNs`. */
export interface GpsArrival {
  readonly localNs: bigint
  readonly hostUnixNs: bigint
  readonly readingNs: bigint
}

interface Anchor {
  readonly tai: Tai
  readonly localNs: bigint
}

/** A series of fixes that contradicts the last good one. */
interface Rival extends Anchor {
  readonly sinceLocalNs: bigint
  readonly fixes: number
}

/** What is remembered of one device. */
export interface GpsState {
  readonly driver: string | undefined
  readonly used: { readonly count: number; readonly localNs: bigint } | undefined
  /** The last fix that was believed. */
  readonly anchor: Anchor | undefined
  readonly rival: Rival | undefined
  /** TAI − local by the newest fix, as long as that one was believed; vouches for pulses. */
  readonly vouched: { readonly offset: NsInterval; readonly localNs: bigint; readonly errorNs: bigint } | undefined
}

export const GPS_STATE: GpsState = {
  driver: undefined,
  used: undefined,
  anchor: undefined,
  rival: undefined,
  vouched: undefined,
}

/** The next state, and the verdict where the message calls for one. */
export interface GpsStep {
  readonly state: GpsState
  readonly admission: Admission<GpsSample, GpsReason> | undefined
}

const driftNs = (elapsedNs: bigint, limits: GpsLimits): bigint =>
  (abs(elapsedNs) * limits.driftPpbMax) / NS_PER_SEC + 1n

/**
 * Is GPS − UTC known? Where gpsd states it, it must be ours. Where it does not, the receiver itself must have made UTC of
 * it, which NMEA ones do; a known binary protocol without it is still guessing.
 */
const isLeapKnown = (fix: GpsdTpv & { readonly tai: Tai }, driver: string | undefined, table: LeapTable): boolean => {
  if (fix.leapSec === undefined) return driver === undefined || driver.startsWith('NMEA')
  if (isLeapTableExpired(fix.tai, table)) return true
  const { unixNs } = unixFromTai(fix.tai, table)
  return BigInt(fix.leapSec) === taiMinusUtcAtUnixSec(floorDiv(unixNs, NS_PER_SEC), table) - 19n
}

/** What the fix says against itself. */
const unfitReason = (fix: GpsdTpv, state: GpsState, arrival: GpsArrival, limits: GpsLimits): GpsReason | undefined => {
  if (fix.mode < 2) return 'gps-no-fix'
  const { tai } = fix
  if (tai === undefined) return 'gps-no-time'
  if (tai < limits.earliestTai) return 'gps-before-release'
  if (tai >= limits.horizonTai) return 'gps-after-horizon'
  if ((fix.errorNs ?? limits.errorNsDefault) > limits.errorNsMax) return 'gps-imprecise'
  if (!isLeapKnown({ ...fix, tai }, state.driver, limits.leapTable)) return 'gps-leap-unknown'
  const { used } = state
  const isCounted = used !== undefined && arrival.localNs - used.localNs <= limits.vouchNsMax
  return isCounted && used.count < limits.satellitesUsedMin ? 'gps-few-satellites' : undefined
}

/** Does time since `last` by the receiver fit time since `last` by the counter? */
const progressReason = (last: Anchor, next: Anchor, limits: GpsLimits): GpsReason | undefined => {
  if (next.tai < last.tai) return 'gps-backwards'
  const elapsedNs = next.localNs - last.localNs
  const toleranceNs = limits.latencyNsMax + limits.marginNs + driftNs(elapsedNs, limits)
  return abs(next.tai - last.tai - elapsedNs) > toleranceNs ? 'gps-implausible-step' : undefined
}

const rivalOf = (state: GpsState, next: Anchor, limits: GpsLimits): Rival => {
  const { rival } = state
  if (rival === undefined || progressReason(rival, next, limits) !== undefined) {
    return { ...next, sinceLocalNs: next.localNs, fixes: 1 }
  }
  // The same instant told twice is no further fix.
  return { ...next, sinceLocalNs: rival.sinceLocalNs, fixes: rival.fixes + (next.tai > rival.tai ? 1 : 0) }
}

const isEstablished = (rival: Rival, limits: GpsLimits): boolean =>
  rival.fixes >= limits.anewFixes && rival.localNs - rival.sinceLocalNs >= limits.anewNs

const sampleOf = (offset: NsInterval, arrival: GpsArrival, basis: GpsBasis): GpsSample => ({
  localNs: arrival.localNs,
  offset,
  estimateNs: middle(offset),
  delayNs: 0n,
  leap: 'unknown',
  basis,
})

const believeFix = (state: GpsState, fix: GpsdTpv, tai: Tai, arrival: GpsArrival, limits: GpsLimits): GpsStep => {
  const { localNs } = arrival
  const errorNs = fix.errorNs ?? limits.errorNsDefault
  const span = taiSpanOfUnixNs(unixFromTai(tai, limits.leapTable).unixNs, limits.leapTable)
  const offset = {
    lo: span.lo - errorNs - limits.marginNs - localNs,
    hi: span.hi + max(limits.latencyNsMax, errorNs) - localNs,
  }
  const next = { ...state, anchor: { tai, localNs }, rival: undefined, vouched: { offset, localNs, errorNs } }
  return { state: next, admission: accept(sampleOf(offset, arrival, 'TPV')) }
}

const onFix = (state: GpsState, fix: GpsdTpv, arrival: GpsArrival, limits: GpsLimits): GpsStep => {
  const { tai } = fix
  const unfit = unfitReason(fix, state, arrival, limits)
  if (unfit !== undefined || tai === undefined) {
    return { state: { ...state, vouched: undefined }, admission: reject(unfit ?? 'gps-no-time') }
  }
  const next = { tai, localNs: arrival.localNs }
  const { anchor } = state
  if (anchor === undefined) return believeFix(state, fix, tai, arrival, limits)
  const misfit = progressReason(anchor, next, limits)
  if (misfit === undefined) {
    // Told before: the first telling came sooner and says more.
    if (tai === anchor.tai) return { state, admission: undefined }
    return believeFix(state, fix, tai, arrival, limits)
  }
  const rival = rivalOf(state, next, limits)
  if (isEstablished(rival, limits)) return believeFix(state, fix, tai, arrival, limits)
  return { state: { ...state, rival, vouched: undefined }, admission: reject(misfit) }
}

const pulseErrors = (
  pulse: GpsdPulse,
  errorNs: bigint,
  limits: GpsLimits,
): { readonly lo: bigint; readonly hi: bigint } => {
  if (pulse.class === 'TOFF') return { lo: errorNs + limits.marginNs, hi: max(limits.toffLatencyNsMax, errorNs) }
  const ppsErrorNs = pulse.precision === undefined ? limits.ppsErrorNs : nsOfLog2Sec(pulse.precision)
  return { lo: ppsErrorNs, hi: ppsErrorNs }
}

const onPulse = (state: GpsState, pulse: GpsdPulse, arrival: GpsArrival, limits: GpsLimits): GpsStep => {
  const { vouched } = state
  // Before the first fix, and after a refused one, a pulse is only a tick: the fix has said why.
  if (vouched === undefined) return { state, admission: undefined }
  const sinceNs = arrival.localNs - vouched.localNs
  if (sinceNs > limits.vouchNsMax) return { state, admission: reject('gps-no-fix') }
  const ageNs = arrival.hostUnixNs - pulse.clockUnixNs
  const isPaired = holds({ lo: -limits.hostResolutionNs, hi: limits.pairAgeNsMax }, ageNs)
  if (!isPaired) return { state, admission: reject('gps-host-clock-stepped') }
  const span = taiSpanOfUnixNs(pulse.realUnixNs, limits.leapTable)
  const errors = pulseErrors(pulse, vouched.errorNs, limits)
  const carryNs = ageNs - arrival.localNs
  const offset = widen(
    { lo: span.lo - errors.lo + carryNs, hi: span.hi + errors.hi + carryNs },
    2n * limits.hostResolutionNs + arrival.readingNs + driftNs(ageNs, limits),
  )
  const told = widen(vouched.offset, driftNs(sinceNs, limits))
  if (offset.hi < told.lo || offset.lo > told.hi) return { state, admission: reject('gps-pulse-disagrees') }
  return { state, admission: accept(sampleOf(offset, arrival, pulse.class)) }
}

/** One message of one device, judged. Pure: the same arguments give the same step. */
export const gpsMeasurement = (
  state: GpsState,
  message: GpsdMessage,
  arrival: GpsArrival,
  limits: GpsLimits = GPS_LIMITS,
): GpsStep => {
  switch (message.class) {
    case 'TPV':
      return onFix(state, message, arrival, limits)
    case 'TOFF':
    case 'PPS':
      return onPulse(state, message, arrival, limits)
    case 'SKY': {
      const { usedCount } = message
      const used = usedCount === undefined ? state.used : { count: usedCount, localNs: arrival.localNs }
      return { state: { ...state, used }, admission: undefined }
    }
    case 'DEVICE': {
      const driver = message.drivers.at(-1)?.driver ?? state.driver
      return { state: { ...state, driver }, admission: undefined }
    }
    case 'VERSION':
    case 'WATCH':
      break
  }
  return { state, admission: undefined }
}
