import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChimerError, NS_PER_MS, NS_PER_SEC, accept, ignore, reject } from '../base/index.ts'
import { RUNNING_MAX, TURN_NS_MAX, VALIDATION_NS_MAX, ValidationQueue } from './validation-queue.ts'
import type { Admission } from '../base/index.ts'
import type { Priority } from './port.ts'
import type { Job } from './validation-queue.ts'

/** Time that passes when a validator says so, turns that come when asked for, and timers that run when due. */
const bench = () => {
  let nowNs = 0n
  let turns: (() => void)[] = []
  let timers: { readonly atNs: bigint; readonly run: () => void }[] = []
  const queue = new ValidationQueue(
    {
      elapsedNs: () => nowNs,
      schedule: (delayNs, run) => {
        const timer = { atNs: nowNs + delayNs, run }
        timers.push(timer)
        return () => void (timers = timers.filter((other) => other !== timer))
      },
    },
    { yieldTurn: (run) => turns.push(run) },
  )
  const order: string[] = []
  const job = (name: string, priority: Priority, run: Job['run'] = () => accept(null), from = 'a'): Job => ({
    topic: priority,
    priority,
    from,
    bytesLength: 1,
    run: () => (order.push(name), run()),
  })
  return {
    queue,
    order,
    job,
    timers: () => timers.length,
    work: (ns: bigint) => void (nowNs += ns),
    nextTurn: () => {
      const due = turns
      turns = []
      for (const run of due) run()
      return due.length
    },
    pass: (ns: bigint) => {
      nowNs += ns
      const due = timers.filter(({ atNs }) => atNs <= nowNs)
      timers = timers.filter(({ atNs }) => atNs > nowNs)
      for (const { run } of due) run()
    },
  }
}
const slow = () => {
  const resolvers: ((admission: Admission<null>) => void)[] = []
  return { run: () => new Promise<Admission<null>>((resolve) => resolvers.push(resolve)), resolvers }
}
const all = (said: readonly (Admission<null> | Promise<Admission<null>>)[]): Promise<Admission<null>[]> =>
  Promise.all(said.map((one) => Promise.resolve(one)))
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('where nothing waits the verdict comes at once, and no turn or timer is asked for', () => {
  const { queue, job, timers, nextTurn } = bench()
  assert.deepEqual(queue.submit(job('x', 'bulk')), accept(null))
  assert.deepEqual(queue.submit(job('y', 'time', () => reject('no'))), reject('no'))
  const fails = (): Admission<null> => {
    throw new ChimerError('TC_TEST', 'no disk')
  }
  assert.deepEqual(queue.submit(job('z', 'time', fails)), ignore('handler-failed'))
  assert.deepEqual([timers(), nextTurn()], [0, 0])
})

test('a turn has so much time, half of it for `time` alone; the rest waits for the next, first things first', async () => {
  const { queue, order, job, work, nextTurn } = bench()
  const heavy = (): Admission<null> => (work(TURN_NS_MAX / 4n), accept(null))
  const verdicts = [1, 2, 3, 4].map((i) => queue.submit(job(`bulk ${i}`, 'bulk', heavy)))
  assert.deepEqual(order, ['bulk 1', 'bulk 2'])
  verdicts.push(queue.submit(job('ordinary', 'ordinary', heavy)))
  for (const i of [1, 2, 3]) verdicts.push(queue.submit(job(`time ${i}`, 'time', heavy)))
  assert.deepEqual(order.slice(2), ['time 1', 'time 2'])
  assert.equal(nextTurn(), 1)
  assert.deepEqual(order.slice(4), ['time 3', 'ordinary'])
  assert.equal(nextTurn(), 1)
  assert.deepEqual(order.slice(6), ['bulk 3', 'bulk 4'])
  assert.deepEqual(
    await all(verdicts),
    Array.from({ length: 8 }, () => accept(null)),
  )
  assert.equal(nextTurn(), 1)
  assert.equal(nextTurn(), 0)
})

test('a validator that answers late holds up its own priority only', async () => {
  const { queue, order, job } = bench()
  const { run, resolvers } = slow()
  const held = Array.from({ length: RUNNING_MAX.bulk + 2 }, (_, i) => queue.submit(job(`bulk ${i}`, 'bulk', run)))
  assert.equal(order.length, RUNNING_MAX.bulk)
  assert.equal(queue.size, 2)
  assert.deepEqual(queue.submit(job('time', 'time')), accept(null))
  assert.deepEqual(queue.submit(job('ordinary', 'ordinary')), accept(null))
  for (let freed = 0; queue.size > 0; freed += 1) {
    resolvers[freed]?.(reject('no'))
    await settle()
  }
  for (const resolve of resolvers) resolve(reject('no'))
  assert.equal((await all(held)).length, RUNNING_MAX.bulk + 2)
})

test('a higher priority that is full does not hold up a lower one that has room', async () => {
  const { queue, order, job } = bench()
  const { run } = slow()
  for (let i = 0; i <= RUNNING_MAX.time; i += 1) void queue.submit(job('time', 'time', run))
  assert.equal(queue.size, 1)
  assert.deepEqual(await queue.submit(job('bulk', 'bulk')), accept(null))
  assert.equal(order.at(-1), 'bulk')
  queue.stop()
})

test('no priority is starved by a stream of higher ones', async () => {
  const { queue, order, job, work, nextTurn } = bench()
  const heavy = (): Admission<null> => (work(3n * NS_PER_MS), accept(null))
  for (let i = 0; i < 20; i += 1) void queue.submit(job('bulk', 'bulk', heavy))
  for (let turn = 0; turn < 100; turn += 1) {
    for (let i = 0; i < 10; i += 1) void queue.submit(job('time', 'time', heavy, `${i}`))
    nextTurn()
  }
  assert(order.filter((name) => name === 'bulk').length > 10)
  queue.stop()
})

test('what has no room is dropped at once and blames nobody', async () => {
  const { queue, job } = bench()
  const { run } = slow()
  const verdicts = Array.from({ length: 600 }, () => queue.submit(job('x', 'ordinary', run)))
  assert.deepEqual(await verdicts.at(-1), ignore('queue-full'))
  queue.stop()
  const reasons = new Map<string, number>()
  for (const verdict of await all(verdicts))
    if (verdict.verdict === 'ignore') reasons.set(verdict.reason, (reasons.get(verdict.reason) ?? 0) + 1)
  assert.deepEqual(
    reasons,
    new Map([
      ['timed-out', RUNNING_MAX.ordinary],
      ['abandoned', 512],
      ['queue-full', 600 - 512 - RUNNING_MAX.ordinary],
    ]),
  )
})

test('a validator that never answers is given up, and its room is free again; one timer serves all', async () => {
  const { queue, order, job, pass, timers } = bench()
  const { run, resolvers } = slow()
  const first = Array.from({ length: RUNNING_MAX.bulk }, () => queue.submit(job('first', 'bulk', run)))
  pass(NS_PER_SEC)
  const second = queue.submit(job('second', 'time', run))
  const waiting = queue.submit(job('waiting', 'bulk'))
  assert.equal(timers(), 1)
  pass(VALIDATION_NS_MAX - NS_PER_SEC)
  assert.deepEqual(
    new Set((await all(first)).map((verdict) => JSON.stringify(verdict))),
    new Set([JSON.stringify(ignore('timed-out'))]),
  )
  assert.deepEqual(await waiting, accept(null))
  assert.equal(order.at(-1), 'waiting')
  assert.equal(timers(), 1)
  resolvers.at(-1)?.(accept(null))
  assert.deepEqual(await second, accept(null))
  pass(VALIDATION_NS_MAX)
  assert.equal(timers(), 0)
})

test('a topic that is left takes what waits with it, and after the stop nothing runs', async () => {
  const { queue, order, job } = bench()
  const { run } = slow()
  for (let i = 0; i < RUNNING_MAX.bulk; i += 1) void queue.submit(job('held', 'bulk', run))
  const waiting = queue.submit(job('waiting', 'bulk'))
  queue.drop('bulk')
  assert.deepEqual(await waiting, ignore('abandoned'))
  queue.stop()
  assert.deepEqual(queue.submit(job('late', 'time')), ignore('abandoned'))
  assert(!order.includes('late'))
})

test('a validator that hands in more while it runs is served in order', async () => {
  const { queue, order, job, work, nextTurn } = bench()
  const outer = (): Admission<null> => {
    work(TURN_NS_MAX)
    void queue.submit(job('inner', 'time'))
    return accept(null)
  }
  void queue.submit(job('outer', 'time', outer))
  void queue.submit(job('next', 'time'))
  nextTurn()
  await settle()
  assert.deepEqual(order, ['outer', 'inner', 'next'])
})
