/** What the glance says yes to is an entry by the codec too; and it does say yes to what nodes write. */
import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { bytesOfHex, equalBytes, hexOf } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { isSurelyNext } from './entry-glance.ts'
import { appendTo, emptyHead, encodeEntry, openEntry } from './index.ts'
import type { LogEntry, Payload, Plain } from './index.ts'
import { drafts } from './log.test-kit.ts'
import { UNWRITTEN, putPlain } from './plain-bytes.ts'

const PREVIOUS = new Uint8Array(32).fill(9)
const common: LogEntry = {
  sequence: 7,
  previous: PREVIOUS,
  level: 'warn',
  type: 'clock',
  time: { earliest: 1_800_000_000_000_000_000n, latest: 1_800_000_000_000_100_000n },
  message: 'a step back',
  payload: { by: -300, deep: { list: [1, null, true, 2 ** 40] }, code: 'TC_X' },
}

/** A yes must be the codec's too, with the same number and predecessor. */
const assertCertain = (bytes: Uint8Array, sequence: number, previous: Uint8Array | null): void => {
  if (!isSurelyNext(bytes, sequence, previous)) return
  const opened = openEntry(bytes)
  equal(opened.verdict, 'accept', hexOf(bytes))
  if (opened.verdict !== 'accept') return
  equal(opened.value.entry.sequence, sequence)
  deepEqual(opened.value.entry.previous, previous)
}

const payloadNamed = (name: string): Payload => Object.fromEntries([[name, 1]])

test('says yes to what is common', () => {
  const { entries } = appendTo(emptyHead(), drafts(0, 300))
  for (const { bytes, entry } of [...entries, { bytes: encodeEntry(common), entry: common }])
    equal(isSurelyNext(bytes, entry.sequence, entry.previous), true)
})

test('says no to another number, and to another predecessor', () => {
  const bytes = encodeEntry(common)
  equal(isSurelyNext(bytes, 8, PREVIOUS), false)
  equal(isSurelyNext(bytes, 7, PREVIOUS.with(31, 0)), false)
  equal(isSurelyNext(bytes, 7, null), false)
})

const plains: fc.Arbitrary<Plain> = fc.letrec<{ readonly plain: Plain }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 7, depthSize: 'small' },
    fc.constantFrom(null, true, false, 'plain', '', 'Stück', '\ud83d\ude00', -0, 0.5, 2 ** 53, -(2 ** 40), 2n ** 60n),
    fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
    fc.string({ maxLength: 6 }),
    fc.array(tie('plain'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('__proto__', 'bytes', 'ä')), tie('plain'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).plain
const payloads: fc.Arbitrary<Payload> = fc.dictionary(fc.string({ maxLength: 3 }), plains, {
  maxKeys: 4,
  noNullPrototype: true,
})

test('a yes is the codec’s too: of any payload, with any one byte another', () =>
  fc.assert(
    fc.property(payloads, fc.nat(), fc.nat(255), (payload, place, byte) => {
      const bytes = encodeEntry({ ...common, payload })
      assertCertain(bytes, 7, PREVIOUS)
      assertCertain(bytes.with(place % bytes.length, byte), 7, PREVIOUS)
    }),
    { numRuns: 600 },
  ))

test('a yes is the codec’s too: with every byte another, cut off, and lengthened', () => {
  const bytes = encodeEntry(common)
  for (let at = 0; at < bytes.length; at += 1) {
    equal(isSurelyNext(bytes.subarray(0, at), 7, PREVIOUS), false)
    for (let bit = 0; bit < 8; bit += 1) assertCertain(bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit)), 7, PREVIOUS)
  }
  equal(isSurelyNext(Uint8Array.of(...bytes, 0), 7, PREVIOUS), false)
})

describe('a spelling of the end that is not the one', () => {
  const start = hexOf(encodeEntry({ ...common, payload: {} })).slice(0, -2)
  const spelt = (payload: string): Uint8Array => bytesOfHex(start + payload) ?? new Uint8Array(0)
  test('the one itself', () => equal(isSurelyNext(spelt('a1616101'), 7, PREVIOUS), true))
  const cases: readonly (readonly [name: string, payload: string])[] = [
    ['a long integer of one byte', 'a161611801'],
    ['a long integer of two bytes', 'a16161190001'],
    ['a long integer of four bytes', 'a161611a00000001'],
    ['a long integer of eight bytes', 'a161611b0000000000000001'],
    ['a long length of a text', 'a16161780161'],
    ['a long length of the map', 'b801616101'],
    ['a map without an end', 'bf616101ff'],
    ['a text in pieces', 'a161617f6161ff'],
    ['a name twice', 'a2616101616102'],
    ['names out of order', 'a2616201616102'],
    ['a longer name first', 'a262616101616202'],
    ['a float that is an integer', 'a16161fb3ff0000000000000'],
    ['undefined', 'a16161f7'],
    ['bytes', 'a161614100'],
    ['a tag', 'a16161c001'],
    ['a name that is a number', 'a10101'],
    ['seven deep', 'a1616181818181818101'],
    ['a count that nothing follows', 'ba7fffffff'],
    ['an item too many', 'a161610101'],
  ]
  for (const [name, payload] of cases)
    test(name, () => {
      equal(openEntry(spelt(payload)).verdict, 'reject')
      equal(isSurelyNext(spelt(payload), 7, PREVIOUS), false)
    })
})

test('a name that means something to JavaScript or to the codec is left to the codec', () => {
  for (const name of ['__proto__', '/'])
    equal(isSurelyNext(encodeEntry({ ...common, payload: payloadNamed(name) }), 7, PREVIOUS), false)
})

test('what the fast writer writes of a payload is what the codec writes', () =>
  fc.assert(
    fc.property(payloads, (payload) => {
      const bytes = new Uint8Array(4096)
      const end = putPlain({ bytes, view: new DataView(bytes.buffer) }, 0, payload, bytes.length)
      if (end !== UNWRITTEN) equal(hexOf(bytes.subarray(0, end)), hexOf(encodeData(payload)))
    }),
    { numRuns: 300 },
  ))

test('what has no room is not written', () => {
  const bytes = new Uint8Array(64)
  const sheet = { bytes, view: new DataView(bytes.buffer) }
  for (const payload of [{ a: 'a'.repeat(60) }, { a: Array.from({ length: 60 }, () => null) }, { a: 'a', b: {} }])
    equal(putPlain(sheet, 0, payload, payload.a.length > 1 ? 64 : 12), UNWRITTEN)
})

test('entries do not write over one another', () => {
  const made = Array.from({ length: 2000 }, (_, i) => encodeEntry({ ...common, sequence: i + 1 }))
  for (const [i, bytes] of made.entries()) equal(equalBytes(bytes, encodeEntry({ ...common, sequence: i + 1 })), true)
})
