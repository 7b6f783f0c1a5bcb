/**
 * The bytes of a payload of the common kind, written where they shall stand: text in ASCII, integers of 53 bits, booleans, null, lists
 * and maps of them. What is of another kind is left to the general codec, whose tokens cost three times as much.
 *
 * It writes exactly what `encodeData` writes, or nothing: a property holds the two equal. Source: RFC 8949 §3, §4.2.1; the DAG-CBOR
 * specification (maps by length of the name, then by its bytes).
 */
import type { Plain } from './payload.ts'

const UINT = 0x00
const NEGATIVE = 0x20
const TEXT = 0x60
const ARRAY = 0x80
const MAP = 0xa0
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
const LAST_ASCII = 0x7f
/** A head takes at most so many bytes. */
export const HEAD_BYTES_MAX = 9
/** Not written: of a kind that is left to the general codec, or without room. */
export const UNWRITTEN = -1

/** Where bytes are put. Both are of the same memory. */
export interface Sheet {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: DataView
}

/** Writes a head with `argument` (0 to 2^53 − 1) in its shortest form; the byte after it. There is room. */
export const putHead = ({ bytes, view }: Sheet, at: number, major: number, argument: number): number => {
  if (argument < 24) {
    bytes[at] = major + argument
    return at + 1
  }
  if (argument < 2 ** 8) {
    bytes[at] = major + 24
    bytes[at + 1] = argument
    return at + 2
  }
  if (argument < 2 ** 16) {
    bytes[at] = major + 25
    view.setUint16(at + 1, argument)
    return at + 3
  }
  if (argument < 2 ** 32) {
    bytes[at] = major + 26
    view.setUint32(at + 1, argument)
    return at + 5
  }
  bytes[at] = major + 27
  view.setUint32(at + 1, Math.floor(argument / 2 ** 32))
  view.setUint32(at + 5, argument % 2 ** 32)
  return at + HEAD_BYTES_MAX
}

/** Writes a text of ASCII characters; the byte after it, or `UNWRITTEN`. */
export const putAscii = (sheet: Sheet, at: number, text: string, end: number): number => {
  if (at + HEAD_BYTES_MAX + text.length > end) return UNWRITTEN
  const start = putHead(sheet, at, TEXT, text.length)
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit > LAST_ASCII) return UNWRITTEN
    sheet.bytes[start + i] = unit
  }
  return start + text.length
}

/** Writes plain data into the bytes from `at` and before `end`; the byte after it, or `UNWRITTEN`, and then rubbish stands there. */
export const putPlain = (sheet: Sheet, at: number, plain: Plain, end: number): number => {
  if (at + HEAD_BYTES_MAX > end) return UNWRITTEN
  switch (typeof plain) {
    case 'string':
      return putAscii(sheet, at, plain, end)
    case 'number':
      if (!Number.isSafeInteger(plain)) return UNWRITTEN
      return plain < 0 ? putHead(sheet, at, NEGATIVE, -1 - plain) : putHead(sheet, at, UINT, plain)
    case 'boolean':
      sheet.bytes[at] = plain ? TRUE : FALSE
      return at + 1
    case 'object':
      if (plain !== null) return isList(plain) ? putList(sheet, at, plain, end) : putMap(sheet, at, plain, end)
      sheet.bytes[at] = NULL
      return at + 1
    case 'bigint':
    case 'function':
    case 'symbol':
    case 'undefined':
    default:
      return UNWRITTEN
  }
}

type Structure = Extract<Plain, object>
type List = Extract<Structure, readonly unknown[]>
const isList = (plain: Structure): plain is List => Array.isArray(plain)

const putList = (sheet: Sheet, at: number, items: List, end: number): number => {
  let next = putHead(sheet, at, ARRAY, items.length)
  for (const item of items) {
    next = putPlain(sheet, next, item, end)
    if (next === UNWRITTEN) return UNWRITTEN
  }
  return next
}

const isInOrder = (a: string, b: string): boolean => a.length < b.length || (a.length === b.length && a < b)

const putMap = (sheet: Sheet, at: number, map: Exclude<Structure, List>, end: number): number => {
  const names = Object.keys(map)
  for (let i = 1; i < names.length; i += 1)
    if (!isInOrder(names[i - 1] ?? '', names[i] ?? '')) {
      names.sort((a, b) => (isInOrder(a, b) ? -1 : 1))
      break
    }
  let next = putHead(sheet, at, MAP, names.length)
  for (const name of names) {
    const value = map[name]
    // The general codec takes a name of `/` for a mark of a link.
    if (value === undefined || name === '/') return UNWRITTEN
    next = putAscii(sheet, next, name, end)
    if (next !== UNWRITTEN) next = putPlain(sheet, next, value, end)
    if (next === UNWRITTEN) return UNWRITTEN
  }
  return next
}
