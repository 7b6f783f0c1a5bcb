/**
 * NTP extension fields: what may follow the 48-byte header. Source: RFC 7822 §7.5 (form: 16 bits of type, 16 of length with
 * these four octets, a body, all in multiples of four octets); RFC 8915 §7.5 (the four types of NTS).
 *
 * Strict: the fields must fill the bytes exactly, so a trailing MAC is not a field and refuses the whole. Pure; never throws
 * on any bytes. Does not promise that a field means anything: reading is not judging.
 */
import assert from 'node:assert/strict'

/** Types of NTS. `blankCookie` asks for one further cookie and reserves the room of its answer. */
export const NTP_FIELD = {
  uniqueId: 0x01_04,
  cookie: 0x02_04,
  blankCookie: 0x03_04,
  authenticator: 0x04_04,
} as const

/** Octets of type and length. */
export const NTP_FIELD_HEAD_BYTES = 4

/** Shortest field in a packet, octets (RFC 7822 §7.5). Fields inside an encrypted one may be shorter (RFC 8915 §5.6). */
export const NTP_FIELD_BYTES_MIN = 16

/** Most fields in a packet. Eight cookies, their company, and as many again. */
export const NTP_FIELDS_MAX = 32

export interface NtpField {
  /** 0 to 65,535. */
  readonly type: number
  /** A view of the bytes that were read, of a multiple of four octets. */
  readonly body: Uint8Array
  /** Where the field begins, octets from the start of the bytes. */
  readonly start: number
}

/**
 * The fields in `bytes` from offset `from` to the end, in order; none where nothing follows. Undefined where they do not fill
 * it exactly, one is shorter than `fieldBytesMin`, or there are more than NTP_FIELDS_MAX.
 */
export const readNtpFields = (
  bytes: Uint8Array,
  { from, fieldBytesMin = NTP_FIELD_BYTES_MIN }: { readonly from: number; readonly fieldBytesMin?: number },
): readonly NtpField[] | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields: NtpField[] = []
  let start = from
  while (start < bytes.length) {
    if (fields.length === NTP_FIELDS_MAX || bytes.length - start < NTP_FIELD_HEAD_BYTES) return undefined
    const length = view.getUint16(start + 2)
    if (length % 4 !== 0 || length < fieldBytesMin || length > bytes.length - start) return undefined
    fields.push({
      type: view.getUint16(start),
      body: bytes.subarray(start + NTP_FIELD_HEAD_BYTES, start + length),
      start,
    })
    start += length
  }
  return start === bytes.length ? fields : undefined
}

/** One field. The body is padded with zeros to a multiple of four octets and to the shortest field; at most 65,528 octets. */
export const encodeNtpField = (type: number, body: Uint8Array): Uint8Array => {
  const length = Math.max(NTP_FIELD_BYTES_MIN, NTP_FIELD_HEAD_BYTES + Math.ceil(body.length / 4) * 4)
  assert(length <= 0xff_fc, 'the body of an extension field is at most 65,528 octets')
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, type)
  view.setUint16(2, length)
  bytes.set(body, NTP_FIELD_HEAD_BYTES)
  return bytes
}
