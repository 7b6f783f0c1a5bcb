import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { SEQUENCE_FLOOR_MAX, countingSequences, sequenceFloor } from './envelope-sequences.ts'

test('a start by the clock is above every sequence that an earlier one could have used', () => {
  const nowNs = 1_795_000_000_000_000_000n
  const before = sequenceFloor(nowNs)
  equal(before, 1_752_929_687_500_000)
  equal(sequenceFloor(nowNs + 1024n), before + 1)
  equal(sequenceFloor(nowNs + 1_000_000_000n) - before, 976_562, 'a second later')
})

test('clocks that are very wrong cannot use all sequences up', () => {
  for (const [clock, floor] of [
    [0n, 1],
    [-5n * 10n ** 18n, 1],
    [1023n, 1],
    [2n ** 63n - 1n, SEQUENCE_FLOOR_MAX],
  ] as const)
    equal(sequenceFloor(clock), floor)
})

test('counting', async () => {
  const sequences = countingSequences(7)
  deepEqual([await sequences.next(), await sequences.next(), await sequences.next()], [7, 8, 9])
})
