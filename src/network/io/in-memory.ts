/**
 * Networks inside one process: peers of a hub, with delay and loss on every link. For tests and the simulator. All delivery
 * goes through `Time.schedule` and all loss through the given `Random`, so the same calls give the same run.
 *
 * Gossip is a flood: what a validator accepts goes to every connected peer that has joined the topic, once. Limits,
 * verdicts and failures are those of the libp2p network; a conformance suite holds both to that. Bandwidth, order and
 * fragments are not modelled.
 */
import assert from 'node:assert/strict'
import { drawUnit, seededRandom } from '../../base/index.ts'
import { InMemoryNetwork } from './in-memory-peer.ts'
import type { PeerHub } from './in-memory-peer.ts'
import type { Random, Time } from '../../base/index.ts'
import type { Network, PeerId } from '../port.ts'

/** One direction of a link: ns on the way, and the chance in [0, 1] that a message, request or response is lost. */
export interface LinkQuality {
  readonly delayNs: bigint
  readonly loss: number
}

export interface InMemoryHub {
  /** A new peer, connected to everybody who is there, or only to those named. A peer that has closed may join again. */
  join(peerId: PeerId, options?: { readonly connectTo?: readonly PeerId[] }): Network
  /** Connects two peers that are there. Does nothing where they are connected, or one has shut the other out. */
  connect(a: PeerId, b: PeerId): void
  /** Cuts the link; what is under way on it is lost, and open requests fail as unreachable. */
  disconnect(a: PeerId, b: PeerId): void
  /** From now on, for what goes from `from` to `to`. May be set before either has joined, and lasts. */
  setLink(from: PeerId, to: PeerId, quality: Partial<LinkQuality>): void
}

/** @param options.delayNs of every link that has not been set; 0 by default. `random` decides loss; seeded by default. */
export const createInMemoryHub = (
  time: Time,
  options: { readonly random?: Random; readonly delayNs?: bigint } = {},
): InMemoryHub => new Hub(time, options.random ?? seededRandom(1n), options.delayNs ?? 0n)

class Hub implements InMemoryHub, PeerHub {
  readonly time: Time
  readonly #random: Random
  readonly #usual: LinkQuality
  readonly #peers = new Map<PeerId, InMemoryNetwork>()
  readonly #qualities = new Map<string, LinkQuality>()

  constructor(time: Time, random: Random, delayNs: bigint) {
    this.time = time
    this.#random = random
    this.#usual = { delayNs, loss: 0 }
  }

  join(peerId: PeerId, options: { readonly connectTo?: readonly PeerId[] } = {}): Network {
    assert(!this.#peers.has(peerId), `${peerId} is there already`)
    const others = options.connectTo ?? [...this.#peers.keys()]
    const network = new InMemoryNetwork(this, peerId)
    this.#peers.set(peerId, network)
    for (const other of others) this.connect(peerId, other)
    return network
  }

  connect(a: PeerId, b: PeerId): void {
    const [left, right] = [this.#peer(a), this.#peer(b)]
    assert(left !== right, 'a peer does not connect to itself')
    if (left.isLinked(b) || left.hasShutOut(b) || right.hasShutOut(a)) return
    const link = { up: true }
    left.linked(right, link)
    right.linked(left, link)
  }

  disconnect(a: PeerId, b: PeerId): void {
    this.#peers.get(a)?.unlinked(b)
    this.#peers.get(b)?.unlinked(a)
  }

  setLink(from: PeerId, to: PeerId, quality: Partial<LinkQuality>): void {
    this.#qualities.set(linkKey(from, to), { ...this.#quality(from, to), ...quality })
  }

  left(peerId: PeerId): void {
    this.#peers.delete(peerId)
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
