/**
 * DER as it is written: one way for every value, so that a token's bytes follow from its contents. Source: ITU-T X.690 §8 to §11.
 * Only what RFC 3161, CMS and their kin use. Reading is another matter, and is done as OpenSSL does it (rfc3161-ber.ts).
 */
import assert from 'node:assert/strict'
import { hexOf, joinBytes } from '../base/index.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  none: 0x05,
  object: 0x06,
  enumerated: 0x0a,
  text: 0x0c,
  generalizedTime: 0x18,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const

/** A constructed or a primitive tag of the context class, number 0 to 30. */
export const contextTag = (number: number, isConstructed = true): number => (isConstructed ? 0xa0 : 0x80) | number

const lengthBytes = (length: number): Uint8Array => {
  if (length < 0x80) return Uint8Array.of(length)
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return Uint8Array.of(0x80 | digits.length, ...digits)
}

/** One value: its tag byte, the shortest length, its contents. */
export const tagged = (tag: number, ...contents: readonly Uint8Array[]): Uint8Array => {
  const body = joinBytes(...contents)
  return joinBytes(Uint8Array.of(tag), lengthBytes(body.length), body)
}

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => tagged(TAG.sequence, ...items)

/** A SET OF: encodings in ascending order, a shorter one before what it begins (X.690 §11.6). */
export const setOf = (...items: readonly Uint8Array[]): Uint8Array => tagged(TAG.set, ...items.toSorted(compareBytes))

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Contents of an INTEGER >= 0 from its magnitude, most significant byte first: no more zeros before it than its sign takes. */
export const unsignedContents = (magnitude: Uint8Array): Uint8Array => {
  const first = magnitude.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : magnitude.subarray(first)
  return (digits[0] ?? 0) >= 0x80 ? joinBytes(Uint8Array.of(0), digits) : digits
}

/** A whole number from 0 to 2^53 − 1. */
export const numberContents = (value: number): Uint8Array => {
  assert(Number.isSafeInteger(value) && value >= 0)
  const magnitude = new Uint8Array(8)
  new DataView(magnitude.buffer).setBigUint64(0, BigInt(value))
  return unsignedContents(magnitude)
}

export const integer = (value: number): Uint8Array => tagged(TAG.integer, numberContents(value))
export const octets = (bytes: Uint8Array): Uint8Array => tagged(TAG.octets, bytes)
export const none = (): Uint8Array => tagged(TAG.none)
export const text = (value: string): Uint8Array => tagged(TAG.text, new TextEncoder().encode(value))
export const object = (id: string): Uint8Array => tagged(TAG.object, objectContents(id))

/** A named bit list with one bit set, as PKIFailureInfo is written: no zeros behind it (X.690 §11.2.2). */
export const oneBit = (bit: number): Uint8Array => {
  const bits = new Uint8Array(Math.floor(bit / 8) + 1)
  bits[bits.length - 1] = 0x80 >> (bit % 8)
  return tagged(TAG.bits, Uint8Array.of(7 - (bit % 8)), bits)
}

const OBJECT_ID = /^[0-2](?:\.(?:0|[1-9]\d{0,45}))+$/

/** Is this an object identifier in dotted digits that DER can hold? */
export const isObjectId = (id: string): boolean => {
  const [first = '', second = ''] = id.split('.')
  return id.length <= 128 && OBJECT_ID.test(id) && (first === '2' || Number(second) < 40)
}

/** Contents of an OBJECT IDENTIFIER. Numbers may be as large as a UUID (2.25, X.667). Anything else than `isObjectId` is an asserted bug. */
export const objectContents = (id: string): Uint8Array => {
  assert(isObjectId(id), `not an object identifier: ${id}`)
  const [first = 0n, second = 0n, ...rest] = id.split('.').map(BigInt)
  return joinBytes(...[first * 40n + second, ...rest].map(base128))
}

const base128 = (value: bigint): Uint8Array => {
  const digits = [Number(value & 0x7fn)]
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) digits.unshift(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.from(digits)
}

/** Longer ones are named by their bytes: nothing that is looked for is so long. */
const OBJECT_BYTES_MAX = 64

/** Dotted digits from an OBJECT IDENTIFIER's contents, which a reader has found well-formed; hexadecimal where it is very long. */
export const objectIdOf = (contents: Uint8Array): string => {
  if (contents.length > OBJECT_BYTES_MAX) return hexOf(contents)
  const parts: bigint[] = []
  let value = 0n
  for (const byte of contents) {
    value = (value << 7n) | BigInt(byte & 0x7f)
    if (byte < 0x80) {
      parts.push(value)
      value = 0n
    }
  }
  const [head = 0n, ...rest] = parts
  const first = head < 80n ? head / 40n : 2n
  return [first, head - first * 40n, ...rest].join('.')
}
