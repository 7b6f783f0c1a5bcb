import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { ChanceStream } from './chance-stream.ts'
import { EventQueue } from './event-queue.ts'
import { SCENARIO_DEFAULTS, MS, SEC } from './scenario.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { Transcript } from './transcript.ts'

const scenario = { ...SCENARIO_DEFAULTS, filterWords: 6 }

const make = (number = 0) => {
  const queue = new EventQueue()
  const clock = new SimulatedClock({
    scenario,
    number,
    queue,
    transcript: new Transcript(),
    chance: new ChanceStream(1, `clock ${number}`),
  })
  const run = (untilNs: number): void => {
    while (queue.runNext(untilNs));
  }
  return { queue, clock, run }
}

/** How far outside the interval true time is, ns; 0 where it is inside. */
const missOf = (clock: SimulatedClock): bigint => {
  const { earliest, latest } = clock.reading() ?? { earliest: 0n, latest: 0n }
  const now = clock.trueTai()
  if (now < earliest) return earliest - now
  return now > latest ? now - latest : 0n
}

test('Z-8: a clock has the time within a second of its start, and its interval holds true time all the while', () => {
  const { clock, run } = make()
  run(SEC)
  ok(clock.time() !== undefined)
  for (let at = SEC; at < 200 * SEC; at += SEC) {
    run(at)
    equal(missOf(clock), 0n)
  }
})

test('one server that lies is outvoted', () => {
  const { clock, run } = make()
  clock.lie('x', 1, () => BigInt(SEC))
  for (let at = SEC; at < 60 * SEC; at += SEC) {
    run(at)
    equal(missOf(clock), 0n)
  }
})

test('all servers that lie are believed in the end', () => {
  const { clock, run } = make()
  run(10 * SEC)
  clock.lie('x', 'all', () => BigInt(SEC) / 2n)
  run(120 * SEC)
  ok(missOf(clock) > 0n || clock.time() === undefined)
  clock.unlie('x')
  run(300 * SEC)
  equal(missOf(clock), 0n)
})

test('a counter that stood still is noticed when the host is asked', () => {
  const { clock, run, queue } = make()
  run(10 * SEC)
  clock.freeze(5 * SEC)
  queue.at(15 * SEC, () => clock.compareHost())
  run(15 * SEC + MS)
  equal(missOf(clock), 0n)
})
