/**
 * Roughtime's messages: maps from four-octet tags to byte strings, and the frame that packets carry them in.
 * Source: RFC 10049 (published from draft-ietf-ntp-roughtime-19, the text that was read), "Message Format" and "Protocol Details".
 *
 * A message has one spelling: tags ascending without repetition, offsets ascending multiples of four inside the message. Whatever
 * breaks that is refused with a reason; nothing throws. Values are views of the bytes that were read, not copies. Unknown tags
 * are kept: what to make of them is the reader's decision.
 */
import assert from 'node:assert/strict'
import { accept, ignore } from '../base/index.ts'
import type { Admission } from '../base/index.ts'

/** Tags of a message that are read; a response has seven. */
export const ROUGHTIME_TAGS_MAX = 32

/** Bytes before the message in a packet: "ROUGHTIM" and the message's length. */
const ROUGHTIME_FRAME_BYTES = 12

/** Why bytes are no message, or no packet. */
export const ROUGHTIME_MESSAGE_REASONS = [
  'roughtime-short',
  'roughtime-frame-length',
  'roughtime-tag-count',
  'roughtime-tag-order',
  'roughtime-offset',
] as const
export type RoughtimeMessageReason = (typeof ROUGHTIME_MESSAGE_REASONS)[number]

/** Four octets as a number, the first one lowest, as tags are compared. */
const tag = (name: string): number =>
  Array.from(name.padEnd(4, '\0'), (letter) => letter.charCodeAt(0)).reduceRight(
    (number, octet) => number * 256 + octet,
    0,
  )

/** RFC 10049 "Roughtime Tags Registry". `PAD` is the padding of the unframed form from before the IETF's. */
export const ROUGHTIME_TAG = {
  SIG: tag('SIG'),
  VER: tag('VER'),
  SRV: tag('SRV'),
  NONC: tag('NONC'),
  DELE: tag('DELE'),
  TYPE: tag('TYPE'),
  PATH: tag('PATH'),
  RADI: tag('RADI'),
  PUBK: tag('PUBK'),
  MIDP: tag('MIDP'),
  SREP: tag('SREP'),
  VERS: tag('VERS'),
  MINT: tag('MINT'),
  ROOT: tag('ROOT'),
  CERT: tag('CERT'),
  MAXT: tag('MAXT'),
  INDX: tag('INDX'),
  ZZZZ: tag('ZZZZ'),
  PAD: tag('PAD\u00FF'),
} as const

/** Values by tag. */
export type RoughtimeMessage = ReadonlyMap<number, Uint8Array>

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Bytes of a message's header with so many tags. */
export const headerBytesOf = (tags: number): number => 8 * tags

/** The message in exactly these bytes. */
export const decodeMessage = (bytes: Uint8Array): Admission<RoughtimeMessage, RoughtimeMessageReason> => {
  if (bytes.length < 4) return ignore('roughtime-short')
  const view = viewOf(bytes)
  const count = view.getUint32(0, true)
  if (count === 0 || count > ROUGHTIME_TAGS_MAX) return ignore('roughtime-tag-count')
  const start = headerBytesOf(count)
  if (bytes.length < start) return ignore('roughtime-short')
  const message = new Map<number, Uint8Array>()
  const valuesLength = bytes.length - start
  let [tagBefore, from] = [-1, 0]
  for (let i = 0; i < count; i += 1) {
    const name = view.getUint32(4 * (count + i), true)
    const to = i + 1 < count ? view.getUint32(4 * (i + 1), true) : valuesLength
    if (name <= tagBefore) return ignore('roughtime-tag-order')
    if (to < from || to > valuesLength || (i + 1 < count && to % 4 !== 0)) return ignore('roughtime-offset')
    message.set(name, bytes.subarray(start + from, start + to))
    tagBefore = name
    from = to
  }
  return accept(message)
}

/** The bytes of a message: 1 to `ROUGHTIME_TAGS_MAX` tags, in any order; values of whole groups of four bytes. */
export const encodeMessage = (message: RoughtimeMessage): Uint8Array<ArrayBuffer> => {
  const entries = [...message].sort(([a], [b]) => a - b)
  const count = entries.length
  assert(count >= 1 && count <= ROUGHTIME_TAGS_MAX)
  const length = entries.reduce((sum, [, value]) => sum + value.length, headerBytesOf(count))
  const bytes = new Uint8Array(length)
  const view = viewOf(bytes)
  view.setUint32(0, count, true)
  let at = 0
  for (const [i, [name, value]] of entries.entries()) {
    assert(value.length % 4 === 0, 'a value is made of groups of four bytes')
    if (i > 0) view.setUint32(4 * i, at, true)
    view.setUint32(4 * (count + i), name, true)
    bytes.set(value, headerBytesOf(count) + at)
    at += value.length
  }
  return bytes
}

const MAGIC = Uint8Array.from('ROUGHTIM', (letter) => letter.charCodeAt(0))

/** Does the packet begin as the IETF's form does? As a classic message it would have 1,196,773,202 tags. */
export const isFramed = (packet: Uint8Array): boolean => MAGIC.every((octet, i) => packet[i] === octet)

/** "ROUGHTIM", the length, the message. */
export const frameMessage = (message: Uint8Array): Uint8Array<ArrayBuffer> => {
  const packet = new Uint8Array(ROUGHTIME_FRAME_BYTES + message.length)
  packet.set(MAGIC)
  viewOf(packet).setUint32(MAGIC.length, message.length, true)
  packet.set(message, ROUGHTIME_FRAME_BYTES)
  return packet
}

/** The message of a packet: behind its frame where it has one, else all of it. A datagram holds one packet and nothing else. */
export const decodePacket = (packet: Uint8Array): Admission<RoughtimeMessage, RoughtimeMessageReason> => {
  if (!isFramed(packet)) return decodeMessage(packet)
  if (packet.length < ROUGHTIME_FRAME_BYTES) return ignore('roughtime-short')
  const length = viewOf(packet).getUint32(MAGIC.length, true)
  if (length !== packet.length - ROUGHTIME_FRAME_BYTES) return ignore('roughtime-frame-length')
  return decodeMessage(packet.subarray(ROUGHTIME_FRAME_BYTES))
}

/** A value of exactly four bytes as a number, or undefined. */
export const uint32Of = (value: Uint8Array | undefined): number | undefined =>
  value?.length === 4 ? viewOf(value).getUint32(0, true) : undefined

/** A value of exactly eight bytes, or undefined. */
export const uint64Of = (value: Uint8Array | undefined): bigint | undefined =>
  value?.length === 8 ? viewOf(value).getBigUint64(0, true) : undefined

/** Whole numbers 0 to 2^32 − 1, one after the other. */
export const bytesOfUint32 = (...numbers: readonly number[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(4 * numbers.length)
  for (const [i, number] of numbers.entries()) viewOf(bytes).setUint32(4 * i, number, true)
  return bytes
}

/** 0 to 2^64 − 1. */
export const bytesOfUint64 = (number: bigint): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(8)
  viewOf(bytes).setBigUint64(0, number, true)
  return bytes
}

/** A list of 1 to `countMax` numbers of four bytes, or undefined. */
export const uint32sOf = (value: Uint8Array | undefined, countMax: number): readonly number[] | undefined => {
  if (value === undefined || value.length === 0 || value.length % 4 !== 0 || value.length > 4 * countMax)
    return undefined
  const view = viewOf(value)
  return Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}
