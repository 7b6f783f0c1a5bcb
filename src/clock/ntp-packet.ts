/**
 * The 48-byte NTP header, and the two packets made of it here: a client's request and a server's answer.
 * Source: RFC 5905 §7.3 (header), §9.2 (server mode); the request follows draft-ietf-ntp-data-minimization-04: nothing of
 * the client's clock is in it, and its transmit timestamp is a random cookie that only who saw the request can return.
 *
 * Pure: clock readings and chance are handed in. Does not promise authenticity: plain NTP has none (docs/spec/sources.md).
 */
import { accept, ignore } from '../base/index.ts'
import type { Admission, Random } from '../base/index.ts'
import { nsOfNtpShort, ntpShortOfNs } from './ntp-durations.ts'
import { ntpFromUnixNs } from './time-scales.ts'

/** Bytes of the header, and of every packet that is written here. */
export const NTP_HEADER_BYTES = 48

/** Longest packet that is read: the header with extension fields and a MAC. */
export const NTP_PACKET_BYTES_MAX = 1024

export const NTP_VERSION = 4
export const NTP_PORT = 123

/** Modes of RFC 5905 figure 10 that are used here. */
export const NTP_MODE = { client: 3, server: 4 } as const

/** What a request shows as its precision instead of the truth (data minimisation draft §3). */
const MINIMISED_PRECISION = 0x20

/** Raw 64-bit NTP timestamp (32.32), 0 <= value < 2^64; 0 means "no time". */
export type NtpTimestamp = bigint

/** Leap indicator, RFC 5905 figure 9: 0 none, 1 a second is inserted, 2 deleted (this month's end), 3 unsynchronised. */
export type NtpLeap = 0 | 1 | 2 | 3

/** The header, field by field, with the standard's names. */
export interface NtpHeader {
  readonly leap: NtpLeap
  /** 0 to 7. */
  readonly version: number
  /** 0 to 7. */
  readonly mode: number
  /** 0 to 255; 0 is kiss-o'-death, 1 a primary server, 16 and above unsynchronised. */
  readonly stratum: number
  /** log2 seconds, -128 to 127. */
  readonly poll: number
  /** log2 seconds, -128 to 127. */
  readonly precision: number
  /** 0 to 65,536 s in ns, rounded up on reading and on writing. */
  readonly rootDelayNs: bigint
  /** As rootDelayNs. */
  readonly rootDispersionNs: bigint
  /** Four octets as one unsigned number, big-endian. */
  readonly referenceId: number
  readonly reference: NtpTimestamp
  readonly origin: NtpTimestamp
  readonly receive: NtpTimestamp
  readonly transmit: NtpTimestamp
}

const leapOf = (bits: number): NtpLeap => (bits === 0 ? 0 : bits === 1 ? 1 : bits === 2 ? 2 : 3)

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The header at the start of `bytes`, or nothing where they are fewer than 48. Any 48 bytes are a header. */
export const decodeNtpHeader = (bytes: Uint8Array): NtpHeader | undefined => {
  if (bytes.length < NTP_HEADER_BYTES) return undefined
  const view = viewOf(bytes)
  const first = view.getUint8(0)
  return {
    leap: leapOf(first >> 6),
    version: (first >> 3) & 7,
    mode: first & 7,
    stratum: view.getUint8(1),
    poll: view.getInt8(2),
    precision: view.getInt8(3),
    rootDelayNs: nsOfNtpShort(view.getUint32(4)),
    rootDispersionNs: nsOfNtpShort(view.getUint32(8)),
    referenceId: view.getUint32(12),
    reference: view.getBigUint64(16),
    origin: view.getBigUint64(24),
    receive: view.getBigUint64(32),
    transmit: view.getBigUint64(40),
  }
}

/** The 48 bytes of a header. Durations are rounded up and held at 65,536 s; the rest must be in the ranges stated. */
export const encodeNtpHeader = (header: NtpHeader): Uint8Array => {
  const bytes = new Uint8Array(NTP_HEADER_BYTES)
  const view = viewOf(bytes)
  view.setUint8(0, (header.leap << 6) | (header.version << 3) | header.mode)
  view.setUint8(1, header.stratum)
  view.setInt8(2, header.poll)
  view.setInt8(3, header.precision)
  view.setUint32(4, ntpShortOfNs(header.rootDelayNs))
  view.setUint32(8, ntpShortOfNs(header.rootDispersionNs))
  view.setUint32(12, header.referenceId)
  view.setBigUint64(16, header.reference)
  view.setBigUint64(24, header.origin)
  view.setBigUint64(32, header.receive)
  view.setBigUint64(40, header.transmit)
  return bytes
}

/** A request ready to send, and the cookie that its answer must carry as origin timestamp. */
export interface NtpRequest {
  /** 48 bytes. */
  readonly bytes: Uint8Array
  /** The transmit timestamp sent, never 0. */
  readonly cookie: NtpTimestamp
}

/** A client request, version 4, with 64 bits of chance in place of a transmit time and zeros for all else. */
export const clientRequest = (random: Random): NtpRequest => {
  const drawn = viewOf(random.bytes(8)).getBigUint64(0)
  const cookie = drawn === 0n ? 1n : drawn
  const bytes = encodeNtpHeader({
    leap: 0,
    version: NTP_VERSION,
    mode: NTP_MODE.client,
    stratum: 0,
    poll: 0,
    precision: MINIMISED_PRECISION,
    rootDelayNs: 0n,
    rootDispersionNs: 0n,
    referenceId: 0,
    reference: 0n,
    origin: 0n,
    receive: 0n,
    transmit: cookie,
  })
  return { bytes, cookie }
}

/** What a server says of its clock in an answer. */
export interface NtpServerReading {
  readonly leap: NtpLeap
  /** 1 to 15, or 16 for unsynchronised (sent as 0 with leap 3, as RFC 5905 §7.3 has it on the wire). */
  readonly stratum: number
  /** log2 seconds. */
  readonly precision: number
  readonly rootDelayNs: bigint
  readonly rootDispersionNs: bigint
  readonly referenceId: number
  /** Unix ns at which the clock was last set right. */
  readonly referenceUnixNs: bigint
  /** Unix ns at which the request came. */
  readonly receiveUnixNs: bigint
  /** Unix ns, read as late as can be before the answer leaves; >= receiveUnixNs. */
  readonly transmitUnixNs: bigint
}

/** Why a datagram gets no answer. All are dropped in silence: an answer to garbage serves only who forged its sender. */
export const NTP_REQUEST_REASONS = [
  'ntp-request-too-short',
  'ntp-request-too-long',
  'ntp-request-wrong-version',
  'ntp-request-wrong-mode',
  'ntp-request-no-port',
  'ntp-request-rate-limited',
] as const
export type NtpRequestReason = (typeof NTP_REQUEST_REASONS)[number]

/**
 * What is wrong with a datagram as a request, or nothing. Versions 3 and 4 are served: version 2 is 36 years old and version 1 has
 * no mode (RFC 1059), so what comes with those numbers is a scan and not a clock. Reads one octet; never throws.
 */
export const requestReason = (request: Uint8Array): NtpRequestReason | undefined => {
  if (request.length < NTP_HEADER_BYTES) return 'ntp-request-too-short'
  if (request.length > NTP_PACKET_BYTES_MAX) return 'ntp-request-too-long'
  const first = request[0] ?? 0
  const version = (first >> 3) & 7
  if (version !== NTP_VERSION && version !== 3) return 'ntp-request-wrong-version'
  return (first & 7) === NTP_MODE.client ? undefined : 'ntp-request-wrong-mode'
}

/**
 * A server's answer to one datagram: 48 bytes, never more than the request had. Versions 3 and 4 in client mode are
 * answered in their own version; extension fields and MACs are neither read nor returned. Never throws on any bytes.
 *
 * In exact integers, and slow for it: `services/ntp-desk.ts` writes the same bytes faster and is held to this one by a test.
 */
export const answer = (request: Uint8Array, reading: NtpServerReading): Admission<Uint8Array, NtpRequestReason> => {
  const reason = requestReason(request)
  const asked = decodeNtpHeader(request)
  if (reason !== undefined || asked === undefined) return ignore(reason ?? 'ntp-request-too-short')
  const isSynchronised = reading.leap !== 3 && reading.stratum < 16
  return accept(
    encodeNtpHeader({
      leap: isSynchronised ? reading.leap : 3,
      version: asked.version,
      mode: NTP_MODE.server,
      stratum: isSynchronised ? reading.stratum : 0,
      poll: asked.poll,
      precision: reading.precision,
      rootDelayNs: reading.rootDelayNs,
      rootDispersionNs: reading.rootDispersionNs,
      referenceId: reading.referenceId,
      reference: ntpFromUnixNs(reading.referenceUnixNs),
      origin: asked.transmit,
      receive: ntpFromUnixNs(reading.receiveUnixNs),
      transmit: ntpFromUnixNs(reading.transmitUnixNs),
    }),
  )
}
