/** Seconds and nanoseconds, and division that rounds down. */
import { describe, test } from 'node:test'
import { equal, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { abs, floorDiv, max, min, NS_PER_DAY, NS_PER_SEC, nsToSec, secToNs, TAI_MAX, TAI_MIN } from './index.ts'

describe('seconds to nanoseconds', () => {
  const rows: readonly (readonly [number, bigint])[] = [
    [0, 0n],
    [1, NS_PER_SEC],
    [-1, -NS_PER_SEC],
    [0.1, 100_000_000n],
    [1e-9, 1n],
    [0.4e-9, 0n],
    [-0.6e-9, -1n],
    [1.999999999, 1_999_999_999n],
    [0.9999999999, NS_PER_SEC],
    [86_400, NS_PER_DAY],
    [4_500_000.000000001, 4_500_000_000_000_001n],
    [1e9, 10n ** 18n],
  ]
  for (const [sec, ns] of rows) test(`${sec} s`, () => equal(secToNs(sec), ns))
  for (const sec of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    test(`${sec} is a bug`, () => throws(() => secToNs(sec)))
  }

  test('there and back is exact within 52 days', () =>
    fc.assert(
      fc.property(fc.bigInt({ min: -4_500_000_000_000_000n, max: 4_500_000_000_000_000n }), (ns) =>
        equal(secToNs(nsToSec(ns)), ns),
      ),
      { numRuns: 500 },
    ))
})

test('the range of an instant is that of a signed 64-bit integer', () => {
  equal(BigInt.asIntN(64, TAI_MAX), TAI_MAX)
  equal(BigInt.asIntN(64, TAI_MAX + 1n), TAI_MIN)
})

describe('division rounded down', () => {
  for (const [value, divisor, quotient] of [
    [7n, 2n, 3n],
    [-7n, 2n, -4n],
    [-8n, 2n, -4n],
    [0n, 5n, 0n],
    [-1n, 1_000_000_000n, -1n],
  ] as const) {
    test(`${value} / ${divisor}`, () => equal(floorDiv(value, divisor), quotient))
  }

  test('leaves a remainder in [0, divisor)', () =>
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), (value, divisor) => {
        const rest = value - floorDiv(value, divisor) * divisor
        equal(rest >= 0n && rest < divisor, true)
      }),
      { numRuns: 200 },
    ))
})

test('magnitude, smaller and larger', () => {
  equal(abs(-5n), 5n)
  equal(abs(5n), 5n)
  equal(min(-1n, 1n), -1n)
  equal(max(-1n, 1n), 1n)
})
