import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { ChanceStream } from './chance-stream.ts'
import { FAULT_NAMES } from './fault-names.ts'
import { SCENARIO_DEFAULTS, SEC } from './scenario.ts'
import { drawSchedule } from './schedule.ts'

const draw = (seed: number, durationSec: number, faults = FAULT_NAMES) =>
  drawSchedule({ ...SCENARIO_DEFAULTS, durationNs: durationSec * SEC, faults }, new ChanceStream(seed, 'schedule'))

test('Z-17: every fault has its turn before any has a second', () => {
  const { turns } = draw(1, 3600)
  const firsts = turns.slice(0, FAULT_NAMES.length).map(({ fault }) => fault)
  deepEqual(firsts.toSorted(), FAULT_NAMES.toSorted())
})

test('without faults nothing is scheduled', () => deepEqual(draw(1, 100, []), { turns: [], calms: [] }))
test('the same seed draws the same', () => deepEqual(draw(4, 600), draw(4, 600)))

test('calms are as long as they must be, and no fault has its turn in one', () => {
  const { turns, calms } = draw(2, 3600)
  ok(calms.length > 5)
  for (const { fromNs, untilNs } of calms) {
    equal(untilNs - fromNs, SCENARIO_DEFAULTS.progressNs)
    for (const turn of turns) ok(turn.untilNs <= fromNs || turn.fromNs >= untilNs)
  }
})
