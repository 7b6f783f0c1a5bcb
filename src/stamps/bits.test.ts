/** Fields of bits and packed numbers: there and back, in the fewest bytes. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { bitsOf, fieldOfPlaces, packBits, placesOfField, unpackBits } from './bits.ts'

test('places', () => {
  deepEqual(fieldOfPlaces([]), new Uint8Array(0))
  deepEqual(fieldOfPlaces([0, 3, 8]), Uint8Array.of(0b0000_1001, 0b0000_0001))
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300)), (places) => {
      const rising = places.toSorted((a, b) => a - b)
      const field = fieldOfPlaces(places)
      deepEqual(placesOfField(field), rising)
      equal(field.length, rising.length === 0 ? 0 : Math.floor((rising.at(-1) ?? 0) / 8) + 1)
    }),
    { numRuns: 100 },
  )
})

test('numbers', () => {
  equal(bitsOf([]), 0)
  equal(bitsOf([0n, 0n]), 0)
  equal(bitsOf([5n, 8n]), 4)
  deepEqual(packBits([1n, 2n, 3n], 2), Uint8Array.of(0b0011_1001))
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), { maxLength: 40 }), (values) => {
      const bits = bitsOf(values)
      const packed = packBits(values, bits)
      equal(packed.length, Math.ceil((values.length * bits) / 8))
      deepEqual(unpackBits(packed, { count: values.length, bits }), values)
    }),
    { numRuns: 100 },
  )
})
