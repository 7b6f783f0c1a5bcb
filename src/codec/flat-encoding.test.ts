/** The flat encoder gives the bytes of the general one, or nothing. */
import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FLAT_BYTES_MAX, encodeData, encodeFlat } from './index.ts'
import type { FlatItem } from './index.ts'

const EDGES = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
const LONG_EDGES = [...EDGES.map(BigInt), 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n]

for (const edge of EDGES)
  test(`the number ${edge}, its negative and what is before`, () => {
    for (const item of [edge, -edge, -1 - edge].filter(Number.isSafeInteger)) {
      if (!Object.is(item, -0)) deepEqual(encodeFlat([item]), encodeData([item]))
    }
  })
for (const edge of LONG_EDGES)
  test(`the long number ${edge}, its negative and what is before`, () => {
    for (const item of [edge, -edge, -1n - edge]) deepEqual(encodeFlat([item]), encodeData([item]))
  })
for (const length of [0, 1, 23, 24, 255, 256, FLAT_BYTES_MAX - 4])
  test(`${length} bytes, and a word of as many letters`, () => {
    const bytes = new Uint8Array(length).fill(7)
    deepEqual(encodeFlat([bytes]), encodeData([bytes]))
    deepEqual(encodeFlat(['x'.repeat(length)]), encodeData(['x'.repeat(length)]))
  })

const item: fc.Arbitrary<FlatItem> = fc.oneof(
  fc.maxSafeInteger().filter((value) => !Object.is(value, -0)),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
  fc.uint8Array({ maxLength: 40 }),
)

test('whatever the items', () =>
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), (items) => deepEqual(encodeFlat(items), encodeData(items))),
    { numRuns: 300 },
  ))

test('what it cannot write is a bug', () => {
  const bugs: readonly (readonly FlatItem[])[] = [
    [new Uint8Array(FLAT_BYTES_MAX - 3)],
    [new Uint8Array(FLAT_BYTES_MAX + 1)],
    Array.from({ length: FLAT_BYTES_MAX }, () => 1),
    ['é'],
    [1.5],
    [2n ** 64n],
    [-1n - 2n ** 64n],
  ]
  for (const items of bugs) throws(() => encodeFlat(items), { name: 'AssertionError' })
})
