/**
 * Nodes that discover each other in one process, over time that a test moves. Each runs the product's own Discovery over the
 * in-memory network, with a signer of its own and an address in a group of its own. The same seed gives the same run.
 */
import { NS_PER_MS, seededRandom } from '../../base/index.ts'
import type { Cancel, Random, Time } from '../../base/index.ts'
import { nodeIdText } from '../../crypto/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { Network, PeerId } from '../port.ts'
import type { BootstrapWay } from './bootstrap.ts'
import { Discovery } from './discovery.ts'
import type { DiscoveryOptions } from './discovery.ts'

/** A queue of what is due, in order of instant and then of asking. */
export class MovedTime implements Time {
  readonly #settle: () => Promise<void>
  #nowNs = 0n
  #order = 0
  #queue: { readonly atNs: bigint; readonly order: number; readonly run: () => void }[] = []

  /** @param settle resolves when every promise has gone on as far as it can. */
  constructor(settle: () => Promise<void>) {
    this.#settle = settle
  }

  elapsedNs(): bigint {
    return this.#nowNs
  }

  hostUnixNs(): bigint {
    return this.#nowNs
  }

  schedule(delayNs: bigint, run: () => void): Cancel {
    this.#order += 1
    const due = { atNs: this.#nowNs + delayNs, order: this.#order, run }
    const place = this.#queue.findLastIndex(({ atNs }) => atNs <= due.atNs)
    this.#queue.splice(place + 1, 0, due)
    return () => {
      const at = this.#queue.indexOf(due)
      if (at !== -1) this.#queue.splice(at, 1)
    }
  }

  /** Lets time pass. What is due at one instant runs together before promises go on. */
  async pass(ns: bigint): Promise<void> {
    const untilNs = this.#nowNs + ns
    await this.#settle()
    for (let next = this.#queue[0]; next !== undefined && next.atNs <= untilNs; next = this.#queue[0]) {
      this.#nowNs = next.atNs
      while (this.#queue[0] !== undefined && this.#queue[0].atNs <= this.#nowNs) this.#queue.shift()?.run()
      await this.#settle()
    }
    this.#nowNs = untilNs
  }
}

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
      networkId: NETWORK_ID,
      signer,
      now: () => ORIGIN_TAI + this.time.elapsedNs(),
      own: () => ({ addresses: network.addresses(), version: '1.0.0', features: [], location: null }),
      bootstrap: [wayOf(bootstrap)],
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

const wayOf = (addresses: readonly string[]): BootstrapWay => ({
  kind: 'addresses',
  name: addresses.join(', '),
  find: async () => ({ addresses, records: [] }),
})
