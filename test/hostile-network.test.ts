/**
 * One network on loopback, attacked from all sides while an honest peer goes on talking to it: lengths that lie, nesting without end,
 * topics that nobody joined, sockets that say nothing, a thousand connections from one address, a neighbour that does not read,
 * and a flood of nonsense. After each attack its reason stands in the counters and with the peer, the honest peer is heard, and what
 * the network remembers is within its bounds. Rules: docs/spec/network.md N-4, N-5, N-8, N-10, N-46, N-50 to N-54.
 *
 * Waits for events, never for time.
 */
import { deepEqual, ok } from 'node:assert/strict'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { accept } from '../src/base/index.ts'
import { decodeData } from '../src/codec/index.ts'
import { CHOSEN_SCORE_MIN, PLACES } from '../src/network/index.ts'
import type { PeerId, TopicOptions } from '../src/network/index.ts'
import { Inbox } from '../src/network/io/conformance.test-suite.ts'
import { openLibp2pNetwork } from '../src/network/io/libp2p.ts'
import type { Libp2pNetwork } from '../src/network/io/libp2p.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { deep, fresh, otherShape } from './hostile/forgery.ts'
import { HostilePeer, subscriptions } from './hostile/peer.ts'

const TOPIC = 'hostile/words'
const PROTOCOL = '/hostile/words/1'
const GOSSIP = '/meshsub/1.1.0'
const WORDS: TopicOptions = {
  priority: 'ordinary',
  messageBytesMax: 1024,
  ratePerSec: 200,
  burst: 400,
  validate: ({ bytes }) => {
    const read = decodeData(bytes, 1024)
    return read.verdict === 'accept' ? accept(null) : read
  },
}

const closing = new AsyncDisposableStack()
const refusals = new Inbox<{ readonly channel: string; readonly reason: string; readonly from: PeerId }>()
const heard = new Inbox<PeerId>()
let target: Libp2pNetwork
let honest: Libp2pNetwork
let address: string

const isRefused = (reason: string, from?: PeerId): Promise<unknown> =>
  refusals.until((items) => items.some((item) => item.reason === reason && (from === undefined || item.from === from)))
/** A key of its own for each; keys are 32 bytes that nobody else draws. */
const hostile = async (): Promise<HostilePeer> => closing.use(await HostilePeer.open({ seed: fresh(), address }))
const honestIsHeard = async (): Promise<void> => {
  const count = heard.items.length
  await honest.publish(TOPIC, otherShape())
  await heard.until((items) => items.length > count)
}

before(async () => {
  target = closing.use(await openLibp2pNetwork({ time: realTime, privateKey: fresh(), handshakeMsMax: 1000 }))
  address = target.addresses()[0] ?? ''
  target.onRefusal(refusals.push)
  honest = closing.use(await openLibp2pNetwork({ time: realTime, privateKey: fresh(), listen: [] }))
  target.subscribe(TOPIC, {
    ...WORDS,
    validate: (message) => {
      if (message.from === honest.peerId) heard.push(message.from)
      return WORDS.validate(message)
    },
  })
  target.serve(PROTOCOL, {
    requestBytesMax: 16,
    responseBytesMax: 16,
    ratePerSec: 100,
    burst: 100,
    handle: async ({ bytes }) => accept(bytes),
  })
  honest.subscribe(TOPIC, WORDS)
  const news = new Inbox<true>()
  honest.onTopicPeer(() => news.push(true))
  await honest.connect({ address }, { signal: AbortSignal.timeout(5000) })
  await news.until(() => honest.meshOf(TOPIC).includes(target.peerId))
  await honestIsHeard()
})
after(() => closing.disposeAsync())

const MANY = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)
const attacks: readonly (readonly [what: string, reason: string, attack: (peer: HostilePeer) => Promise<unknown>])[] = [
  [
    'a request that announces four gigabytes',
    'too-large',
    (peer) => peer.say(PROTOCOL, Uint8Array.of(255, 255, 255, 255)),
  ],
  ['a request one byte above the limit', 'too-large', (peer) => peer.say(PROTOCOL, Uint8Array.of(0, 0, 0, 17))],
  ['a request longer than announced', 'malformed', (peer) => peer.say(PROTOCOL, Uint8Array.of(0, 0, 0, 1, 7, 7))],
  ['a gossip RPC that announces four gigabytes', 'unreadable', (peer) => peer.say(GOSSIP, MANY)],
  ['a gossip RPC of chance', 'unreadable', (peer) => peer.rpc(Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0x7f, 1))],
  ['a message larger than its topic takes', 'too-large', (peer) => peer.gossip(TOPIC, new Uint8Array(1025))],
  ['a message nested without end', 'too-large', (peer) => peer.gossip(TOPIC, deep())],
  ['a message that is none', 'malformed', (peer) => peer.gossip(TOPIC, Uint8Array.of(0xff, ...fresh()))],
  ['a topic that nobody joined', 'unknown-topic', (peer) => peer.gossip('nobody/here', fresh())],
  ['a topic with a name of 100 kB', 'unknown-topic', (peer) => peer.gossip('n'.repeat(100_000), fresh())],
]
for (const [what, reason, attack] of attacks)
  test(`${what} is refused: ${reason}`, async () => {
    const peer = await hostile()
    const news = new Inbox<true>()
    target.onTopicPeer(() => news.push(true))
    peer.join(TOPIC)
    await news.until(() => target.subscribers(TOPIC).includes(peer.peerId))
    await attack(peer)
    await isRefused(reason, peer.peerId)
    const standing = target.standings().find((other) => other.peer === peer.peerId)
    ok(reason === 'unreadable' || standing?.refusals.has(reason) === true, 'its standing shows why')
    await honestIsHeard()
    await peer[Symbol.asyncDispose]()
  })

test('a flood of nonsense is shut out, its standing says why, and the honest are heard meanwhile and afterwards', async () => {
  const peer = await hostile()
  const flood = peer.flood(
    TOPIC,
    Array.from({ length: 50_000 }, () => Uint8Array.of(0xff, ...fresh())),
  )
  await honestIsHeard()
  await isRefused('shut-out', peer.peerId)
  await flood
  const { score, isShutOut, reasons, messages } = target.standings()[0] ?? {}
  // Its score has begun to be forgiven since.
  ok(isShutOut === true && score !== undefined && score < CHOSEN_SCORE_MIN, `stands at ${score}`)
  deepEqual(reasons?.[0]?.reason, 'rejected')
  ok(messages !== undefined && messages.accepted === 0)
  await honestIsHeard()
})

const FLOODS: readonly (readonly [what: string, rpc: (turn: number) => Uint8Array])[] = [
  ['a thousand subscriptions at a time', (turn) => subscriptions(1000, turn)],
  ['RPCs that say nothing', () => new Uint8Array(0)],
]
for (const [what, rpc] of FLOODS)
  test(`a flood of ${what} is shut out, and the honest are heard`, async () => {
    const peer = await hostile()
    for (let turn = 0; turn < 50_000 && peer.isConnected; turn += 1) {
      await peer.rpc(rpc(turn)).catch(() => {})
      await nextTurn()
    }
    await isRefused('shut-out', peer.peerId)
    ok(
      target
        .standings()
        .find((standing) => standing.peer === peer.peerId)
        ?.refusals.has('flooding'),
    )
    await honestIsHeard()
    await peer[Symbol.asyncDispose]()
  })

test('sockets that say nothing, and a thousand from one address, are refused and counted; nothing of them stays', async () => {
  const [, , host = '', , port = ''] = address.split('/')
  const sockets: Socket[] = Array.from({ length: 1000 }, () => connect(Number(port), host).on('error', () => {}))
  const gone = Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  await refusals.until((items) =>
    items.some(({ reason }) => /^(too-many-handshakes|connecting-too-fast)$/.test(reason)),
  )
  await honestIsHeard()
  await isRefused('handshake-failed')
  await gone
  const counted = refusals.items.filter(({ reason }) => /handshake|connecting/.test(reason))
  ok(counted.length >= 1000, `${counted.length} of 1000 counted`)
  await honestIsHeard()
})

test('what is remembered of all of it is within bounds, and every drop has a reason', () => {
  ok(target.connections().length <= PLACES.connectionsMax)
  const standings = target.standings()
  ok(standings.length <= 64, 'nobody is remembered who was never let in')
  for (const { refusals: reasons, messages } of standings) {
    const dropped = [...reasons.values()].reduce((sum, count) => sum + count, 0)
    deepEqual(dropped, messages.ignored + messages.rejected)
  }
  ok(refusals.items.every(({ reason }) => /^[a-z-]+$/.test(reason)))
})
