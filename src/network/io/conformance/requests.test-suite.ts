/** Conformance of networks: requests, what fails them, and lifetimes. */
import assert from 'node:assert/strict'
import { accept, reject } from '../../../base/index.ts'
import { ANSWERING_PER_PEER_MAX } from '../../serving.ts'
import {
  Inbox,
  PAIR,
  PROTOCOL,
  TOPIC,
  WAIT_MS,
  ask,
  bytesOf,
  codeOf,
  pairOf,
  protocolOptions,
  refusalsOf,
  textOf,
  topicOptions,
} from './meshes.test-suite.ts'
import type { Admission } from '../../../base/index.ts'
import type { PeerId, ProtocolOptions } from '../../port.ts'
import type { Rule } from './meshes.test-suite.ts'

/** What becomes of requests. */
export const REQUEST_RULES: readonly Rule[] = [
  [
    'a request is answered, many at once too, with nothing but the bytes',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const froms = new Set<PeerId>()
      server.serve(
        PROTOCOL,
        protocolOptions({
          handle: async ({ from, bytes }) => {
            froms.add(from)
            return accept(bytes.toReversed())
          },
        }),
      )
      const texts = Array.from({ length: ANSWERING_PER_PEER_MAX }, (_, i) => `question ${i}`)
      const answers = await Promise.all(texts.map((text) => ask(client, server.peerId, { text })))
      assert.deepEqual(
        answers.map((bytes) => textOf(bytes.toReversed())),
        texts,
      )
      assert.deepEqual([...froms], [client.peerId])
      assert.deepEqual(await ask(client, server.peerId, { bytes: new Uint8Array(0) }), new Uint8Array(0))
      const full = new Uint8Array(64).fill(7)
      assert.deepEqual(await ask(client, server.peerId, { bytes: full }), full)
    },
  ],

  [
    "a handler's refusal is an unexplained no, reported where it was made",
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      server.serve(PROTOCOL, protocolOptions({ handle: async () => reject('not-you') }))
      const refusals = refusalsOf(server)
      assert.equal(await codeOf(ask(client, server.peerId, {})), 'TC_NET_REFUSED')
      assert.deepEqual(refusals.items, [
        { channel: PROTOCOL, from: client.peerId, verdict: 'reject', reason: 'not-you' },
      ])
    },
  ],

  [
    'requests above the rate, and more at once than are answered, are refused',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const asked = new Inbox<() => void>()
      const handle: ProtocolOptions['handle'] = ({ bytes }) => {
        const { promise, resolve } = Promise.withResolvers<Admission<Uint8Array>>()
        asked.push(() => resolve(accept(bytes)))
        return promise
      }
      server.serve(PROTOCOL, protocolOptions({ ratePerSec: 0.001, burst: ANSWERING_PER_PEER_MAX + 1, handle }))
      const refusals = refusalsOf(server)
      const held = Array.from({ length: ANSWERING_PER_PEER_MAX }, () => ask(client, server.peerId, {}))
      await asked.until((items) => items.length >= ANSWERING_PER_PEER_MAX)
      assert.equal(await codeOf(ask(client, server.peerId, {})), 'TC_NET_REFUSED')
      assert.equal(await codeOf(ask(client, server.peerId, {})), 'TC_NET_REFUSED')
      for (const release of asked.items) release()
      assert.equal((await Promise.all(held)).length, ANSWERING_PER_PEER_MAX)
      assert.deepEqual(
        refusals.items.map(({ verdict, reason }) => [verdict, reason]),
        [
          ['ignore', 'busy'],
          ['reject', 'rate-limited'],
        ],
      )
    },
  ],
]

/** What becomes of requests that cannot be answered. */
export const FAILURE_RULES: readonly Rule[] = [
  [
    'what is too large is refused on both ways and both ends',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      server.serve(PROTOCOL, protocolOptions())
      const [here, there] = [refusalsOf(client), refusalsOf(server)]
      assert.equal(await codeOf(ask(client, server.peerId, { bytes: new Uint8Array(65) })), 'TC_NET_REFUSED')
      assert.deepEqual(
        there.items.map(({ reason }) => reason),
        ['too-large'],
      )
      assert.equal(await codeOf(ask(client, server.peerId, { bytesMax: 3 })), 'TC_NET_TOO_LARGE')
      assert.deepEqual(here.items, [{ channel: PROTOCOL, from: server.peerId, verdict: 'reject', reason: 'too-large' }])
      client.serve(PROTOCOL, protocolOptions())
      assert.equal(await codeOf(ask(client, server.peerId, { bytes: new Uint8Array(65) })), 'TC_NET_TOO_LARGE')
    },
  ],

  [
    'unknown protocols and unreachable peers are told apart, and no body is made for them',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      let bodies = 0
      const options = {
        body: () => new Uint8Array([(bodies += 1)]),
        responseBytesMax: 64,
        signal: AbortSignal.timeout(WAIT_MS),
      }
      assert.equal(await codeOf(client.request(server.peerId, PROTOCOL, options)), 'TC_NET_REFUSED')
      assert.equal(await codeOf(client.request(harness.strangerId, PROTOCOL, options)), 'TC_NET_UNREACHABLE')
      const late = { ...options, signal: AbortSignal.abort() }
      assert.equal(await codeOf(client.request(server.peerId, PROTOCOL, late)), 'TC_NET_TIMEOUT')
      assert.equal(bodies, 0)
    },
  ],

  [
    'who gives up waiting times out, and the handler is told',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const [asked, aborted] = [new Inbox<true>(), new Inbox<true>()]
      const handle: ProtocolOptions['handle'] = ({ signal }) => {
        signal.addEventListener('abort', () => aborted.push(true))
        asked.push(true)
        return new Promise(() => {})
      }
      server.serve(PROTOCOL, protocolOptions({ handle }))
      const refusals = refusalsOf(server)
      const patience = new AbortController()
      const answer = codeOf(ask(client, server.peerId, { signal: patience.signal }))
      await asked.until((items) => items.length > 0)
      patience.abort()
      assert.equal(await answer, 'TC_NET_TIMEOUT')
      await aborted.until((items) => items.length > 0)
      const [refusal] = await refusals.until((items) => items.length > 0)
      assert.deepEqual(refusal, { channel: PROTOCOL, from: client.peerId, verdict: 'ignore', reason: 'abandoned' })
    },
  ],

  [
    'a peer that closes while it is asked fails the request',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const asked = new Inbox<true>()
      server.serve(PROTOCOL, protocolOptions({ handle: () => (asked.push(true), new Promise(() => {})) }))
      const answer = codeOf(ask(client, server.peerId, {}))
      await asked.until((items) => items.length > 0)
      await server[Symbol.asyncDispose]()
      // A connection that is still closing refuses; a closed one is none.
      assert(['TC_NET_UNREACHABLE', 'TC_NET_REFUSED'].includes(await answer))
      assert(['TC_NET_UNREACHABLE', 'TC_NET_REFUSED'].includes(await codeOf(ask(client, server.peerId, {}))))
    },
  ],
]

/** Coming, going and closing. */
export const LIFETIME_RULES: readonly Rule[] = [
  [
    'peers are known while they are connected, and closing is final',
    async (harness) => {
      await using mesh = await harness.build(3, [
        [0, 1],
        [0, 2],
      ])
      const [hub, leaf, other] = mesh.peers
      assert(hub !== undefined && leaf !== undefined && other !== undefined)
      assert.deepEqual([...hub.peers()].toSorted(), [leaf.peerId, other.peerId].toSorted())
      assert.deepEqual(leaf.peers(), [hub.peerId])
      assert(hub.addresses().every((address) => address.endsWith(`/p2p/${hub.peerId}`)) && hub.addresses().length > 0)
      const events = new Inbox<string>()
      const unheard = new Inbox<string>()
      hub.onPeer(({ peer, connected }) => events.push(`${peer} ${connected}`))
      hub.onPeer(() => unheard.push('cancelled'))()
      await leaf[Symbol.asyncDispose]()
      assert.deepEqual(await events.until((items) => items.length > 0), [`${leaf.peerId} false`])
      assert.deepEqual(hub.peers(), [other.peerId])
      assert.deepEqual(leaf.peers(), [])
      assert.deepEqual(unheard.items, [])
      await leaf[Symbol.asyncDispose]()
      assert.equal(await codeOf(leaf.publish(TOPIC, bytesOf('x'))), 'TC_NET_UNREACHABLE')
      assert.equal(await codeOf(ask(leaf, hub.peerId, {})), 'TC_NET_UNREACHABLE')
    },
  ],

  [
    'a channel is opened once',
    async (harness) => {
      await using mesh = await harness.build(1, [])
      const [only] = mesh.peers
      only?.subscribe(TOPIC, topicOptions())
      only?.serve(PROTOCOL, protocolOptions())
      assert.throws(() => only?.subscribe(TOPIC, topicOptions()), assert.AssertionError)
      assert.throws(() => only?.serve(PROTOCOL, protocolOptions()), assert.AssertionError)
      await only?.publish(TOPIC, bytesOf('to nobody'))
    },
  ],
]
