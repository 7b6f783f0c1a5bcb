/**
 * One NTS exchange from the client's side: the request, and the verdict on a datagram that may be its answer. Source: RFC 8915
 * §5.3 to §5.7. Rules: docs/spec/sources.md S-105 to S-109.
 *
 * The answer's header is judged by the very rules of plain NTP (`judgeReply`); here is only added who may have said it. The
 * order is: is it ours by address, mode and origin (cheap), is it authenticated, is it to be believed. An authenticated
 * refusal, a kiss of death too, is the server's own word; an unauthenticated one is anybody's and is ignored. The one
 * exception is NTSN, which a server that lost our keys cannot authenticate: it is told apart, and is never more than a hint.
 *
 * Pure. Does not promise that the server tells the truth, nor that nobody delayed the packets: authentication hides no delay.
 */
import { accept, equalBytes, ignore, joinBytes } from '../base/index.ts'
import type { Admission, Random } from '../base/index.ts'
import { encodeNtpField, NTP_FIELD, NTP_FIELD_HEAD_BYTES } from './ntp-extension-fields.ts'
import { judgeReply, NTP_LIMITS } from './ntp-exchange.ts'
import type { NtpReply, NtpReplyReason, NtpSample } from './ntp-exchange.ts'
import { clientRequest, decodeNtpHeader, NTP_HEADER_BYTES } from './ntp-packet.ts'
import type { NtpRequest } from './ntp-packet.ts'
import { SIV_NONCE_BYTES, SIV_TAG_BYTES } from './nts-aead.ts'
import { isCookieLength, NTS_COOKIES_MAX } from './nts-cookie-jar.ts'
import { NTS_PACKET_BYTES_MAX, NTS_UNIQUE_ID_BYTES, onlyField, openNts, readNtsFields, sealNts } from './nts-fields.ts'
import type { NtsFields, NtsKeys } from './nts-fields.ts'

/** The kiss code "NTSN": the server could not open the cookie, or not authenticate the request (RFC 8915 §5.7). */
export const NTS_NAK_REFERENCE_ID = 0x4e_54_53_4e

/** Why a datagram is not the authenticated answer. None ends the question: anybody who saw the request can send these. */
export const NTS_REPLY_REASONS = [
  'nts-bad-fields',
  'nts-wrong-unique-id',
  'nts-nak',
  'nts-unauthenticated',
  'nts-authenticator-wrong',
] as const
export type NtsReplyReason = (typeof NTS_REPLY_REASONS)[number]

/** As `NTP_LIMITS`, with room for cookies. */
export const NTS_LIMITS = { ...NTP_LIMITS, replyBytesMax: NTS_PACKET_BYTES_MAX }

export interface NtsRequest {
  /** What goes out. */
  readonly bytes: Uint8Array
  /** Its 48-octet header, with the origin timestamp that the answer must carry. */
  readonly header: NtpRequest
  readonly uniqueId: Uint8Array
}

/**
 * A request with one cookie, and one blank for each further cookie that is wanted, as far as the packet holds them. All but
 * the cookie is chance, drawn anew: nothing links two requests.
 */
export const ntsRequest = (
  random: Random,
  parts: { readonly keys: NtsKeys; readonly cookie: Uint8Array; readonly cookiesHeld: number },
): NtsRequest => {
  const { keys, cookie, cookiesHeld } = parts
  const header = clientRequest(random)
  const uniqueId = random.bytes(NTS_UNIQUE_ID_BYTES)
  const blank = encodeNtpField(NTP_FIELD.blankCookie, new Uint8Array(cookie.length))
  const fields = [encodeNtpField(NTP_FIELD.uniqueId, uniqueId), encodeNtpField(NTP_FIELD.cookie, cookie)]
  const start = joinBytes(header.bytes, ...fields)
  const room = NTS_PACKET_BYTES_MAX - start.length - AUTHENTICATOR_BYTES
  const blanks = Math.max(0, Math.min(NTS_COOKIES_MAX - 1 - cookiesHeld, Math.floor(room / blank.length)))
  const packet = joinBytes(start, ...Array.from({ length: blanks }, () => blank))
  const nonce = random.bytes(SIV_NONCE_BYTES)
  return { bytes: sealNts(packet, { key: keys.c2s, nonce, hidden: new Uint8Array(0) }), header, uniqueId }
}

/** Octets of an authenticator in which nothing is hidden. */
const AUTHENTICATOR_BYTES = NTP_FIELD_HEAD_BYTES + 4 + SIV_NONCE_BYTES + SIV_TAG_BYTES

export interface NtsReply extends Omit<NtpReply, 'request'> {
  readonly request: NtsRequest
  readonly keys: NtsKeys
}

/** An authenticated answer: what plain NTP's rules make of it, and the cookies that came in it, believed or not. */
export interface NtsAnswer {
  readonly judged: Admission<NtpSample, NtpReplyReason>
  readonly cookies: readonly Uint8Array[]
}

/** `accept`: the server itself said it. `ignore`: not the answer, or not by the server; wait on. Never throws on any bytes. */
export const judgeNtsReply = (reply: NtsReply): Admission<NtsAnswer, NtpReplyReason | NtsReplyReason> => {
  const { limits = NTS_LIMITS, request, ...others } = reply
  const judged = judgeReply({ ...others, limits, request: request.header })
  if (judged.verdict === 'ignore') return judged
  const fields = readNtsFields(reply.bytes)
  if (fields === undefined) return ignore('nts-bad-fields')
  const uniqueId = onlyField(fields.plain, NTP_FIELD.uniqueId)
  if (uniqueId === undefined || !equalBytes(uniqueId, request.uniqueId)) return ignore('nts-wrong-unique-id')
  return authenticated(reply, { fields, judged })
}

const authenticated = (
  { bytes, keys }: NtsReply,
  { fields, judged }: { readonly fields: NtsFields; readonly judged: NtsAnswer['judged'] },
): Admission<NtsAnswer, NtsReplyReason> => {
  const { authenticator } = fields
  if (authenticator === undefined) return ignore(isNak(bytes) ? 'nts-nak' : 'nts-unauthenticated')
  const hidden = openNts(bytes, { authenticator, key: keys.s2c })
  if (hidden === undefined) return ignore('nts-authenticator-wrong')
  const cookies = hidden.filter(({ type, body }) => type === NTP_FIELD.cookie && isCookieLength(body.length))
  return accept({ judged, cookies: cookies.slice(0, NTS_COOKIES_MAX).map(({ body }) => body) })
}

const isNak = (bytes: Uint8Array): boolean => {
  const header = decodeNtpHeader(bytes.subarray(0, NTP_HEADER_BYTES))
  return header?.stratum === 0 && header.referenceId === NTS_NAK_REFERENCE_ID
}
