/** Conformance of networks: messages on topics, and the limits on them. */
import assert from 'node:assert/strict'
import { ChimerError, accept, ignore, reject } from '../../../base/index.ts'
import { BORNE_SCORE_MIN } from '../../score-weights.ts'
import {
  Inbox,
  LINE,
  PAIR,
  PROTOCOL,
  TOPIC,
  ask,
  bytesOf,
  codeOf,
  heardBy,
  joinAll,
  pairOf,
  protocolOptions,
  refusalsOf,
  textOf,
  topicOptions,
} from './meshes.test-suite.ts'
import type { Admission } from '../../../base/index.ts'
import type { PeerId, TopicOptions } from '../../port.ts'
import type { Heard, Rule } from './meshes.test-suite.ts'

/** What becomes of messages. */
export const GOSSIP_RULES: readonly Rule[] = [
  [
    'a message reaches all five, also those it must be passed on to',
    async (harness) => {
      await using mesh = await harness.build(5, LINE)
      const inbox = joinAll(mesh)
      await mesh.settled(TOPIC)
      await mesh.peers[0]?.publish(TOPIC, bytesOf('hello'))
      const heard = await inbox.until((items) => items.length >= 4)
      assert.deepEqual(new Set(heard.map(({ at }) => at)), new Set([1, 2, 3, 4]))
      assert.equal(heard.length, 4)
      for (const { at, from } of heard) assert.equal(from, mesh.peers[at - 1]?.peerId, 'from is who handed it over')
    },
  ],

  [
    'ignored and rejected messages go no further and are reported, accepted ones go on',
    async (harness) => {
      await using mesh = await harness.build(3, [
        [0, 1],
        [1, 2],
      ])
      const verdicts = new Map<string, Admission<null>>([
        ['dull', ignore('too-dull')],
        ['bad', reject('too-bad')],
      ])
      const inbox = joinAll(mesh, async (_, text) => verdicts.get(text) ?? accept(null))
      const [author, middle] = mesh.peers
      assert(author !== undefined && middle !== undefined)
      const refusals = refusalsOf(middle)
      await mesh.settled(TOPIC)
      for (const text of ['dull', 'bad', 'good']) await author.publish(TOPIC, bytesOf(text))
      const heard = await inbox.until((items) => heardBy(items, 2).includes('good'))
      assert.deepEqual(heardBy(heard, 1), ['dull', 'bad', 'good'])
      assert.deepEqual(heardBy(heard, 2), ['good'])
      const of = { channel: TOPIC, from: author.peerId }
      assert.deepEqual(refusals.items, [
        { ...of, verdict: 'ignore', reason: 'too-dull' },
        { ...of, verdict: 'reject', reason: 'too-bad' },
      ])
    },
  ],

  [
    'own messages are not validated, and nobody validates one twice',
    async (harness) => {
      await using mesh = await harness.build(3, [
        [0, 1],
        [1, 2],
        [0, 2],
      ])
      const inbox = joinAll(mesh)
      await mesh.settled(TOPIC)
      const [author] = mesh.peers
      assert(author !== undefined)
      for (const text of ['once', 'once', 'last']) await author.publish(TOPIC, bytesOf(text))
      const heard = await inbox.until((items) => items.filter(({ text }) => text === 'last').length >= 2)
      assert.deepEqual(heardBy(heard, 0), [])
      assert.deepEqual(heardBy(heard, 1), ['once', 'last'])
      assert.deepEqual(heardBy(heard, 2), ['once', 'last'])
    },
  ],

  [
    'a validator whose world fails drops the message without blame',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      joinAll(mesh, () => {
        throw new ChimerError('TC_TEST', 'the disk is full')
      })
      const refusals = refusalsOf(server)
      await mesh.settled(TOPIC)
      await client.publish(TOPIC, bytesOf('x'))
      const [refusal] = await refusals.until((items) => items.length >= 1)
      assert.deepEqual(refusal, { channel: TOPIC, from: client.peerId, verdict: 'ignore', reason: 'handler-failed' })
    },
  ],
]

/** What becomes of too much. */
export const LIMIT_RULES: readonly Rule[] = [
  [
    'oversize is refused by the sender, and by the receiver where the sender does not',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      const seen = new Inbox<number>()
      client.subscribe(TOPIC, topicOptions({ messageBytesMax: 100 }))
      server.subscribe(
        TOPIC,
        topicOptions({ messageBytesMax: 10, validate: ({ bytes }) => (seen.push(bytes.length), accept(null)) }),
      )
      const refusals = refusalsOf(server)
      await mesh.settled(TOPIC)
      assert.equal(await codeOf(client.publish(TOPIC, new Uint8Array(101))), 'TC_NET_TOO_LARGE')
      for (const length of [100, 11, 10]) await client.publish(TOPIC, new Uint8Array(length))
      assert.deepEqual(await seen.until((items) => items.length >= 1), [10])
      assert.deepEqual(
        refusals.items.map(({ verdict, reason }) => [verdict, reason]),
        [
          ['reject', 'too-large'],
          ['reject', 'too-large'],
        ],
      )
    },
  ],

  [
    'a peer above its rate is refused and counted, and others are still heard',
    async (harness) => {
      await using mesh = await harness.build(3, [
        [0, 1],
        [2, 1],
      ])
      const [flooder, target, quiet] = mesh.peers
      assert(flooder !== undefined && target !== undefined && quiet !== undefined)
      const heard = new Inbox<Heard>()
      flooder.subscribe(TOPIC, topicOptions())
      quiet.subscribe(TOPIC, topicOptions())
      const validate: TopicOptions['validate'] = ({ from, bytes }) => {
        heard.push({ at: 1, from, text: textOf(bytes) })
        return accept(null)
      }
      target.subscribe(TOPIC, topicOptions({ ratePerSec: 0.001, burst: 5, validate }))
      const refusals = refusalsOf(target)
      await mesh.settled(TOPIC)
      for (let i = 0; i < 205; i += 1) await flooder.publish(TOPIC, bytesOf(`flood ${i}`))
      await refusals.until((items) => items.length >= 200)
      await quiet.publish(TOPIC, bytesOf('still here'))
      const items = await heard.until((all) => all.some(({ text }) => text === 'still here'))
      assert.equal(items.filter(({ from }) => from === flooder.peerId).length, 5)
      assert.deepEqual(
        new Set(refusals.items.map(({ from, reason }) => `${from} ${reason}`)),
        new Set([`${flooder.peerId} rate-limited`]),
      )
      assert.equal(refusals.items.length, 200)
    },
  ],

  [
    'a peer whose score falls below what is borne is shut out, and is not let in again',
    async (harness) => {
      await using mesh = await harness.build(2, PAIR)
      const { client, server } = pairOf(mesh)
      joinAll(mesh, () => reject('nonsense'))
      server.serve(PROTOCOL, protocolOptions())
      const refusals = refusalsOf(server)
      const gone = new Inbox<PeerId>()
      server.onPeer(({ peer, connected }) => (connected ? undefined : gone.push(peer)))
      const cutOff = new Inbox<boolean>()
      client.onPeer(({ connected }) => cutOff.push(!connected))
      await mesh.settled(TOPIC)
      for (let i = 0; i < -2 * BORNE_SCORE_MIN; i += 1) await client.publish(TOPIC, bytesOf(`nonsense ${i}`))
      assert.deepEqual(await gone.until((items) => items.length >= 1), [client.peerId])
      assert.deepEqual(server.peers(), [])
      const shutOut = refusals.items.filter(({ channel, verdict }) => channel === 'connection' && verdict === 'reject')
      assert.deepEqual(shutOut, [{ channel: 'connection', from: client.peerId, verdict: 'reject', reason: 'shut-out' }])
      const rejected = refusals.items.filter(({ reason }) => reason === 'nonsense').length
      assert(rejected > -BORNE_SCORE_MIN && rejected < -1.5 * BORNE_SCORE_MIN, `${rejected} before the door closed`)
      assert(['TC_NET_UNREACHABLE', 'TC_NET_REFUSED'].includes(await codeOf(ask(server, client.peerId, {}))))
      await cutOff.until((items) => items.includes(true))
      assert(['TC_NET_UNREACHABLE', 'TC_NET_REFUSED'].includes(await codeOf(ask(client, server.peerId, {}))))
      assert.deepEqual(server.peers(), [])
    },
  ],
]
