/** The neighbours of one in-memory peer: links, what waits on them, what has passed, and how a new one is made by a dial. */
import { BoundedMap, NS_PER_SEC } from '../../base/index.ts'
import { closed, timedOut, unreachable } from '../failures.ts'
import { CONNECTION_CHANNEL } from '../refusals.ts'
import type { Time } from '../../base/index.ts'
import type { Connection, PeerId } from '../port.ts'
import type { InMemoryNetwork } from './in-memory-peer.ts'

/** A dial that has not been answered by then is given up, ns. */
const DIAL_NS_MAX = 5n * NS_PER_SEC
/** Peers whose addresses are remembered, and addresses of one. */
export const REMEMBERED_PEERS_MAX = 4096
export const REMEMBERED_ADDRESSES_MAX = 16

/** A connection, seen from both ends. */
export interface Link {
  up: boolean
}

export interface Neighbour {
  readonly peer: InMemoryNetwork
  readonly link: Link
  readonly direction: Connection['direction']
  readonly openedNs: bigint
  readonly traffic: { bytesIn: number; bytesOut: number }
  /** Fail what waits for this neighbour. */
  readonly waiting: Set<(error: Error) => void>
}

/** What dialling needs of the hub. */
export interface DialHub {
  readonly time: Time
  /** Runs `arrive` after the link's delay, or never. */
  carry(from: PeerId, to: PeerId, arrive: () => void): void
  /** Who can be reached at an address, with or without a peer id at the end. */
  at(address: string): InMemoryNetwork | undefined
  /** Connects the two now; false where one of them refuses. True where they are connected. */
  link(from: InMemoryNetwork, to: InMemoryNetwork): boolean
}

export type Target = { readonly peer: PeerId } | { readonly address: string }

/** Where peers may be found, and the way to them. */
export class Dialler {
  readonly #hub: DialHub
  readonly #own: InMemoryNetwork
  readonly #remembered = new BoundedMap<PeerId, readonly string[]>(REMEMBERED_PEERS_MAX)
  readonly #closing = new AbortController()

  constructor(hub: DialHub, own: InMemoryNetwork) {
    this.#hub = hub
    this.#own = own
  }

  remember(peer: PeerId, addresses: readonly string[]): void {
    this.#remembered.set(peer, addresses.slice(0, REMEMBERED_ADDRESSES_MAX))
  }

  /** One round trip, after which the two are connected. Rejects as the port says. */
  async dial(target: Target, signal: AbortSignal): Promise<PeerId> {
    const wanted = 'peer' in target ? target.peer : target.address
    if (signal.aborted) throw timedOut(wanted, CONNECTION_CHANNEL, signal.reason)
    if ('peer' in target && this.#own.isLinked(target.peer)) return target.peer
    const other = this.#find(target)
    if (other === undefined || other === this.#own) throw unreachable(wanted)
    const { promise, resolve, reject: fail } = Promise.withResolvers<PeerId>()
    const giveUp = (): void =>
      fail(this.#closing.signal.aborted ? closed() : timedOut(wanted, CONNECTION_CHANNEL, signal.reason))
    const either = AbortSignal.any([signal, this.#closing.signal])
    either.addEventListener('abort', giveUp, { once: true })
    const cancel = this.#hub.time.schedule(DIAL_NS_MAX, () => fail(unreachable(wanted)))
    this.#knock(other, either, (isLinked) => (isLinked ? resolve(other.peerId) : fail(unreachable(wanted))))
    return promise.finally(() => {
      cancel()
      either.removeEventListener('abort', giveUp)
    })
  }

  close(): void {
    this.#closing.abort()
  }

  #find(target: Target): InMemoryNetwork | undefined {
    if ('address' in target) return this.#hub.at(target.address)
    return (this.#remembered.get(target.peer) ?? [])
      .map((address) => this.#hub.at(address))
      .find((found) => found?.peerId === target.peer)
  }

  #knock(other: InMemoryNetwork, signal: AbortSignal, answered: (isLinked: boolean) => void): void {
    const own = this.#own
    this.#hub.carry(own.peerId, other.peerId, () => {
      if (signal.aborted) return
      const isLinked = this.#hub.link(own, other)
      this.#hub.carry(other.peerId, own.peerId, () => answered(isLinked && own.isLinked(other.peerId)))
    })
  }
}
