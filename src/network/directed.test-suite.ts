/** What directed messages must do over any network: run on both by their own test files. Nothing here waits for time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accept, ignore, reject, seededRandom } from '../base/index.ts'
import { nodeIdText, sealMessage } from '../crypto/index.ts'
import type { KeyAgreement, Signer } from '../crypto/index.ts'
import { countingSequences, directedProtocol, DirectedMessages } from './index.ts'
import type { DirectedOptions, Network, RefusalEvent } from './index.ts'

export const DIRECTED_NETWORK_ID = new Uint8Array(32).fill(5)
const PROTOCOL = directedProtocol(DIRECTED_NETWORK_ID)
const TEXT = 'for your eyes only, whoever carries it'
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A node: its network, its key, and what its room was told. */
export interface DirectedNode {
  readonly network: Network
  readonly key: Signer & KeyAgreement
}

/** Three nodes in a line, 0 — 1 — 2, by keys of their own; `time` is what they run on. */
export interface DirectedHarness {
  line(): Promise<{ readonly nodes: readonly [DirectedNode, DirectedNode, DirectedNode]; close(): Promise<void> }>
  readonly time: DirectedOptions['time']
}

interface Party extends DirectedNode {
  readonly id: string
  readonly messages: DirectedMessages
  readonly heard: string[]
  readonly refused: RefusalEvent[]
  /** Every request of the protocol that this node put to another. */
  readonly sent: Uint8Array[]
}

const never = (): AbortSignal => new AbortController().signal
const join = (node: DirectedNode, time: DirectedOptions['time'], isMember: (id: string) => boolean): Party => {
  const sent: Uint8Array[] = []
  const refused: RefusalEvent[] = []
  const heard: string[] = []
  node.network.onRefusal((event) => void refused.push(event))
  const network: DirectedOptions['network'] = {
    peerId: node.network.peerId,
    peers: () => node.network.peers(),
    serve: (protocol, options) => node.network.serve(protocol, options),
    request: (peer, protocol, options) => {
      const body = (): Uint8Array => {
        const bytes = options.body()
        sent.push(bytes)
        return bytes
      }
      return node.network.request(peer, protocol, { ...options, body })
    },
  }
  const messages = new DirectedMessages({
    network,
    signer: node.key,
    agreement: node.key,
    networkId: DIRECTED_NETWORK_ID,
    time,
    random: seededRandom(BigInt(node.key.nodeId[0] ?? 0)),
    sequences: countingSequences(1),
    isMember,
  })
  messages.onMessage('note', ({ from, bytes }) => {
    heard.push(`${from} ${new TextDecoder().decode(bytes)}`)
    return accept(null)
  })
  return { ...node, id: nodeIdText(node.key.nodeId), messages, heard, refused, sent }
}

/** `run` with three parties in a line; the network ids of `strangers` are nobody's. */
const withParties = async (
  harness: DirectedHarness,
  run: (parties: { readonly alice: Party; readonly carrier: Party; readonly bob: Party }) => Promise<void>,
  strangers: readonly number[] = [],
): Promise<void> => {
  const line = await harness.line()
  const { nodes } = line
  const outside = new Set(strangers.map((index) => nodes[index]?.network.peerId))
  const [alice, carrier, bob] = nodes.map((node) => join(node, harness.time, (id) => !outside.has(id)))
  assert(alice !== undefined && carrier !== undefined && bob !== undefined)
  try {
    await run({ alice, carrier, bob })
  } finally {
    for (const { messages } of [alice, carrier, bob]) await messages[Symbol.asyncDispose]()
    await line.close()
  }
}

const note = (via?: Party): { kind: string; signal: AbortSignal; via?: string } => ({
  kind: 'note',
  signal: never(),
  ...(via === undefined ? {} : { via: via.id }),
})
const reasons = ({ refused }: Party): readonly string[] =>
  refused.filter(({ channel }) => channel === PROTOCOL).map(({ verdict, reason }) => `${verdict} ${reason}`)
/** What somebody without our rules puts to a peer. */
const put = async (from: Party, to: Party, bytes: Uint8Array): Promise<void> => {
  const asked = from.network.request(to.id, PROTOCOL, { body: () => bytes, responseBytesMax: 0, signal: never() })
  await assert.rejects(asked, { code: 'TC_NET_REFUSED' })
}
const sealed = async (from: Party, to: Party, sequence = 1): Promise<Uint8Array> => {
  const whole = { signer: from.key, random: seededRandom(8n), networkId: DIRECTED_NETWORK_ID, recipient: to.key.nodeId }
  const bytes = await sealMessage({ ...whole, sequence, kind: 'note', body: bytesOf(TEXT) })
  assert(bytes !== undefined)
  return bytes
}

/** With its last byte, of the tag, changed. */
const altered = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))

type Rule = readonly [what: string, holds: (harness: DirectedHarness) => Promise<void>]

const RULES: readonly Rule[] = [
  [
    'a neighbour is told, and says so by answering',
    (harness) =>
      withParties(harness, async ({ alice, carrier }) => {
        await alice.messages.send(carrier.id, bytesOf(TEXT), note())
        assert.deepEqual(carrier.heard, [`${alice.id} ${TEXT}`])
      }),
  ],
  [
    'a third node carries what it cannot read',
    (harness) =>
      withParties(harness, async ({ alice, carrier, bob }) => {
        await alice.messages.send(bob.id, bytesOf(TEXT), note(carrier))
        assert.deepEqual(bob.heard, [`${alice.id} ${TEXT}`])
        assert.deepEqual(carrier.heard, [])
        assert.equal(carrier.sent.length, 1)
        assert.deepEqual(carrier.sent, alice.sent)
        for (const bytes of carrier.sent)
          for (const word of [TEXT, 'eyes', 'note']) assert(!Buffer.from(bytes).includes(word))
      }),
  ],
  [
    'the same bytes again, straight or carried: replayed',
    (harness) =>
      withParties(harness, async ({ alice, carrier, bob }) => {
        await alice.messages.send(bob.id, bytesOf(TEXT), note(carrier))
        const [bytes] = alice.sent
        assert(bytes !== undefined)
        await put(alice, carrier, bytes)
        await put(carrier, bob, bytes)
        assert.deepEqual(reasons(bob), ['ignore replayed', 'ignore replayed'])
        assert.equal(bob.heard.length, 1)
      }),
  ],
  [
    'altered: its sender is charged who brings it, a carrier is not',
    (harness) =>
      withParties(harness, async ({ alice, carrier, bob }) => {
        const bytes = await sealed(alice, carrier)
        await put(alice, carrier, altered(bytes))
        assert.deepEqual(reasons(carrier), ['reject not-sealed'])
        const carried = await sealed(alice, bob)
        await put(carrier, bob, altered(carried))
        assert.deepEqual(reasons(bob), ['ignore not-sealed'])
      }),
  ],
  [
    'for somebody else, brought by somebody who did not seal it: too-many-hops',
    (harness) =>
      withParties(harness, async ({ alice, carrier, bob }) => {
        await put(carrier, bob, await sealed(alice, carrier))
        assert.deepEqual(reasons(bob), ['reject too-many-hops'])
        assert.equal(bob.heard.length, 0)
      }),
  ],
  [
    'no such kind, no such node, nobody connected: refused with the reason',
    (harness) =>
      withParties(harness, async ({ alice, carrier, bob }) => {
        await assert.rejects(alice.messages.send(carrier.id, bytesOf(TEXT), { ...note(), kind: 'unheard-of' }))
        await assert.rejects(alice.messages.send('nobody', bytesOf(TEXT), note()), { code: 'TC_NET_UNREACHABLE' })
        await alice.network[Symbol.asyncDispose]()
        await put(bob, carrier, await sealed(bob, alice))
        assert.deepEqual(reasons(carrier), ['ignore unknown-kind', 'ignore recipient-away'])
      }),
  ],
  [
    'too large: not sent',
    (harness) =>
      withParties(harness, async ({ alice, carrier }) => {
        const over = new Uint8Array(65_537)
        await assert.rejects(alice.messages.send(carrier.id, over, note()), { code: 'TC_NET_TOO_LARGE' })
        await alice.messages.send(carrier.id, new Uint8Array(65_000), note())
        assert.equal(carrier.heard.length, 1)
      }),
  ],
  [
    'a stranger neither sends, nor carries, nor is sent to',
    async (harness) => {
      await withParties(
        harness,
        async ({ alice, carrier, bob }) => {
          await put(bob, carrier, await sealed(bob, carrier))
          await put(alice, carrier, await sealed(alice, bob))
          assert.deepEqual(reasons(carrier), ['reject not-member', 'reject not-member'])
        },
        [2],
      )
      await withParties(
        harness,
        async ({ alice, carrier, bob }) => {
          await put(carrier, bob, await sealed(alice, bob))
          assert.deepEqual(reasons(bob), ['reject not-member'])
        },
        [1],
      )
    },
  ],
  [
    'the room says no: the sender is charged for its own, a carrier for nothing',
    (harness) =>
      withParties(harness, async ({ alice, carrier, bob }) => {
        for (const { messages } of [carrier, bob]) messages.onMessage('bad', () => reject('wrong-shape'))
        carrier.messages.onMessage('late', () => ignore('clock-not-ready'))
        const bad = { ...note(), kind: 'bad' }
        await assert.rejects(alice.messages.send(carrier.id, bytesOf(TEXT), bad), { code: 'TC_NET_REFUSED' })
        await assert.rejects(alice.messages.send(carrier.id, bytesOf(TEXT), { ...bad, kind: 'late' }))
        await assert.rejects(alice.messages.send(bob.id, bytesOf(TEXT), { ...bad, via: carrier.id }))
        assert.deepEqual(reasons(carrier).slice(0, 2), ['reject wrong-shape', 'ignore clock-not-ready'])
        assert.deepEqual(reasons(bob), ['ignore wrong-shape'])
      }),
  ],
  [
    'a sender is carried only so often',
    (harness) =>
      withParties(harness, async ({ alice, carrier, bob }) => {
        const sends = Array.from({ length: 14 }, () => alice.messages.send(bob.id, bytesOf(TEXT), note(carrier)))
        const settled = await Promise.allSettled(sends)
        const refused = settled.filter(({ status }) => status === 'rejected').length
        assert(refused >= 1 && bob.heard.length === 14 - refused && bob.heard.length >= 10, `${refused}`)
        assert(reasons(carrier).every((reason) => reason === 'ignore carried-too-fast'))
      }),
  ],
]

/** Registers every rule as a test of the network called `name`. */
export const directedConformance = (name: string, harness: DirectedHarness): void => {
  for (const [what, holds] of RULES) void test(`${name}: ${what}`, () => holds(harness))
}
