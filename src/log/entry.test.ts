/** Entries against bytes made outside, the fast writer against the general codec, and what no entry may be. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { hexOf } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import {
  ENTRY_BYTES_MAX,
  LOG_LEVELS,
  LOG_TYPES,
  MESSAGE_MAX,
  encodeEntry,
  entryCodec,
  appendTo,
  cidText,
  emptyHead,
  matches,
  openEntry,
  traitsOf,
} from './index.ts'
import type { LogDraft, LogEntry, LogFilter } from './index.ts'

const vectors = z
  .object({ entries: z.array(z.object({ bytes: z.string(), cid: z.string() })).length(2) })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/log-entries.json', import.meta.url), 'utf8')))

const DRAFTS: readonly LogDraft[] = [
  { level: 'info', type: 'operator', time: null, message: 'the node runs', payload: { id: 'ada' } },
  {
    level: 'warn',
    type: 'clock',
    time: { earliest: 1_800_000_000_000_000_000n, latest: 1_800_000_000_000_100_000n },
    message: 'ein Stück zurück',
    payload: { by: -300, deep: { list: [1, null, true] } },
  },
]

test('bytes and names made outside', () => {
  const { entries } = appendTo(emptyHead(), DRAFTS)
  deepEqual(
    entries.map(({ bytes, digest }) => ({ bytes: hexOf(bytes), cid: cidText(digest) })),
    vectors.entries,
  )
})

const drafts: fc.Arbitrary<LogEntry> = fc
  .record({
    sequence: fc.oneof(fc.nat(70_000), fc.integer({ min: 1, max: 2 ** 40 })),
    previous: fc.uint8Array({ minLength: 32, maxLength: 32, size: 'max' }),
    level: fc.constantFrom(...LOG_LEVELS),
    type: fc.constantFrom(...LOG_TYPES),
    time: fc.option(
      fc
        .tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 33n }))
        .map(([earliest, width]) => ({
          earliest,
          latest: earliest + width < 2n ** 63n ? earliest + width : earliest,
        })),
    ),
    message: fc
      .string({ maxLength: 300, size: 'max', unit: 'grapheme' })
      .map((text) => text.slice(0, MESSAGE_MAX).toWellFormed()),
    payload: fc.dictionary(
      fc.string({ maxLength: 5 }),
      fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 20 })),
      {
        maxKeys: 4,
        noNullPrototype: true,
      },
    ),
  })
  .map((entry) => ({ ...entry, previous: entry.sequence === 0 ? null : entry.previous }))

test('the fast writer writes what the codec writes, and both read it back', () =>
  fc.assert(
    fc.property(drafts, (entry) => {
      const bytes = encodeEntry(entry)
      equal(hexOf(bytes), hexOf(entryCodec.encode({ ...entry, version: 1 })))
      const opened = openEntry(bytes)
      equal(opened.verdict, 'accept')
      if (opened.verdict === 'accept') deepEqual(opened.value.entry, entry)
      const { sequence, level, type, time } = entry
      deepEqual(traitsOf(bytes), { sequence, level, type, time })
    }),
    { numRuns: 150 },
  ))

describe('no entry', () => {
  const tuple = [1, [], 0, 'info', 'clock', [], 'm', {}]
  const cases: readonly (readonly [name: string, data: unknown, reason: string])[] = [
    ['another version', tuple.with(0, 2), 'wrong-shape'],
    ['an unknown level', tuple.with(3, 'loud'), 'wrong-shape'],
    ['an unknown type', tuple.with(4, 'weather'), 'wrong-shape'],
    ['a time with one end', tuple.with(5, [1]), 'wrong-shape'],
    ['a time that ends before it begins', tuple.with(5, [2, 1]), 'wrong-shape'],
    ['a message that is too long', tuple.with(6, 'm'.repeat(MESSAGE_MAX + 1)), 'wrong-shape'],
    ['a payload that is a list', tuple.with(7, []), 'wrong-shape'],
    ['a payload with bytes', tuple.with(7, { a: new Uint8Array(2) }), 'wrong-shape'],
    ['a payload that is too deep', tuple.with(7, { a: [[[[[[1]]]]]] }), 'wrong-shape'],
    ['a field too few', tuple.slice(1), 'wrong-shape'],
    ['the first one, numbered 1', tuple.with(2, 1), 'wrong-shape'],
    ['one that is too large', tuple.with(7, { a: 'a'.repeat(ENTRY_BYTES_MAX) }), 'too-large'],
  ]
  for (const [name, data, reason] of cases)
    test(name, () => deepEqual(openEntry(encodeData(data)), { verdict: 'reject', reason }))
  test('the tuple itself is one', () => equal(openEntry(encodeData(tuple)).verdict, 'accept'))
  test('bytes of anybody never throw', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), (bytes) => {
        traitsOf(bytes)
        equal(openEntry(bytes).verdict, 'reject')
      }),
      { numRuns: 200 },
    ))
})

test('a draft over its limits is a bug', () => {
  const [draft] = DRAFTS
  if (draft === undefined) throw new TypeError('a draft')
  throws(() => appendTo(emptyHead(), [{ ...draft, message: 'm'.repeat(MESSAGE_MAX + 1) }]))
  throws(() => appendTo(emptyHead(), [{ ...draft, payload: { a: 'a'.repeat(5000) } }]))
  throws(() => appendTo(emptyHead(), [{ ...draft, time: { earliest: 2n, latest: 1n } }]))
})

describe('filters', () => {
  const entry = { sequence: 7, level: 'warn', type: 'clock', time: { earliest: 10n, latest: 20n } } as const
  const cases: readonly (readonly [filter: LogFilter, isIn: boolean])[] = [
    [{}, true],
    [{ from: 7 }, true],
    [{ from: 8 }, false],
    [{ to: 7 }, false],
    [{ to: 8 }, true],
    [{ level: 'info' }, true],
    [{ level: 'warn' }, true],
    [{ level: 'error' }, false],
    [{ types: ['clock', 'proof'] }, true],
    [{ types: ['proof'] }, false],
    [{ since: 20n }, true],
    [{ since: 21n }, false],
    [{ until: 10n }, true],
    [{ until: 9n }, false],
  ]
  for (const [filter, isIn] of cases) test(Object.entries(filter).join(), () => equal(matches(filter, entry), isIn))
  test('of time leave out what has none', () => {
    equal(matches({ since: 0n }, { ...entry, time: null }), false)
    equal(matches({ until: 100n }, { ...entry, time: null }), false)
  })
})
