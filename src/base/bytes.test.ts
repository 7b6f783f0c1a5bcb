/** Byte strings compared, joined, and written as hexadecimal. */
import { test } from 'node:test'
import { deepEqual, equal, ok } from 'node:assert/strict'
import * as fc from 'fast-check'
import { bytesOfHex, equalBytes, hexOf, joinBytes } from './index.ts'

test('equal means the same length and the same bytes', () => {
  equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true)
  equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false)
  equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1)), false)
  equal(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2)), false)
  equal(equalBytes(new Uint8Array(0), new Uint8Array(0)), true)
})

test('joined bytes are those of the parts, in their order, in a place of their own', () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 5 }), (parts) => {
      const joined = joinBytes(...parts)
      equal(hexOf(joined), parts.map(hexOf).join(''))
      ok(parts.every(({ buffer }) => buffer !== joined.buffer))
    }),
    { numRuns: 100 },
  ))

test('hexadecimal and back', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      equal(hexOf(bytes), Buffer.from(bytes).toString('hex'))
      deepEqual(bytesOfHex(hexOf(bytes)), new Uint8Array(bytes))
    }),
    { numRuns: 100 },
  ))

for (const text of ['0', 'AB', '0g', ' 00', '0x00', '00\n']) {
  test(`no hexadecimal: ${JSON.stringify(text)}`, () => equal(bytesOfHex(text), undefined))
}
