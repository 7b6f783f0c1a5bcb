/** The quick writer: what it writes are the general encoder's bytes, and it writes nothing that that one refuses. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encode } from '@ipld/dag-cbor'
import * as fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { identity } from 'multiformats/hashes/identity'
import { hexOf } from '../base/index.ts'
import { cidOfDigest } from './cid.ts'
import { encodeData } from './codec.ts'
import { encodePlain } from './plain-encoder.ts'

describe('heads (RFC 8949, appendix A)', () => {
  const written: readonly (readonly [unknown, string])[] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_535, '19ffff'],
    [65_536, '1a00010000'],
    [4_294_967_295, '1affffffff'],
    [4_294_967_296, '1b0000000100000000'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [18_446_744_073_709_551_615n, '1bffffffffffffffff'],
    [10n, '0a'],
    [-1, '20'],
    [-1000, '3903e7'],
    [-1000n, '3903e7'],
    [-18_446_744_073_709_551_616n, '3bffffffffffffffff'],
    [false, 'f4'],
    [true, 'f5'],
    [null, 'f6'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    ['', '60'],
    ['IETF', '6449455446'],
    [[], '80'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
  ]
  for (const [data, hex] of written)
    test(`${hex} is written`, () => equal(hexOf(encodePlain(data) ?? new Uint8Array()), hex))
})

describe('what is not plain is left to the general encoder', () => {
  const stranger = CID.createV1(0x71, identity.digest(Uint8Array.of(1)))
  const left: readonly (readonly [string, unknown])[] = [
    ['a fraction', 1.5],
    ['a whole number beyond 2^53', 2 ** 53],
    ['minus nothing', -0],
    ['a number of 65 bits', 2n ** 64n],
    ['text beyond ASCII', 'ü'],
    ['a map', { a: 1 }],
    ['nothing', undefined],
    ['nothing in an array', [1, undefined]],
    ['an address of another kind', stranger],
  ]
  for (const [name, data] of left) test(name, () => equal(encodePlain(data), undefined))
  test('and it writes them, or says that they have no encoding', () => {
    deepEqual(encodeData(['ü', 1.5, { a: 1 }]), new Uint8Array(encode(['ü', 1.5, { a: 1 }])))
    throws(() => encodeData([1, undefined]))
  })
})

const plainData = fc.letrec((tie) => ({
  item: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.maxSafeInteger(),
    fc.nat({ max: 300 }),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'binary-ascii', maxLength: 30 }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map(cidOfDigest),
    fc.array(tie('item'), { maxLength: 30 }),
  ),
})).item

test('plain data has the general encoder’s bytes', () => {
  fc.assert(
    fc.property(plainData, (data) => deepEqual(encodePlain(data), new Uint8Array(encode(data)))),
    { numRuns: 300 },
  )
})

test('what is longer than the buffer is written whole, and what was written before stays', () => {
  const first = encodePlain([1, 2, 3])
  const long = Array.from({ length: 40 }, (_, i) => new Uint8Array(1000).fill(i))
  deepEqual(encodePlain(long), new Uint8Array(encode(long)))
  deepEqual(encodePlain('x'.repeat(20_000)), new Uint8Array(encode('x'.repeat(20_000))))
  deepEqual(first, Uint8Array.of(0x83, 1, 2, 3))
})

test('what is nested deeper than the quick reader goes is left', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 0 : [nested(depth - 1)])
  deepEqual(encodePlain(nested(16)), new Uint8Array(encode(nested(16))))
  equal(encodePlain(nested(17)), undefined)
})
