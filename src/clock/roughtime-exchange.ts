/**
 * What a valid Roughtime response says of our counter, and when a client asks again after a failure.
 * Source: RFC 10049 "Responses" (true time is within (MIDP − RADI, MIDP + RADI) at the moment of processing) and "Protocol Details"
 * (back-off). Rules: docs/spec/sources.md S-53 to S-55.
 *
 * The request left at local t1 and the answer came at local t4; the server signed in between. So TAI − local lies in
 * [TAI(MIDP − RADI) − t4, TAI(MIDP + RADI) − t1], whatever the path. Seconds are what the protocol counts in, so the middle of that
 * is good to about a second: Roughtime says that the time is not wrong, not what it is to the millisecond.
 */
import {
  accept,
  middle,
  min,
  NS_PER_DAY,
  NS_PER_MINUTE,
  NS_PER_SEC,
  NS_PER_US,
  reject,
  TAI_MAX,
  widen,
} from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import type { PollPace } from './poll-pace.ts'
import type { Measurement } from './port.ts'
import type { RoughtimeReply } from './roughtime-response.ts'
import { RELEASE_TAI, taiReadingsOfUnixNs } from './time-scales.ts'

/** Bounds of what is believed. */
export interface RoughtimeLimits {
  /** The server's own radius, ns. */
  readonly radiusNsMax: bigint
  /** How wrong the local counter's rate may be, ppb. */
  readonly driftPpbMax: bigint
  /** How coarsely the local counter is read, ns. */
  readonly localPrecisionNs: bigint
  /** No true server says an earlier time than this. */
  readonly earliestTai: Tai
}

export const ROUGHTIME_LIMITS: RoughtimeLimits = {
  radiusNsMax: NS_PER_MINUTE,
  driftPpbMax: 500_000n,
  localPrecisionNs: NS_PER_US,
  earliestTai: RELEASE_TAI,
}

/** Why a valid response is not made a measurement. */
export const ROUGHTIME_TIME_REASONS = [
  'roughtime-radius-too-large',
  'roughtime-before-release',
  'roughtime-after-horizon',
] as const
export type RoughtimeTimeReason = (typeof ROUGHTIME_TIME_REASONS)[number]

export interface RoughtimeExchange {
  readonly reply: RoughtimeReply
  /** The local counter right before the request left, ns. */
  readonly t1: bigint
  /** The local counter right after the answer came, ns; >= t1. */
  readonly t4: bigint
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
  readonly limits?: RoughtimeLimits
}

/** A measurement without its source. */
export type RoughtimeSample = Omit<Measurement, 'sourceId' | 'kind'>

/** The measurement that an exchange makes. */
export const roughtimeSample = (exchange: RoughtimeExchange): Admission<RoughtimeSample, RoughtimeTimeReason> => {
  const { reply, t1, t4, leapTable = LEAP_TABLE, limits = ROUGHTIME_LIMITS } = exchange
  const { midpointUnixNs, radiusNs } = reply
  if (radiusNs > limits.radiusNsMax) return reject('roughtime-radius-too-large')
  const from = taiReadingsOfUnixNs(midpointUnixNs - radiusNs, leapTable).lo
  const to = taiReadingsOfUnixNs(midpointUnixNs + radiusNs, leapTable).hi
  if (to < limits.earliestTai) return reject('roughtime-before-release')
  if (to > TAI_MAX) return reject('roughtime-after-horizon')
  const slackNs = limits.localPrecisionNs + ((t4 - t1) * limits.driftPpbMax) / NS_PER_SEC + 1n
  const offset = widen({ lo: from - t4, hi: to - t1 }, slackNs)
  return accept({ localNs: (t1 + t4) / 2n, offset, estimateNs: middle(offset), delayNs: t4 - t1, leap: 'unknown' })
}

/** Longest wait after a failure, ns. */
export const ROUGHTIME_BACKOFF_NS_MAX = NS_PER_DAY

/** How long not to ask after so many failures in a row: min(1.5^(failures − 1) s, a day); 0 after none. */
export const roughtimeBackoffNs = (failures: number): bigint =>
  failures <= 0 ? 0n : min(BigInt(Math.round(1.5 ** Math.min(failures - 1, 64) * 1e9)), ROUGHTIME_BACKOFF_NS_MAX)

export interface RoughtimeFailures {
  /** Polls in a row without a properly signed answer. */
  readonly count: number
  /** Why the last one had none. */
  readonly reason: string
  /** The local counter when it ended, ns. */
  readonly endedNs: bigint
}

/** A client's pauses: ever longer after failures; over with a properly signed answer, whatever it says. */
export const ROUGHTIME_PACE: PollPace<RoughtimeFailures> = {
  start: { count: 0, reason: '', endedNs: 0n },
  mayAsk: ({ count, reason, endedNs }, localNs) =>
    count > 0 && localNs < endedNs + roughtimeBackoffNs(count) ? reason : undefined,
  after: ({ count }, end, endedNs) =>
    end.type === 'unreachable' ? { count: count + 1, reason: end.reason, endedNs } : ROUGHTIME_PACE.start,
}
