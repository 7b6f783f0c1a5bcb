import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { EventQueue } from './event-queue.ts'

const runAll = (instants: readonly number[]): number[] => {
  const queue = new EventQueue()
  const order: number[] = []
  for (const [index, at] of instants.entries()) queue.at(at, () => order.push(index))
  while (queue.runNext(Number.MAX_SAFE_INTEGER));
  return order
}

test('Z-1: events run by instant, and at one instant as they were asked for', () =>
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (instants) => {
      const expected = [...instants.keys()].sort((a, b) => (instants[a] ?? 0) - (instants[b] ?? 0) || a - b)
      deepEqual(runAll(instants), expected)
    }),
    { numRuns: 100 },
  ))

test('what is asked for in the past runs now', () => {
  const queue = new EventQueue()
  const seen: number[] = []
  queue.at(10, () => queue.at(3, () => seen.push(queue.nowNs)))
  while (queue.runNext(100));
  deepEqual(seen, [10])
  equal(queue.nowNs, 100)
})

test('time stands where it was told to stop, and what is later waits', () => {
  const queue = new EventQueue()
  queue.at(50, () => undefined)
  equal(queue.runNext(49), false)
  equal(queue.nowNs, 49)
  equal(queue.pending, 1)
  equal(queue.runNext(50), true)
})
