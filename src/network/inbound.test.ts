import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC, accept, ignore, reject } from '../base/index.ts'
import { GROUP_PEERS } from './channel-rates.ts'
import { Inbound } from './inbound.ts'
import { RefusalCounters } from './refusals.ts'
import { SHUT_OUT_NS } from './score-weights.ts'
import { RUNNING_MAX } from './validation-queue.ts'
import type { Admission } from '../base/index.ts'
import type { PeerId, TopicOptions } from './port.ts'

const door = (given: Partial<TopicOptions> = {}) => {
  let nowNs = 0n
  const shutOut: PeerId[] = []
  const seen: string[] = []
  const time = { elapsedNs: () => nowNs, schedule: () => () => {} }
  const inbound = new Inbound({ time, shutOut: (peer) => shutOut.push(peer) })
  const refusals = new RefusalCounters()
  inbound.refusals.add((event) => refusals.count(event))
  const options: TopicOptions = {
    priority: 'ordinary',
    messageBytesMax: 8,
    ratePerSec: 10,
    burst: 4,
    validate: ({ from }) => (seen.push(from), accept(null)),
    ...given,
  }
  inbound.openTopic('t', options)
  return {
    inbound,
    options,
    shutOut,
    seen,
    pass: (ns: bigint) => void (nowNs += ns),
    refused: () => refusals.entries().map(({ channel, reason, count }) => `${channel} ${reason} ${count}`),
    hear: (from: PeerId, length = 1, topic = 't'): Admission<null> => {
      const verdict = inbound.hear(topic, { from, bytes: new Uint8Array(length) })
      assert(!(verdict instanceof Promise), 'nothing waits here')
      return verdict
    },
  }
}

test('in this order: shut out, rate, size; and the validator sees only what passed', () => {
  const { hear, seen, refused, inbound } = door()
  assert.deepEqual(hear('a', 9), reject('too-large'))
  for (let i = 0; i < 3; i += 1) assert.deepEqual(hear('a'), accept(null))
  assert.deepEqual(hear('a', 9), ignore('rate-limited'))
  for (let i = 0; i < 600; i += 1) inbound.charge('a', { channel: 't', reason: 'lied' })
  assert.deepEqual(hear('a', 9), ignore('shut-out'))
  assert.deepEqual(seen, ['a', 'a', 'a'])
  assert.deepEqual(refused(), [
    'connection shut-out 1',
    't lied 600',
    't rate-limited 1',
    't shut-out 1',
    't too-large 1',
  ])
})

test('shut out once, for its time, and forgiven then', () => {
  const { inbound, shutOut, pass, hear } = door({ ratePerSec: 1000, burst: 5000, validate: () => reject('nonsense') })
  for (let i = 0; i < 1000; i += 1) hear('a')
  assert.deepEqual(shutOut, ['a'])
  const candidate = { peer: 'a', address: '/ip4/9.9.9.9/tcp/1', direction: 'inbound' } as const
  assert.deepEqual(inbound.place(candidate, []), ignore('shut-out'))
  pass(SHUT_OUT_NS)
  assert.deepEqual(inbound.place(candidate, []), { verdict: 'accept' })
  assert.deepEqual(hear('a'), reject('nonsense'))
  assert.deepEqual(shutOut, ['a'])
})

test('a validator gets its own copy of the bytes', () => {
  const got: Uint8Array[] = []
  const { inbound } = door({ validate: ({ bytes }) => (got.push(bytes), accept(null)) })
  const received = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
  void inbound.hear('t', { from: 'a', bytes: received })
  received.fill(9)
  assert.deepEqual(got, [new Uint8Array([2, 3])])
  assert.equal(got[0]?.buffer.byteLength, 2)
})

test('a group of addresses shares a rate, and no peer of it is blamed; local ones share none', () => {
  const { inbound, hear, refused, pass } = door()
  const say = (group: string): number =>
    Array.from({ length: 20 }, (_, i) => {
      const peer = `${group} ${i}`
      inbound.connected(peer, `/ip4/${group}.0.${i}/tcp/1`)
      return Array.from({ length: 4 }, () => hear(peer)).filter(({ verdict }) => verdict === 'accept').length
    }).reduce((sum, count) => sum + count, 0)
  assert.equal(say('9.9'), 4 * GROUP_PEERS)
  assert.equal(say('127.0'), 80)
  assert.equal(say('10.1'), 80)
  assert.deepEqual(refused(), [`t group-rate-limited ${80 - 4 * GROUP_PEERS}`])
  assert(inbound.standings().every(({ score }) => score >= 0))
  pass(NS_PER_SEC / 10n)
  inbound.disconnected('9.9 19')
  assert.deepEqual(hear('9.9 19'), accept(null))
})

test('a topic never joined is a fault, one just left is none', () => {
  const { inbound, hear, pass, options, refused } = door()
  assert.deepEqual(hear('a', 1, 'never'), reject('unknown-topic'))
  inbound.close('t')
  assert.deepEqual(hear('a'), ignore('unknown-topic'))
  pass(60n * NS_PER_SEC)
  assert.deepEqual(hear('a'), reject('unknown-topic'))
  inbound.openTopic('t', options)
  assert.throws(() => inbound.openTopic('t', options), assert.AssertionError)
  assert.deepEqual(hear('a'), accept(null))
  assert.deepEqual(refused(), ['connection unknown-topic 3'])
})

test('what this node cannot do costs its peer nothing; what is ignored for what it is does in the end', () => {
  const verdicts = ['busy', 'handler-failed', 'queue-full', 'timed-out', 'abandoned', 'group-rate-limited'] as const
  const { inbound } = door()
  for (const reason of verdicts) for (let i = 0; i < 100; i += 1) inbound.settle('/p/1', 'a', ignore(reason))
  assert.equal(inbound.score('a'), 0)
  for (let i = 0; i < 100; i += 1) inbound.settle('/p/1', 'a', ignore('late'))
  assert(inbound.score('a') < 0)
  assert.deepEqual(inbound.standings()[0]?.messages, { accepted: 0, ignored: 700, rejected: 0 })
})

test('a message of a peer that is shut out while it waits is not judged', async () => {
  const held: ((verdict: Admission<null>) => void)[] = []
  const validate = (): Promise<Admission<null>> => new Promise((resolve) => held.push(resolve))
  const { inbound } = door({ validate, priority: 'bulk', ratePerSec: 1000, burst: 1000 })
  const later = Array.from({ length: RUNNING_MAX.bulk + 14 }, (_, i) =>
    inbound.hear('t', { from: 'a', bytes: new Uint8Array([i]) }),
  )
  for (let i = 0; i < 600; i += 1) inbound.charge('a', { channel: 't', reason: 'lied' })
  for (const resolve of held) resolve(accept(null))
  const verdicts = await Promise.all(later.map((one) => Promise.resolve(one)))
  assert.equal(held.length, RUNNING_MAX.bulk)
  assert.deepEqual(
    verdicts.slice(RUNNING_MAX.bulk),
    Array.from({ length: 14 }, () => ignore('shut-out')),
  )
})
