import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChimerError, accept, ignore } from '../base/index.ts'
import { ANSWERING_CROWDED_PER_PEER_MAX, ANSWERING_MAX, ANSWERING_PER_PEER_MAX, Answering, judge } from './serving.ts'
import type { Admission } from '../base/index.ts'

const reason = () => 'timed-out' as const

test('what the room says is the verdict, at once or later', async () => {
  assert.deepEqual(await judge(() => accept(1)), accept(1))
  assert.deepEqual(await judge(async () => ignore('late')), ignore('late'))
})

test('a room whose world fails has not spoken', async () => {
  const fail = (): Admission<null> => {
    throw new ChimerError('TC_TEST', 'no disk')
  }
  assert.deepEqual(await judge(fail), ignore('handler-failed'))
  assert.deepEqual(await judge(async () => fail()), ignore('handler-failed'))
})

test('a bug in a room ends the process', async () => {
  const uncaught = Promise.withResolvers<unknown>()
  const own = process.rawListeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.once('uncaughtException', uncaught.resolve)
  const bug = new RangeError('bug')
  await judge(() => Promise.reject(bug))
  assert.equal(await uncaught.promise, bug)
  for (const listener of own) process.on('uncaughtException', (error, origin) => void listener(error, origin))
})

test('over is over: for a room that never answers, and for one that stops by throwing', async () => {
  const deadline = new AbortController()
  const { signal } = deadline
  const silent = judge(() => new Promise<Admission<null>>(() => {}), { signal, reason })
  const stopping = judge(
    () => new Promise<Admission<null>>((_, fail) => signal.addEventListener('abort', () => fail(signal.reason))),
    { signal, reason },
  )
  deadline.abort()
  assert.deepEqual(await silent, ignore('timed-out'))
  assert.deepEqual(await stopping, ignore('timed-out'))
  assert.deepEqual(await judge(() => new Promise<Admission<null>>(() => {}), { signal, reason }), ignore('timed-out'))
})

test('so many at once, of one peer and of all, and room again when one ends', () => {
  const answering = new Answering()
  const ofOne = Array.from({ length: ANSWERING_PER_PEER_MAX + 1 }, () => answering.begin('a'))
  assert.deepEqual(ofOne.lastIndexOf(true), ANSWERING_PER_PEER_MAX - 1)
  answering.end('a')
  assert(answering.begin('a'))
  let others = 0
  while (answering.begin(`b${others}`)) others += 1
  assert.equal(others, ANSWERING_MAX - ANSWERING_PER_PEER_MAX)
  answering.end('a')
  assert(answering.begin('c'))
})

test('some peers that ask much and slowly leave every other peer its share', () => {
  const answering = new Answering()
  const begun = (peer: string): number => {
    let count = 0
    while (answering.begin(peer)) count += 1
    return count
  }
  const greedy = Array.from({ length: 20 }, (_, index) => begun(`greedy ${index}`))
  assert.deepEqual(greedy.slice(0, 5), [32, 32, 32, 32, ANSWERING_CROWDED_PER_PEER_MAX])
  const modest = Array.from({ length: 44 }, (_, index) => begun(`modest ${index}`))
  assert.deepEqual(new Set(modest), new Set([ANSWERING_CROWDED_PER_PEER_MAX]))
})
