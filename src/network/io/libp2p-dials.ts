/**
 * Getting connected: where peers may be found, dialling them, and what libp2p remembers of those that are gone. Turns what
 * libp2p throws into the port's codes.
 */
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { BoundedMap } from '../../base/index.ts'
import { closed, timedOut, unreachable } from '../failures.ts'
import { CONNECTION_CHANNEL } from '../refusals.ts'
import { PEER_ADDRESSES_MAX } from './libp2p-options.ts'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '../port.ts'

/** Peers whose addresses are remembered because somebody said where they are. */
export const PEERS_FOUND_MAX = 4096
/** Peers that are gone of which libp2p still knows what they told it, so that they can be asked again. */
const PEERS_GONE_MAX = 1024

export class Dials {
  readonly #node: Libp2p
  readonly #closing: AbortSignal
  readonly #found = new BoundedMap<PeerId, readonly Multiaddr[]>(PEERS_FOUND_MAX)
  readonly #gone = new BoundedMap<PeerId, true>(PEERS_GONE_MAX)

  readonly #msMax: number

  /** `closing` aborts when the network closes; a dial that takes more than `msMax` is given up. */
  constructor(node: Libp2p, options: { readonly closing: AbortSignal; readonly msMax: number }) {
    this.#node = node
    this.#closing = options.closing
    this.#msMax = options.msMax
  }

  /** What cannot be read, or leads to somebody else, is left out; so is what is above PEER_ADDRESSES_MAX. */
  remember(peer: PeerId, addresses: readonly string[]): void {
    const found = addresses.slice(0, PEER_ADDRESSES_MAX).flatMap((address) => {
      const parsed = parse(address)
      const last = parsed?.getComponents().at(-1)
      if (parsed === undefined) return []
      if (last?.name === 'p2p') return last.value === peer ? [parsed] : []
      return [parsed.encapsulate(`/p2p/${peer}`)]
    })
    this.#found.set(peer, found)
  }

  /** An open connection to the peer, direct ones first; else a new one. Rejects as the port's `connect` does. */
  async toPeer(peer: PeerId, signal: AbortSignal, channel: string = CONNECTION_CHANNEL): Promise<Connection> {
    return this.#coded(peer, channel, signal, async (either) => {
      const id = peerIdFromString(peer)
      const open = this.#node.getConnections(id).filter(({ status }) => status === 'open')
      const standing = open.find(({ limits }) => limits === undefined) ?? open[0]
      if (standing !== undefined) return standing
      const found = this.#found.get(peer) ?? []
      return this.#node.dial(found.length === 0 ? id : [...found], { signal: either })
    })
  }

  async toAddress(address: string, signal: AbortSignal): Promise<Connection> {
    return this.#coded(address, CONNECTION_CHANNEL, signal, (either) =>
      this.#node.dial(multiaddr(address), { signal: either }),
    )
  }

  /** The peer has no connection any more: what libp2p knows of it is forgotten when many others have gone since. */
  gone(peer: PeerId): void {
    const [oldest] = this.#gone.set(peer, true) ?? []
    if (oldest === undefined) return
    const id = peerIdFromString(oldest)
    if (this.#node.getConnections(id).length > 0) return
    // Kept in memory: it cannot fail but by closing, after which nothing is kept.
    this.#node.peerStore.delete(id).catch(() => this.#gone.delete(oldest))
  }

  async #coded<T>(
    whom: string,
    channel: string,
    signal: AbortSignal,
    run: (either: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#closing.aborted) throw closed()
    if (signal.aborted) throw timedOut(whom, channel, signal.reason)
    try {
      return await run(AbortSignal.any([signal, this.#closing, AbortSignal.timeout(this.#msMax)]))
    } catch (error) {
      const isOver = signal.aborted && !this.#closing.aborted
      throw isOver ? timedOut(whom, channel, error) : unreachable(whom, error)
    }
  }
}

/** Undefined where it is none. */
const parse = (address: string): Multiaddr | undefined => {
  try {
    return multiaddr(address)
  } catch {
    // Told by others: what cannot be read leads nowhere.
    return undefined
  }
}
