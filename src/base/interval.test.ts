/** Closed intervals: tables for the edges, and what holds of every pair. */
import { describe, test } from 'node:test'
import { deepEqual, equal } from 'node:assert/strict'
import * as fc from 'fast-check'
import { holds, hull, intersect, meets, middle, shift, widen, width } from './index.ts'
import type { NsInterval } from './index.ts'

const of = (lo: bigint, hi: bigint): NsInterval => ({ lo, hi })

describe('do they meet, and where', () => {
  const rows: readonly (readonly [string, NsInterval, NsInterval, NsInterval | undefined])[] = [
    ['apart', of(0n, 1n), of(2n, 3n), undefined],
    ['touching', of(0n, 2n), of(2n, 3n), of(2n, 2n)],
    ['overlapping', of(0n, 5n), of(3n, 9n), of(3n, 5n)],
    ['one inside', of(0n, 9n), of(3n, 5n), of(3n, 5n)],
    ['one point', of(4n, 4n), of(4n, 4n), of(4n, 4n)],
    ['around zero', of(-5n, 1n), of(-1n, 5n), of(-1n, 1n)],
  ]
  for (const [name, a, b, shared] of rows) {
    test(name, () => {
      deepEqual(intersect(a, b), shared)
      deepEqual(intersect(b, a), shared)
      equal(meets(a, b), shared !== undefined)
    })
  }
})

test('middle is rounded towards zero', () =>
  deepEqual([of(1n, 2n), of(-2n, -1n), of(-1n, 2n), of(4n, 8n)].map(middle), [1n, -1n, 0n, 6n]))

test('widening, moving and measuring', () => {
  deepEqual(widen(of(-1n, 1n), 4n), of(-5n, 5n))
  deepEqual(shift(of(-1n, 1n), -4n), of(-5n, -3n))
  equal(width(of(-3n, 4n)), 7n)
})

describe('of every pair', () => {
  const point = fc.bigInt({ min: -20n, max: 20n })
  const interval = fc.tuple(point, point).map(([a, b]) => (a <= b ? of(a, b) : of(b, a)))

  test('a point is in what they share if and only if it is in both', () =>
    fc.assert(
      fc.property(interval, interval, point, (a, b, value) => {
        const shared = intersect(a, b)
        equal(shared !== undefined && holds(shared, value), holds(a, value) && holds(b, value))
      }),
      { numRuns: 300 },
    ))

  test('the hull holds both and ends at their ends', () =>
    fc.assert(
      fc.property(interval, interval, (a, b) => {
        const around = hull(a, b)
        for (const { lo, hi } of [a, b]) equal(holds(around, lo) && holds(around, hi), true)
        equal([a.lo, b.lo].includes(around.lo) && [a.hi, b.hi].includes(around.hi), true)
      }),
      { numRuns: 200 },
    ))

  test('the middle is inside', () =>
    fc.assert(
      fc.property(interval, (a) => equal(holds(a, middle(a)), true)),
      { numRuns: 200 },
    ))
})
