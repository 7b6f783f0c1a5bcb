/**
 * What an entry tells besides its message: plain data, bounded in depth and size, so that it encodes in one way and nobody
 * can fill a log with one entry. `payloadOf` makes it from whatever a caller has at hand, and keeps what looks like a secret out.
 *
 * Rules: docs/spec/log.md L-3, L-4. Not promised: a secret under an innocent name is not recognised.
 */
import { TAI_MAX, TAI_MIN } from '../base/index.ts'
import type { Field } from '../codec/index.ts'

/** JSON and whole numbers of 64 bits. Numbers are finite. */
export type Plain = null | boolean | number | bigint | string | readonly Plain[] | { readonly [name: string]: Plain }
export type Payload = { readonly [name: string]: Plain }

/** Arrays and maps around one another, at most, the payload itself included. */
export const PAYLOAD_DEPTH_MAX = 6
/** Of its encoding. */
export const PAYLOAD_BYTES_MAX = 4096
/** What `payloadOf` lets through: UTF-16 units of a text, items of a list, names of a map, and of all texts together. */
const TEXT_MAX = 512
const ITEMS_MAX = 32
const TEXTS_MAX = 1000
/** Numbers and lists in all. With at most 3 bytes a unit of text and 11 of each item this stays under `PAYLOAD_BYTES_MAX`. */
const LEAVES_MAX = 60

const SECRET = /pass-?(?:phrase|word)|secret|seed|private|token|credential/i
export const WITHHELD = '(withheld)'
export const CUT = '…'
/** The general codec takes a map with this name and an equal one named `bytes` for a link, and fails. */
const LINK_MARK = '/'
const LINK_MARK_SAID = '(/)'

const isPlain = (data: unknown, depth: number): data is Plain => {
  if (data === null || typeof data === 'boolean' || typeof data === 'string') return true
  if (typeof data === 'number') return Number.isFinite(data)
  if (typeof data === 'bigint') return data >= TAI_MIN && data <= TAI_MAX
  if (depth === 0) return false
  if (Array.isArray(data)) return data.every((item) => isPlain(item, depth - 1))
  return isRecord(data) && Object.values(data).every((value) => isPlain(value, depth - 1))
}

const isRecord = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === 'object' && data !== null && [Object.prototype, null].includes(Object.getPrototypeOf(data))

const isPayload = (data: unknown): data is Payload => isRecord(data) && isPlain(data, PAYLOAD_DEPTH_MAX)

/** A map of plain data, at most `PAYLOAD_DEPTH_MAX` deep. Its size is limited by the entry's. */
export const payload: Field<Payload> = {
  write: (value) => value,
  read: (data) => (isPayload(data) ? data : undefined),
}

/** What is left of the room for one payload. */
interface Room {
  texts: number
  leaves: number
}

/**
 * Any facts as a payload. What is `undefined` or a function goes; secrets by their names are withheld; errors become name,
 * message and code; instants and other big numbers beyond 64 bits become text; what is too long or too deep is cut and ends in `…`.
 */
export const payloadOf = (facts: Readonly<Record<string, unknown>>): Payload => {
  const room: Room = { texts: TEXTS_MAX, leaves: LEAVES_MAX }
  return mapOf(facts, PAYLOAD_DEPTH_MAX - 1, room)
}

const mapOf = (record: Readonly<Record<string, unknown>>, depth: number, room: Room): Payload => {
  const made: Record<string, Plain> = {}
  for (const [name, value] of Object.entries(record).slice(0, ITEMS_MAX)) {
    if (room.leaves <= 0) {
      made[CUT] = CUT
      break
    }
    const plain = SECRET.test(name) ? WITHHELD : plainOf(value, depth, room)
    // Under a name of its own, whatever it is: `__proto__` must not set the map's prototype.
    if (plain !== undefined)
      Object.defineProperty(made, name === LINK_MARK ? LINK_MARK_SAID : cutText(name, room), {
        value: plain,
        enumerable: true,
        configurable: true,
        writable: true,
      })
  }
  return made
}

const plainOf = (value: unknown, depth: number, room: Room): Plain | undefined => {
  room.leaves -= 1
  switch (typeof value) {
    case 'boolean':
      return value
    case 'string':
      return cutText(value, room)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return value >= TAI_MIN && value <= TAI_MAX ? value : cutText(String(value), room)
    case 'object':
      return value === null ? null : structureOf(value, depth, room)
    case 'undefined':
    case 'function':
    case 'symbol':
    default:
      return undefined
  }
}

const structureOf = (value: object, depth: number, room: Room): Plain => {
  if (depth === 0 || room.leaves <= 0) return CUT
  if (value instanceof Error) return errorOf(value, room)
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    const made: Plain[] = []
    for (const item of items.slice(0, ITEMS_MAX)) if (room.leaves > 0) made.push(plainOf(item, depth - 1, room) ?? null)
    return made
  }
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`
  return mapOf({ ...value }, depth - 1, room)
}

const errorOf = (error: Error, room: Room): Plain => ({
  name: cutText(error.name, room),
  message: cutText(error.message, room),
  ...('code' in error && typeof error.code === 'string' ? { code: cutText(error.code, room) } : {}),
})

/** Well-formed, and no longer than there is room for. */
const cutText = (value: string, room: Room): string => {
  const lengthMax = Math.max(0, Math.min(TEXT_MAX, room.texts))
  const whole = value.length <= lengthMax ? value : `${value.slice(0, lengthMax)}${CUT}`
  room.texts -= Math.min(value.length, lengthMax)
  return whole.toWellFormed()
}
