/** The chain as the page holds it: which word about a block counts, where an epoch stands, and the sentences over the picture. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  BLOCK_SUMMARY_EXAMPLE,
  CHAIN_STATUS_EXAMPLE,
  ROUND_EXAMPLE,
  VALIDATORS_EXAMPLE,
} from '../../../src/services/chain-examples.ts'
import type { BlockSummary } from '../../../src/services/schema.ts'
import {
  alarmOf,
  BLOCKS_MAX,
  type Chain,
  chainHeadline,
  chainOfBlocks,
  chainOfEvent,
  chainOfStatus,
  changeText,
  epochAfter,
  isTorn,
  latelyOf,
  pointsText,
  shareText,
} from './chain.ts'
import { status } from './view-fixture.ts'
import { emptyView, reduce } from './view.ts'

const block = (height: number, over: Partial<BlockSummary> = {}): BlockSummary => ({
  ...BLOCK_SUMMARY_EXAMPLE,
  height,
  ...over,
})
const begun = (over: Partial<typeof CHAIN_STATUS_EXAMPLE> = {}): Chain => {
  const chain = chainOfStatus(undefined, { ...CHAIN_STATUS_EXAMPLE, tip: null, ...over })
  ok(chain !== undefined)
  return chain
}
const heights = (chain: Chain | undefined): readonly number[] => chain?.blocks.map(({ height }) => height) ?? []
const tame = (text: string): string => text.replaceAll('\u00A0', ' ')

test('a settled block stays settled, whatever is told of it later', () => {
  const settled = chainOfBlocks(begun(), [block(2), block(3, { settled: false })])
  const late = chainOfBlocks(settled, [block(2, { settled: false, round: 9 })])
  deepEqual([late?.blocks[1]?.settled, late?.blocks[1]?.round], [true, 0])
  const next = chainOfEvent(late, { type: 'block', block: block(4, { settled: false }), before: block(3) })
  deepEqual(
    next?.blocks.map(({ height, settled: is }) => [height, is]),
    [
      [4, false],
      [3, true],
      [2, true],
    ],
  )
})

test('the newest first, each once, no more than there is room for', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 300 }), (told) => {
      const chain = chainOfBlocks(
        begun(),
        told.map((height) => block(height)),
      )
      const kept = [...new Set(told)].sort((a, b) => b - a).slice(0, BLOCKS_MAX)
      deepEqual(heights(chain), kept)
    }),
    { numRuns: 50 },
  )
})

test('another network, whose heights begin anew, is not mixed with what was there', () => {
  const before = chainOfBlocks(begun(), [block(1234)])
  const round = { ...ROUND_EXAMPLE, height: 3 }
  const after = chainOfStatus(before, { ...CHAIN_STATUS_EXAMPLE, round, tip: block(2) })
  deepEqual(heights(after), [2])
  equal(chainOfStatus(before, null), undefined)
})

test('a gap, or a block whose settling was missed, is seen', () => {
  const whole = chainOfBlocks(begun(), [block(5, { settled: false }), block(4), block(3)])
  const gap = chainOfBlocks(begun(), [block(5), block(3)])
  const missed = chainOfBlocks(begun(), [block(5), block(4, { settled: false })])
  deepEqual(
    [whole, gap, missed].map((chain) => chain !== undefined && isTorn(chain)),
    [false, true, true],
  )
})

test('where the epoch stands after a height', () => {
  const epoch = { number: 0, firstHeight: 1, lastHeight: 10, decided: 4, slots: 10 }
  deepEqual(epochAfter(epoch, 4), epoch)
  equal(epochAfter(epoch, 7).decided, 7)
  deepEqual(epochAfter(epoch, 10), { ...epoch, number: 1, firstHeight: 11, lastHeight: 20, decided: 0 })
  deepEqual(epochAfter(epoch, 23), { ...epoch, number: 2, firstHeight: 21, lastHeight: 30, decided: 3 })
})

test('what every page shows: a halt before an emergency before standing still, and nothing while all is well', () => {
  const { emergency } = CHAIN_STATUS_EXAMPLE
  const stuck = { ...begun(), round: { ...ROUND_EXAMPLE, stuck: true } }
  const alarm = { ...stuck, emergency: { ...emergency, emergency: true, explanation: 'Ada is out.' } }
  equal(alarmOf(begun()), undefined)
  match(alarmOf(stuck)?.says ?? '', /^A third .* as after block 1,234 until/)
  deepEqual(alarmOf(alarm), { head: 'Time emergency', says: 'Ada is out.' })
  equal(alarmOf({ ...alarm, halted: 'The disk is full.' })?.says, 'The disk is full.')
})

test('the headline: calm, late, stuck, in an emergency, stopped, without a chain', () => {
  const calm = chainOfBlocks(begun(), [block(1234)])
  deepEqual(tame(chainHeadline(calm, true).says), 'Block 1,234 is decided, its time known to ± 246 ms.')
  const stuck = { ...begun(), round: { ...ROUND_EXAMPLE, stuck: true } }
  deepEqual(chainHeadline(stuck, true).says, 'Block 1,235 waits: 25 % of the weight is silent.')
  const behind = { ...begun(), round: { ...ROUND_EXAMPLE, behind: 1 } }
  equal(chainHeadline(behind, true).says, '1 block behind.')
  const { emergency } = CHAIN_STATUS_EXAMPLE
  const alarm = { ...begun(), emergency: { ...emergency, emergency: true, outShare: 4e8 } }
  deepEqual(
    [chainHeadline(alarm, true).tone, chainHeadline(alarm, true).says],
    ['alarm', 'Time emergency: 40 % of the weight is out of time.'],
  )
  const halted = chainHeadline({ ...begun(), halted: 'The disk is full.' }, true)
  deepEqual([halted.tone, halted.means], ['alarm', 'The disk is full.'])
  match(chainHeadline(undefined, true).says, /no chain/)
  match(chainHeadline(undefined, false).says, /Asking/)
  match(chainHeadline(begun(), true).says, /first block/)
})

test('the view takes what is told of the chain, and announces an emergency', () => {
  const { emergency } = CHAIN_STATUS_EXAMPLE
  const said = { ...emergency, emergency: true, explanation: 'Cyra is out of time.' }
  const view = [
    { type: 'status', status: { ...status('synchronised'), chain: CHAIN_STATUS_EXAMPLE } } as const,
    { type: 'validators', validators: VALIDATORS_EXAMPLE } as const,
    { type: 'event', counterMs: 0, event: { type: 'round', ...ROUND_EXAMPLE, round: 4 } } as const,
    { type: 'event', counterMs: 0, event: { type: 'emergency', height: 9, ...said } } as const,
  ].reduce(reduce, emptyView(0))
  deepEqual([view.chain?.round.round, view.chain?.emergency.emergency], [4, true])
  equal(view.chain?.validators?.total, VALIDATORS_EXAMPLE.total)
  match(view.announcement, /Time emergency declared\. Cyra is out of time\./)
  equal(view.ticker[0]?.tone, 'bad')
})

test('how it went lately', () => {
  const { time } = block(1)
  ok(time !== null)
  const widths = [5, 1, 3].map((ms, place) => block(place + 1, { round: place, time: { ...time, widthNs: ms * 1e6 } }))
  deepEqual(latelyOf(widths), { count: 3, widthNs: 3e6, laterRounds: 2 })
  deepEqual(latelyOf([]), { count: 0, widthNs: undefined, laterRounds: 0 })
})

test('figures, and what an epoch changed', () => {
  deepEqual([shareText(1, 3), shareText(1, 300), shareText(0, 5), shareText(5, 0)], ['33 %', '0.33 %', '0 %', '0 %'])
  deepEqual([-1e8, 5e6, 100, 0].map(pointsText), ['−10', '+0.5', '', ''])
  const [validator] = VALIDATORS_EXAMPLE.validators
  ok(validator !== undefined)
  match(changeText(validator), /not known/)
  const slots = { judgedSlots: 10, placedSlots: 9, absentSlots: 1, falseSlots: 2 }
  const changed = { weight: -1e8, reputation: -5e7, integrity: 0, accuracy: 4e8, ...slots }
  equal(
    changeText({ ...validator, changed }),
    'Last epoch: weight −10 points and reputation −5 points; accuracy 40 %, placed in 9 of 10 slots, out of time in 2.',
  )
})
