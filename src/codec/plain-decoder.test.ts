/** The quick reader: what it reads is what the general decoder reads, and it reads nothing that that one refuses. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, encode } from '@ipld/dag-cbor'
import * as fc from 'fast-check'
import { bytesOfHex, equalBytes, hexOf } from '../base/index.ts'
import { cidOfDigest } from './cid.ts'
import { decodePlain } from './plain-decoder.ts'

const bytesOf = (hex: string): Uint8Array => {
  const bytes = bytesOfHex(hex)
  ok(bytes !== undefined)
  return bytes
}
/** By the library: decoded strictly, and the same bytes again. */
const general = (bytes: Uint8Array): { readonly value: unknown } | undefined => {
  try {
    const value: unknown = decode(bytes)
    return equalBytes(encode(value), bytes) ? { value } : undefined
  } catch {
    return undefined
  }
}
/** It may give up on what is good; what it reads, it reads alike. */
const agrees = (bytes: Uint8Array): boolean => {
  const quick = decodePlain(bytes)
  if (quick === undefined) return false
  deepEqual(quick, general(bytes), hexOf(bytes))
  return true
}

describe('heads (RFC 8949, appendix A)', () => {
  const plain =
    '00 01 0a 17 1818 1819 1864 18ff 190100 1903e8 19ffff 1a00010000 1a000f4240 1affffffff 1b0000000100000000 1b000000e8d4a51000 1b001fffffffffffff 1b0020000000000000 1bffffffffffffffff 20 29 37 3818 3863 3903e7 3b001ffffffffffffe 3b001fffffffffffff 3bffffffffffffffff f4 f5 f6 40 4401020304 60 6161 6449455446 80 83010203 8301820203820405'
  for (const hex of plain.split(' ')) test(`${hex} is read`, () => ok(agrees(bytesOf(hex))))
  const left =
    '1800 1817 190000 1900ff 1a00000000 1a0000ffff 1b0000000000000000 1b00000000ffffffff 3817 1c 1f 5800 5f 9f 7f ff f7 f0 f8ff f90000 fa47c35000 fb3ff199999999999a a0 a16161f5 62c3bc c249010000000000000000 d82a00 d82a4100 41 4301 61 81 8201 9bffffffffffffffff 5bffffffffffffffff 0000'
  for (const hex of left.split(' ')) test(`${hex} is left`, () => equal(decodePlain(bytesOf(hex)), undefined))
  test('nothing at all is left', () => equal(decodePlain(new Uint8Array()), undefined))
})

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const plainData = fc.letrec((tie) => ({
  item: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.maxSafeInteger(),
    fc.nat({ max: 300 }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary-ascii', maxLength: 30 }),
    fc.boolean(),
    fc.constant(null),
    digest.map(cidOfDigest),
    fc.array(tie('item'), { maxLength: 30 }),
  ),
})).item

test('plain data is read as it was written, from a buffer of any kind, into bytes of its own', () => {
  fc.assert(
    fc.property(plainData, (data) => {
      const bytes = encode(data)
      ok(agrees(bytes))
      ok(agrees(new Uint8Array(Buffer.from(bytes))))
    }),
    { numRuns: 150 },
  )
  const source = Uint8Array.of(0x42, 1, 2)
  const read = decodePlain(source)
  source.fill(9)
  deepEqual(read, { value: Uint8Array.of(1, 2) })
  equal(Object.getPrototypeOf(decodePlain(Buffer.from('420102', 'hex'))?.value), Uint8Array.prototype)
})

test('with bytes changed, cut or added it agrees or gives up', () => {
  const change = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }), cut: fc.nat({ max: 3 }) })
  fc.assert(
    fc.property(plainData, change, (data, { at, by, cut }) => {
      const bytes = Uint8Array.from(encode(data))
      const place = at % bytes.length
      bytes[place] = (bytes[place] ?? 0) ^ by
      agrees(bytes)
      agrees(bytes.subarray(0, -cut))
      agrees(Uint8Array.of(...bytes.subarray(0, 2000), by))
    }),
    { numRuns: 400 },
  )
})

test('any bytes: it agrees or gives up', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => void agrees(bytes)),
    { numRuns: 2000 },
  )
})

test('what is nested deeper than it goes is left, and what is as deep as bytes can make it, too', () => {
  const nested = (depth: number): Uint8Array => Uint8Array.of(...new Uint8Array(depth).fill(0x81), 0x00)
  ok(agrees(nested(16)))
  equal(decodePlain(nested(17)), undefined)
  equal(decodePlain(nested(100_000)), undefined)
})
