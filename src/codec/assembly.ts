/**
 * The encoding of an array put together from the encodings of its items, which need not be read again for it: what is large
 * and mostly unchanged is encoded in parts that are kept. Source: RFC 8949 §3.1 (major type 4), §4.2.1 (shortest lengths).
 */
import assert from 'node:assert/strict'
import { joinBytes } from '../base/index.ts'

const ARRAY_HEAD = 0x80
/** Items of an assembled array at most: their number is written in at most two bytes. */
export const ASSEMBLED_ITEMS_MAX = 65_535

/** `encodeData([a, b, …])` from `encodeData(a)`, `encodeData(b)`, …; more than `ASSEMBLED_ITEMS_MAX` are an asserted bug. */
export const encodeArrayOf = (items: readonly Uint8Array[]): Uint8Array => joinBytes(headOf(items.length), ...items)

const headOf = (count: number): Uint8Array => {
  assert(count <= ASSEMBLED_ITEMS_MAX)
  if (count < 24) return Uint8Array.of(ARRAY_HEAD + count)
  return count < 256 ? Uint8Array.of(ARRAY_HEAD + 24, count) : Uint8Array.of(ARRAY_HEAD + 25, count >> 8, count & 255)
}
