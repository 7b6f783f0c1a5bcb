import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ChimerError, accept } from '../../base/index.ts'
import { ANSWER_NS_MAX } from './answer.ts'
import { Inbox, networkConformance } from './conformance.test-suite.ts'
import { openLibp2pNetwork } from './libp2p.ts'
import { addressOf, freshSeed, libp2pHarness, open, realTime, stranger } from './libp2p.test-suite.ts'
import type { Time } from '../../base/index.ts'
import type { ProtocolOptions } from '../port.ts'

networkConformance('libp2p, TCP and Noise', libp2pHarness({ security: ['noise'] }))

const PROTOCOL = '/frames/1'
const bySize: ProtocolOptions = {
  requestBytesMax: 16,
  responseBytesMax: 16,
  ratePerSec: 1000,
  burst: 1000,
  handle: async ({ bytes }) => accept(bytes),
}

const FRAMES: readonly (readonly [string, readonly number[], 'keep' | 'close', string])[] = [
  ['four gigabytes announced', [0xff, 0xff, 0xff, 0xff], 'keep', 'too-large'],
  ['one byte over the limit announced', [0, 0, 0, 17], 'keep', 'too-large'],
  ['more than announced', [0, 0, 0, 1, 7, 7], 'keep', 'malformed'],
  ['half a length', [0, 0], 'close', 'abandoned'],
  ['half a request', [0, 0, 0, 9, 1, 2, 3], 'close', 'abandoned'],
  ['nothing', [], 'close', 'abandoned'],
]
for (const [what, bytes, then, reason] of FRAMES)
  test(`a request that is ${what} is refused: ${reason}`, async () => {
    await using network = await open()
    const refusals = new Inbox<string>()
    network.onRefusal((event) => refusals.push(event.reason))
    network.serve(PROTOCOL, { ...bySize, handle: () => assert.fail('the handler must not see it') })
    await using other = await stranger(network)
    await other.say(PROTOCOL, new Uint8Array(bytes), (stream) => (then === 'close' ? stream.close() : undefined))
    await refusals.until((items) => items.length > 0)
    assert.deepEqual(refusals.items, [reason])
  })

test('a request that never ends is given up at its deadline, and one that dribbles in is answered', async () => {
  const deadlines = new Inbox<() => void>()
  const time: Time = {
    ...realTime,
    schedule: (delayNs, run) =>
      delayNs === ANSWER_NS_MAX ? (deadlines.push(run), () => {}) : realTime.schedule(delayNs, run),
  }
  await using network = await open({ time })
  const refusals = new Inbox<string>()
  network.onRefusal((event) => refusals.push(event.reason))
  const served = new Inbox<Uint8Array>()
  network.serve(PROTOCOL, { ...bySize, handle: async ({ bytes }) => (served.push(bytes), accept(bytes)) })
  await using other = await stranger(network)
  await other.say(PROTOCOL, new Uint8Array([0, 0, 0, 2, 1]), async () => {
    const [overdue] = await deadlines.until((items) => items.length > 0)
    overdue?.()
    assert.deepEqual(await refusals.until((items) => items.length > 0), ['timed-out'])
  })
  await other.say(PROTOCOL, new Uint8Array([0, 0]), async (stream) => {
    for (const byte of [0, 2, 8, 9]) stream.send(new Uint8Array([byte]))
    assert.deepEqual(await served.until((items) => items.length > 0), [new Uint8Array([8, 9])])
  })
})

test('gossip on a topic that nobody here joined is refused and counted', async () => {
  await using network = await open()
  const refusals = new Inbox<readonly unknown[]>()
  network.onRefusal(({ channel, verdict, reason }) => refusals.push([channel, verdict, reason]))
  await using other = await stranger(network)
  // One RPC: publish { data: "x", topic: "t" } (protobuf, gossipsub's rpc.proto), with its length before it.
  const rpc = [0x12, 6, 0x12, 1, 0x78, 0x22, 1, 0x74]
  await other.say('/meshsub/1.1.0', new Uint8Array([rpc.length, ...rpc]), async () => {
    assert.deepEqual(await refusals.until((items) => items.length > 0), [['connection', 'reject', 'unknown-topic']])
  })
})

test('a port in use is named, with what to do, and nothing stays open', async () => {
  await using network = await open()
  const [listen] = addressOf(network).split('/p2p/')
  assert(listen !== undefined)
  await assert.rejects(openLibp2pNetwork({ time: realTime, privateKey: freshSeed(), listen: [listen] }), (error) => {
    assert(error instanceof ChimerError)
    assert.equal(error.code, 'TC_NET_LISTEN')
    assert.deepEqual(error.facts, { address: listen, inUse: true })
    assert.match(error.message, /in use.*choose another port/)
    return true
  })
})

test('an address that is none is named', async () => {
  await assert.rejects(openLibp2pNetwork({ time: realTime, privateKey: freshSeed(), listen: ['127.0.0.1:9000'] }), {
    code: 'TC_NET_LISTEN',
    facts: { address: '127.0.0.1:9000', inUse: false },
  })
})

test('opening can be given up', async () => {
  const privateKey = freshSeed()
  await assert.rejects(
    openLibp2pNetwork({ time: realTime, privateKey, signal: AbortSignal.abort(new RangeError('no')) }),
    RangeError,
  )
})

test('the peer id is the text of the key, whichever way it is given, and no node dials itself', async () => {
  const seed = freshSeed()
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed)
  await using bySeed = await openLibp2pNetwork({ time: realTime, privateKey: seed, listen: [] })
  await using byKey = await openLibp2pNetwork({ time: realTime, privateKey, listen: [] })
  assert.equal(bySeed.peerId, byKey.peerId)
  assert.equal(bySeed.peerId, peerIdFromPrivateKey(privateKey).toString())
  assert.deepEqual(bySeed.addresses(), [])
})

test('closed networks leave no socket behind', async () => {
  const sockets = (): readonly string[] => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'))
  const overdue = AbortSignal.timeout(2000)
  // What was closed leaves the event loop a few turns later.
  while (sockets().length > 0 && !overdue.aborted) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(sockets(), [])
})
