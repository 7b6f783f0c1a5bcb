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
 * A pulse is only a tick: gpsd numbers it after the last fix. The number counts if the fix (and TOFF, and what the clock knows)
 * leave room for that second and for neither neighbour.
 *
 * A receiver whose 1,024-week counter wrapped tells a date that is wrong by whole rounds. It is put right where the clock's own
 * knowledge or the leap-second table says in which round we are, and refused otherwise.
 *
 * TOFF and PPS speak of the host clock; a reading of it and of the local counter, taken together at arrival, carries them
 * over. The host clock serves as a stopwatch for less than `pairAgeNsMax`, and its date does not matter.
 *
 * Pure. What a report is worth beside the counter's past, the signal and other sources is for gps-detector.ts to say.
 */
import {
  abs,
  accept,
  floorDiv,
  holds,
  intersect,
  max,
  meets,
  middle,
  min,
  NS_PER_MS,
  NS_PER_SEC,
  NS_PER_US,
  reject,
  shift,
  widen,
} from '../base/index.ts'
import type { Admission, NsInterval, Tai } from '../base/index.ts'
import type { ClockKnowledge } from './gps-knowledge.ts'
import { gpsWeekRepair } from './gps-weeks.ts'
import type { GpsdMessage, GpsdPulse, GpsdSignal, GpsdSky, GpsdTpv } from './gpsd-protocol.ts'
import { isLeapTableExpired, LEAP_TABLE, taiMinusUtcAtUnixSec } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import { nsOfLog2Sec } from './ntp-durations.ts'
import type { Measurement } from './port.ts'
import { GPS_WEEK_ROLLOVER, NS_PER_WEEK, RELEASE_TAI, taiReadingsOfUnixNs, unixFromTai } from './time-scales.ts'

/** What is assumed of receiver, line and host. Durations in ns. */
export interface GpsLimits {
  /** From a fix to its report's arrival here. */
  readonly latencyNsMax: bigint
  /** From a second to the first byte that the receiver sends for it. */
  readonly toffLatencyNsMax: bigint
  /** From the true second to gpsd's time stamp of the pulse, either way, where gpsd states no precision. */
  readonly ppsErrorNs: bigint
  /** On top of that, how late the stamp may be: the way of an interrupt. */
  readonly ppsLatencyNsMax: bigint
  /** A receiver with a pulse tells of a second within this after it: gpsd numbers the next pulse by that. */
  readonly pulseLatencyNsMax: bigint
  /** Added below the stated error of a fix: clocks of receivers are set to their messages, not the reverse. */
  readonly marginNs: bigint
  /** Stated error of a fix where gpsd states none. */
  readonly errorNsDefault: bigint
  /** A fix with a larger stated error is refused. */
  readonly errorNsMax: bigint
  /** How closely host clock and local counter are read together, and gpsd's own stamp: 1 ms for a `Time` of whole ms. */
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
  ppsLatencyNsMax: 200n * NS_PER_US,
  pulseLatencyNsMax: 950n * NS_PER_MS,
  marginNs: NS_PER_MS,
  errorNsDefault: 5n * NS_PER_MS,
  errorNsMax: NS_PER_SEC,
  hostResolutionNs: 50n * NS_PER_US,
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
  'gps-week-rollover',
  'gps-after-horizon',
  'gps-backwards',
  'gps-implausible-step',
  'gps-few-satellites',
  'gps-host-clock-stepped',
  'gps-pulse-disagrees',
  'gps-pulse-ambiguous',
] as const
export type GpsReason = (typeof GPS_REASONS)[number]

/** How good a measurement's ground is, worst first. */
export const GPS_BASES = ['TPV', 'TOFF', 'PPS'] as const
export type GpsBasis = (typeof GPS_BASES)[number]

export interface GpsSample extends Omit<Measurement, 'sourceId' | 'kind'> {
  readonly basis: GpsBasis
  /** Rounds of 1,024 weeks that were added to what the receiver said; 0 as a rule. */
  readonly weekRounds: bigint
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
  readonly signal: { readonly of: GpsdSignal; readonly localNs: bigint } | undefined
  /** The last fix that was believed. */
  readonly anchor: Anchor | undefined
  readonly rival: Rival | undefined
  /** TAI − local by the newest fix, as long as that one was believed; vouches for pulses. */
  readonly vouched: Voucher | undefined
}

interface Voucher {
  readonly offset: NsInterval
  /** The same for a receiver with a pulse, which speaks sooner: what numbers its pulses. */
  readonly second: NsInterval
  readonly localNs: bigint
  readonly errorNs: bigint
  readonly weekRounds: bigint
}

export const GPS_STATE: GpsState = {
  driver: undefined,
  used: undefined,
  signal: undefined,
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

/** A count of leap seconds that nobody had at the date that is told: the date is rounds too early. */
const isLeapLater = (leapSec: number | undefined, tai: Tai, { leapTable }: GpsLimits): boolean => {
  const toldSec = floorDiv(unixFromTai(tai, leapTable).unixNs, NS_PER_SEC)
  return leapSec !== undefined && BigInt(leapSec) + 19n > taiMinusUtcAtUnixSec(toldSec, leapTable)
}

/** What the fix says against itself. */
const unfitReason = (fix: GpsdTpv, state: GpsState, arrival: GpsArrival, limits: GpsLimits): GpsReason | undefined => {
  if (fix.mode < 2) return 'gps-no-fix'
  const { tai } = fix
  if (tai === undefined) return 'gps-no-time'
  if (tai < limits.earliestTai)
    return isLeapLater(fix.leapSec, tai, limits) ? 'gps-week-rollover' : 'gps-before-release'
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

const sampleOf = (
  offset: NsInterval,
  arrival: GpsArrival,
  told: { readonly basis: GpsBasis; readonly weekRounds: bigint; readonly estimateNs?: bigint },
): GpsSample => ({
  localNs: arrival.localNs,
  offset,
  estimateNs: told.estimateNs ?? middle(offset),
  delayNs: 0n,
  leap: 'unknown',
  basis: told.basis,
  weekRounds: told.weekRounds,
})

/** A fix with its instant, rounds of weeks put back. */
interface Dated {
  readonly tai: Tai
  readonly weekRounds: bigint
}

/** What numbers the next pulses: this fix, and the last ones as long as they agree. */
const secondOf = (state: GpsState, fresh: NsInterval, localNs: bigint, limits: GpsLimits): NsInterval => {
  const { vouched } = state
  if (vouched === undefined || localNs - vouched.localNs > limits.vouchNsMax) return fresh
  return intersect(fresh, widen(vouched.second, driftNs(localNs - vouched.localNs, limits))) ?? fresh
}

const believeFix = (state: GpsState, fix: GpsdTpv, dated: Dated, arrival: GpsArrival, limits: GpsLimits): GpsStep => {
  const { localNs } = arrival
  const { tai, weekRounds } = dated
  const errorNs = fix.errorNs ?? limits.errorNsDefault
  const span = taiReadingsOfUnixNs(unixFromTai(tai, limits.leapTable).unixNs, limits.leapTable)
  const lo = span.lo - errorNs - limits.marginNs - localNs
  const offset = { lo, hi: span.hi + max(limits.latencyNsMax, errorNs) - localNs }
  const soon = { lo, hi: min(offset.hi, span.hi + max(limits.pulseLatencyNsMax, errorNs) - localNs) }
  const second = secondOf(state, soon, localNs, limits)
  const vouched = { offset, second, localNs, errorNs, weekRounds }
  const next = { ...state, anchor: { tai, localNs }, rival: undefined, vouched }
  return { state: next, admission: accept(sampleOf(offset, arrival, { basis: 'TPV', weekRounds })) }
}

const dated = (
  fix: GpsdTpv,
  arrival: GpsArrival,
  limits: GpsLimits,
  known: ClockKnowledge | undefined,
): Dated | undefined => {
  if (fix.tai === undefined) return undefined
  const sure = known?.others ?? known?.hard
  return gpsWeekRepair(
    { tai: fix.tai, leapSec: fix.leapSec },
    { ...limits, near: sure && shift(sure, arrival.localNs) },
  )
}

const onFix = (
  state: GpsState,
  told: GpsdTpv,
  arrival: GpsArrival,
  limits: GpsLimits,
  known: ClockKnowledge | undefined,
): GpsStep => {
  const date = dated(told, arrival, limits, known)
  const fix = { ...told, tai: date?.tai }
  const unfit = unfitReason(fix, state, arrival, limits)
  if (unfit !== undefined || date === undefined) {
    return { state: { ...state, vouched: undefined }, admission: reject(unfit ?? 'gps-no-time') }
  }
  const { tai } = date
  const next = { tai, localNs: arrival.localNs }
  const { anchor } = state
  if (anchor === undefined) return believeFix(state, fix, date, arrival, limits)
  const misfit = progressReason(anchor, next, limits)
  if (misfit === undefined) {
    // Told before: the first telling came sooner and says more.
    if (tai === anchor.tai) return { state, admission: undefined }
    return believeFix(state, fix, date, arrival, limits)
  }
  const rival = rivalOf(state, next, limits)
  if (isEstablished(rival, limits)) return believeFix({ ...state, vouched: undefined }, fix, date, arrival, limits)
  return { state: { ...state, rival, vouched: undefined }, admission: reject(misfit) }
}

/** How far TAI may lie below and above what a pulse says when its stamp was made. */
const pulseErrors = (
  pulse: GpsdPulse,
  errorNs: bigint,
  limits: GpsLimits,
): { readonly lo: bigint; readonly hi: bigint } => {
  if (pulse.class === 'TOFF') return { lo: errorNs + limits.marginNs, hi: max(limits.toffLatencyNsMax, errorNs) }
  const ppsErrorNs = pulse.precision === undefined ? limits.ppsErrorNs : nsOfLog2Sec(pulse.precision)
  return { lo: ppsErrorNs, hi: ppsErrorNs + limits.ppsLatencyNsMax }
}

/** Does the pulse name the one second that the fix leaves room for? What the clock knows may leave less room. */
const numberReason = (
  offset: NsInterval,
  room: NsInterval,
  known: ClockKnowledge | undefined,
): GpsReason | undefined => {
  const sure = known?.others ?? known?.hard
  const left = (sure && intersect(room, sure)) ?? room
  if (!meets(offset, left)) return 'gps-pulse-disagrees'
  const isAlone = !meets(shift(offset, NS_PER_SEC), left) && !meets(shift(offset, -NS_PER_SEC), left)
  return isAlone ? undefined : 'gps-pulse-ambiguous'
}

/** gpsd's stamp and ours may come from clocks read in whole ms. */
const STAMP_EARLY_NS_MAX = 2n * NS_PER_MS

const onPulse = (
  state: GpsState,
  pulse: GpsdPulse,
  arrival: GpsArrival,
  limits: GpsLimits,
  known: ClockKnowledge | undefined,
): GpsStep => {
  const { vouched } = state
  // Before the first fix, and after a refused one, a pulse is only a tick: the fix has said why.
  if (vouched === undefined) return { state, admission: undefined }
  const sinceNs = arrival.localNs - vouched.localNs
  if (sinceNs > limits.vouchNsMax) return { state, admission: reject('gps-no-fix') }
  const ageNs = arrival.hostUnixNs - pulse.clockUnixNs
  const isPaired = holds({ lo: -STAMP_EARLY_NS_MAX, hi: limits.pairAgeNsMax }, ageNs)
  if (!isPaired) return { state, admission: reject('gps-host-clock-stepped') }
  const realUnixNs = pulse.realUnixNs + vouched.weekRounds * GPS_WEEK_ROLLOVER * NS_PER_WEEK
  const span = shift(taiReadingsOfUnixNs(realUnixNs, limits.leapTable), ageNs - arrival.localNs)
  const errors = pulseErrors(pulse, vouched.errorNs, limits)
  const offset = widen(
    { lo: span.lo - errors.lo, hi: span.hi + errors.hi },
    2n * limits.hostResolutionNs + arrival.readingNs + driftNs(ageNs, limits),
  )
  const room = widen(pulse.class === 'PPS' ? vouched.second : vouched.offset, driftNs(sinceNs, limits))
  if (pulse.class === 'TOFF') {
    if (!meets(offset, room)) return { state, admission: reject('gps-pulse-disagrees') }
    const second = intersect(vouched.second, widen(offset, driftNs(sinceNs, limits))) ?? vouched.second
    const { weekRounds } = vouched
    return {
      state: { ...state, vouched: { ...vouched, second } },
      admission: accept(sampleOf(offset, arrival, { basis: 'TOFF', weekRounds })),
    }
  }
  const reason = numberReason(offset, room, known)
  if (reason !== undefined) return { state, admission: reject(reason) }
  const { weekRounds } = vouched
  // Interrupts are late by far less than they may be, so the stamp itself is the best guess.
  return { state, admission: accept(sampleOf(offset, arrival, { basis: 'PPS', weekRounds, estimateNs: middle(span) })) }
}

const onSky = (state: GpsState, sky: GpsdSky, { localNs }: GpsArrival): GpsState => ({
  ...state,
  used: sky.usedCount === undefined ? state.used : { count: sky.usedCount, localNs },
  signal: sky.signal === undefined ? state.signal : { of: sky.signal, localNs },
})

/**
 * One message of one device, judged. Pure: the same arguments give the same step.
 * @param known what the clock knows at the arrival; pins the week and the second where the receiver alone does not.
 */
export const gpsMeasurement = (
  state: GpsState,
  message: GpsdMessage,
  arrival: GpsArrival,
  limits: GpsLimits = GPS_LIMITS,
  known?: ClockKnowledge,
): GpsStep => {
  switch (message.class) {
    case 'TPV':
      return onFix(state, message, arrival, limits, known)
    case 'TOFF':
    case 'PPS':
      return onPulse(state, message, arrival, limits, known)
    case 'SKY':
      return { state: onSky(state, message, arrival), admission: undefined }
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
