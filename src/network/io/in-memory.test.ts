import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC, accept, reject, seededRandom } from '../../base/index.ts'
import { PLACES } from '../places.ts'
import { BORNE_SCORE_MIN, SHUT_OUT_NS } from '../score-weights.ts'
import { Inbox, networkConformance } from './conformance.test-suite.ts'
import { createInMemoryHub } from './in-memory.ts'
import type { Time } from '../../base/index.ts'
import type { TopicOptions } from '../port.ts'

/** Time that stands still until it is moved; what is due runs by itself, in order, when nothing else does. */
const stillTime = (): Time & { advance(ns: bigint): Promise<void> } => {
  let nowNs = 0n
  let queue: { readonly atNs: bigint; readonly run: () => void }[] = []
  let isPumping = false
  const due = (untilNs: bigint): (() => void) | undefined => {
    const [next] = queue.filter(({ atNs }) => atNs <= untilNs).toSorted((a, b) => Number(a.atNs - b.atNs))
    if (next === undefined) return undefined
    queue = queue.filter((entry) => entry !== next)
    if (next.atNs > nowNs) nowNs = next.atNs
    return next.run
  }
  const pump = (): void => {
    const run = due(nowNs)
    if (run === undefined) {
      isPumping = false
      return
    }
    run()
    setImmediate(pump)
  }
  return {
    elapsedNs: () => nowNs,
    hostUnixNs: () => nowNs,
    schedule: (delayNs, run) => {
      const entry = { atNs: nowNs + delayNs, run }
      queue.push(entry)
      if (!isPumping) {
        isPumping = true
        setImmediate(pump)
      }
      return () => void (queue = queue.filter((other) => other !== entry))
    },
    advance: async (ns) => {
      const untilNs = nowNs + ns
      for (let run = due(untilNs); run !== undefined; run = due(untilNs)) {
        run()
        await new Promise((resolve) => setImmediate(resolve))
      }
      nowNs = untilNs
    },
  }
}

networkConformance('in memory', {
  strangerId: 'nobody',
  build: async (count, edges, options = {}) => {
    const hub = createInMemoryHub(stillTime(), options)
    const peers = Array.from({ length: count }, (_, i) => hub.join(`peer-${i}`, { connectTo: [] }))
    for (const [a, b] of edges) hub.connect(`peer-${a}`, `peer-${b}`)
    return {
      peers,
      settled: async () => {},
      [Symbol.asyncDispose]: async () => {
        for (const peer of peers) await peer[Symbol.asyncDispose]()
      },
    }
  },
})

const topic = (validate: TopicOptions['validate']): TopicOptions => ({
  priority: 'ordinary',
  messageBytesMax: 10,
  ratePerSec: 1,
  burst: 1000,
  validate,
})

test('a round trip takes the delays of both directions, and the deadline of an answer counts virtual time', async () => {
  const time = stillTime()
  const hub = createInMemoryHub(time, { delayNs: 2n * NS_PER_MS })
  const [a, b] = [hub.join('a'), hub.join('b')]
  hub.setLink('b', 'a', { delayNs: 30n * NS_PER_MS })
  const seen = new Inbox<bigint>()
  b.serve('/p/1', {
    requestBytesMax: 1,
    responseBytesMax: 1,
    ratePerSec: 1,
    burst: 9,
    handle: ({ bytes }) => (
      seen.push(time.elapsedNs()),
      bytes[0] === 0 ? new Promise(() => {}) : Promise.resolve(accept(bytes))
    ),
  })
  const ask = (byte: number): Promise<Uint8Array> =>
    a.request('b', '/p/1', {
      body: () => new Uint8Array([byte]),
      responseBytesMax: 1,
      signal: new AbortController().signal,
    })
  let answeredNs = 0n
  const answer = ask(1).then(() => void (answeredNs = time.elapsedNs()))
  await time.advance(NS_PER_SEC)
  await answer
  assert.deepEqual([...seen.items, answeredNs], [2n * NS_PER_MS, 32n * NS_PER_MS])
  const refusals = new Inbox<string>()
  b.onRefusal(({ reason }) => refusals.push(reason))
  const silence = assert.rejects(ask(0), { code: 'TC_NET_REFUSED' })
  await time.advance(11n * NS_PER_SEC)
  await silence
  assert.deepEqual(refusals.items, ['timed-out'])
})

test('loss is drawn from the seed: the same run twice, and about the share asked for', async () => {
  const run = async (seed: bigint): Promise<readonly number[]> => {
    const time = stillTime()
    const hub = createInMemoryHub(time, { random: seededRandom(seed) })
    const [a, b] = [hub.join('a'), hub.join('b')]
    hub.setLink('a', 'b', { loss: 0.25 })
    const arrived: number[] = []
    b.subscribe(
      't',
      topic(({ bytes }) => (arrived.push(bytes[0] ?? -1), accept(null))),
    )
    for (let i = 0; i < 200; i += 1) await a.publish('t', new Uint8Array([i]))
    await time.advance(1n)
    return arrived
  }
  const [first, again, other] = [await run(1n), await run(1n), await run(2n)]
  assert.deepEqual(first, again)
  assert.notDeepEqual(first, other)
  assert(first.length > 120 && first.length < 180, `${first.length} of 200`)
})

test('a cut link loses what is under way, and a peer may come back', async () => {
  const time = stillTime()
  const hub = createInMemoryHub(time, { delayNs: NS_PER_SEC })
  const [a, b] = [hub.join('a'), hub.join('b')]
  const arrived: number[] = []
  b.subscribe(
    't',
    topic(({ bytes }) => (arrived.push(bytes[0] ?? -1), accept(null))),
  )
  await a.publish('t', new Uint8Array([1]))
  hub.disconnect('a', 'b')
  hub.connect('a', 'b')
  await a.publish('t', new Uint8Array([2]))
  await time.advance(2n * NS_PER_SEC)
  assert.deepEqual(arrived, [2])
  await a[Symbol.asyncDispose]()
  assert.deepEqual(hub.join('a').peers(), ['b'])
  assert.throws(() => hub.join('a'), assert.AssertionError)
})

test('who has been shut out is not connected again before its time is over', async () => {
  const time = stillTime()
  const hub = createInMemoryHub(time)
  const [a, b] = [hub.join('a'), hub.join('b')]
  b.subscribe('t', { ...topic(() => reject('nonsense')), burst: 5000 })
  for (let i = 0; i <= -BORNE_SCORE_MIN; i += 1) await a.publish('t', new Uint8Array([i, i >> 8]))
  await time.advance(1n)
  assert.deepEqual([a.peers(), b.peers()], [[], []])
  for (const [left, right] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    hub.connect(left, right)
    assert.deepEqual([a.peers(), b.peers()], [[], []])
  }
  await time.advance(SHUT_OUT_NS)
  hub.connect('a', 'b')
  assert.deepEqual([a.peers(), b.peers()], [['b'], ['a']])
})

test('a dial takes a round trip, is given up where it is lost, and does not reach who is behind a NAT', async () => {
  const time = stillTime()
  const hub = createInMemoryHub(time, { dialable: true, delayNs: 5n * NS_PER_MS })
  const [a, b] = [hub.join('a'), hub.join('b')]
  hub.join('c', { isBehindNat: true })
  assert.deepEqual([a.peers(), b.peers()], [[], []])
  const signal = new AbortController().signal
  const connecting = a.connect({ address: '/memory/b' }, { signal })
  await time.advance(10n * NS_PER_MS)
  assert.equal(await connecting, 'b')
  assert.equal(a.connections()[0]?.roundTripNs, 10n * NS_PER_MS)
  await assert.rejects(a.connect({ address: '/memory/c/p2p/c' }, { signal }), { code: 'TC_NET_UNREACHABLE' })
  await assert.rejects(a.connect({ address: '/memory/b/p2p/other' }, { signal }), { code: 'TC_NET_UNREACHABLE' })
  hub.join('d')
  hub.setLink('d', 'a', { loss: 1 })
  a.remember('d', ['/memory/nowhere', '/memory/d'])
  a.disconnect('b', 'done')
  const lost = assert.rejects(a.connect({ peer: 'd' }, { signal }), { code: 'TC_NET_UNREACHABLE' })
  await time.advance(5n * NS_PER_SEC)
  await lost
})

test('peers of one group of addresses fill their places only, and what passed on a link is counted', async () => {
  const time = stillTime()
  const hub = createInMemoryHub(time, { dialable: true })
  const host = hub.join('host', { address: '/ip4/30.1.1.1/tcp/1' })
  for (let i = 0; i < 20; i += 1) hub.join(`x${i}`, { address: `/ip4/9.9.${i}.1/tcp/1`, connectTo: ['host'] })
  assert.equal(host.peers().length, PLACES.perGroupMax)
  const near = hub.join('near', { address: '/ip4/31.1.1.1/tcp/1', connectTo: ['host'] })
  for (const network of [host, near])
    network.subscribe(
      't',
      topic(() => accept(null)),
    )
  await near.publish('t', new Uint8Array(10))
  await time.advance(1n)
  const at = (peer: string): unknown => host.connections().find((connection) => connection.peer === peer)?.traffic
  assert.deepEqual(at('near'), { bytesIn: 10, bytesOut: 0 })
  assert.deepEqual(near.connections()[0]?.traffic, { bytesIn: 0, bytesOut: 10 })
  assert.throws(() => hub.join('y', { address: '/ip4/31.1.1.1/tcp/1' }), assert.AssertionError)
})
