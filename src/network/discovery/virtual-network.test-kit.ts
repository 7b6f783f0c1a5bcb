/**
 * Nodes that discover each other in one process, over time that a test moves. Each runs the product's own Discovery over the
 * in-memory network, with a signer of its own and an address in a group of its own. The same seed gives the same run.
 */
import { NS_PER_MS, seededRandom } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import { nodeIdText } from '../../crypto/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { MovedTime } from '../moved-time.test-kit.ts'
import type { Network, PeerId } from '../port.ts'
import type { BootstrapWay } from './bootstrap.ts'
import { Discovery } from './discovery.ts'
import type { DiscoveryOptions } from './discovery.ts'
import { RecordOpener } from './peer-record.ts'

/** What of the in-memory network is used; handed in, because a core imports no io. */
export interface JoinableHub {
  join(peer: PeerId, options: { readonly connectTo: readonly PeerId[]; readonly address: string }): Network
}

export interface VirtualNode {
  readonly peer: PeerId
  readonly address: string
  readonly network: Network
  readonly discovery: Discovery
}

/** TAI ns at elapsed 0. */
const ORIGIN_TAI = 1_800_000_000_000_000_000n
export const NETWORK_ID: Uint8Array = new Uint8Array(32).fill(7)

export class VirtualNetwork {
  readonly time: MovedTime
  readonly random: Random
  readonly nodes = new Map<PeerId, VirtualNode>()
  readonly #hub: JoinableHub
  /** Every record is verified once, as it would be by each node on its own. */
  readonly #opener = new RecordOpener(NETWORK_ID)
  readonly #signerOf: (seed: Uint8Array) => Signer
  #made = 0

  constructor(options: {
    readonly time: MovedTime
    readonly seed: bigint
    readonly hub: JoinableHub
    readonly signerOf: (seed: Uint8Array) => Signer
  }) {
    this.time = options.time
    this.random = seededRandom(options.seed)
    this.#hub = options.hub
    this.#signerOf = options.signerOf
  }

  /** A new node that is told these addresses, in the group `group` or in one of its own. */
  async join(
    bootstrap: readonly string[],
    options: Partial<DiscoveryOptions> & { readonly group?: number } = {},
  ): Promise<VirtualNode> {
    this.#made += 1
    const made = this.#made
    const group = options.group ?? made
    const address = `/ip4/${20 + (group >> 8)}.${group & 255}.${made >> 8}.${made & 255}/tcp/7341`
    const signer = this.#signerOf(this.random.bytes(32))
    const peer = nodeIdText(signer.nodeId)
    const network = this.#hub.join(peer, { connectTo: [], address })
    const discovery = new Discovery({
      time: this.time,
      random: seededRandom(BigInt(made)),
      network,
      requests: plainRequests(network),
      networkId: NETWORK_ID,
      signer,
      now: () => ORIGIN_TAI + this.time.elapsedNs(),
      own: () => ({ addresses: network.addresses(), version: '1.0.0', features: [], location: null }),
      bootstrap: [wayOf(bootstrap)],
      opener: this.#opener,
      ...options,
    })
    await discovery.start()
    const node = { peer, address: `${address}/p2p/${peer}`, network, discovery }
    this.nodes.set(peer, node)
    return node
  }

  async leave(node: VirtualNode): Promise<void> {
    this.nodes.delete(node.peer)
    await node.discovery[Symbol.asyncDispose]()
    await node.network[Symbol.asyncDispose]()
  }

  /** Nodes that can be reached from any one, over connections that stand. */
  reachable(): number {
    const [first] = this.nodes.keys()
    const seen = new Set(first === undefined ? [] : [first])
    for (const peer of seen) for (const other of this.nodes.get(peer)?.network.peers() ?? []) seen.add(other)
    return seen.size
  }

  async close(): Promise<void> {
    const leaving = [...this.nodes.values()].map(async (node) => this.leave(node))
    await this.time.pass(20_000n * NS_PER_MS)
    await Promise.all(leaving)
  }
}

/** As between nodes that know no compression. */
const plainRequests = (network: Network): DiscoveryOptions['requests'] => ({
  serve: (protocol, options) => network.serve(protocol, options),
  ask: (peer, protocol, { body, ...options }) => network.request(peer, protocol, { ...options, body: () => body }),
})

const wayOf = (addresses: readonly string[]): BootstrapWay => ({
  kind: 'addresses',
  name: addresses.join(', '),
  find: async () => ({ addresses, records: [] }),
})
