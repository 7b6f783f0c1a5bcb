/**
 * Networks inside one process: peers of a hub, with delay and loss on every link. For tests and the simulator. All delivery
 * goes through `Time.schedule` and all loss through the given `Random`, so the same calls give the same run.
 *
 * Gossip is a flood: what a validator accepts goes to every connected peer that has joined the topic, once. Limits, places,
 * verdicts and failures are those of the libp2p network, from the same code; a conformance suite holds both to that. Bandwidth,
 * order and fragments are not modelled.
 */
import assert from 'node:assert/strict'
import { drawUnit, seededRandom } from '../../base/index.ts'
import { InMemoryNetwork } from './in-memory-peer.ts'
import type { PeerHub } from './in-memory-peer.ts'
import type { Random, Time } from '../../base/index.ts'
import type { PlacesOptions } from '../places.ts'
import type { Network, PeerId } from '../port.ts'

/** One direction of a link: ns on the way, and the chance in [0, 1] that a message, request or response is lost. */
export interface LinkQuality {
  readonly delayNs: bigint
  readonly loss: number
}

export interface JoinOptions {
  /** Connects to these, as if each had been dialled. By default to everybody, or to nobody where the hub is `dialable`. */
  readonly connectTo?: readonly PeerId[]
  /** Where it is, as a multiaddr without a peer id: it decides host and group. `/memory/<peer id>` by default. */
  readonly address?: string
  /** Nobody can dial it; it can dial others. */
  readonly isBehindNat?: boolean
}

export interface InMemoryHub {
  /** A new peer. A peer that has closed may join again. Two that are there have two addresses. */
  join(peerId: PeerId, options?: JoinOptions): Network
  /**
   * Connects two peers that are there, at once; `a` dials. Does nothing where they are connected, or one of them refuses: has
   * shut the other out, or has no place.
   */
  connect(a: PeerId, b: PeerId): void
  /** Cuts the link; what is under way on it is lost, and open requests fail as unreachable. */
  disconnect(a: PeerId, b: PeerId): void
  /** From now on, for what goes from `from` to `to`. May be set before either has joined, and lasts. */
  setLink(from: PeerId, to: PeerId, quality: Partial<LinkQuality>): void
}

export interface HubOptions {
  /** Decides loss; seeded by default. */
  readonly random?: Random
  /** Of every link that has not been set; 0 by default. */
  readonly delayNs?: bigint
  /** Peers are connected only where somebody asks for it: `connectTo`, `connect`, or a dial of theirs. */
  readonly dialable?: boolean
  /** Places of every peer; as in `PLACES` where left out. */
  readonly places?: Partial<PlacesOptions>
}

export const createInMemoryHub = (time: Time, options: HubOptions = {}): InMemoryHub => new Hub(time, options)

class Hub implements InMemoryHub, PeerHub {
  readonly time: Time
  readonly places: Partial<PlacesOptions>
  readonly #random: Random
  readonly #usual: LinkQuality
  readonly #isDialable: boolean
  readonly #peers = new Map<PeerId, InMemoryNetwork>()
  /** By address without peer id. */
  readonly #addresses = new Map<string, InMemoryNetwork>()
  readonly #qualities = new Map<string, LinkQuality>()

  constructor(time: Time, { random, delayNs, dialable, places }: HubOptions) {
    this.time = time
    this.places = places ?? {}
    this.#random = random ?? seededRandom(1n)
    this.#usual = { delayNs: delayNs ?? 0n, loss: 0 }
    this.#isDialable = dialable ?? false
  }

  join(peerId: PeerId, options: JoinOptions = {}): Network {
    const address = options.address ?? `/memory/${peerId}`
    assert(!this.#peers.has(peerId), `${peerId} is there already`)
    assert(!this.#addresses.has(address), `${address} is taken`)
    const others = options.connectTo ?? (this.#isDialable ? [] : [...this.#peers.keys()])
    const network = new InMemoryNetwork(this, { peerId, address })
    this.#peers.set(peerId, network)
    if (options.isBehindNat !== true) this.#addresses.set(address, network)
    for (const other of others) this.connect(peerId, other)
    return network
  }

  connect(a: PeerId, b: PeerId): void {
    const [left, right] = [this.#peer(a), this.#peer(b)]
    assert(left !== right, 'a peer does not connect to itself')
    this.link(left, right)
  }

  link(from: InMemoryNetwork, to: InMemoryNetwork): boolean {
    if (this.#peers.get(from.peerId) !== from || this.#peers.get(to.peerId) !== to) return false
    if (from.isLinked(to.peerId)) return true
    if (!from.hasPlace(to, 'outbound') || !to.hasPlace(from, 'inbound')) return false
    const link = { up: true }
    from.linked(to, { link, direction: 'outbound' })
    to.linked(from, { link, direction: 'inbound' })
    return true
  }

  disconnect(a: PeerId, b: PeerId): void {
    this.#peers.get(a)?.unlinked(b)
    this.#peers.get(b)?.unlinked(a)
  }

  setLink(from: PeerId, to: PeerId, quality: Partial<LinkQuality>): void {
    this.#qualities.set(linkKey(from, to), { ...this.#quality(from, to), ...quality })
  }

  at(address: string): InMemoryNetwork | undefined {
    const [where = '', peer] = address.split('/p2p/')
    const found = this.#addresses.get(where)
    return peer === undefined || found?.peerId === peer ? found : undefined
  }

  left({ peerId, address }: InMemoryNetwork): void {
    this.#peers.delete(peerId)
    if (this.#addresses.get(address)?.peerId === peerId) this.#addresses.delete(address)
  }

  roundTripNs(a: PeerId, b: PeerId): bigint {
    return this.#quality(a, b).delayNs + this.#quality(b, a).delayNs
  }

  carry(from: PeerId, to: PeerId, arrive: () => void): void {
    const { delayNs, loss } = this.#quality(from, to)
    if (loss > 0 && drawUnit(this.#random) < loss) return
    this.time.schedule(delayNs, arrive)
  }

  #quality(from: PeerId, to: PeerId): LinkQuality {
    return this.#qualities.get(linkKey(from, to)) ?? this.#usual
  }

  #peer(peerId: PeerId): InMemoryNetwork {
    const peer = this.#peers.get(peerId)
    assert(peer !== undefined, `${peerId} is not there`)
    return peer
  }
}

const linkKey = (from: PeerId, to: PeerId): string => JSON.stringify([from, to])
