/**
 * A node's networking as it is assembled, over real connections, and neighbours that break its rules: greetings that are none or change,
 * peer records that lie, sealed messages that come twice or too far. Each is refused by name, nobody else loses by it, and nothing that a
 * neighbour says comes out as it was said. Rules: docs/spec/network.md N-20 to N-24, N-60 to N-66, N-90 to N-96.
 *
 * Waits for events, never for time.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { NS_PER_HOUR, accept } from '../src/base/index.ts'
import { encodeData } from '../src/codec/index.ts'
import { nodeIdText, sealMessage, sign } from '../src/crypto/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import {
  GREETING_BYTES_MAX,
  GREETING_PROTOCOL,
  PEER_RECORD_DOMAIN,
  countingSequences,
  directedProtocol,
  encodeGreeting,
  encodePeerRecordBody,
  peersProtocol,
  peersTopic,
  sealPeerRecord,
} from '../src/network/index.ts'
import { PUSH_LIMIT } from '../src/network/discovery/peer-book.ts'
import type { Greeting, PeerRecordBody, RefusalEvent } from '../src/network/index.ts'
import { zstdCompression } from '../src/network/io/compression.ts'
import { Inbox } from '../src/network/io/conformance.test-suite.ts'
import { frameOf } from '../src/network/io/frames.ts'
import { openLibp2pNetwork } from '../src/network/io/libp2p.ts'
import { Networking, genesisMembership, readGenesis } from '../src/node/index.ts'
import { realRandom, realTime } from '../src/node/io/real-ports.ts'
import { fresh, nowTai, respelt } from './hostile/forgery.ts'
import { HostilePeer } from './hostile/peer.ts'
import { hostileKey } from './hostile/stage.ts'
import type { HostileMember } from './hostile/stage.ts'

/** The node attacked, an honest one, and three whose keys the test holds. */
const [TARGET, HONEST, ALICE, BOB, AWAY] = [hostileKey(1), hostileKey(2), hostileKey(3), hostileKey(4), hostileKey(5)]
const genesis = readGenesis({
  name: 'neighbours',
  members: [TARGET, HONEST, ALICE, BOB, AWAY].map(({ id }, index) => ({ id, name: `n${index}` })),
})
const { networkId } = genesis

const closing = new AsyncDisposableStack()
const refusals = new Inbox<RefusalEvent>()
const told = new Inbox<string>()
let target: Networking
let address: string
let strangers = 100

const node = async ({ seed }: HostileMember): Promise<Networking> => {
  const network = closing.use(await openLibp2pNetwork({ time: realTime, privateKey: seed }))
  const signer = memorySigner({ seed })
  const networking = new Networking({
    time: realTime,
    random: realRandom,
    genesis,
    signer,
    agreement: signer,
    network,
    sequences: countingSequences(1),
    membership: genesisMembership(genesis),
    now: nowTai,
    agent: 'truechimer/test',
    compression: zstdCompression,
  })
  return closing.use(networking)
}

const stranger = (): HostileMember => {
  strangers += 1
  return hostileKey(strangers)
}
const hostile = async ({ seed }: HostileMember, options: { readonly silent?: true; readonly serve?: Serve } = {}) =>
  closing.use(
    await HostilePeer.open({
      seed,
      address,
      serve: options.serve ?? {},
      ...(options.silent === true ? {} : { networkId }),
    }),
  )
type Serve = NonNullable<Parameters<typeof HostilePeer.open>[0]['serve']>

const isRefused = (channel: string, reason: string, from: string): Promise<unknown> =>
  refusals.until((items) =>
    items.some((item) => item.channel === channel && item.reason === reason && item.from === from),
  )
const agreed = new Inbox<true>()
const isAgreed = ({ id }: HostileMember): Promise<unknown> => agreed.until(() => target.greetings.isAgreed(id))

before(async () => {
  target = await node(TARGET)
  address = target.network.addresses()[0] ?? ''
  target.network.onRefusal(refusals.push)
  target.directed?.onMessage('words', ({ from }) => (told.push(from), accept(null)))
  target.greetings.onAgreed(() => agreed.push(true))
  await target.start()
  const honest = await node(HONEST)
  await honest.start()
  await honest.network.connect({ address }, { signal: AbortSignal.timeout(5000) })
  await isAgreed(HONEST)
})
after(() => closing.disposeAsync())

const GREETING: Greeting = {
  networkId,
  version: { major: 1, minor: 0, patch: 0 },
  oldestSpoken: { major: 1, minor: 0, patch: 0 },
  features: [],
  required: [],
  agent: 'hostile',
  refusal: undefined,
}
/** A greeting as one would write it who does not ask whether it is one. */
const written = (given: { readonly agent?: string; readonly features?: readonly string[] }): Uint8Array =>
  encodeData([networkId, '1.0.0', '1.0.0', given.features ?? [], [], given.agent ?? 'hostile', null])

const greetings: readonly (readonly [what: string, channel: string, reason: string, said: readonly Uint8Array[]])[] = [
  ['too long', GREETING_PROTOCOL, 'too-large', [new Uint8Array(GREETING_BYTES_MAX + 1)]],
  ['nonsense', GREETING_PROTOCOL, 'malformed', [Uint8Array.of(0xff, 1, 2)]],
  ['spelt in a second way', GREETING_PROTOCOL, 'non-canonical', [respelt(encodeGreeting(GREETING))]],
  ['with words that steer a terminal', GREETING_PROTOCOL, 'greeting-words', [written({ agent: '\u{1b}[2Jhostile' })]],
  ['with a name twice', GREETING_PROTOCOL, 'greeting-words', [written({ features: ['quic', 'quic'] })]],
  ['of another network', 'connection', 'other-network', [encodeGreeting({ ...GREETING, networkId: fresh() })]],
  [
    'of a version to come',
    'connection',
    'incompatible-version',
    [
      encodeGreeting({
        ...GREETING,
        version: { major: 999_999, minor: 0, patch: 0 },
        oldestSpoken: { major: 999_999, minor: 0, patch: 0 },
      }),
    ],
  ],
  [
    'that says no, for a reason of its own',
    'connection',
    'refused-by-peer',
    [encodeGreeting({ ...GREETING, refusal: { reason: 'mood', text: 'Go away.' } })],
  ],
  [
    'that changes',
    'connection',
    'greeting-changed',
    [encodeGreeting(GREETING), encodeGreeting({ ...GREETING, agent: 'another' })],
  ],
]

test('greetings that are none, or come to nothing, are named; who greets as it should next time is welcome', async () => {
  const silent = await hostile(hostileKey(99), { silent: true })
  await Promise.all(
    greetings.map(async ([, channel, reason, said]) => {
      const who = stranger()
      const peer = await hostile(who, { silent: true })
      for (const bytes of said) await peer.say(GREETING_PROTOCOL, frameOf(bytes))
      await isRefused(channel, reason, who.id)
      await peer[Symbol.asyncDispose]()
    }),
  )
  await isRefused('connection', 'no-greeting', silent.peerId)
  // The liar about its version, under the same key: the pause is for our dials, and ends with a greeting that is good.
  const liar = refusals.items.find(({ reason }) => reason === 'incompatible-version')?.from
  const key = Array.from({ length: 20 }, (_, index) => hostileKey(100 + index)).find(({ id }) => id === liar)
  ok(key !== undefined && target.greetings.isPaused(key.id))
  await hostile(key)
  await isAgreed(key)
  ok(!target.greetings.isPaused(key.id))
})

test('who greets twice alike is still a peer, and who says that it is somebody else is itself', async () => {
  const who = stranger()
  const peer = await hostile(who)
  await peer.say(GREETING_PROTOCOL, frameOf(encodeGreeting(GREETING)))
  await isAgreed(who)
  equal(peer.peerId, who.id)
  ok(!genesis.members.some(({ id }) => id === peer.peerId))
})

const recordOf = ({ key }: HostileMember, given: Partial<PeerRecordBody> = {}): Uint8Array => {
  const body: PeerRecordBody = {
    networkId,
    nodeId: key.publicKey,
    sequence: 1,
    issuedTai: nowTai(),
    expiresTai: nowTai() + NS_PER_HOUR,
    addresses: ['/ip4/127.0.0.1/tcp/9'],
    version: '1.0.0',
    features: [],
    location: null,
    ...given,
  }
  return sealPeerRecord({ ...body, signature: sign(key, PEER_RECORD_DOMAIN, encodePeerRecordBody(body)) }).bytes
}

test('records that lie are refused by name, and none of them is held', async () => {
  const who = stranger()
  const peer = await hostile(who)
  await isAgreed(who)
  const topic = peersTopic(networkId)
  const hourAgo = nowTai() - 2n * NS_PER_HOUR
  const lies: readonly (readonly [reason: string, bytes: Uint8Array])[] = [
    ['record-expired', recordOf(stranger(), { issuedTai: hourAgo, expiresTai: hourAgo + NS_PER_HOUR / 2n })],
    [
      'record-from-future',
      recordOf(stranger(), { issuedTai: nowTai() + NS_PER_HOUR, expiresTai: nowTai() + 2n * NS_PER_HOUR }),
    ],
    ['record-life', recordOf(stranger(), { expiresTai: nowTai() + 1000n * NS_PER_HOUR })],
    ['bad-signature', recordOf(who, { nodeId: HONEST.key.publicKey })],
    ['address-of-other', recordOf(stranger(), { addresses: [`/ip4/127.0.0.1/tcp/9/p2p/${HONEST.id}`] })],
    ['wrong-network', recordOf(stranger(), { networkId: fresh() })],
    ['record-words', recordOf(stranger(), { version: '1.0.0\u{1b}[2J' })],
    ['record-of-ourselves', recordOf(TARGET)],
  ]
  for (const [reason, bytes] of lies) {
    await peer.gossip(topic, bytes)
    await isRefused(topic, reason, who.id)
  }
  // One sequence, two contents: its author is believed neither, and who hands over its own so is charged.
  await peer.gossip(topic, recordOf(who))
  await peer.gossip(topic, recordOf(who, { features: ['quic'] }))
  await isRefused(topic, 'record-equivocation', who.id)
  equal(target.discovery.record(who.id), undefined)
})

test('a flood of records of made-up nodes is cut to what one peer may push, by gossip and by answers', async () => {
  const who = stranger()
  const before = target.discovery.records().length
  const protocol = peersProtocol(networkId)
  const peer = await hostile(who, {
    serve: { [protocol]: (stream) => void stream.send(frameOf(new Uint8Array(1_000_000))) },
  })
  await isAgreed(who)
  await isRefused(protocol, 'too-large', who.id)
  for (let index = 0; index < 2 * PUSH_LIMIT.burst; index += 1)
    await peer.gossip(peersTopic(networkId), recordOf(hostileKey(1000 + index)))
  await isRefused(peersTopic(networkId), 'records-too-many', who.id)
  const { tables, records } = target.discovery.view()
  ok(records.known - before <= PUSH_LIMIT.burst + 60, `${records.known} known`)
  ok(tables.fresh <= before + PUSH_LIMIT.burst + 60, `${tables.fresh} in the table`)
  ok(target.discovery.record(HONEST.id) !== undefined, 'the honest one is still known')
})

const sealed = async (from: HostileMember, recipient: Uint8Array, sequence: number): Promise<Uint8Array> => {
  const signer = memorySigner({ seed: from.seed })
  const body = fresh()
  const made = await sealMessage({ signer, random: realRandom, networkId, recipient, sequence, kind: 'words', body })
  ok(made !== undefined)
  return frameOf(made)
}

test('sealed messages that come twice, by a third, for another, or from nobody are taken once or not at all', async () => {
  const nobody = stranger()
  const [alice, bob, outsider] = await Promise.all([hostile(ALICE), hostile(BOB), hostile(nobody)])
  await Promise.all([ALICE, BOB, nobody].map(isAgreed))
  const protocol = directedProtocol(networkId)
  const once = await sealed(ALICE, TARGET.key.publicKey, 1)
  await alice.say(protocol, once)
  await told.until((items) => items.includes(ALICE.id))
  await alice.say(protocol, once)
  await isRefused(protocol, 'replayed', ALICE.id)
  await bob.say(protocol, once)
  await isRefused(protocol, 'replayed', BOB.id)
  await alice.say(protocol, await sealed(ALICE, AWAY.key.publicKey, 2))
  await isRefused(protocol, 'recipient-away', ALICE.id)
  await bob.say(protocol, await sealed(ALICE, AWAY.key.publicKey, 3))
  await isRefused(protocol, 'too-many-hops', BOB.id)
  await outsider.say(protocol, await sealed(nobody, TARGET.key.publicKey, 1))
  await isRefused(protocol, 'not-member', nobody.id)
  const altered = await sealed(BOB, TARGET.key.publicKey, 4)
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
  await bob.say(protocol, altered)
  await isRefused(protocol, 'not-sealed', BOB.id)
  deepEqual(told.items, [ALICE.id])
})

test('after all of it the honest one is a peer that stands well, and nothing that was said comes out as it was said', () => {
  ok(target.greetings.isAgreed(HONEST.id))
  const standings = target.network.standings()
  ok((standings.find(({ peer }) => peer === HONEST.id)?.score ?? 0) > -1)
  ok(refusals.items.every(({ channel, reason }) => /^[\w/-]+$/.test(channel) && /^[a-z-]+$/.test(reason)))
  const shown = standings.flatMap(({ peer, reasons, refusals: counts }) => [
    target.greetings.view(peer),
    reasons,
    [...counts],
  ])
  const text = JSON.stringify(shown, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  ok(!/\\u00|[^\x20-\x7e]/.test(text), 'plain text')
  equal(nodeIdText(HONEST.key.publicKey), HONEST.id)
})
