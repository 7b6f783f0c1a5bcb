/** Synchronisations a day: by hand, then against a count that keeps everything. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_DAY, NS_PER_SEC } from '../base/index.ts'
import { SyncCounter } from './sync-count.ts'

const HOUR = 3600n * NS_PER_SEC

test('rounds, questions and answers of a day, and what is older goes', () => {
  const counter = new SyncCounter()
  for (let hour = 0n; hour < 30n; hour += 1n) {
    counter.asked(hour * HOUR + 5n, 3)
    counter.answered(hour * HOUR + 6n)
    counter.answered(hour * HOUR + 7n)
  }
  const count = counter.read(30n * HOUR - 1n)
  deepEqual(count, { rounds: 24, asked: 72, answered: 48, coveredNs: NS_PER_DAY, synchronisationsPerDay: 24 })
  equal(counter.read(60n * HOUR).rounds, 0)
})

test('the first hour says nothing of a day, later hours are scaled', () => {
  const counter = new SyncCounter()
  equal(counter.read(5n * HOUR).synchronisationsPerDay, undefined)
  counter.asked(5n * HOUR, 2)
  equal(counter.read(6n * HOUR - 1n).synchronisationsPerDay, undefined)
  counter.asked(6n * HOUR, 2)
  deepEqual(counter.read(7n * HOUR), {
    rounds: 2,
    asked: 4,
    answered: 0,
    coveredNs: 2n * HOUR,
    synchronisationsPerDay: 24,
  })
})

test('never more than was asked in a day, never less than in a day without ten minutes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 80 }), (gapsSec) => {
      const counter = new SyncCounter()
      let at = 0n
      const all = gapsSec.map((gap) => {
        at += BigInt(gap) * NS_PER_SEC
        counter.asked(at, 1)
        return at
      })
      const { rounds } = counter.read(at)
      const within = (ns: bigint): number => all.filter((when) => when > at - ns).length
      ok(rounds <= within(NS_PER_DAY) && rounds >= within(NS_PER_DAY - 600n * NS_PER_SEC))
    }),
    { numRuns: 200 },
  )
})
