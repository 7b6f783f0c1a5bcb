/** Sources beside each other: the weighted median, biases of paths, and who is doubted and who no longer. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import { ADAPTIVE_DEFAULTS } from './adaptive-filter.ts'
import { newPath, readingsOf, routeOf, travelled } from './path.ts'
import type { Path } from './path.ts'
import { bySource, doubted, rebiased, weightedMedian } from './source-comparison.ts'
import type { Seen } from './source-comparison.ts'

const OPTIONS = ADAPTIVE_DEFAULTS

test('weighted medians', () => {
  const rows: readonly (readonly [readonly (readonly [number, number])[], number])[] = [
    [[], 0],
    [[[7, 1]], 7],
    [
      [
        [3, 1],
        [1, 1],
        [2, 1],
      ],
      2,
    ],
    [
      [
        [1, 1],
        [2, 1],
      ],
      1,
    ],
    [
      [
        [1, 1],
        [2, 1],
        [9, 5],
      ],
      9,
    ],
    [
      [
        [9, 2],
        [1, 1],
        [2, 1],
      ],
      2,
    ],
    [
      [
        [-5, 0],
        [4, 1],
      ],
      4,
    ],
  ]
  for (const [values, median] of rows)
    equal(weightedMedian(values.map(([value, weight]) => ({ value, weight }))), median, JSON.stringify(values))
})

test('half of the weight lies at or below a weighted median, and half at or above it', () => {
  const anyValue = fc.record({ value: fc.integer({ min: -9, max: 9 }), weight: fc.integer({ min: 1, max: 9 }) })
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 12 }), (values) => {
      const median = weightedMedian(values)
      const weigh = (where: (value: number) => boolean): number =>
        values.reduce((sum, { value, weight }) => (where(value) ? sum + weight : sum), 0)
      const half = weigh(() => true) / 2
      ok(weigh((value) => value <= median) >= half && weigh((value) => value >= median) >= half)
    }),
    { numRuns: 200 },
  )
})

/** A source with `words` round trips of `floorMs`, each saying `asideMs` beside the clock. */
interface Witness {
  readonly floorMs: number
  readonly asideMs: number
  readonly words?: number
  readonly isDoubted?: boolean
}

const table = (witnesses: Readonly<Record<string, Witness>>): { paths: readonly Path[]; seen: readonly Seen[] } => {
  const seen: Seen[] = []
  const paths = Object.entries(witnesses).map(([sourceId, { floorMs, asideMs, words = 30, isDoubted = false }]) => {
    const delayNs = BigInt(Math.round(floorMs * 1e6))
    const offset = { lo: -delayNs / 2n, hi: delayNs / 2n }
    const measurement = {
      sourceId,
      kind: 'ntp',
      localNs: NS_PER_SEC,
      offset,
      estimateNs: 0n,
      delayNs,
      leap: 'none',
    } as const
    let path = newPath(measurement, OPTIONS)
    for (let i = 1; i < 30; i += 1) path = travelled(path, (floorMs + (i % 5) * 0.01) / 1000, OPTIONS).path
    path = { ...path, isDoubted }
    const half = floorMs / 2000
    const word = { sourceId, routeId: 0, atSec: 0, lowerSec: asideMs / 1000 - half, upperSec: asideMs / 1000 + half }
    for (let i = 0; i < words; i += 1)
      seen.push({ word, path, readings: readingsOf(path, word, OPTIONS), smoothSec: 0 })
    return path
  })
  return { paths, seen }
}
const biases = (witnesses: Readonly<Record<string, Witness>>): Record<string, number> => {
  const { paths, seen } = table(witnesses)
  const after = rebiased(paths, bySource(seen), OPTIONS)
  return Object.fromEntries(after.map((path) => [path.sourceId, routeOf(path, path.routeId).biasSec * 1000]))
}
const doubts = (witnesses: Readonly<Record<string, Witness>>): string => {
  const { paths, seen } = table(witnesses)
  return doubted(paths, seen, OPTIONS)
    .filter(({ isDoubted }) => isDoubted)
    .map(({ sourceId }) => sourceId)
    .join()
}

test('a short path decides what is common, and the longer ones get a bias', () => {
  const { lan = Number.NaN, wan = Number.NaN } = biases({
    wan: { floorMs: 40, asideMs: 1.5 },
    lan: { floorMs: 1, asideMs: 0 },
  })
  equal(lan, 0)
  ok(Math.abs(wan - 1.5) < 0.05, String(wan))
})

test('the doubt about a bias is a longer path’s; the one that decides has none', () => {
  const { paths, seen } = table({ wan: { floorMs: 40, asideMs: 1.5 }, lan: { floorMs: 1e-3, asideMs: 0 } })
  const [wan, lan] = rebiased(paths, bySource(seen), OPTIONS).map((path) => routeOf(path, path.routeId))
  ok(wan !== undefined && lan !== undefined && wan.biasVarianceSec2 > 1000 * lan.biasVarianceSec2)
})

test('floors of 0 or below decide nothing by dividing by 0', () => {
  const { paths, seen } = table({ a: { floorMs: 2, asideMs: 0.1 }, b: { floorMs: 2, asideMs: 0 } })
  for (const floorSec of [0, -1e-5]) {
    const flat = paths.map((path) => ({ ...path, routes: path.routes.map((route) => ({ ...route, floorSec })) }))
    for (const path of rebiased(flat, bySource(seen), OPTIONS)) {
      const { biasSec, biasVarianceSec2 } = routeOf(path, path.routeId)
      ok(Number.isFinite(biasSec) && Number.isFinite(biasVarianceSec2) && biasVarianceSec2 >= 0)
    }
  }
})

test('who is doubted', () => {
  const near: Witness = { floorMs: 2, asideMs: 0 }
  const far: Witness = { floorMs: 2, asideMs: 0.5 }
  const rows: readonly (readonly [string, Readonly<Record<string, Witness>>, string])[] = [
    ['one of four that lies beside the rest', { a: near, b: near, c: near, d: far }, 'd'],
    ['none of four that agree', { a: near, b: near, c: near, d: near }, ''],
    ['none of two', { a: near, d: far }, ''],
    ['none where two are as strange', { a: near, b: near, c: far, d: far }, ''],
    ['one that was and still is', { a: near, b: near, d: { ...far, isDoubted: true } }, 'd'],
    ['not one that agrees again', { a: near, b: near, d: { ...near, isDoubted: true } }, ''],
    ['not one that is alone', { d: { ...far, isDoubted: true } }, ''],
    ['not against a single other', { a: near, d: { ...far, isDoubted: true } }, ''],
    ['not against silent ones', { a: near, b: { ...near, words: 0 }, d: { ...far, isDoubted: true } }, ''],
    ['nobody where nobody spoke', { a: { ...near, words: 0 }, b: { ...near, words: 0 }, c: { ...near, words: 0 } }, ''],
  ]
  for (const [name, witnesses, expected] of rows) equal(doubts(witnesses), expected, name)
})

test('words stay in their order', () => {
  const { seen } = table({ a: { floorMs: 2, asideMs: 0 }, b: { floorMs: 2, asideMs: 1 } })
  const mixed = seen
    .map((one, i) => ({ ...one, smoothSec: i }))
    .toSorted((x, y) => (x.smoothSec % 7) - (y.smoothSec % 7))
  const grouped = bySource(mixed)
  deepEqual([...grouped.keys()].toSorted(), ['a', 'b'])
  for (const [id, its] of grouped)
    deepEqual(
      its,
      mixed.filter(({ word }) => word.sourceId === id),
    )
})
