/** RFC 8949 Appendix A, what DAG-CBOR leaves of it, and the ways in which bytes are not the one encoding. */
import { describe, test } from 'node:test'
import { deepEqual, equal, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { codecOf, DATA_DEPTH_MAX, decodeData, encodeData, fixedBytes, list, tuple, uint } from './index.ts'
import type { CodecReason } from './index.ts'

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const BYTES_MAX = 2 ** 20

/** RFC 8949 Appendix A, the rows that are DAG-CBOR in its one spelling: hex, value. */
const APPENDIX_A: readonly (readonly [string, unknown])[] = [
  ['00', 0],
  ['01', 1],
  ['0a', 10],
  ['17', 23],
  ['1818', 24],
  ['1819', 25],
  ['1864', 100],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
  ['3bffffffffffffffff', -18_446_744_073_709_551_616n],
  ['20', -1],
  ['29', -10],
  ['3863', -100],
  ['3903e7', -1000],
  ['fb3ff199999999999a', 1.1],
  ['fb7e37e43c8800759c', 1e300],
  ['fbc010666666666666', -4.1],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', new Uint8Array(0)],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['6161', 'a'],
  ['6449455446', 'IETF'],
  ['62225c', '"\\'],
  ['62c3bc', '\u00fc'],
  ['63e6b0b4', '\u6c34'],
  ['64f0908591', '\u{10151}'],
  ['80', []],
  ['83010203', [1, 2, 3]],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', Array.from({ length: 25 }, (_, i) => i + 1)],
  ['a0', {}],
  ['a26161016162820203', { a: 1, b: [2, 3] }],
  ['826161a161626163', ['a', { b: 'c' }]],
  ['a56161614161626142616361436164614461656145', { a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }],
]

describe('RFC 8949 Appendix A', () => {
  for (const [hex, value] of APPENDIX_A) {
    test(hex, () => {
      deepEqual(decodeData(fromHex(hex), BYTES_MAX), { verdict: 'accept', value })
      equal(toHex(encodeData(value)), hex)
    })
  }
})

const nested = (head: string, depth: number, end: string): string => head.repeat(depth) + end

const REFUSED: readonly (readonly [string, string, CodecReason])[] = [
  ['nothing', '', 'malformed'],
  ['0 in two bytes', '1800', 'non-canonical'],
  ['23 in two bytes', '1817', 'non-canonical'],
  ['255 in three bytes', '1900ff', 'non-canonical'],
  ['65535 in five bytes', '1a0000ffff', 'non-canonical'],
  ['2^32 − 1 in nine bytes', '1b00000000ffffffff', 'non-canonical'],
  ['−1 in two bytes', '3800', 'non-canonical'],
  ['long length of a byte string', '580101', 'non-canonical'],
  ['long length of a text', '780161', 'non-canonical'],
  ['long length of an array', '980101', 'non-canonical'],
  ['indefinite bytes', '5f42010243030405ff', 'malformed'],
  ['indefinite text', '7f657374726561646d696e67ff', 'malformed'],
  ['indefinite array', '9f018202039f0405ffff', 'non-canonical'],
  ['indefinite map', 'bf61610161629f0203ffff', 'non-canonical'],
  ['keys out of order', 'a2616201616102', 'non-canonical'],
  ['longer key first', 'a262616101616202', 'non-canonical'],
  ['key twice', 'a2616101616102', 'non-canonical'],
  ['key that is no text', 'a201020304', 'non-canonical'],
  ['half float 1.5', 'f93e00', 'non-canonical'],
  ['single float 100000', 'fa47c35000', 'non-canonical'],
  ['double float of a whole number', 'fb3ff0000000000000', 'non-canonical'],
  ['half NaN', 'f97e00', 'non-canonical'],
  ['double NaN', 'fb7ff8000000000000', 'non-canonical'],
  ['double infinity', 'fb7ff0000000000000', 'non-canonical'],
  ['minus zero', 'fb8000000000000000', 'non-canonical'],
  ['undefined', 'f7', 'non-canonical'],
  ['simple value 16', 'f0', 'malformed'],
  ['simple value 255', 'f8ff', 'malformed'],
  ['tag 0', 'c074323031332d30332d32315432303a30343a30305a', 'malformed'],
  ['tag 1', 'c11a514b67b0', 'malformed'],
  ['tag 2, a long integer', 'c249010000000000000000', 'malformed'],
  ['tag 24', 'd818456449455446', 'malformed'],
  ['two items', '0000', 'malformed'],
  ['an item and a byte', '83010203ff', 'malformed'],
  ['cut off in a head', '19ff', 'malformed'],
  ['cut off in a string', '44010203', 'malformed'],
  ['cut off in an array', '8301', 'malformed'],
  ['a lone break', 'ff', 'malformed'],
  ['reserved length 28', '1c', 'malformed'],
  ['text that is not UTF-8', '62c328', 'non-canonical'],
  ['array of 2^32 items, none there', '9affffffff', 'malformed'],
  ['arrays one too deep', nested('81', DATA_DEPTH_MAX, '80'), 'too-large'],
  ['arrays 100,000 deep', nested('81', 100_000, '00'), 'too-large'],
  ['indefinite arrays 100,000 deep', nested('9f', 100_000, '00'), 'too-large'],
  ['maps 100,000 deep', nested('a16161', 100_000, '00'), 'too-large'],
  ['tags 100,000 deep', nested('d82a', 100_000, '00'), 'too-large'],
]

describe('refused, with the reason', () => {
  for (const [name, hex, reason] of REFUSED) {
    test(name, () => deepEqual(decodeData(fromHex(hex), BYTES_MAX), { verdict: 'reject', reason }))
  }

  test('longer than the limit, by one byte', () => {
    const bytes = encodeData(new Uint8Array(300))
    deepEqual(decodeData(bytes, bytes.length - 1), { verdict: 'reject', reason: 'too-large' })
    equal(decodeData(bytes, bytes.length).verdict, 'accept')
  })

  test('as deep as the limit is accepted', () =>
    equal(decodeData(fromHex(nested('81', DATA_DEPTH_MAX - 1, '80')), BYTES_MAX).verdict, 'accept'))

  test('many siblings are not depth', () => {
    const bytes = encodeData(Array.from({ length: 200 }, () => [[1, 'a'], { b: [] }, new Uint8Array(30).fill(0x81)]))
    equal(decodeData(bytes, BYTES_MAX).verdict, 'accept')
  })
})

describe('codecs', () => {
  const codec = codecOf(
    tuple<{ id: Uint8Array; counts: readonly number[] }>({ id: fixedBytes(2), counts: list(uint({ max: 9 }), 3) }),
    32,
  )

  test('a tuple is an array in the order of its fields', () =>
    equal(toHex(codec.encode({ id: Uint8Array.of(1, 2), counts: [3, 4] })), '82420102820304'))

  for (const [name, hex] of [
    ['too few fields', '81420102'],
    ['too many fields', '834201028000'],
    ['bytes too long', '824301020380'],
    ['list too long', '824201028400000000'],
    ['number too large', '82420102810a'],
    ['negative number', '824201028120'],
    ['text for bytes', '8262010280'],
    ['no array', 'a0'],
  ] as const) {
    test(name, () => deepEqual(codec.decode(fromHex(hex)), { verdict: 'reject', reason: 'wrong-shape' }))
  }

  test('what cannot be encoded is a bug', () => {
    throws(() => encodeData(undefined))
    throws(() => encodeData(Number.NaN))
    throws(() => encodeData([Number.POSITIVE_INFINITY]))
  })

  test('any bytes get a verdict, and what is accepted encodes to the same bytes', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeData(bytes, 64)
        if (decoded.verdict === 'accept') deepEqual(encodeData(decoded.value), new Uint8Array(bytes))
      }),
      { numRuns: 500 },
    ))

  test('one changed byte never decodes to the same value', () =>
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.array(fc.nat(9), { maxLength: 3 }),
        (at, flip, counts) => {
          const value = { id: Uint8Array.of(1, 2), counts }
          const bytes = codec.encode(value)
          const index = at % bytes.length
          bytes[index] = (bytes[index] ?? 0) ^ flip
          const decoded = codec.decode(bytes)
          if (decoded.verdict === 'accept') equal(toHex(codec.encode(decoded.value)), toHex(bytes))
        },
      ),
      { numRuns: 200 },
    ))
})
