/**
 * The bytes of an entry written in one go, and its traits read back without decoding the rest. The general codec builds a link
 * object and nine small writers for each entry, which alone would take half of the time that an entry may cost.
 *
 * It writes exactly what `entryCodec` writes: a property holds the two equal. `traitsOf` judges nothing: who wants to know whether bytes
 * are an entry asks `openEntry`. Source: RFC 8949 §3; the CID of E-7 as DAG-CBOR writes it (tag 42, a zero byte, 36 bytes).
 */
import assert from 'node:assert/strict'
import type { TimeInterval } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { DIGEST_BYTES } from '../crypto/index.ts'
import { ENTRY_BYTES_MAX, ENTRY_VERSION, LOG_LEVELS, LOG_TYPES, MESSAGE_MAX } from './entry.ts'
import type { EntryTraits, LogEntry } from './entry.ts'
import { PAYLOAD_BYTES_MAX } from './payload.ts'
import type { Payload } from './payload.ts'
import { HEAD_BYTES_MAX, UNWRITTEN, putAscii, putHead, putPlain } from './plain-bytes.ts'
import type { Sheet } from './plain-bytes.ts'

const UINT = 0x00
const NEGATIVE = 0x20
const TEXT = 0x60
const ARRAY = 0x80
const FIELDS = 8
/** A list of one link: tag 42, 37 bytes, zero, version 1, dag-cbor, sha3-256, 32. The digest follows. */
export const LINK_PREFIX = Uint8Array.of(0x81, 0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01, 0x71, 0x16, 0x20)
const PREVIOUS_AT = 2

const encoder = new TextEncoder()
const wordBytes = (words: readonly string[]): ReadonlyMap<string, Uint8Array> =>
  new Map(words.map((word) => [word, Uint8Array.of(TEXT + word.length, ...encoder.encode(word))]))
const LEVEL_BYTES = wordBytes(LOG_LEVELS)
const TYPE_BYTES = wordBytes(LOG_TYPES)

/** Entries are written side by side into one piece of memory, because an own one for each costs more than its bytes. */
const SHEET_BYTES = 65_536
const newSheet = (): Sheet => {
  const bytes = new Uint8Array(SHEET_BYTES)
  return { bytes, view: new DataView(bytes.buffer) }
}
let sheet = newSheet()
let written = 0

/**
 * The deterministic encoding of an entry, a view that nobody writes to again. One that breaks the limits of `LogDraft` is an
 * asserted bug. Who keeps one for long keeps up to 64 kB with it, and had better keep a copy.
 */
export const encodeEntry = (entry: LogEntry): Uint8Array<ArrayBuffer> => {
  if (written + ENTRY_BYTES_MAX > SHEET_BYTES) {
    sheet = newSheet()
    written = 0
  }
  const start = written
  const end = putEntry(start, entry)
  written = end
  return new Uint8Array(sheet.bytes.buffer, start, end - start)
}

const putEntry = (start: number, entry: LogEntry): number => {
  assert(entry.message.length <= MESSAGE_MAX, 'a message that is too long')
  sheet.bytes[start] = ARRAY + FIELDS
  sheet.bytes[start + 1] = ENTRY_VERSION
  let at = putPrevious(start + PREVIOUS_AT, entry.previous)
  at = putHead(sheet, at, UINT, entry.sequence)
  at = putBytes(at, LEVEL_BYTES.get(entry.level))
  at = putBytes(at, TYPE_BYTES.get(entry.type))
  at = putTime(at, entry.time)
  at = putText(at, entry.message)
  return putPayload(at, entry.payload)
}

const putBytes = (at: number, bytes: Uint8Array | undefined): number => {
  assert(bytes !== undefined)
  // Short ones byte by byte: `set` costs more than they do.
  for (let i = 0; i < bytes.length; i += 1) sheet.bytes[at + i] = bytes[i] ?? 0
  return at + bytes.length
}

const putPrevious = (at: number, previous: Uint8Array | null): number => {
  if (previous === null) {
    sheet.bytes[at] = ARRAY
    return at + 1
  }
  assert(previous.length === DIGEST_BYTES)
  return putBytes(putBytes(at, LINK_PREFIX), previous)
}

const putInt64 = (at: number, value: bigint): number => {
  const isNegative = value < 0n
  const argument = isNegative ? -1n - value : value
  sheet.view.setBigUint64(at + 1, argument)
  if (sheet.view.getUint32(at + 1) === 0) return putHead(sheet, at, isNegative ? NEGATIVE : UINT, Number(argument))
  sheet.bytes[at] = (isNegative ? NEGATIVE : UINT) + 27
  return at + HEAD_BYTES_MAX
}

const putTime = (at: number, time: TimeInterval | null): number => {
  if (time === null) {
    sheet.bytes[at] = ARRAY
    return at + 1
  }
  assert(time.earliest <= time.latest)
  sheet.bytes[at] = ARRAY + 2
  return putInt64(putInt64(at + 1, time.earliest), time.latest)
}

const putText = (at: number, value: string): number => {
  const next = putAscii(sheet, at, value, SHEET_BYTES)
  if (next !== UNWRITTEN) return next
  const bytes = encoder.encode(value)
  return putBytes(putHead(sheet, at, TEXT, bytes.length), bytes)
}

const putPayload = (at: number, payload: Payload): number => {
  const next = putPlain(sheet, at, payload, at + PAYLOAD_BYTES_MAX)
  if (next !== UNWRITTEN) return next
  const bytes = encodeData(payload)
  assert(bytes.length <= PAYLOAD_BYTES_MAX, 'a payload that is too large')
  sheet.bytes.set(bytes, at)
  return at + bytes.length
}

/** A head's argument and where the next byte is; undefined where there is none. */
const headAt = (bytes: DataView, at: number): { readonly argument: bigint; readonly next: number } | undefined => {
  if (at >= bytes.byteLength) return undefined
  const info = bytes.getUint8(at) & 31
  if (info < 24) return { argument: BigInt(info), next: at + 1 }
  if (info > 27) return undefined
  const width = 2 ** (info - 24)
  if (at + 1 + width > bytes.byteLength) return undefined
  const next = at + 1 + width
  if (width === 1) return { argument: BigInt(bytes.getUint8(at + 1)), next }
  if (width === 2) return { argument: BigInt(bytes.getUint16(at + 1)), next }
  return { argument: width === 4 ? BigInt(bytes.getUint32(at + 1)) : bytes.getBigUint64(at + 1), next }
}

const int64At = (bytes: DataView, at: number): { readonly value: bigint; readonly next: number } | undefined => {
  const head = headAt(bytes, at)
  if (head === undefined) return undefined
  return { value: bytes.getUint8(at) >= NEGATIVE ? -1n - head.argument : head.argument, next: head.next }
}

const wordAt = <W extends string>(bytes: Uint8Array, at: number, words: readonly W[]): W | undefined => {
  const length = (bytes[at] ?? TEXT) - TEXT
  return words.find((word) => {
    if (word.length !== length) return false
    for (let i = 0; i < length; i += 1) if (bytes[at + 1 + i] !== word.charCodeAt(i)) return false
    return true
  })
}

const timeAt = (bytes: DataView, at: number): { readonly time: TimeInterval | null } | undefined => {
  if (at >= bytes.byteLength) return undefined
  if (bytes.getUint8(at) === ARRAY) return { time: null }
  const earliest = int64At(bytes, at + 1)
  const latest = earliest && int64At(bytes, earliest.next)
  return earliest && latest && { time: { earliest: earliest.value, latest: latest.value } }
}

/** Sequence, level, type and time of encoded bytes; undefined where they are no entry at a glance. */
export const traitsOf = (bytes: Uint8Array): EntryTraits | undefined => {
  if (bytes[0] !== ARRAY + FIELDS || bytes[1] !== ENTRY_VERSION) return undefined
  const reader = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const sequenceAt = bytes[PREVIOUS_AT] === ARRAY ? PREVIOUS_AT + 1 : PREVIOUS_AT + LINK_PREFIX.length + DIGEST_BYTES
  const head = headAt(reader, sequenceAt)
  if (head === undefined) return undefined
  const level = wordAt(bytes, head.next, LOG_LEVELS)
  if (level === undefined) return undefined
  const type = wordAt(bytes, head.next + 1 + level.length, LOG_TYPES)
  if (type === undefined) return undefined
  const time = timeAt(reader, head.next + 2 + level.length + type.length)
  return time && { sequence: Number(head.argument), level, type, time: time.time }
}
