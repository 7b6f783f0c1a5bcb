/**
 * The encoding of an array without nesting, written straight into bytes: what is signed by the thousand is encoded by the thousand, and the
 * general encoder takes ten times as long for it. One encoding all the same: it gives the bytes of `encodeData` (E-1).
 *
 * Source: RFC 8949 §3, §4.2.1 (shortest heads). Not for text beyond ASCII, floats, links, or anything nested.
 */
import assert from 'node:assert/strict'

/** Longest array of this kind, bytes. */
export const FLAT_BYTES_MAX = 512
/** What such an array may hold: whole numbers of at most 64 bits and a sign, bytes, and words in ASCII. */
export type FlatItem = number | bigint | string | Uint8Array

const UNSIGNED = 0x00
const NEGATIVE = 0x20
const BYTES = 0x40
const TEXT = 0x60
const ARRAY = 0x80
/** Longest head: its first byte, and eight of argument. */
const HEAD_BYTES_MAX = 9

/** Written to again and again, and copied from. */
const scratch = new Uint8Array(FLAT_BYTES_MAX + HEAD_BYTES_MAX)
const view = new DataView(scratch.buffer)
const ARGUMENT_LIMIT = 2n ** 64n
const WORD_LIMIT = 2 ** 32

/** As `encodeData(items)`. Longer than `FLAT_BYTES_MAX`, or an item of another kind, is an asserted bug. */
export const encodeFlat = (items: readonly FlatItem[]): Uint8Array<ArrayBuffer> => {
  let at = writeHead(0, ARRAY, items.length)
  for (const item of items) at = writeItem(at, item)
  assert(at <= FLAT_BYTES_MAX)
  return scratch.slice(0, at)
}

/** Writes at `at`, and says where the next byte goes. */
const writeItem = (at: number, item: FlatItem): number => {
  assert(at <= FLAT_BYTES_MAX)
  if (typeof item === 'number') {
    assert(Number.isSafeInteger(item))
    return item < 0 ? writeHead(at, NEGATIVE, -1 - item) : writeHead(at, UNSIGNED, item)
  }
  if (typeof item === 'bigint') return item < 0n ? writeLong(at, NEGATIVE, -1n - item) : writeLong(at, UNSIGNED, item)
  assert(item.length <= FLAT_BYTES_MAX - at)
  const start = writeHead(at, typeof item === 'string' ? TEXT : BYTES, item.length)
  if (typeof item === 'string') writeWord(start, item)
  else if (start + item.length <= scratch.length) scratch.set(item, start)
  return start + item.length
}

const writeWord = (start: number, word: string): void => {
  for (let i = 0; i < word.length; i += 1) {
    const code = word.charCodeAt(i)
    assert(code < 128)
    scratch[start + i] = code
  }
}

const writeHead = (at: number, major: number, argument: number): number => {
  if (argument < 24) {
    scratch[at] = major + argument
    return at + 1
  }
  if (argument < 256) {
    scratch[at] = major + 24
    scratch[at + 1] = argument
    return at + 2
  }
  if (argument < 65_536) {
    scratch[at] = major + 25
    view.setUint16(at + 1, argument)
    return at + 3
  }
  if (argument < WORD_LIMIT) {
    scratch[at] = major + 26
    view.setUint32(at + 1, argument)
    return at + 5
  }
  scratch[at] = major + 27
  view.setUint32(at + 1, Math.floor(argument / WORD_LIMIT))
  view.setUint32(at + 5, argument % WORD_LIMIT)
  return at + HEAD_BYTES_MAX
}

const writeLong = (at: number, major: number, argument: bigint): number => {
  if (argument <= Number.MAX_SAFE_INTEGER) return writeHead(at, major, Number(argument))
  assert(argument < ARGUMENT_LIMIT)
  scratch[at] = major + 27
  view.setBigUint64(at + 1, argument)
  return at + HEAD_BYTES_MAX
}
