/** Parts per billion: rounding down, and shares without division. */
import { describe, test } from 'node:test'
import { equal } from 'node:assert/strict'
import * as fc from 'fast-check'
import { isAtLeast, PPB_ONE, ppbMultiply, ppbRatio, TWO_THIRDS } from './index.ts'

describe('product', () => {
  for (const [a, b, product] of [
    [PPB_ONE, PPB_ONE, PPB_ONE],
    [500_000_000n, 500_000_000n, 250_000_000n],
    [1n, 999_999_999n, 0n],
    [-1n, 999_999_999n, -1n],
    [-1n, 1n, -1n],
    [0n, -5n, 0n],
  ] as const) {
    test(`${a} × ${b}`, () => equal(ppbMultiply(a, b), product))
  }
})

describe('ratio', () => {
  for (const [a, b, ratio] of [
    [1n, 3n, 333_333_333n],
    [-1n, 3n, -333_333_334n],
    [2n, 2n, PPB_ONE],
    [0n, 7n, 0n],
  ] as const) {
    test(`${a} / ${b}`, () => equal(ppbRatio(a, b), ratio))
  }

  test('is the largest that does not exceed the true one', () =>
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.bigInt({ min: 1n, max: 10n ** 20n }),
        (a, b) => {
          const ratio = ppbRatio(a, b)
          equal(ratio * b <= a * PPB_ONE && (ratio + 1n) * b > a * PPB_ONE, true)
        },
      ),
      { numRuns: 200 },
    ))
})

describe('two thirds', () => {
  for (const [part, whole, enough] of [
    [2n, 3n, true],
    [1n, 3n, false],
    [3n, 4n, true],
    [66n, 100n, false],
    [67n, 100n, true],
    [0n, 0n, true],
    [2n * 10n ** 30n - 1n, 3n * 10n ** 30n, false],
  ] as const) {
    test(`${part} of ${whole}`, () => equal(isAtLeast(part, whole, TWO_THIRDS), enough))
  }
})
