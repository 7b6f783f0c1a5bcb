/**
 * The NTS Authenticator and Encrypted Extension Fields field, and the packet around it, as client and server both make and
 * read them. Source: RFC 8915 §5.6 (its layout: nonce length, ciphertext length, nonce, ciphertext, each padded to four octets;
 * associated data: all octets before the field), §5.7.
 *
 * Pure; never throws on any bytes. What stands behind the authenticator is not authenticated and is passed over.
 */
import { joinBytes } from '../base/index.ts'
import { encodeNtpField, NTP_FIELD, NTP_FIELD_HEAD_BYTES, readNtpFields } from './ntp-extension-fields.ts'
import type { NtpField } from './ntp-extension-fields.ts'
import { openSiv, sealSiv } from './nts-aead.ts'
import { NTP_HEADER_BYTES } from './ntp-packet.ts'

/** Octets of a unique identifier that is drawn here; RFC 8915 §5.3 asks for at least 32. */
export const NTS_UNIQUE_ID_BYTES = 32

/** Longest NTS packet that is sent or read, octets: it fits IPv6's smallest MTU of 1,280 with its UDP header. */
export const NTS_PACKET_BYTES_MAX = 1232

/** Keys of one NTS session: client to server, and back; NTS_KEY_BYTES octets each. */
export interface NtsKeys {
  readonly c2s: Uint8Array
  readonly s2c: Uint8Array
}

/** Fields of a packet that stand before its authenticator, and the authenticator where there is one. */
export interface NtsFields {
  readonly plain: readonly NtpField[]
  readonly authenticator: NtpField | undefined
}

/**
 * The NTS fields of a packet of at least 48 octets, or undefined where what follows its header is not exactly fields. Whatever
 * stands behind the first authenticator is passed over.
 */
export const readNtsFields = (packet: Uint8Array): NtsFields | undefined => {
  const fields = readNtpFields(packet, { from: NTP_HEADER_BYTES })
  if (fields === undefined) return undefined
  const at = fields.findIndex(({ type }) => type === NTP_FIELD.authenticator)
  return at < 0
    ? { plain: fields, authenticator: undefined }
    : { plain: fields.slice(0, at), authenticator: fields[at] }
}

/** The body of the only field of this type; undefined where there is none, or a second. */
export const onlyField = (fields: readonly NtpField[], type: number): Uint8Array | undefined => {
  const found = fields.filter((field) => field.type === type)
  return found.length === 1 ? found[0]?.body : undefined
}

const padded = (length: number): number => Math.ceil(length / 4) * 4

/** `packet` with an authenticator behind it: sealed with `key` over all octets so far, `hidden` encrypted in it. */
export const sealNts = (
  packet: Uint8Array,
  { key, nonce, hidden }: { readonly key: Uint8Array; readonly nonce: Uint8Array; readonly hidden: Uint8Array },
): Uint8Array => {
  const sealed = sealSiv({ key, associated: [packet, nonce] }, hidden)
  const body = new Uint8Array(4 + padded(nonce.length) + padded(sealed.length))
  const view = new DataView(body.buffer)
  view.setUint16(0, nonce.length)
  view.setUint16(2, sealed.length)
  body.set(nonce, 4)
  body.set(sealed, 4 + padded(nonce.length))
  return joinBytes(packet, encodeNtpField(NTP_FIELD.authenticator, body))
}

/**
 * The fields that were encrypted in `authenticator`, which is one of `packet`'s. Undefined where its parts do not fit, the
 * key is another, an octet before it was altered, or what was encrypted is not exactly fields.
 */
export const openNts = (
  packet: Uint8Array,
  { authenticator, key }: { readonly authenticator: NtpField; readonly key: Uint8Array },
): readonly NtpField[] | undefined => {
  const { body, start } = authenticator
  if (body.length < 4) return undefined
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const nonceLength = view.getUint16(0)
  const sealedLength = view.getUint16(2)
  const sealedAt = 4 + padded(nonceLength)
  if (nonceLength === 0 || sealedAt + padded(sealedLength) > body.length) return undefined
  const nonce = body.subarray(4, 4 + nonceLength)
  const associated = [packet.subarray(0, start), nonce]
  const hidden = openSiv({ key, associated }, body.subarray(sealedAt, sealedAt + sealedLength))
  return hidden && readNtpFields(hidden, { from: 0, fieldBytesMin: NTP_FIELD_HEAD_BYTES })
}
