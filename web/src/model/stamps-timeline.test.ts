/** The picture of a stamp's interval: one honest scale. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { SpanFacts } from './stamps-outcome.ts'
import { stepFor, timelineOf, timelineText } from './stamps-timeline.ts'

const MS = 1_000_000n
const START = 1_795_000_000_000_000_000n
const span = (over: Partial<SpanFacts> = {}): SpanFacts => ({
  notBefore: START,
  notAfter: START + 3000n * MS,
  beacon: { earliest: START, latest: START + 100n * MS, height: 10 },
  receipt: { earliest: START + 800n * MS, latest: START + 804n * MS },
  block: { earliest: START + 2900n * MS, latest: START + 3000n * MS, height: 12 },
  notBeforeUtc: '2026-11-18T12:26:03.000000Z',
  notAfterUtc: '2026-11-18T12:26:06.000000Z',
  ...over,
})

const tai = fc.bigInt({ min: START, max: START + 600_000n * MS })
const bounds = fc.tuple(tai, tai).map(([a, b]) => (a < b ? { earliest: a, latest: b } : { earliest: b, latest: a }))

describe('places', () => {
  test('lengths are in proportion, whatever is drawn', () => {
    fc.assert(
      fc.property(bounds, bounds, bounds, (beacon, receipt, block) => {
        const facts = span({
          notBefore: beacon.earliest,
          notAfter: block.latest,
          beacon: { ...beacon, height: 1 },
          receipt,
          block: { ...block, height: 3 },
        })
        const { rows, within, ticks } = timelineOf(facts, 5)
        for (const { from, to } of rows) ok(from >= 0 && to <= 1 && from <= to)
        const scales = rows.filter(({ widthNs }) => widthNs > 1e6).map(({ from, to, widthNs }) => (to - from) / widthNs)
        for (const scale of scales) ok(Math.abs(scale / (scales[0] ?? scale) - 1) < 1e-6)
        equal(within.from, rows[0]?.from)
        equal(within.to, rows[2]?.to)
        ok(ticks.length <= 6 && ticks.every(({ at }) => at >= 0 && at <= 1))
      }),
    )
  })

  test('without a beacon it is open below', () => {
    const drawn = timelineOf(span({ notBefore: undefined, beacon: undefined, notBeforeUtc: undefined }), 5)
    deepEqual(
      drawn.rows.map(({ name }) => name),
      ['receipt', 'block'],
    )
    deepEqual([drawn.within.from, drawn.within.isOpenBelow, drawn.withinNs], [0, true, undefined])
  })

  test('all at one instant', () => {
    const now = { earliest: START, latest: START }
    const drawn = timelineOf(
      span({ notAfter: START, beacon: { ...now, height: 1 }, receipt: now, block: { ...now, height: 2 } }),
      5,
    )
    ok(drawn.rows.every(({ from, to }) => from === to && from > 0 && to < 1))
  })
})

test('steps are round and enough', () => {
  const cases = [
    [3e9, 5, 1e9],
    [3.1e9, 3, 2e9],
    [40_000, 4, 10_000],
    [600e9, 6, 100e9],
    [7, 10, 1],
  ] as const
  for (const [length, count, expected] of cases) equal(stepFor(length, count), expected)
})

test('ticks count from the lower bound', () => {
  deepEqual(
    timelineOf(span(), 4).ticks.map(({ text }) => text.replaceAll(/\s/g, ' ')),
    ['0', '+1 s', '+2 s', '+3 s'],
  )
})

test('as text', () => {
  const says = timelineText(span()).replaceAll(/\s/g, ' ')
  match(says, /asked for within 3 s\. Beacon: block 10, ± 50 ms\. Receipt: 800 ms after the lower bound, ± 2 ms/)
  match(timelineText(span({ notBefore: undefined, beacon: undefined })), /^No lower bound\./)
})
