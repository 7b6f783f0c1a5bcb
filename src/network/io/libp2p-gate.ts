/**
 * Who may connect. Twice: on the doorstep, by address alone and before any cryptography, so that a thousand connections from one
 * address cost a refusal each; and when the handshake has proved who it is, by the room's rule of places (`places.ts`).
 *
 * A connection that says nothing, or nonsense, is given up with its handshake (5 s) and counted. QUIC shakes hands before anybody
 * is asked: there the doorstep only limits what becomes a connection. Rules: docs/spec/network.md N-4, N-46.
 */
import { BoundedMap } from '../../base/index.ts'
import { addressGroup, addressHost } from '../address-group.ts'
import { refused } from '../failures.ts'
import { CONNECTION_CHANNEL } from '../refusals.ts'
import { TokenBuckets } from '../token-bucket.ts'
import { transportOf } from './libp2p-connections.ts'
import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import type { Inbound } from '../inbound.ts'
import type { Connection, Network, PeerId, RefusalEvent } from '../port.ts'

/** Handshakes under way, in all and from one host: half of them are left for others. */
export const HANDSHAKES_MAX = 64
export const HANDSHAKES_PER_HOST_MAX = 32
/** New connections from one host: 64 at once serve a devnet that starts on one machine, 16 a second cost about 5 % of a core. */
export const HOST_RATE = { ratePerSec: 16, burst: 64 } as const
/** The same of one group (/16, or /32 of IPv6): whoever owns a whole block has the rate of four hosts. */
export const GROUP_RATE = { ratePerSec: 64, burst: 256 } as const
/** Hosts and groups whose rate is remembered. */
const HOSTS_MAX = 4096

/** What the real network refuses besides what both do. */
export const GATE_REASONS = [
  'too-many-handshakes',
  'connecting-too-fast',
  'handshake-failed',
  'silent',
  'slow-reader',
  'unreadable',
] as const
export type GateReason = (typeof GATE_REASONS)[number]

/** Who is refused before it has said who it is. */
export const UNKNOWN_PEER: PeerId = 'unknown'

export interface GateOptions {
  readonly elapsedNs: () => bigint
  /** Decides, and counts what it refuses: `Inbound.place`. */
  readonly place: Inbound['place']
  readonly isShutOut: (peer: PeerId) => boolean
  readonly refuse: (event: RefusalEvent) => void
}

/** The state behind a gater. One for each node. */
export class Gate {
  readonly #options: GateOptions
  #network: Pick<Network, 'connections' | 'disconnect'> | undefined
  readonly #hosts = new TokenBuckets(HOST_RATE, HOSTS_MAX)
  readonly #groups = new TokenBuckets(GROUP_RATE, HOSTS_MAX)
  /** Handshakes under way: their hosts. At most HANDSHAKES_MAX. */
  readonly #pending = new Map<MultiaddrConnection, string>()
  /** Has a place, is not open yet. As many as are dialled or shake hands. */
  readonly #coming = new BoundedMap<MultiaddrConnection, Connection>(2 * HANDSHAKES_MAX)

  /** Had to go for a newcomer, and when, elapsed ns: its connections close for up to a second, and it must not go for a second one. */
  readonly #leaving = new BoundedMap<PeerId, bigint>(2 * HANDSHAKES_MAX)

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** Whose connections these are: once, before the first of them. */
  guard(network: Pick<Network, 'connections' | 'disconnect'>): void {
    this.#network = network
  }

  /** In libp2p's words. */
  gater(): ConnectionGater {
    const isShutOut = (peer: { toString(): string }): boolean => this.#options.isShutOut(peer.toString())
    return {
      denyDialPeer: isShutOut,
      denyDialMultiaddr: () => false,
      denyInboundConnection: (connection) => this.#onDoorstep(connection) !== undefined,
      denyInboundEncryptedConnection: (peer, connection) => !this.#hasPlace(peer.toString(), connection, 'inbound'),
      denyOutboundEncryptedConnection: (peer, connection) => !this.#hasPlace(peer.toString(), connection, 'outbound'),
      denyInboundUpgradedConnection: (_, connection) => this.#settled(connection),
      denyOutboundUpgradedConnection: (_, connection) => this.#settled(connection),
    }
  }

  /** Why a connection is not even heard; undefined where it is. */
  #onDoorstep(connection: MultiaddrConnection): GateReason | undefined {
    const address = connection.remoteAddr.toString()
    const host = addressHost(address) ?? addressGroup(address)
    const reason = this.#doorstepReason(host, addressGroup(address))
    if (reason !== undefined) {
      this.#refuse(UNKNOWN_PEER, reason)
      return reason
    }
    this.#pending.set(connection, host)
    connection.addEventListener('close', () => this.#closedEarly(connection), { once: true })
    return undefined
  }

  #doorstepReason(host: string, group: string): GateReason | undefined {
    const ofHost = [...this.#pending.values()].filter((other) => other === host).length
    if (this.#pending.size >= HANDSHAKES_MAX || ofHost >= HANDSHAKES_PER_HOST_MAX) return 'too-many-handshakes'
    const nowNs = this.#options.elapsedNs()
    const isSlow = this.#hosts.take(host, nowNs) && this.#groups.take(group, nowNs)
    return isSlow ? undefined : 'connecting-too-fast'
  }

  #closedEarly(connection: MultiaddrConnection): void {
    if (this.#pending.delete(connection)) this.#refuse(UNKNOWN_PEER, 'handshake-failed')
  }

  #hasPlace(peer: PeerId, connection: MultiaddrConnection, direction: 'inbound' | 'outbound'): boolean {
    // Whatever comes of it, it has shaken hands.
    this.#pending.delete(connection)
    const address = connection.remoteAddr.toString()
    const open = [...this.#staying(), ...this.#coming.values()]
    const placement = this.#options.place({ peer, address, direction }, open)
    if (placement.verdict !== 'accept') return false
    if (placement.evict !== undefined) this.#evict(placement.evict)
    this.#comes(connection, { peer, address, direction })
    return true
  }

  #evict(peer: PeerId): void {
    this.#leaving.set(peer, this.#options.elapsedNs())
    this.#network?.disconnect(peer, 'evicted')
    for (const [connection, coming] of this.#coming) {
      if (coming.peer !== peer) continue
      this.#coming.delete(connection)
      this.#options.refuse({ channel: CONNECTION_CHANNEL, from: peer, verdict: 'ignore', reason: 'evicted' })
      connection.abort(refused(peer, CONNECTION_CHANNEL))
    }
  }

  /** Connections without those whose place was given to another already. */
  #staying(): readonly Connection[] {
    return (this.#network?.connections() ?? []).filter(({ peer, openedNs }) => {
      const evictedNs = this.#leaving.get(peer)
      return evictedNs === undefined || openedNs > evictedNs
    })
  }

  #comes(connection: MultiaddrConnection, of: Pick<Connection, 'peer' | 'address' | 'direction'>): void {
    this.#coming.set(connection, {
      ...of,
      transport: transportOf(of.address),
      security: 'none',
      openedNs: this.#options.elapsedNs(),
      roundTripNs: undefined,
      traffic: { bytesIn: 0, bytesOut: 0 },
    })
    connection.addEventListener('close', () => void this.#coming.delete(connection), { once: true })
  }

  /** Open from now on, and so in the list of those. Never denies. */
  #settled(connection: MultiaddrConnection): false {
    this.#coming.delete(connection)
    return false
  }

  #refuse(from: PeerId, reason: GateReason): void {
    this.#options.refuse({ channel: CONNECTION_CHANNEL, from, verdict: 'ignore', reason })
  }
}
