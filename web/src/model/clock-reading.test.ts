/** The page's own clock: its bound grows, and its digits never outrun the bound. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { assert, integer, property } from 'fast-check'
import { TIME_EXAMPLE } from '../../../src/services/examples.ts'
import { anchorOf, clockText, decimalsFor, parseUtc, readAt } from './clock-reading.ts'

test('UTC texts', () => {
  equal(parseUtc('2026-11-20T12:03:04.500000000Z'), Date.UTC(2026, 10, 20, 12, 3, 4, 500))
  equal(parseUtc('2026-11-20T12:03:04Z'), Date.UTC(2026, 10, 20, 12, 3, 4))
  for (const wrong of ['2016-12-31T23:59:60.5Z', 'noon', '']) equal(parseUtc(wrong), undefined)
})

test('the bound holds node, way and age', () => {
  const anchor = { unixMs: 1000, leapMs: 0, counterMs: 50, nodeNs: 1_200_000, pathNs: 300_000 }
  deepEqual(readAt(anchor, 50), { unixMs: 1000, isLeap: false, boundNs: 1_500_000 })
  deepEqual(readAt(anchor, 10_050), { unixMs: 11_000, isLeap: false, boundNs: 2_500_000 })
})

test('the last digit shown is worth at least the bound', () => {
  for (const [boundNs, decimals] of [
    [2_000_000_000, 0],
    [1_000_000_000, 0],
    [99_000_000, 1],
    [1_200_000, 2],
    [1_000_000, 3],
    [999, 6],
    [1, 6],
  ] as const)
    equal(decimalsFor(boundNs), decimals)
  assert(
    property(integer({ min: 1000, max: 1_000_000_000 }), (boundNs) =>
      ok(10 ** -decimalsFor(boundNs) * 1e9 >= boundNs * (1 - 1e-6)),
    ),
    { numRuns: 100 },
  )
})

test('readings are cut, not rounded', () => {
  const unixMs = Date.UTC(2026, 10, 20, 23, 59, 59, 999)
  deepEqual(clockText({ unixMs, isLeap: false, boundNs: 8_000_000 }), { clock: '23:59:59', fraction: '.99' })
  deepEqual(clockText({ unixMs, isLeap: false, boundNs: 3e9 }), { clock: '23:59:59', fraction: '' })
})

test('an inserted second is shown as :60, and the day begins after it', () => {
  const utc = { ...TIME_EXAMPLE.utc, estimate: '2016-12-31T23:59:60.250000000Z' }
  const anchor = anchorOf({ ...TIME_EXAMPLE, utc, uncertaintyNs: 900_000 }, 1000, 0)
  ok(anchor !== undefined)
  const shown = [1000, 1500, 1749.5, 1751, 2750].map((counterMs) => clockText(readAt(anchor, counterMs)))
  deepEqual(
    shown.map(({ clock, fraction }) => clock + fraction),
    ['23:59:60.250', '23:59:60.750', '23:59:60.999', '00:00:00.001', '00:00:01.00'],
  )
})
