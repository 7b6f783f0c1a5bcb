/** The fault condition: seed 003 eq. 4.4. W-7. */
import { describe, test } from 'node:test'
import { equal, throws } from 'node:assert/strict'
import { isFaultTolerable } from './index.ts'

describe('less than a third', () => {
  for (const [faulty, total, expected] of [
    [0n, 1n, true],
    [0n, 0n, false],
    [1n, 1n, false],
    [1n, 3n, false],
    [1n, 4n, true],
    [2n, 6n, false],
    [2n, 7n, true],
    [10n ** 30n, 3n * 10n ** 30n, false],
    [10n ** 30n - 1n, 3n * 10n ** 30n, true],
  ] as const) {
    test(`${faulty} of ${total}`, () => equal(isFaultTolerable(faulty, total), expected))
  }
  test('more than all, or less than nothing, is a bug', () => {
    throws(() => isFaultTolerable(2n, 1n))
    throws(() => isFaultTolerable(-1n, 1n))
  })
})
