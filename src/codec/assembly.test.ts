/** Arrays from the encodings of their items: the same bytes as encoding them whole, at every length of the head. */
import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ASSEMBLED_ITEMS_MAX, encodeArrayOf, encodeData } from './index.ts'

for (const count of [0, 1, 23, 24, 255, 256, 1000, ASSEMBLED_ITEMS_MAX])
  test(`${count} items`, () => {
    const items = Array.from({ length: count }, (_, i) => i % 300)
    deepEqual(encodeArrayOf(items.map((item) => encodeData(item))), encodeData(items))
  })

test('whatever the items are', () => {
  const item = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.uint8Array(), { maxLength: 4 }))
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), (items) => {
      deepEqual(encodeArrayOf(items.map((one) => encodeData(one))), encodeData(items))
    }),
    { numRuns: 50 },
  )
})

test('more than the head can say is a bug', () => {
  throws(() => encodeArrayOf(Array.from({ length: ASSEMBLED_ITEMS_MAX + 1 }, () => encodeData(0))))
})
