/** Every field: its round trip, its edges, and what it does not read. */
import { describe, test } from 'node:test'
import { deepEqual, equal } from 'node:assert/strict'
import * as fc from 'fast-check'
import { TAI_MAX, TAI_MIN } from '../base/index.ts'
import {
  bytes,
  CID,
  cidOfDigest,
  cidTextOfDigest,
  codecOf,
  fixedBytes,
  int64,
  isOurCid,
  link,
  list,
  parseCid,
  text,
  tuple,
  uint,
  word,
} from './index.ts'
import type { Field } from './index.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => new Uint8Array(value))

/** Written, encoded, decoded and read, a value is itself. */
const roundTrip = <T>(field: Field<T>, values: fc.Arbitrary<T>): void => {
  const codec = codecOf(field, 2 ** 16)
  fc.assert(
    fc.property(values, (value) => deepEqual(codec.decode(codec.encode(value)), { verdict: 'accept', value })),
    { numRuns: 100 },
  )
}

describe('round trips', () => {
  const octets = fc.uint8Array({ maxLength: 40 }).map((value) => new Uint8Array(value))
  test('fixed bytes', () => roundTrip(fixedBytes(32), digest))
  test('bytes', () => roundTrip(bytes(40), octets))
  test('text', () =>
    roundTrip(
      text(40),
      fc.string({ unit: 'grapheme', maxLength: 8 }).filter((value) => value.length <= 40),
    ))
  test('words', () => roundTrip(word(['one', 'two']), fc.constantFrom('one', 'two')))
  test('whole numbers', () => roundTrip(uint(), fc.maxSafeNat()))
  test('64-bit integers', () => roundTrip(int64(), fc.bigInt({ min: TAI_MIN, max: TAI_MAX })))
  test('links', () => {
    const codec = codecOf(link, 100)
    fc.assert(
      fc.property(digest, (value) => {
        const decoded = codec.decode(codec.encode(cidOfDigest(value)))
        equal(decoded.verdict === 'accept' && decoded.value.equals(cidOfDigest(value)), true)
      }),
      { numRuns: 50 },
    )
  })
  test('tuples of lists', () =>
    roundTrip(
      tuple<{ a: readonly bigint[]; b: readonly Uint8Array[] }>({ a: list(int64(), 5), b: list(bytes(40), 5) }),
      fc.record(
        {
          a: fc.array(fc.bigInt({ min: TAI_MIN, max: TAI_MAX }), { maxLength: 5 }),
          b: fc.array(octets, { maxLength: 5 }),
        },
        { noNullPrototype: true },
      ),
    ))
})

describe('edges of 64-bit integers', () => {
  for (const value of [0n, -1n, TAI_MIN, TAI_MAX, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n]) {
    test(String(value), () => {
      const codec = codecOf(int64(), 9)
      deepEqual(codec.decode(codec.encode(value)), { verdict: 'accept', value })
    })
  }
  test('one beyond, either way', () => {
    equal(int64().read(TAI_MAX + 1n), undefined)
    equal(int64().read(TAI_MIN - 1n), undefined)
  })
  test('limits of its own', () => {
    const field = int64({ min: 0n, max: 5n })
    deepEqual(
      [-1n, 0n, 5n, 6n].map((value) => field.read(value)),
      [undefined, 0n, 5n, undefined],
    )
  })
})

describe('not read', () => {
  const foreign = CID.parse('bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi')
  const rows: readonly (readonly [string, Field<unknown>, unknown])[] = [
    ['short fixed bytes', fixedBytes(2), Uint8Array.of(1)],
    ['long bytes', bytes(1), Uint8Array.of(1, 2)],
    ['text for bytes', bytes(9), 'abc'],
    ['long text', text(2), 'abc'],
    ['bytes for text', text(9), Uint8Array.of(1)],
    ['another word', word(['one']), 'two'],
    ['a word of the prototype', word(['one']), 'toString'],
    ['a fraction', uint(), 1.5],
    ['a negative', uint(), -1],
    ['too much', uint({ max: 7 }), 8],
    ['a bigint for a number', uint(), 2n ** 60n],
    ['a float for an integer', int64(), 1.5],
    ['text for an integer', int64(), '1'],
    ['a CID of another hash', link, foreign],
    ['text for a CID', link, cidOfDigest(new Uint8Array(32)).toString()],
    ['null', link, null],
    ['a map for a list', list(uint(), 3), {}],
    ['a list with one bad item', list(uint(), 3), [1, 'a']],
    ['a map for a tuple', tuple({ a: uint() }), { a: 1 }],
    ['a tuple with a bad field', tuple({ a: uint() }), [null]],
  ]
  for (const [name, field, data] of rows) test(name, () => equal(field.read(data), undefined))
})

describe('content addresses', () => {
  test('text and back', () => {
    const cid = cidOfDigest(new Uint8Array(32).fill(7))
    const parsed = parseCid(cid.toString())
    equal(parsed.verdict === 'accept' && parsed.value.equals(cid), true)
    equal(cid.toString().length, 59)
    equal(isOurCid(cid), true)
  })

  test('the text of a digest, written without making the CID', () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (digest) =>
        equal(cidTextOfDigest(digest), cidOfDigest(digest).toString()),
      ),
      { numRuns: 100 },
    ))

  test('the bytes are version 1, dag-cbor, sha3-256, 32', () =>
    equal(Buffer.from(cidOfDigest(new Uint8Array(32)).bytes.subarray(0, 4)).toString('hex'), '01711620'))

  for (const input of [
    '',
    'hello',
    'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
    'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
    cidOfDigest(new Uint8Array(32)).toString().slice(0, -1),
    'b'.repeat(101),
  ]) {
    test(`not ours: ${input.slice(0, 20)}`, () =>
      deepEqual(parseCid(input), { verdict: 'reject', reason: 'malformed-cid' }))
  }

  test('only the canonical spelling: another base, or a spare bit set, is refused', () => {
    const spelling = cidOfDigest(new Uint8Array(32)).toString()
    equal(spelling.at(-1), 'a')
    for (const other of [spelling.toUpperCase(), `${spelling.slice(0, -1)}b`, `${spelling}a`]) {
      deepEqual(parseCid(other), { verdict: 'reject', reason: 'malformed-cid' })
    }
  })
})
