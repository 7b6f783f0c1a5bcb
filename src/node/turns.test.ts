/** Long work on the event loop: what comes of it, in which turns, and in which order. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS } from '../base/index.ts'
import type { Steps } from '../base/index.ts'
import { Turns } from './turns.ts'

/** A clock that each step moves on, and turns that are taken by hand. */
const world = () => {
  const waiting: (() => void)[] = []
  const told: string[] = []
  let nowNs = 0n
  const turns = new Turns({
    elapsedNs: () => nowNs,
    schedule: (_, run) => {
      waiting.push(run)
      return () => undefined
    },
  })
  const work = function* (name: string, steps: number): Steps<string> {
    for (let step = 0; step < steps; step += 1) {
      told.push(name)
      nowNs += NS_PER_MS
      yield
    }
    return name
  }
  /** Lets one turn go by; how many waited for it. */
  const turn = async (): Promise<number> => {
    await new Promise<void>((resolve) => setImmediate(resolve))
    const due = waiting.splice(0)
    for (const run of due) run()
    await new Promise<void>((resolve) => setImmediate(resolve))
    return due.length
  }
  return { turns, told, work, turn }
}

test('short work is done at once', () => {
  const { turns, work } = world()
  equal(turns.run(work('short', 3)), 'short')
})

test('long work goes on in later turns, none of which is long', async () => {
  const { turns, told, work, turn } = world()
  const long = turns.run(work('long', 30))
  ok(long instanceof Promise)
  let before = told.length
  ok(before <= 9)
  while ((await turn()) > 0) {
    ok(told.length - before <= 9)
    before = told.length
  }
  equal(await long, 'long')
})

test('one long work after the other; short work between them', async () => {
  const { turns, told, work, turn } = world()
  const [first, second] = [turns.run(work('first', 20)), turns.run(work('second', 20))]
  equal(turns.run(work('nothing to do', 0)), 'nothing to do')
  while ((await turn()) > 0);
  deepEqual([await first, await second], ['first', 'second'])
  // The second began with a single step, and went on when the first was done.
  equal(told.filter((name) => name === 'second').length, 20)
  ok(told.lastIndexOf('first') < told.indexOf('second', told.indexOf('second') + 1))
})

test('what is to be done later is done one in a turn, also after one that fails', async () => {
  const { turns, turn } = world()
  const done: number[] = []
  const all = [1, 2, 3].map((number) =>
    turns.later(() => {
      done.push(number)
      if (number === 2) throw new TypeError('two')
      return number
    }),
  )
  const failed = rejects(async () => all[1], TypeError)
  for (let turns = 1; turns <= 3; turns += 1) {
    await turn()
    deepEqual(done.length, turns)
  }
  await failed
  equal(await all[2], 3)
})
