import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { bytesOfHex } from '../base/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import {
  bytesOfUint32,
  bytesOfUint64,
  decodeMessage,
  decodePacket,
  encodeMessage,
  frameMessage,
  isFramed,
  ROUGHTIME_TAG as T,
  ROUGHTIME_TAGS_MAX,
  uint32Of,
  uint32sOf,
  uint64Of,
} from './roughtime-message.ts'

const hex = (text: string): Uint8Array => {
  const bytes = bytesOfHex(text.replaceAll(' ', ''))
  if (bytes === undefined) throw new TypeError(text)
  return bytes
}
const heard = (bytes: Uint8Array): string => {
  const judged = decodeMessage(bytes)
  return judged.verdict === 'accept' ? [...judged.value.values()].map(({ length }) => length).join(' ') : judged.reason
}

test('tags are the numbers of the registry', () => {
  equal(T.SIG, 0x00_47_49_53)
  equal(T.VER, 0x00_52_45_56)
  equal(T.NONC, 0x43_4e_4f_4e)
  equal(T.ZZZZ, 0x5a_5a_5a_5a)
  equal(T.PAD, 0xff_44_41_50)
})

describe('what is a message', () => {
  const [VER, NONC] = ['56455200', '4e4f4e43']
  for (const [name, text, say] of [
    ['nothing', '', 'roughtime-short'],
    ['three bytes', '010000', 'roughtime-short'],
    ['no tags', '00000000', 'roughtime-tag-count'],
    ['one tag without a value', `01000000 ${VER}`, '0'],
    ['one tag with a value', `01000000 ${VER} aabbccdd`, '4'],
    ['a last value of any length', `01000000 ${VER} aabbcc`, '3'],
    ['a tag count over the limit', '21000000', 'roughtime-tag-count'],
    ['the largest tag count', 'ffffffff', 'roughtime-tag-count'],
    ['a header cut off', `02000000 04000000 ${VER}`, 'roughtime-short'],
    ['two values', `02000000 04000000 ${VER} ${NONC} 11111111 2222222233333333`, '4 8'],
    ['two values, the first empty', `02000000 00000000 ${VER} ${NONC} 11111111`, '0 4'],
    ['tags the wrong way round', `02000000 00000000 ${NONC} ${VER}`, 'roughtime-tag-order'],
    ['a tag twice', `02000000 00000000 ${VER} ${VER}`, 'roughtime-tag-order'],
    ['an offset that is no multiple of four', `02000000 02000000 ${VER} ${NONC} 11111111`, 'roughtime-offset'],
    ['an offset past the end', `02000000 08000000 ${VER} ${NONC} 11111111`, 'roughtime-offset'],
    ['the largest offset', `02000000 fcffffff ${VER} ${NONC} 11111111`, 'roughtime-offset'],
    [
      'offsets that go back',
      `03000000 08000000 04000000 ${VER} 53525600 ${NONC} 1111111111111111 22222222`,
      'roughtime-offset',
    ],
  ] as const)
    test(name, () => equal(heard(hex(text)), say))
})

describe('what is a packet', () => {
  const message = encodeMessage(new Map([[T.VER, bytesOfUint32(1)]]))
  const framed = frameMessage(message)
  const verdict = (bytes: Uint8Array): string => {
    const judged = decodePacket(bytes)
    return judged.verdict === 'accept' ? 'accept' : judged.reason
  }
  test('a frame begins with the standard’s number, little end first', () =>
    equal(uint64Of(framed.subarray(0, 8)), 0x4d_49_54_48_47_55_4f_52n))
  test('framed, and bare', () => deepEqual([framed, message].map(verdict), ['accept', 'accept']))
  test('and which is which', () =>
    deepEqual([framed, message, framed.subarray(0, 7)].map(isFramed), [true, false, false]))
  test('a byte more', () => equal(verdict(Uint8Array.of(...framed, 0)), 'roughtime-frame-length'))
  test('a byte less', () => equal(verdict(framed.subarray(0, -1)), 'roughtime-frame-length'))
  test('the frame alone', () => equal(verdict(framed.subarray(0, 12)), 'roughtime-frame-length'))
  test('half a frame', () => equal(verdict(framed.subarray(0, 10)), 'roughtime-short'))
})

test('numbers, and lists of them', () => {
  equal(uint32Of(bytesOfUint32(0xff_ff_ff_ff)), 0xff_ff_ff_ff)
  equal(uint64Of(bytesOfUint64(2n ** 64n - 1n)), 2n ** 64n - 1n)
  deepEqual(
    [uint32Of(undefined), uint32Of(new Uint8Array(5)), uint64Of(new Uint8Array(4))],
    [undefined, undefined, undefined],
  )
  deepEqual(uint32sOf(bytesOfUint32(3, 2, 1), 3), [3, 2, 1])
  deepEqual(
    [new Uint8Array(0), new Uint8Array(6), new Uint8Array(16), undefined].map((value) => uint32sOf(value, 3)),
    [undefined, undefined, undefined, undefined],
  )
})

const words = (maxWords: number): fc.Arbitrary<Uint8Array> =>
  fc.array(fc.nat(0xff_ff_ff_ff), { maxLength: maxWords, size: 'max' }).map((numbers) => bytesOfUint32(...numbers))

test('what is written is read, whatever the order it was given in', () =>
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.nat(0xff_ff_ff_ff), words(4)), {
        minLength: 1,
        maxLength: ROUGHTIME_TAGS_MAX,
        size: 'max',
        selector: ([tag]) => tag,
      }),
      (entries) => {
        const judged = decodeMessage(encodeMessage(new Map(entries)))
        const sorted = entries.toSorted(([a], [b]) => a - b)
        deepEqual(judged, { verdict: 'accept', value: new Map(sorted) })
      },
    ),
    { numRuns: 100 },
  ))

/** Bytes that are nearly messages: small counts, small offsets. */
const nearly = fc.array(
  fc
    .oneof(fc.nat(8), fc.constantFrom<number[]>(T.VER, T.NONC, T.SREP), fc.nat(0xff_ff_ff_ff))
    .map((n) => bytesOfUint32(n)),
  { maxLength: 24, size: 'max' },
)
test('any bytes have a verdict, and what is accepted has one spelling', () =>
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 96, size: 'max' }),
        nearly.map((parts) => Uint8Array.from(parts.flatMap((part) => [...part]))),
      ),
      (bytes) => {
        const judged = decodeMessage(bytes)
        decodePacket(bytes)
        if (judged.verdict !== 'accept' || bytes.length % 4 !== 0) return
        deepEqual(encodeMessage(judged.value), new Uint8Array(bytes))
      },
    ),
    { numRuns: fuzzRuns(1000) },
  ))
