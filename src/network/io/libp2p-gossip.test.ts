import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { accept, ignore } from '../../base/index.ts'
import { FRAME_BYTES_MAX } from '../topics.ts'
import { Inbox } from './conformance.test-suite.ts'
import { GOSSIP_BACKLOG_BYTES_MAX, boundGossipMemory, scoreTopic } from './libp2p-gossip.ts'
import { createNode } from './libp2p-options.ts'
import { addressOf, freshSeed, open, stranger, until } from './libp2p.test-suite.ts'
import type { TopicOptions } from '../port.ts'
import type { Libp2pNetwork } from './libp2p.ts'

const TOPIC = 'test/gossip/1'
const topicOptions: TopicOptions = {
  priority: 'ordinary',
  messageBytesMax: FRAME_BYTES_MAX,
  ratePerSec: 1000,
  burst: 1000,
  validate: () => accept(null),
}

const firstRefusal = async (network: Libp2pNetwork, when: () => Promise<void>): Promise<readonly string[]> => {
  const refusals = new Inbox<readonly string[]>()
  network.onRefusal(({ channel, verdict, reason }) => refusals.push([channel, verdict, reason]))
  await when()
  await refusals.until((items) => items.length > 0)
  await until(network, () => network.peers().length === 0)
  return refusals.items[0] ?? []
}

test('a neighbour that does not read costs a bounded backlog, and is cut and counted', async () => {
  await using network = await open()
  network.subscribe(TOPIC, topicOptions)
  await using other = await stranger(network)
  other.pubsub.subscribe(TOPIC)
  await until(network, () => network.meshOf(TOPIC).length > 0)
  const refusal = await firstRefusal(network, async () => {
    const below: unknown = Reflect.get(other.connection, 'maConn')
    assert(typeof below === 'object' && below !== null)
    const socket: unknown = Reflect.get(below, 'socket')
    assert(typeof socket === 'object' && socket !== null && 'pause' in socket && typeof socket.pause === 'function')
    Reflect.apply(socket.pause, socket, [])
    // What the kernel and the windows hold comes on top.
    for (let bytes = 0; bytes < 3 * GOSSIP_BACKLOG_BYTES_MAX; bytes += FRAME_BYTES_MAX)
      await network.publish(TOPIC, new Uint8Array(FRAME_BYTES_MAX).fill(bytes / FRAME_BYTES_MAX))
  })
  assert.deepEqual(refusal, ['connection', 'ignore', 'slow-reader'])
  const standing = network.standings().find(({ peer }) => peer === other.peerId)
  assert(standing !== undefined && standing.score < 0)
  assert(standing.reasons.some(({ reason }) => reason === 'slow-reader'))
})

test('a neighbour whose gossip cannot be read is cut and counted, and not kept deaf', async () => {
  await using network = await open()
  await using other = await stranger(network)
  // An RPC of 2^28 bytes, by its length.
  const rpc = new Uint8Array([0x80, 0x80, 0x80, 0x80, 0x01, 0])
  other.pubsub.subscribe(TOPIC)
  await until(network, () => network.subscribers(TOPIC).length > 0)
  const refusal = await firstRefusal(network, () => other.say('/meshsub/1.1.0', rpc, () => {}))
  assert.deepEqual(refusal, ['connection', 'ignore', 'unreadable'])
})

test('a topic that was left is said to be left, and can be joined again', async () => {
  await using network = await open()
  await using other = await open({ meet: [addressOf(network)] })
  for (const each of [network, other]) each.subscribe(TOPIC, topicOptions)
  await until(other, () => other.meshOf(TOPIC).includes(network.peerId))
  network.unsubscribe(TOPIC)
  network.unsubscribe(TOPIC)
  network.unsubscribe('never joined')
  await until(other, () => other.subscribers(TOPIC).length === 0)
  const heard = new Inbox<string>()
  network.subscribe(TOPIC, {
    ...topicOptions,
    validate: ({ bytes }) => (heard.push(new TextDecoder().decode(bytes)), accept(null)),
  })
  await until(other, () => other.subscribers(TOPIC).includes(network.peerId))
  await other.publish(TOPIC, new TextEncoder().encode('again'))
  assert.deepEqual(await heard.until((items) => items.length > 0), ['again'])
})

test('what nobody judged is judged when another brings it: a flooder cannot suppress a message by bringing it first', async () => {
  await using network = await open()
  await using flooder = await open({ meet: [addressOf(network)] })
  await using honest = await open({ meet: [addressOf(network)] })
  const heard = new Inbox<string>()
  network.subscribe(TOPIC, {
    ...topicOptions,
    ratePerSec: 0.001,
    burst: 1,
    validate: ({ bytes, from }) => (heard.push(`${from} ${new TextDecoder().decode(bytes)}`), accept(null)),
  })
  const refusals = new Inbox<string>()
  network.onRefusal(({ reason }) => refusals.push(reason))
  for (const each of [flooder, honest]) {
    each.subscribe(TOPIC, topicOptions)
    await until(each, () => each.subscribers(TOPIC).includes(network.peerId))
  }
  const say = (by: Libp2pNetwork, text: string): Promise<void> => by.publish(TOPIC, new TextEncoder().encode(text))
  await say(flooder, 'flood')
  await say(flooder, 'news')
  await refusals.until((items) => items.includes('rate-limited'))
  await say(honest, 'news')
  const items = await heard.until((all) => all.some((text) => text.endsWith('news')))
  assert(items.includes(`${honest.peerId} news`))
})

for (const reason of ['not-greeted', 'records-too-many'])
  test(`what is dropped because of who brought it is judged when another brings it: ${reason}`, async () => {
    await using network = await open()
    await using suppressor = await open({ meet: [addressOf(network)] })
    await using honest = await open({ meet: [addressOf(network)] })
    const from = new Inbox<string>()
    network.subscribe(TOPIC, {
      ...topicOptions,
      validate: (message) => {
        from.push(message.from)
        return message.from === suppressor.peerId ? ignore(reason) : accept(null)
      },
    })
    for (const each of [suppressor, honest]) {
      each.subscribe(TOPIC, topicOptions)
      await until(each, () => each.subscribers(TOPIC).includes(network.peerId))
      await each.publish(TOPIC, new TextEncoder().encode('news'))
      await from.until((items) => items.includes(each.peerId))
    }
    assert.deepEqual(from.items, [suppressor.peerId, honest.peerId])
  })

test('what gossip remembers of messages stays within its bounds, the oldest go first', async () => {
  const node = await createNode({
    privateKey: await generateKeyPairFromSeed('Ed25519', freshSeed()),
    listen: [],
    gater: {},
    opinion: { isShutOut: () => false, score: () => 0 },
  })
  const { pubsub } = node.services
  const inner = (owner: object, name: string): object => {
    const value: unknown = Reflect.get(owner, name)
    assert(typeof value === 'object' && value !== null)
    return value
  }
  const call = (owner: object, name: string, ...args: readonly unknown[]): unknown => {
    const method: unknown = Reflect.get(owner, name)
    assert(typeof method === 'function')
    return Reflect.apply(method, owner, args)
  }
  const [seen, records] = [inner(pubsub, 'seenCache'), inner(inner(pubsub, 'score'), 'deliveryRecords')]
  const forget = boundGossipMemory(pubsub, { seenMax: 3, recordsMax: 2 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    call(seen, 'put', name)
    call(records, 'ensureRecord', name)
  }
  forget()
  forget()
  const names = ['a', 'b', 'c', 'd', 'e']
  assert.deepEqual(
    names.filter((name) => call(seen, 'has', name)),
    ['c', 'd', 'e'],
  )
  assert.deepEqual(
    names.filter((name) => call(records, 'getRecord', name) !== undefined),
    ['d', 'e'],
  )
  await node.stop()
})

test('topics are scored by their priority, and never below zero', async () => {
  const node = await createNode({
    privateKey: await generateKeyPairFromSeed('Ed25519', freshSeed()),
    listen: [],
    gater: {},
    opinion: { isShutOut: () => false, score: () => 0 },
  })
  const { pubsub } = node.services
  const params = (['time', 'bulk'] as const).map((priority) => {
    scoreTopic(pubsub, priority, { priority, ratePerSec: 200 })
    const score: unknown = Reflect.get(pubsub, 'score')
    assert(typeof score === 'object' && score !== null && 'params' in score)
    const all: unknown = score.params
    assert(typeof all === 'object' && all !== null && 'topics' in all)
    const topics: unknown = all.topics
    assert(typeof topics === 'object' && topics !== null)
    const topic: unknown = Reflect.get(topics, priority)
    assert(typeof topic === 'object' && topic !== null)
    return (name: string): number => Number(Reflect.get(topic, name))
  })
  const [time, bulk] = params
  assert(time !== undefined && bulk !== undefined)
  assert(time('topicWeight') > bulk('topicWeight'))
  for (const of of params) {
    assert.equal(of('firstMessageDeliveriesWeight') * of('firstMessageDeliveriesCap'), 5)
    assert.deepEqual([of('meshMessageDeliveriesWeight'), of('invalidMessageDeliveriesWeight')], [0, 0])
  }
  await node.stop()
})
