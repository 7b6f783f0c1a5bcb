/**
 * One NTP exchange judged: is this datagram the answer to our request, and what does it say of our counter?
 * Source: RFC 5905 §8 (on-wire protocol), §7.4 (kiss codes), §9.2 and §11.2 (sanity and root distance), §6 (eras).
 *
 * The request left at local t1 and reached the server at its t2; the answer left at t3 and came at local t4. Nothing
 * arrives before it is sent, so TAI − local lies in [TAI(t3) − t4, TAI(t2) − t1], whatever the path's asymmetry. Both ends
 * move out by what the server may be wrong (root delay/2 + root dispersion), by both precisions, and by what our counter
 * may drift in the exchange.
 *
 * Pure. Does not promise that the server tells the truth, nor that it is the server: plain NTP is unauthenticated, and who
 * sees the request can forge the answer (docs/spec/sources.md S-9).
 */
import { accept, ignore, max, middle, min, NS_PER_MS, NS_PER_SEC, NS_PER_US, reject, widen } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import type { Measurement, Upstream } from './port.ts'
import { decodeNtpHeader, NTP_HEADER_BYTES, NTP_MODE, NTP_PACKET_BYTES_MAX, NTP_VERSION } from './ntp-packet.ts'
import type { NtpHeader, NtpRequest } from './ntp-packet.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import { nsOfLog2Sec } from './ntp-durations.ts'
import { RELEASE_TAI, isLeapAmbiguous, taiReadingsOfUnixNs, unixNsFromNtp } from './time-scales.ts'

/** Where a datagram came from, or is expected from. Addresses in the operating system's own text form. */
export interface NtpAddress {
  readonly address: string
  readonly port: number
}

/** Bounds of what is believed. */
export interface NtpLimits {
  /** Longest reply, bytes. */
  readonly replyBytesMax: number
  /** Root delay/2 + root dispersion a server may claim, ns. RFC 5905 figure 27: MAXDIST is 1 s. */
  readonly rootDistanceNsMax: bigint
  /** Round trip less the server's own time, ns. */
  readonly delayNsMax: bigint
  /**
   * So much of the time that a server says to have held the question is taken off the round trip, ns. What it holds beyond is
   * counted as delay: else a server could make itself look near, and near servers weigh most in the estimate.
   */
  readonly heldNsMax: bigint
  /** The server's stated precision, ns. */
  readonly precisionNsMax: bigint
  /** How wrong the local counter's rate may be, ppb. Linux slews and calibrates within ±500 ppm. */
  readonly driftPpbMax: bigint
  /** How coarsely the local counter is read, ns. */
  readonly localPrecisionNs: bigint
  /** A timestamp is read as the instant nearest to this one, whatever its era; Unix ns. */
  readonly pivotUnixNs: bigint
  /** No true server says an earlier time than this. */
  readonly earliestTai: Tai
}

/**
 * 2038-01-19, so that timestamps are read in 1970 to 2106: that covers the end of era 0 (2036-02-07) and every date that a
 * running server has a reason to send.
 */
export const NTP_PIVOT_UNIX_NS = 2n ** 31n * NS_PER_SEC

export const NTP_LIMITS: NtpLimits = {
  replyBytesMax: NTP_PACKET_BYTES_MAX,
  rootDistanceNsMax: NS_PER_SEC,
  delayNsMax: 3n * NS_PER_SEC,
  heldNsMax: NS_PER_MS,
  precisionNsMax: NS_PER_SEC / 4n,
  driftPpbMax: 500_000n,
  localPrecisionNs: NS_PER_US,
  pivotUnixNs: NTP_PIVOT_UNIX_NS,
  earliestTai: RELEASE_TAI,
}

/** Why a datagram is not believed. Kiss codes: RFC 5905 §7.4. */
export const NTP_REPLY_REASONS = [
  'ntp-too-short',
  'ntp-too-long',
  'ntp-wrong-address',
  'ntp-wrong-mode',
  'ntp-wrong-version',
  'ntp-wrong-origin',
  'ntp-interleaved',
  'kod-deny',
  'kod-rstr',
  'kod-rate',
  'kod-other',
  'ntp-unsynchronised',
  'ntp-bad-stratum',
  'ntp-bad-precision',
  'ntp-root-distance',
  'ntp-zero-timestamp',
  'ntp-bad-reference',
  'ntp-before-release',
  'ntp-backwards',
  'ntp-negative-delay',
  'ntp-long-delay',
] as const
export type NtpReplyReason = (typeof NTP_REPLY_REASONS)[number]

/** One datagram with all that is needed to judge it. */
export interface NtpReply {
  readonly bytes: Uint8Array
  readonly request: NtpRequest
  readonly from: NtpAddress
  readonly expectedFrom: NtpAddress
  /** The local counter right before the request left, ns. */
  readonly t1: bigint
  /** The local counter right after the answer came, ns; >= t1. */
  readonly t4: bigint
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
  readonly limits?: NtpLimits
}

/** What an accepted answer says: a measurement without its source, and the server's own words about itself. */
export interface NtpSample extends Omit<Measurement, 'sourceId' | 'kind'> {
  readonly upstream: Upstream
  /** 1 to 15. */
  readonly stratum: number
  readonly referenceId: number
  readonly rootDelayNs: bigint
  readonly rootDispersionNs: bigint
  /** The server's t2 and t3 as Unix ns, and t1 and t4 again: the four timestamps, for replay. */
  readonly t1: bigint
  readonly t2UnixNs: bigint
  readonly t3UnixNs: bigint
  readonly t4: bigint
}

const KISS: Readonly<Record<string, NtpReplyReason>> = { DENY: 'kod-deny', RSTR: 'kod-rstr', RATE: 'kod-rate' }

const kissReason = (referenceId: number): NtpReplyReason => {
  const code = String.fromCharCode(...[24, 16, 8, 0].map((shift) => (referenceId >>> shift) & 0xff))
  return Object.hasOwn(KISS, code) ? (KISS[code] ?? 'kod-other') : 'kod-other'
}

/**
 * The receive timestamp of every request that is made here. An answer in interleaved mode (RFC 9769 §2) returns it as its
 * origin, in place of the transmit timestamp, and its t3 belongs to an earlier answer: the four would not fit together.
 */
const BASIC_RECEIVE = 0n

/** Is it an answer to us? Until the cookie matches anybody may have sent it: nobody is blamed. */
const strangerReason = (
  reply: NtpReply,
  header: NtpHeader | undefined,
  bytesMax: number,
): NtpReplyReason | undefined => {
  const { from, expectedFrom } = reply
  if (from.address !== expectedFrom.address || from.port !== expectedFrom.port) return 'ntp-wrong-address'
  if (reply.bytes.length > bytesMax) return 'ntp-too-long'
  if (header === undefined || reply.bytes.length < NTP_HEADER_BYTES) return 'ntp-too-short'
  if (header.mode !== NTP_MODE.server) return 'ntp-wrong-mode'
  if (header.version !== NTP_VERSION) return 'ntp-wrong-version'
  if (header.origin === reply.request.cookie) return undefined
  return header.origin === BASIC_RECEIVE ? 'ntp-interleaved' : 'ntp-wrong-origin'
}

/** Signed difference a − b of two timestamps less than half an era apart. */
const isLater = (a: bigint, b: bigint): boolean => BigInt.asIntN(64, a - b) > 0n

/** Is the server fit to be believed, by its own words? */
const unfitReason = (header: NtpHeader, limits: NtpLimits): NtpReplyReason | undefined => {
  // Stratum 0 without a code is no kiss: so chrony and we say that there is no time yet.
  if (header.stratum === 0 && header.referenceId !== 0) return kissReason(header.referenceId)
  if (header.leap === 3 || header.stratum === 16 || header.stratum === 0) return 'ntp-unsynchronised'
  if (header.stratum > 16) return 'ntp-bad-stratum'
  if (nsOfLog2Sec(header.precision) > limits.precisionNsMax) return 'ntp-bad-precision'
  if (header.rootDelayNs / 2n + header.rootDispersionNs > limits.rootDistanceNsMax) return 'ntp-root-distance'
  if (header.receive === 0n || header.transmit === 0n) return 'ntp-zero-timestamp'
  if (header.reference !== 0n && isLater(header.reference, header.transmit)) return 'ntp-bad-reference'
  return undefined
}

interface Exchange {
  readonly t2UnixNs: bigint
  readonly t3UnixNs: bigint
  /** The latest instant that t2 may mean, and the earliest that t3 may. */
  readonly t2Tai: Tai
  readonly t3Tai: Tai
  /** (t4 − t1) − (t3 − t2). */
  readonly delayNs: bigint
}

/** Do the four timestamps fit together? `slackNs`: what two readings of coarse clocks may differ by. */
const misfitReason = (exchange: Exchange, slackNs: bigint, limits: NtpLimits): NtpReplyReason | undefined => {
  if (exchange.t2Tai < limits.earliestTai) return 'ntp-before-release'
  if (exchange.t3UnixNs < exchange.t2UnixNs) return 'ntp-backwards'
  const tripNs = exchange.delayNs + (exchange.t3UnixNs - exchange.t2UnixNs)
  const delayNsMin = min(exchange.delayNs, tripNs - (exchange.t3Tai - exchange.t2Tai))
  if (delayNsMin < -slackNs) return 'ntp-negative-delay'
  return exchange.delayNs > limits.delayNsMax ? 'ntp-long-delay' : undefined
}

const LEAPS = ['none', 'insert', 'delete', 'unknown'] as const

const sampleOf = (reply: NtpReply, header: NtpHeader, exchange: Exchange, slackNs: bigint): NtpSample => {
  const { t1, t4, limits = NTP_LIMITS, leapTable = LEAP_TABLE } = reply
  const heldNs = exchange.t3UnixNs - exchange.t2UnixNs
  const { t2UnixNs, t3UnixNs } = exchange
  const path = { lo: exchange.t3Tai - t4, hi: exchange.t2Tai - t1 }
  const offset = widen(path, header.rootDelayNs / 2n + header.rootDispersionNs + slackNs)
  return {
    localNs: (t1 + t4) / 2n,
    offset,
    estimateNs: middle(offset),
    delayNs: max(exchange.delayNs, 0n) + max(heldNs - limits.heldNsMax, 0n),
    leap: LEAPS[header.leap],
    ...([t2UnixNs, t3UnixNs].some((unixNs) => isLeapAmbiguous(unixNs, leapTable)) ? { isAmbiguous: true } : {}),
    stratum: header.stratum,
    referenceId: header.referenceId,
    rootDelayNs: header.rootDelayNs,
    rootDispersionNs: header.rootDispersionNs,
    upstream: {
      stratum: header.stratum,
      address: reply.from.address,
      referenceId: header.referenceId,
      rootDelayNs: header.rootDelayNs,
    },
    t1,
    t2UnixNs,
    t3UnixNs,
    t4,
  }
}

/**
 * The verdict on one datagram. `ignore`: not the answer (wait on; forged, late or foreign). `reject`: it is the answer and
 * its sender is not to be believed. Never throws on any bytes.
 */
export const judgeReply = (reply: NtpReply): Admission<NtpSample, NtpReplyReason> => {
  const { limits = NTP_LIMITS, leapTable = LEAP_TABLE } = reply
  const header = reply.bytes.length > limits.replyBytesMax ? undefined : decodeNtpHeader(reply.bytes)
  const stranger = strangerReason(reply, header, limits.replyBytesMax)
  if (stranger !== undefined || header === undefined) return ignore(stranger ?? 'ntp-too-short')
  const unfit = unfitReason(header, limits)
  if (unfit !== undefined) return reject(unfit)
  const t2UnixNs = unixNsFromNtp(header.receive, limits.pivotUnixNs)
  const t3UnixNs = unixNsFromNtp(header.transmit, limits.pivotUnixNs)
  const tripNs = reply.t4 - reply.t1
  const t2Tai = taiReadingsOfUnixNs(t2UnixNs, leapTable).hi
  const t3Tai = taiReadingsOfUnixNs(t3UnixNs, leapTable).lo
  const exchange = { t2UnixNs, t3UnixNs, t2Tai, t3Tai, delayNs: tripNs - (t3UnixNs - t2UnixNs) }
  const slackNs =
    nsOfLog2Sec(header.precision) + limits.localPrecisionNs + (tripNs * limits.driftPpbMax) / NS_PER_SEC + 1n
  const misfit = misfitReason(exchange, slackNs, limits)
  return misfit === undefined ? accept(sampleOf(reply, header, exchange, slackNs)) : reject(misfit)
}
