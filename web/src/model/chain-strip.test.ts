/** Blocks to scale on a strip of time: where bars stand, in which row, and what the picture says as text. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { BLOCK_SUMMARY_EXAMPLE } from '../../../src/services/chain-examples.ts'
import type { BlockSummary } from '../../../src/services/schema.ts'
import { BAR_MIN_PX, ROWS_MAX, rowsOf, stripOf, stripText, taiMs, ticksOf } from './chain-strip.ts'

const ORIGIN = 1_795_222_800_000n
/** A block whose interval lies so many ms from the origin. */
const block = (height: number, fromMs: number, toMs: number, over: Partial<BlockSummary> = {}): BlockSummary => {
  const tai = (ms: number): string => String((ORIGIN + BigInt(ms)) * 1_000_000n)
  const middle = Math.floor((fromMs + toMs) / 2)
  const interval = { earliest: tai(fromMs), latest: tai(toMs) }
  const time = { ...interval, timestamp: tai(middle), widthNs: (toMs - fromMs) * 1e6, utc: '' }
  return { ...BLOCK_SUMMARY_EXAMPLE, height, time, own: null, ...over }
}
const who = (name: string) => ({ id: name.padEnd(52, 'x'), name })
const scale = { originMs: Number(ORIGIN), pxPerSec: 20, rows: [who('Ada'), who('Bede')] }

test('widths and places are to scale; rows are proposers’', () => {
  const { bars } = stripOf([block(2, 1000, 2000, { proposer: who('Bede') }), block(1, 0, 500)], scale)
  deepEqual(
    bars.map(({ x, width, tickX, row }) => [x, width, tickX, row]),
    [
      [20, 20, 30, 1],
      [0, 10, 5, 0],
    ],
  )
})

test('no bar is too thin to see, and it stays about its middle', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50_000 }), fc.integer({ min: 0, max: 2000 }), (from, length) => {
      const [bar] = stripOf([block(1, from, from + length)], scale).bars
      ok(bar !== undefined && bar.width >= BAR_MIN_PX)
      const middle = ((from + length / 2) / 1000) * 20
      ok(Math.abs(bar.x + bar.width / 2 - middle) < 0.01)
    }),
    { numRuns: 100 },
  )
})

test('what this node’s own clock said stands beside; a block without a time is not drawn', () => {
  const { earliest, latest } = block(1, 400, 500).time ?? { earliest: '', latest: '' }
  const { bars } = stripOf([block(1, 0, 1000, { own: { earliest, latest } }), block(2, 0, 1, { time: null })], scale)
  deepEqual([bars.length, bars[0]?.own], [1, { x: 7.5, width: 3 }])
})

test('everybody who may propose has a row, by name; a crowd has one for all', () => {
  const rows = rowsOf([block(1, 0, 1, { proposer: who('Cyra') })], [who('Bede'), who('Ada')])
  deepEqual(
    rows.map(({ name }) => name),
    ['Ada', 'Bede', 'Cyra'],
  )
  const crowd = Array.from({ length: ROWS_MAX + 1 }, (_, place) => who(`n${place}`))
  equal(rowsOf([], crowd).length, 1)
  equal(stripOf([block(1, 0, 1)], { ...scale, rows: rowsOf([], crowd) }).bars[0]?.row, 0)
})

test('the axis is labelled at whole steps within the span', () => {
  deepEqual(ticksOf(9500, 30_000, 10), [10_000, 20_000, 30_000])
  deepEqual(ticksOf(10_001, 19_999, 10), [])
  deepEqual(ticksOf(5, 1, 10), [])
})

test('an instant keeps its microseconds', () => equal(taiMs('1795222836512000750'), 1_795_222_836_512))

test('as text: which blocks, and how many are not settled', () => {
  match(stripText([block(9, 0, 1, { settled: false }), block(8, 0, 1)]), /^Blocks 8 to 9, .* 1 not settled yet\.$/)
  match(stripText([]), /No block/)
})
