/**
 * Old and new nodes in one network, over real sockets and in memory: they talk, a feature is used exactly between those who
 * both have it (seen by the bytes on their connections), and whoever does not belong is told why and closed on both sides.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { accept, seededRandom } from '../src/base/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import {
  CompressedRequests,
  GreetedNetwork,
  Greetings,
  SignedTopics,
  TOPICS,
  countingSequences,
  explainPeerVersion,
  proofsTopic,
} from '../src/network/index.ts'
import type { Feature, Network, OwnGreeting, PeerId, Refused } from '../src/network/index.ts'
import { zstdCompression } from '../src/network/io/compression.ts'
import { Inbox } from '../src/network/io/conformance.test-suite.ts'
import { createInMemoryHub } from '../src/network/io/in-memory.ts'
import { openLibp2pNetwork } from '../src/network/io/libp2p.ts'
import { realTime, until } from '../src/network/io/libp2p.test-suite.ts'

/** A kind of network to try: how a peer is opened, and when two know that both joined a topic. */
interface Kind {
  open(seed: Uint8Array): Promise<Network>
  settled(network: Network, topic: string, peers: number): Promise<void>
}

const inMemory = (): Kind => {
  const hub = createInMemoryHub(realTime, { dialable: true })
  return {
    open: async (seed) => hub.join(`peer-${seed[0]}`),
    settled: async () => {},
  }
}

const overLibp2p = (): Kind => {
  const opened = new Map<Network, Awaited<ReturnType<typeof openLibp2pNetwork>>>()
  return {
    open: async (privateKey) => {
      const network = await openLibp2pNetwork({ time: realTime, privateKey })
      opened.set(network, network)
      return network
    },
    settled: async (network, topic, peers) => {
      const real = opened.get(network)
      if (real !== undefined) await until(real, () => real.subscribers(topic).length >= peers)
    },
  }
}

const NETWORK_ID = new Uint8Array(32).fill(0x42)
const TOPIC = proofsTopic(NETWORK_ID)
const PROTOCOL = '/mixed/echo/1'
const BODY_BYTES = 40_000
const BODY = new TextEncoder().encode(
  Array.from({ length: 4000 }, (_, i) => `${(i * 7919) % 9973};`.padEnd(10)).join(''),
)

interface Node extends AsyncDisposable {
  readonly id: PeerId
  readonly raw: Network
  readonly greetings: Greetings
  readonly requests: CompressedRequests
  readonly topics: SignedTopics
  /** Everything that happens, as one line each. */
  readonly events: Inbox<string>
  readonly refused: (Refused & { readonly peer: PeerId })[]
}

type Making = Partial<OwnGreeting> & { readonly networkId?: Uint8Array }

const startNode = async (kind: Kind, at: number, making: Making): Promise<Node> => {
  const { networkId = NETWORK_ID, ...own } = making
  const seed = new Uint8Array(32).fill(at + 1)
  const raw = await kind.open(seed)
  const events = new Inbox<string>()
  const refused: Node['refused'] = []
  const greetings = new Greetings({
    network: raw,
    time: realTime,
    networkId,
    own: { version: '1.0.0', oldestSpoken: '1.0.0', features: [], agent: 'mixed/1', ...own },
    onRefused: (event) => refused.push(event),
  })
  const network = new GreetedNetwork(raw, greetings)
  raw.onPeer(({ peer, connected }) => events.push(`${connected ? 'came' : 'gone'} ${peer}`))
  raw.onRefusal(({ from, reason }) => events.push(`${reason} ${from}`))
  greetings.onAgreed(({ peer }) => events.push(`agreed ${peer}`))
  const isOffered = own.features?.includes('compression') === true
  const requests = new CompressedRequests({ network, greetings, compression: zstdCompression, isOffered })
  requests.serve(PROTOCOL, {
    requestBytesMax: BODY_BYTES,
    responseBytesMax: BODY_BYTES,
    ratePerSec: 10,
    burst: 50,
    handle: async ({ bytes }) => accept(bytes),
  })
  const topics = new SignedTopics({
    network,
    signer: memorySigner({ seed }),
    networkId,
    time: realTime,
    random: seededRandom(BigInt(at)),
    sequences: countingSequences(1),
  })
  topics.subscribe(TOPIC, {
    ...TOPICS.proofs,
    validate: ({ bytes }) => {
      events.push(`heard ${new TextDecoder().decode(bytes)}`)
      return accept(null)
    },
  })
  greetings.start()
  return {
    id: raw.peerId,
    raw,
    greetings,
    requests,
    topics,
    events,
    refused,
    [Symbol.asyncDispose]: async () => {
      await greetings[Symbol.asyncDispose]()
      await raw[Symbol.asyncDispose]()
    },
  }
}

const dial = async (from: Node, to: Node): Promise<void> => {
  const [address = ''] = to.raw.addresses()
  await from.raw.connect({ address }, { signal: AbortSignal.timeout(5000) })
}

const happened = async (node: Node, lines: readonly string[]): Promise<void> =>
  void (await node.events.until((items) => lines.every((line) => items.includes(line))))

/** Two versions, and a feature that the newer ones know. */
const OLD: Making = { version: '1.0.0' }
const NEW: Making = { version: '1.1.0', features: ['compression'] satisfies Feature[] }
const MIXED = [NEW, OLD, NEW, OLD, NEW]

interface Mixture extends AsyncDisposable {
  readonly nodes: readonly Node[]
  readonly start: (making: Making) => Promise<Node>
}

const mixed = async (kind: Kind): Promise<Mixture> => {
  const nodes: Node[] = []
  const start = async (making: Making): Promise<Node> => {
    const node = await startNode(kind, nodes.length, making)
    nodes.push(node)
    return node
  }
  for (const making of MIXED) await start(making)
  for (const [at, node] of nodes.entries()) for (const earlier of nodes.slice(0, at)) await dial(node, earlier)
  for (const node of nodes) await happened(node, agreedBy(node, nodes))
  return {
    nodes: [...nodes],
    start,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
    },
  }
}

const agreedBy = (node: Node, nodes: readonly Node[]): readonly string[] =>
  nodes.filter((other) => other !== node).map(({ id }) => `agreed ${id}`)

/** Bytes of all connections to a peer, both directions. */
const trafficWith = (node: Node, peer: PeerId): number =>
  node.raw
    .connections()
    .filter((connection) => connection.peer === peer)
    .reduce((sum, { traffic }) => sum + traffic.bytesIn + traffic.bytesOut, 0)

const askedBytes = async (from: Node, to: Node): Promise<number> => {
  const before = trafficWith(from, to.id)
  const signal = AbortSignal.timeout(5000)
  const answer = await from.requests.ask(to.id, PROTOCOL, { body: BODY, responseBytesMax: BODY_BYTES, signal })
  ok(Buffer.compare(answer, BODY) === 0)
  return trafficWith(from, to.id) - before
}

/** Who is not of them: what it is, whom it dials, the reason, and what that one or it is told. */
const STRANGERS: readonly (readonly [what: string, making: Making, dials: number, reason: string, told: RegExp])[] = [
  [
    'a 2.0.0 node',
    { version: '2.0.0', oldestSpoken: '2.0.0' },
    0,
    'incompatible-version',
    /This node speaks 1\.1\.0; yours speaks 2\.0\.0, which is too new for it/,
  ],
  [
    'a node that does not understand 1.0.0 any more',
    { version: '1.1.0', oldestSpoken: '1.1.0' },
    1,
    'version-too-old',
    /This node speaks 1\.0\.0; yours understands back to 1\.1\.0: its operator must upgrade this node/,
  ],
  [
    'a node of another network',
    { networkId: new Uint8Array(32).fill(0x99) },
    2,
    'other-network',
    /This node belongs to network 42424242; yours to 99999999/,
  ],
  [
    'a node that requires what is not there',
    { features: ['zk-proofs'], required: ['zk-proofs'] },
    3,
    'missing-feature',
    /Yours requires zk-proofs, which this node does not have/,
  ],
]

for (const [name, makeKind] of [
  ['in memory', inMemory],
  ['over libp2p', overLibp2p],
] as const) {
  test(`${name}: five nodes of two versions hear each other, and compress where both can`, async () => {
    const kind = makeKind()
    await using mixture = await mixed(kind)
    const { nodes } = mixture
    for (const { raw } of nodes) await kind.settled(raw, TOPIC, nodes.length - 1)
    for (const [at, { topics }] of nodes.entries()) await topics.publish(TOPIC, new TextEncoder().encode(`from ${at}`))
    for (const node of nodes) {
      const others = [...nodes.keys()].filter((at) => nodes[at] !== node)
      await happened(
        node,
        others.map((at) => `heard from ${at}`),
      )
    }
    for (const [here, from] of nodes.entries())
      for (const [there, to] of nodes.entries()) {
        if (from === to) continue
        const bytes = await askedBytes(from, to)
        const both = [here, there].every((at) => MIXED[at] === NEW)
        ok(both ? bytes > 0 && bytes < BODY_BYTES : bytes >= 2 * BODY_BYTES, `${here} to ${there}: ${bytes} bytes`)
        deepEqual(from.greetings.agreed(to.id)?.features, both ? ['compression'] : [])
        equal(from.greetings.agreed(to.id)?.spoken, both ? '1.1.0' : '1.0.0')
      }
  })

  test(`${name}: who does not belong is told why and closed on both sides, and the others stay`, async () => {
    await using mixture = await mixed(makeKind())
    for (const [what, making, dials, reason, told] of STRANGERS) {
      const stranger = await mixture.start(making)
      const member = mixture.nodes[dials]
      ok(member !== undefined)
      await dial(stranger, member)
      await happened(stranger, [`gone ${member.id}`, `${reason} ${member.id}`])
      await happened(member, [`gone ${stranger.id}`, `${reason} ${stranger.id}`])
      const [heard] = stranger.refused
      equal(stranger.refused.length, 1, what)
      deepEqual([heard?.reason, heard?.by, heard?.peer], [reason, 'peer', member.id])
      ok(told.test(heard?.text ?? ''), heard?.text)
      equal(explainPeerVersion(stranger.greetings.view(member.id))[0], `It told this node: "${heard?.text}"`)
      deepEqual([stranger.raw.peers(), stranger.greetings.isPaused(member.id)], [[], true])
      deepEqual([member.refused.length, member.greetings.isPaused(stranger.id)], [1, true])
    }
    for (const { raw } of mixture.nodes) equal(raw.peers().length, mixture.nodes.length - 1)
  })
}
