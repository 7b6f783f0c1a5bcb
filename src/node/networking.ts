/**
 * A node's place in its network, assembled: greetings before all else, signed topics, discovery, and messages sealed for one
 * node, all over one Network port. The rooms of network/ hold the rules; here is only what is built on what.
 *
 * Rules: docs/spec/node.md G-18. The simulator runs exactly this over a simulated network.
 */
import { max } from '../base/index.ts'
import type { Random, Tai, Time } from '../base/index.ts'
import type { Genesis } from '../consensus/index.ts'
import type { KeyAgreement, Signer } from '../crypto/index.ts'
import {
  CompressedRequests,
  DirectedMessages,
  Discovery,
  GreetedNetwork,
  Greetings,
  PROTOCOL_VERSION,
  SignedTopics,
} from '../network/index.ts'
import type {
  BootstrapWay,
  Compression,
  DiscoveryOptions,
  Feature,
  GreetingsOptions,
  LocationClaim,
  Network,
  PeersMemory,
  SequenceSource,
} from '../network/index.ts'

/** The members of a network as the chain has them: they come and go. Not asked before `start`. */
export interface Membership {
  members(): readonly { readonly key: Uint8Array; readonly weight: bigint }[]
  has(id: string): boolean
}

/** The members of the genesis, for ever: of a network whose chain is not followed. */
export const genesisMembership = ({ members }: Genesis): Membership => {
  const ids = new Set(members.map(({ id }) => id))
  return { members: () => members, has: (id) => ids.has(id) }
}

export interface NetworkingOptions {
  readonly time: Time
  readonly random: Random
  readonly genesis: Genesis
  readonly signer: Signer
  /** Of the same key; without it nothing can be sealed for this node. */
  readonly agreement?: KeyAgreement | undefined
  readonly network: Network
  readonly sequences: SequenceSource
  /** Who belongs to the network now. */
  readonly membership: Membership
  /** What the node's own clock reads, TAI ns; undefined without the time. Not asked before `start`. */
  readonly now: () => Tai | undefined
  /** The program and its version, for other people to read. */
  readonly agent: string
  /** Features beyond those that every node of this version has: what its transports can do. */
  readonly features?: readonly Feature[]
  readonly compression: Compression
  /** Told of every peer that this node and it would not talk. */
  readonly onRefused?: GreetingsOptions['onRefused'] | undefined
  readonly location?: LocationClaim | null
  readonly bootstrap?: readonly BootstrapWay[]
  readonly outboundPeers?: number
  /** What discovery kept of an earlier life, and where it says what to keep. */
  readonly memory?: PeersMemory | undefined
  readonly onMemory?: ((memory: PeersMemory) => Promise<void>) | undefined
}

export class Networking implements AsyncDisposable {
  /** Serves only peers that were agreed with. */
  readonly network: Network
  /** What this node says of itself in its greetings. */
  readonly own: { readonly version: string; readonly features: readonly Feature[]; readonly agent: string }
  readonly greetings: Greetings
  readonly topics: SignedTopics
  readonly requests: CompressedRequests
  readonly discovery: Discovery
  readonly directed: DirectedMessages | undefined

  constructor(options: NetworkingOptions) {
    const { time, random, genesis, signer, agreement, network, sequences, compression } = options
    const { networkId } = genesis
    const features = featuresOf(options)
    const isMember = (peer: string): boolean => options.membership.has(peer)
    this.own = { version: PROTOCOL_VERSION, features, agent: options.agent }
    this.greetings = new Greetings({
      network,
      time,
      networkId,
      own: this.own,
      ...(options.onRefused === undefined ? {} : { onRefused: options.onRefused }),
    })
    this.network = new GreetedNetwork(network, this.greetings)
    const shared = { time, random, network: this.network, networkId, signer }
    this.topics = new SignedTopics({ ...shared, sequences, isMember })
    this.requests = new CompressedRequests({
      network: this.network,
      greetings: this.greetings,
      compression,
      isOffered: true,
    })
    this.directed =
      agreement === undefined ? undefined : new DirectedMessages({ ...shared, agreement, sequences, isMember })
    this.discovery = new Discovery({ ...shared, requests: this.requests, ...discoveryOf(options, features) })
  }

  /** Begins to greet and to look for peers. Topics may be joined before. */
  async start(): Promise<void> {
    this.greetings.start()
    await this.discovery.start()
  }

  /** Stops all of it in the reverse order. The network, the signer and the sequences belong to whoever opened them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.discovery[Symbol.asyncDispose]()
    await this.directed?.[Symbol.asyncDispose]()
    await this.topics[Symbol.asyncDispose]()
    await this.greetings[Symbol.asyncDispose]()
  }
}

/** What discovery is told of this node and its network. */
const discoveryOf = (
  { network, membership, now, location, bootstrap, memory, onMemory, outboundPeers }: NetworkingOptions,
  features: readonly Feature[],
): Omit<DiscoveryOptions, 'time' | 'random' | 'network' | 'networkId' | 'signer' | 'requests'> => ({
  now,
  own: () => ({
    addresses: network.addresses(),
    version: PROTOCOL_VERSION,
    features,
    location: location ?? null,
  }),
  bootstrap: bootstrap ?? [],
  memory,
  onMemory,
  // Who does not vote yet is looked for like the lightest voice.
  members: () => membership.members().map(({ key, weight }) => ({ id: key, weight: max(weight, 1n) })),
  parameters: outboundPeers === undefined ? {} : { outboundMin: outboundPeers },
})

const featuresOf = ({ agreement, features = [] }: NetworkingOptions): readonly Feature[] => [
  'compression',
  'peer-exchange',
  ...(agreement === undefined ? [] : (['sealed-messages'] as const)),
  ...features,
]
