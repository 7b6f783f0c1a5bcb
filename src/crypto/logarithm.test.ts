/** The whole-number logarithm against values computed outside with 60 digits, and against the platform's own. */
import { describe, test } from 'node:test'
import { equal, ok, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { LOG_FRACTION_BITS, log2Fixed } from './logarithm.ts'

const ONE = 1n << BigInt(LOG_FRACTION_BITS)

test('powers of two are exact', () => {
  for (let bit = 0n; bit < 130n; bit += 1n) equal(log2Fixed(1n << bit), bit * ONE)
})

/** floor(log2(value) × 2^56), by Python's decimal at 60 digits. */
const OUTSIDE: readonly (readonly [bigint, bigint])[] = [
  [3n, 114_208_584_442_304_135n],
  [5n, 167_312_552_046_652_971n],
  [7n, 202_291_241_294_005_659n],
  [10n, 239_370_146_084_580_907n],
  [2n ** 64n - 1n, 4_611_686_018_427_387_903n],
  [2n ** 64n + 1n, 4_611_686_018_427_387_904n],
  [2n ** 65n - 1n, 4_683_743_612_465_315_839n],
  [12_345_678_901_234_567_891n, 4_569_938_729_071_368_318n],
]
describe('outside values, within two units of 2^-56', () => {
  for (const [value, expected] of OUTSIDE) {
    test(String(value), () => {
      const difference = expected - log2Fixed(value)
      ok(difference >= 0n && difference <= 2n, `${difference}`)
    })
  }
})

const draws = fc.bigInt({ min: 1n, max: 2n ** 65n - 1n })

test('agrees with Math.log2 to 1e-12', () =>
  fc.assert(
    fc.property(draws, (value) => {
      const mine = Number(log2Fixed(value)) / 2 ** LOG_FRACTION_BITS
      ok(Math.abs(mine - Math.log2(Number(value))) < 1e-12 * Math.max(1, mine), `${value}`)
    }),
    { numRuns: 500 },
  ))

test('never falls as its argument grows', () => {
  for (let value = 1n; value < 600n; value += 1n) ok(log2Fixed(value) < log2Fixed(value + 1n))
  fc.assert(
    fc.property(draws, fc.bigInt({ min: 0n, max: 2n ** 20n }), (value, step) =>
      ok(log2Fixed(value) <= log2Fixed(value + step)),
    ),
    { numRuns: 300 },
  )
})

test('of nothing it is a bug', () => {
  throws(() => log2Fixed(0n))
  throws(() => log2Fixed(-1n))
})
