/**
 * The desk of an NTP server: a datagram in, an answer or nothing out. Knows no socket, so that one desk serves the main thread,
 * a worker and a test alike.
 *
 * Source: RFC 5905 §7.3, §7.4 (kiss RATE), §9.2. Rules: docs/spec/sources.md S-71 to S-79. The counter is read first thing when
 * bytes are handed over and last thing before they go back; what Node spends before and after lies inside the round
 * trip that the client measures, so its interval holds.
 *
 * Whatever it answers is at most as long as the request, and goes to client mode only: no two servers can be made to
 * talk to each other by a forged sender. Does not promise authenticity; that is what `onExtended` is for (RFC 8915).
 */
import type { Admission, Time } from '../base/index.ts'
import { NTP_HEADER_BYTES, NTP_VERSION, requestReason } from '../clock/index.ts'
import { faceOf } from './ntp-face.ts'
import type { FaceOptions, NtpClock, NtpFace } from './ntp-face.ts'
import type { NtpRate } from './ntp-rate.ts'

/** A version 4 request that is longer than its header, for whoever reads extension fields. */
export interface ExtendedRequest {
  readonly bytes: Uint8Array
  /** The 48 bytes of the answer; its transmit time is read in this call, so call it as late as can be. */
  readonly header: () => Uint8Array
  /** The 48 bytes of a kiss-o'-death with this code of four characters. */
  readonly kiss: (code: string) => Uint8Array
}

/**
 * The seam for authenticated NTP. `plain`: the extension fields mean nothing here, and the header alone is the answer. An
 * accepted answer longer than the request is not sent: `ntp-answer-too-long`. Must not throw.
 */
export type OnExtended = (request: ExtendedRequest) => Admission<Uint8Array> | 'plain'

/** What a desk has done so far. */
export interface NtpCounts {
  readonly answered: number
  /** Of the answered: those that said "unsynchronised". */
  readonly unsynchronised: number
  /** Kisses of RATE sent. */
  readonly kissed: number
  readonly dropped: ReadonlyMap<string, number>
}

export interface NtpDeskOptions extends FaceOptions {
  readonly time: Time
  /** The clock as it is served; asked once for each datagram, so it must be cheap, and the same object until it changes. */
  readonly clock: () => NtpClock
  /** Nothing: no limit. */
  readonly rate: NtpRate | undefined
  readonly onExtended?: OnExtended
}

/** Reasons of the desk itself; those of the request are in clock/ntp-packet.ts. */
export const NTP_ANSWER_REASONS = ['ntp-answer-too-long'] as const

const SHORT_MAX = 0xff_ff_ff_ff
const FRACTION = 2 ** 32 / 1e9
const ERA_SEC = 2 ** 32

const versionOf = (request: Uint8Array): number => ((request[0] ?? 0) >> 3) & 7

/** A timestamp at `at`, `ageNs` after the face began. */
const writeStamp = (bytes: Buffer, at: number, face: NtpFace, ageNs: number): void => {
  const ns = face.ns + ageNs * face.rate
  const sec = Math.floor(ns / 1e9)
  bytes.writeUInt32BE((face.ntpSec + sec + ERA_SEC) % ERA_SEC, at)
  bytes.writeUInt32BE(Math.min(SHORT_MAX, Math.floor((ns - sec * 1e9) * FRACTION)), at + 4)
}

export class NtpDesk {
  readonly #options: NtpDeskOptions
  readonly #startNs: bigint
  readonly #dropped = new Map<string, number>()
  #clock: NtpClock | undefined
  #face: NtpFace
  #answered = 0
  #unsynchronised = 0
  #kissed = 0

  constructor(options: NtpDeskOptions) {
    this.#options = options
    this.#startNs = options.time.elapsedNs()
    this.#face = faceOf(options.clock(), this.#startNs, options)
  }

  counts(): NtpCounts {
    const [answered, unsynchronised, kissed] = [this.#answered, this.#unsynchronised, this.#kissed]
    return { answered, unsynchronised, kissed, dropped: new Map(this.#dropped) }
  }

  /** The answer to one datagram, ready to send. Never throws on any bytes. */
  reply(request: Uint8Array, from: { readonly address: string; readonly port: number }): Uint8Array | undefined {
    const localNs = this.#options.time.elapsedNs()
    const reason = requestReason(request)
    if (reason !== undefined) return this.#drop(reason)
    // Nothing can be sent to port 0, and nobody asks from it.
    if (from.port === 0) return this.#drop('ntp-request-no-port')
    const admitted = this.#options.rate?.admit(from.address, Number(localNs - this.#startNs)) ?? 'pass'
    if (admitted === 'drop') return this.#drop('ntp-request-rate-limited')
    this.#look(localNs)
    if (admitted === 'kiss') {
      this.#kissed += 1
      this.#drop('ntp-request-rate-limited')
      return this.#kiss(request, 'RATE')
    }
    const { onExtended } = this.#options
    const isExtended =
      request.length > NTP_HEADER_BYTES && onExtended !== undefined && versionOf(request) === NTP_VERSION
    const answer = isExtended ? this.#extended(request, { localNs, onExtended }) : this.#header(request, localNs)
    if (answer === undefined) return undefined
    this.#answered += 1
    if ((this.#face.header[0] ?? 0) >= 0xc0) this.#unsynchronised += 1
    return answer
  }

  #drop(reason: string): undefined {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1)
  }

  /** The face is made anew when the clock was, or when it has ended. */
  #look(localNs: bigint): void {
    const clock = this.#options.clock()
    if (clock === this.#clock && Number(localNs - this.#face.localNs) < this.#face.validNs) return
    this.#clock = clock
    this.#face = faceOf(clock, localNs, this.#options)
  }

  /** Version, poll and origin are the asker's; the rest is the face's. */
  #begin(request: Uint8Array): Buffer {
    const bytes = Buffer.allocUnsafe(NTP_HEADER_BYTES)
    bytes.set(this.#face.header)
    bytes[0] = (bytes[0] ?? 0) | ((request[0] ?? 0) & 0x38)
    bytes[2] = request[2] ?? 0
    for (let i = 0; i < 8; i += 1) bytes[24 + i] = request[40 + i] ?? 0
    return bytes
  }

  #header(request: Uint8Array, receivedNs: bigint): Uint8Array {
    const face = this.#face
    const bytes = this.#begin(request)
    if (face.hasTime) writeStamp(bytes, 32, face, Number(receivedNs - face.localNs))
    const ageNs = Number(this.#options.time.elapsedNs() - face.localNs)
    const dispersion = Math.ceil(((face.dispersionNs + ageNs * face.growth) * 65_536) / 1e9)
    bytes.writeUInt32BE(Math.min(SHORT_MAX, dispersion), 8)
    if (face.hasTime) writeStamp(bytes, 40, face, ageNs)
    return bytes
  }

  /** Leap 3, stratum 0 and the code in place of the reference id; no time (RFC 5905 §7.4). */
  #kiss(request: Uint8Array, code: string): Uint8Array {
    const bytes = this.#begin(request)
    bytes[0] = (bytes[0] ?? 0) | 0xc0
    bytes[1] = 0
    bytes.write(code.padEnd(4, '\0'), 12, 4, 'latin1')
    return bytes
  }

  #extended(
    bytes: Uint8Array,
    { localNs, onExtended }: { readonly localNs: bigint; readonly onExtended: OnExtended },
  ): Uint8Array | undefined {
    const header = (): Uint8Array => this.#header(bytes, localNs)
    const answer = onExtended({ bytes, header, kiss: (code) => this.#kiss(bytes, code) })
    if (answer === 'plain') return header()
    if (answer.verdict !== 'accept') return this.#drop(answer.reason)
    return answer.value.length <= bytes.length ? answer.value : this.#drop('ntp-answer-too-long')
  }
}
