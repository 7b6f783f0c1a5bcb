/** Conformance of networks: connecting and disconnecting, how peers stand, what waits to be judged, and places. */
import assert from 'node:assert/strict'
import { accept, reject } from '../../../base/index.ts'
import { PEER_WAITING_MAX } from '../../validation-lanes.ts'
import { RUNNING_MAX } from '../../validation-queue.ts'
import {
  Inbox,
  PAIR,
  TOPIC,
  WAIT_MS,
  bytesOf,
  codeOf,
  joinAll,
  pairOf,
  refusalsOf,
  textOf,
  topicOptions,
} from './meshes.test-suite.ts'
import type { Admission } from '../../../base/index.ts'
import type { Network, PeerId, PeerStanding } from '../../port.ts'
import type { Rule } from './meshes.test-suite.ts'

const BULK = 'conformance/bulk'
const soon = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(WAIT_MS) })
const standingOf = (network: Network, peer: PeerId): PeerStanding => {
  const standing = network.standings().find((other) => other.peer === peer)
  assert(standing !== undefined, 'a connected peer stands somehow')
  return standing
}
const gonePeers = (network: Network): Inbox<PeerId> => {
  const gone = new Inbox<PeerId>()
  network.onPeer(({ peer, connected }) => (connected ? undefined : gone.push(peer)))
  return gone
}

/** Coming and going as it is asked for. */
export const CONNECTION_RULES: readonly Rule[] = [
  [
    'connects by address, and by peer once its addresses are known; a connection says whose it is',
    async (harness) => {
      await using mesh = await harness.build(3, [])
      const [caller, first, second] = mesh.peers
      assert(caller !== undefined && first !== undefined && second !== undefined)
      assert.equal(await codeOf(caller.connect({ peer: second.peerId }, soon())), 'TC_NET_UNREACHABLE')
      const [address] = first.addresses()
      assert(address !== undefined)
      assert.equal(await caller.connect({ address }, soon()), first.peerId)
      assert.equal(await caller.connect({ peer: first.peerId }, soon()), first.peerId)
      caller.remember(second.peerId, second.addresses())
      assert.equal(await caller.connect({ peer: second.peerId }, soon()), second.peerId)
      assert.deepEqual(new Set(caller.peers()), new Set([first.peerId, second.peerId]))
      const connections = caller.connections()
      assert.deepEqual(
        connections.map(({ peer, direction }) => [peer, direction]),
        [
          [first.peerId, 'outbound'],
          [second.peerId, 'outbound'],
        ],
      )
      for (const { address: there, traffic } of connections)
        assert(there.startsWith('/') && traffic.bytesIn >= 0 && traffic.bytesOut >= 0)
      const late = { signal: AbortSignal.abort() }
      assert.equal(await codeOf(caller.connect({ peer: harness.strangerId }, late)), 'TC_NET_TIMEOUT')
    },
  ],

  [
    'a peer is asked at the addresses that were remembered',
    async (harness) => {
      await using mesh = await harness.build(2, [])
      const { client, server } = pairOf(mesh)
      server.serve('/here/1', {
        requestBytesMax: 8,
        responseBytesMax: 8,
        ratePerSec: 1,
        burst: 9,
        handle: async ({ bytes }) => accept(bytes),
      })
      client.remember(server.peerId, server.addresses())
      const options = { body: () => bytesOf('ping'), responseBytesMax: 8, ...soon() }
      assert.equal(textOf(await client.request(server.peerId, '/here/1', options)), 'ping')
      assert.deepEqual(client.peers(), [server.peerId])
    },
  ],

  [
    'disconnecting is counted with its reason, blames nobody, and forbids nothing',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const [refusals, gone, cut] = [refusalsOf(server), gonePeers(server), gonePeers(client)]
      server.disconnect(client.peerId, 'too-dull')
      await gone.until((items) => items.length > 0)
      await cut.until((items) => items.length > 0)
      assert.deepEqual(
        refusals.items.filter(({ reason }) => reason === 'too-dull'),
        [{ channel: 'connection', from: client.peerId, verdict: 'ignore', reason: 'too-dull' }],
      )
      server.disconnect(harness.strangerId, 'never-there')
      assert(!refusals.items.some(({ reason }) => reason === 'never-there'))
      client.remember(server.peerId, server.addresses())
      assert.equal(await client.connect({ peer: server.peerId }, soon()), server.peerId)
    },
  ],

  [
    'where all places are taken a newcomer is refused, and it is said why',
    async (harness) => {
      await using mesh = await harness.build(3, [], { places: { inboundMax: 1 } })
      const [host, first, second] = mesh.peers
      assert(host !== undefined && first !== undefined && second !== undefined)
      const refusals = refusalsOf(host)
      const [address] = host.addresses()
      assert(address !== undefined)
      await first.connect({ address }, soon())
      const refused = second.connect({ address }, soon()).catch((error: unknown) => error)
      await refusals.until((items) => items.length > 0)
      await refused
      assert.deepEqual(refusals.items[0], {
        channel: 'connection',
        from: second.peerId,
        verdict: 'ignore',
        reason: 'no-place',
      })
      assert.deepEqual(host.peers(), [first.peerId])
    },
  ],
]

/** How peers stand. */
export const STANDING_RULES: readonly Rule[] = [
  [
    'a standing shows what was accepted, ignored and rejected, and what that costs',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const inbox = joinAll(mesh, (_, text) => (text === 'bad' ? reject('too-bad') : accept(null)))
      await mesh.settled(TOPIC)
      assert.equal(standingOf(server, client.peerId).score, 0)
      for (const text of ['good', 'bad', 'last']) await client.publish(TOPIC, bytesOf(text))
      await inbox.until((items) => items.length >= 3)
      const heard = new Inbox<string>()
      // What was judged last is settled when the next turn comes.
      setImmediate(() => heard.push('settled'))
      await heard.until((items) => items.length > 0)
      const { score, reasons, messages, refusals, isShutOut } = standingOf(server, client.peerId)
      assert(score < 0 && score > -1, `${score}`)
      assert.deepEqual(
        reasons.filter(({ channel }) => channel === TOPIC).map(({ reason, points }) => [reason, Math.sign(points)]),
        [
          ['rejected', -1],
          ['first-delivery', 1],
        ],
      )
      assert.deepEqual(messages, { accepted: 2, ignored: 0, rejected: 1 })
      assert.deepEqual([refusals.get('too-bad'), isShutOut], [1, false])
    },
  ],

  [
    'a charge costs as a rejected message does, or as what it is named for',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const refusals = refusalsOf(server)
      server.charge(client.peerId, { channel: 'here', reason: 'lied-before' })
      server.charge(client.peerId, { channel: 'there', reason: 'broken-promise' })
      assert.deepEqual(refusals.items, [
        { channel: 'here', from: client.peerId, verdict: 'reject', reason: 'lied-before' },
      ])
      const { reasons } = standingOf(server, client.peerId)
      assert.deepEqual(
        reasons.map(({ channel, reason }) => [channel, reason]),
        [
          ['there', 'broken-promise'],
          ['here', 'rejected'],
        ],
      )
      const gone = gonePeers(server)
      for (let i = 0; i < 600; i += 1) server.charge(client.peerId, { channel: 'here', reason: 'lied-before' })
      assert.deepEqual(await gone.until((items) => items.length > 0), [client.peerId])
      assert(standingOf(server, client.peerId).isShutOut)
    },
  ],
]

/** What waits to be judged, and what is not asked for any more. */
export const QUEUE_RULES: readonly Rule[] = [
  [
    'while slow validators hold all that is bulk, what tells the time passes; what has no room is dropped without blame',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const held = new Inbox<(verdict: Admission<null>) => void>()
      const heard = new Inbox<string>()
      client.subscribe(BULK, topicOptions({ priority: 'bulk' }))
      client.subscribe(TOPIC, topicOptions({ priority: 'time' }))
      server.subscribe(
        BULK,
        topicOptions({ priority: 'bulk', validate: () => new Promise((resolve) => held.push(resolve)) }),
      )
      server.subscribe(
        TOPIC,
        topicOptions({ priority: 'time', validate: ({ bytes }) => (heard.push(textOf(bytes)), accept(null)) }),
      )
      const refusals = refusalsOf(server)
      await mesh.settled(BULK)
      await mesh.settled(TOPIC)
      const tooMany = RUNNING_MAX.bulk + PEER_WAITING_MAX + 10
      for (let i = 0; i < tooMany; i += 1) await client.publish(BULK, bytesOf(`bulk ${i}`))
      await refusals.until((items) => items.length >= 10)
      await client.publish(TOPIC, bytesOf('attestation'))
      await heard.until((items) => items.includes('attestation'))
      assert.equal(held.items.length, RUNNING_MAX.bulk)
      const full = { channel: BULK, from: client.peerId, verdict: 'ignore', reason: 'queue-full' }
      assert.deepEqual(
        refusals.items,
        Array.from({ length: 10 }, () => full),
      )
      assert(standingOf(server, client.peerId).score >= 0)
      held.items[0]?.(accept(null))
      await held.until((items) => items.length > RUNNING_MAX.bulk)
    },
  ],

  [
    'a topic that was left is heard no more, and can be joined again',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const heard = new Inbox<string>()
      const options = topicOptions({ validate: ({ bytes }) => (heard.push(textOf(bytes)), accept(null)) })
      client.subscribe(TOPIC, topicOptions())
      server.subscribe(TOPIC, options)
      await mesh.settled(TOPIC)
      await client.publish(TOPIC, bytesOf('first'))
      await heard.until((items) => items.length > 0)
      server.unsubscribe(TOPIC)
      server.unsubscribe(TOPIC)
      server.unsubscribe('never/joined')
      await client.publish(TOPIC, bytesOf('unheard'))
      // Another topic shows that what was said before has arrived, and that nobody was blamed for it.
      client.subscribe(BULK, topicOptions())
      server.subscribe(BULK, options)
      await mesh.settled(BULK)
      await client.publish(BULK, bytesOf('other'))
      assert.deepEqual(await heard.until((items) => items.includes('other')), ['first', 'other'])
      assert.equal(standingOf(server, client.peerId).messages.rejected, 0)
      server.subscribe(TOPIC, options)
      // A mesh takes nobody back at once; authors speak to all who have joined. Who knows of the third topic knows of this.
      for (const network of mesh.peers) network.subscribe('conformance/third', topicOptions())
      await mesh.settled('conformance/third')
      await client.publish(TOPIC, bytesOf('again'))
      await heard.until((items) => items.includes('again'))
      assert(!heard.items.includes('unheard'))
    },
  ],
]
