/**
 * Roughtime's requests: written by a client, read by a server.
 * Source: RFC 10049 "Requests". A request is padded to 1,024 bytes of message, so that no server can be made to send more to
 * somebody than was sent to it.
 *
 * Pure; a nonce is handed in. Nothing of the client's clock is in a request.
 */
import { accept, equalBytes, ignore } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import {
  CLASSIC,
  roughtimeDialectOf,
  ROUGHTIME_FRAMED_DIALECTS,
  ROUGHTIME_FRAMED_VERSIONS,
  ROUGHTIME_VERSIONS_MAX,
} from './roughtime-dialect.ts'
import type { RoughtimeDialect } from './roughtime-dialect.ts'
import { roughtimeHash } from './roughtime-merkle.ts'
import {
  bytesOfUint32,
  decodePacket,
  encodeMessage,
  frameMessage,
  headerBytesOf,
  isFramed,
  ROUGHTIME_TAG,
  uint32Of,
  uint32sOf,
} from './roughtime-message.ts'
import type { RoughtimeMessage, RoughtimeMessageReason } from './roughtime-message.ts'

/** Bytes of the message that a request is padded to. */
export const ROUGHTIME_MESSAGE_BYTES_MIN = 1024
/** Shortest and longest request datagram that a server reads; the shorter ones would make it an amplifier. */
export const ROUGHTIME_REQUEST_BYTES_MIN = 1024
export const ROUGHTIME_REQUEST_BYTES_MAX = 1500

/** Framed, with all the versions that are spoken here, or as Google published it. */
export type RoughtimeForm = 'framed' | 'classic'

/** Bytes of a nonce in a form. */
export const roughtimeNonceBytes = (form: RoughtimeForm): 32 | 64 => (form === 'classic' ? CLASSIC.digestBytes : 32)

const SRV_PREFIX = Uint8Array.of(0xff)

/** How a request names the key that it expects an answer under: SRV, 32 bytes. */
export const roughtimeSrvOf = (publicKey: Uint8Array): Uint8Array => roughtimeHash(32, SRV_PREFIX, publicKey)

export interface RoughtimeRequestParts {
  readonly form: RoughtimeForm
  /** 32 bytes, or 64 in the classic form. */
  readonly nonce: Uint8Array
  /** The server's long-term key, 32 bytes. */
  readonly publicKey: Uint8Array
}

/** The datagram of a request: 1,036 bytes, or 1,024 in the classic form. */
export const encodeRoughtimeRequest = ({ form, nonce, publicKey }: RoughtimeRequestParts): Uint8Array<ArrayBuffer> => {
  const { NONC, VER, SRV, TYPE, ZZZZ, PAD } = ROUGHTIME_TAG
  if (form === 'classic') return encodeMessage(padded(new Map([[NONC, nonce]]), PAD))
  const message = new Map<number, Uint8Array>([
    [VER, bytesOfUint32(...ROUGHTIME_FRAMED_VERSIONS)],
    [SRV, roughtimeSrvOf(publicKey)],
    [NONC, nonce],
    [TYPE, bytesOfUint32(0)],
  ])
  return frameMessage(encodeMessage(padded(message, ZZZZ)))
}

const padded = (message: RoughtimeMessage, padTag: number): RoughtimeMessage => {
  const used = [...message.values()].reduce((sum, value) => sum + value.length, headerBytesOf(message.size + 1))
  return new Map([...message, [padTag, new Uint8Array(ROUGHTIME_MESSAGE_BYTES_MIN - used)]])
}

/** Why a server drops a request, besides what makes bytes no message. */
export const ROUGHTIME_REQUEST_REASONS = [
  'roughtime-request-too-short',
  'roughtime-request-too-long',
  'roughtime-request-versions',
  'roughtime-request-no-common-version',
  'roughtime-request-nonce',
  'roughtime-request-type',
  'roughtime-request-other-key',
] as const
export type RoughtimeRequestReason = (typeof ROUGHTIME_REQUEST_REASONS)[number] | RoughtimeMessageReason

export interface RoughtimeRequest {
  /** The form that the answer is to have. */
  readonly dialect: RoughtimeDialect
  readonly nonce: Uint8Array
  /** The whole datagram. */
  readonly packet: Uint8Array
}

/** Versions of a request's list: at most 32, none twice. */
const versionsOf = (message: RoughtimeMessage): readonly number[] | undefined => {
  const versions = uint32sOf(message.get(ROUGHTIME_TAG.VER), ROUGHTIME_VERSIONS_MAX)
  return versions !== undefined && new Set(versions).size === versions.length ? versions : undefined
}

/** The forms that a request offers, as a client made it; undefined where it is no request. */
export const roughtimeOffers = (
  message: RoughtimeMessage,
  packet: Uint8Array,
): readonly RoughtimeDialect[] | undefined =>
  isFramed(packet) ? versionsOf(message)?.flatMap((version) => roughtimeDialectOf(version) ?? []) : [CLASSIC]

/** From draft -14 on a request must say TYPE 0; where an older form may be meant, it may be silent. */
const speaksNewly = (message: RoughtimeMessage): boolean => message.has(ROUGHTIME_TAG.TYPE)

/** The best form that both speak; version 1 and its last drafts only where the request has their shape. */
const commonDialect = (offered: readonly RoughtimeDialect[], isNew: boolean): RoughtimeDialect | undefined =>
  [...ROUGHTIME_FRAMED_DIALECTS, CLASSIC].find(
    (dialect) => offered.includes(dialect) && (isNew || dialect.leaf === 'nonce'),
  )

/**
 * A request as a server with this long-term key reads it. Everything that is refused is ignored: Roughtime has no error messages.
 * @param srv `roughtimeSrvOf` the server's key.
 */
export const decodeRoughtimeRequest = (
  packet: Uint8Array,
  srv: Uint8Array,
): Admission<RoughtimeRequest, RoughtimeRequestReason> => {
  if (packet.length < ROUGHTIME_REQUEST_BYTES_MIN) return ignore('roughtime-request-too-short')
  if (packet.length > ROUGHTIME_REQUEST_BYTES_MAX) return ignore('roughtime-request-too-long')
  const decoded = decodePacket(packet)
  if (decoded.verdict !== 'accept') return decoded
  const message = decoded.value
  const asked = message.get(ROUGHTIME_TAG.SRV)
  if (asked !== undefined && !equalBytes(asked, srv)) return ignore('roughtime-request-other-key')
  const isNew = speaksNewly(message)
  if (isNew && uint32Of(message.get(ROUGHTIME_TAG.TYPE)) !== 0) return ignore('roughtime-request-type')
  const offered = roughtimeOffers(message, packet)
  if (offered === undefined) return ignore('roughtime-request-versions')
  const dialect = commonDialect(offered, isNew)
  if (dialect === undefined) return ignore('roughtime-request-no-common-version')
  const nonce = message.get(ROUGHTIME_TAG.NONC)
  if (nonce?.length !== dialect.digestBytes) return ignore('roughtime-request-nonce')
  return accept({ dialect, nonce, packet })
}
