/**
 * Says aloud what gossipsub and its streams do in silence. A neighbour that does not read loses its stream when too much waits
 * for it, one that sends what cannot be read loses its reader, and neither comes back by itself: gossip would be dead on a
 * connection that stands. Such a connection is closed here, with a counted reason, so that it can be made anew.
 */
import { StreamBufferError } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { GOSSIP_PROTOCOLS } from './libp2p-gossip.ts'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { PeerId } from '../port.ts'
import type { Services } from './libp2p-options.ts'

const isGossip = ({ protocol }: Stream): boolean => GOSSIP_PROTOCOLS.some((name) => name === protocol)

export class GossipWatch {
  readonly #node: Libp2p<Services>
  readonly #onSlowReader: (connection: Connection) => void
  readonly #onUnreadable: (connection: Connection) => void
  /** Gossip streams that are watched; they go with their connections. */
  readonly #watched = new WeakSet<Stream>()
  /** Connections that talk gossip to nobody, as of the last look. */
  #deaf: ReadonlySet<string> = new Set()

  constructor(
    node: Libp2p<Services>,
    on: {
      readonly slowReader: (connection: Connection) => void
      readonly unreadable: (connection: Connection) => void
    },
  ) {
    this.#node = node
    this.#onSlowReader = on.slowReader
    this.#onUnreadable = on.unreadable
  }

  /** Watches a peer's gossip streams from now on: when it speaks first, as much may be sent before the next heartbeat. */
  met(peer: PeerId): void {
    for (const connection of this.#node.getConnections(peerIdFromString(peer)))
      for (const stream of connection.streams.filter(isGossip)) this.#watch(connection, stream)
  }

  /** Looks at all gossip streams: at every heartbeat. */
  look(): void {
    const heard = new Set(this.#node.services.pubsub.getPeers().map(String))
    const deaf = new Set<string>()
    for (const connection of this.#node.getConnections()) {
      const streams = connection.streams.filter(isGossip)
      for (const stream of streams) this.#watch(connection, stream)
      const isSpokenTo = streams.some(({ direction, status }) => direction === 'inbound' && status === 'open')
      if (isSpokenTo && !heard.has(connection.remotePeer.toString())) deaf.add(connection.id)
      // Twice in a row: between two looks a stream may just have come, or its connection be going.
      if (deaf.has(connection.id) && this.#deaf.has(connection.id)) this.#onUnreadable(connection)
    }
    this.#deaf = deaf
  }

  #watch(connection: Connection, stream: Stream): void {
    if (stream.direction !== 'outbound' || this.#watched.has(stream)) return
    this.#watched.add(stream)
    stream.addEventListener('close', ({ error }) => {
      if (error instanceof StreamBufferError) this.#onSlowReader(connection)
    })
  }
}
