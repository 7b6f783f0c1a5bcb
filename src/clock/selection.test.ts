/** Marzullo's intersection: hand-made tables, then a brute-force oracle that walks every point. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { holds } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'
import { coverInterval, select } from './selection.ts'
import type { WeightedInterval } from './selection.ts'

const at = (lo: number, hi: number): NsInterval => ({ lo: BigInt(lo), hi: BigInt(hi) })
const sources = (...rows: (readonly [string, number, number])[]) =>
  rows.map(([sourceId, lo, hi]) => ({ sourceId, offset: at(lo, hi) }))

test('the classic example: 8..12, 11..13, 14..15 agree on 11..12 with one falseticker', () => {
  deepEqual(select(sources(['a', 8, 12], ['b', 11, 13], ['c', 14, 15])), {
    survivors: ['a', 'b'],
    falsetickers: ['c'],
    intersection: at(11, 12),
    majority: at(11, 12),
  })
})

test('tables: intersection is tight, majority is safe', () => {
  const all = select(sources(['a', 0, 10], ['b', 5, 15], ['c', 8, 20], ['d', -5, 9], ['e', 9, 30]))
  deepEqual(all?.intersection, at(9, 9))
  deepEqual(all?.majority, at(5, 15))
  deepEqual(all?.falsetickers, [])
  equal(select([]), undefined)
  equal(select(sources(['a', 0, 1], ['b', 2, 3])), undefined)
  deepEqual(select(sources(['a', 0, 1], ['b', 1, 3]))?.majority, at(1, 1))
  equal(select(sources(['a', 0, 5], ['b', 1, 5], ['c', 7, 9], ['d', 7, 9])), undefined)
  deepEqual(select(sources(['only', 3, 4]))?.survivors, ['only'])
})

test('voters who have yet to speak count against a majority, and leave room for what they may say', () => {
  equal(select(sources(['a', 0, 5]), { awaited: 1 }), undefined)
  equal(select(sources(['a', 0, 5], ['b', 1, 6]), { awaited: 2 }), undefined)
  const found = select(sources(['a', 0, 5], ['b', 1, 6]), { awaited: 1 })
  deepEqual([found?.intersection, found?.majority], [at(1, 5), at(0, 6)])
})

test('weights: two thirds of 9 need 6; a hull may cover a gap', () => {
  const row = (lo: number, hi: number, weight: bigint): WeightedInterval => ({ interval: at(lo, hi), weight })
  const intervals = [row(0, 4, 4n), row(3, 9, 3n), row(8, 12, 3n), row(2, 3, 2n)]
  deepEqual(coverInterval({ intervals, weightNeeded: 6n }), at(2, 9))
  deepEqual(coverInterval({ intervals, weightNeeded: 9n }), at(3, 3))
  equal(coverInterval({ intervals, weightNeeded: 10n }), undefined)
  equal(coverInterval({ intervals: [], weightNeeded: 1n }), undefined)
  equal(coverInterval({ intervals: [row(0, 9, 0n)], weightNeeded: 1n }), undefined)
})

const SPAN = 24
const anyInterval = fc
  .tuple(fc.integer({ min: 0, max: SPAN }), fc.integer({ min: 0, max: SPAN }))
  .map(([a, b]) => at(Math.min(a, b), Math.max(a, b)))
const anyWeighted = fc.record({ interval: anyInterval, weight: fc.bigInt({ min: 0n, max: 4n }) })

/** Every whole point, weighed: ends are whole, so nothing happens between. */
const oracle = (intervals: readonly WeightedInterval[], needed: bigint): NsInterval | undefined => {
  const covered: bigint[] = []
  for (let point = 0n; point <= BigInt(SPAN); point += 1n) {
    let weight = 0n
    for (const row of intervals) if (holds(row.interval, point)) weight += row.weight
    if (weight >= needed) covered.push(point)
  }
  const [lo, hi] = [covered[0], covered.at(-1)]
  return lo === undefined || hi === undefined ? undefined : { lo, hi }
}

test('coverInterval is what walking every point gives', () => {
  fc.assert(
    fc.property(
      fc.array(anyWeighted, { maxLength: 9 }),
      fc.bigInt({ min: 1n, max: 16n }),
      (intervals, weightNeeded) => {
        deepEqual(coverInterval({ intervals, weightNeeded }), oracle(intervals, weightNeeded))
      },
    ),
    { numRuns: 2000 },
  )
})

test('truth lies in the majority while more than half are true, and in the intersection if no more lie than it supposes', () => {
  const truth = 12n
  const isTrue = anyInterval.filter((interval) => holds(interval, truth))
  const honestAndLiars = fc.record({
    honest: fc.array(isTrue, { minLength: 1, maxLength: 6 }),
    liars: fc.array(anyInterval, { maxLength: 5 }),
    /** So many of the honest have yet to speak. */
    awaited: fc.oneof(fc.constant(0), fc.nat({ max: 5 })),
  })
  fc.assert(
    fc.property(honestAndLiars, ({ honest, liars, awaited }) => {
      fc.pre(liars.length < honest.length && awaited < honest.length)
      const rows = [...honest.slice(awaited), ...liars].map((offset, i) => ({ sourceId: `s${i}`, offset }))
      const found = select(rows, { awaited })
      if (found === undefined) return ok(awaited > 0)
      ok(holds(found.majority, truth))
      ok(found.majority.lo <= found.intersection.lo && found.intersection.hi <= found.majority.hi)
      equal(found.survivors.length + found.falsetickers.length, rows.length)
      const lying = rows.filter(({ offset }) => !holds(offset, truth)).length
      if (lying <= found.falsetickers.length) ok(holds(found.intersection, truth))
    }),
    { numRuns: 1500 },
  )
})
