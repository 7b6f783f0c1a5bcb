/**
 * The open connections of a node, as the port shows them: where, by what, since when, how far, and how many bytes. Bytes are those of the
 * socket (TCP), of the datagrams (QUIC), or of the stream to the relay; nothing is counted message by message.
 *
 * libp2p v3 counts only through a metrics service that every part then reports to. The counters exist below: those of the
 * sockets and of the QUIC library are read where the pinned versions keep them, and read as zero where they are not found (a test shows that they are).
 */
import { Socket } from 'node:net'
import { keepBeating } from './libp2p-heartbeat.ts'
import type { Connection as Libp2pConnection } from '@libp2p/interface'
import type { Cancel, Time } from '../../base/index.ts'
import type { Connection } from '../port.ts'

type Traffic = Connection['traffic']

interface Entry {
  readonly connection: Libp2pConnection
  readonly openedNs: bigint
  readonly traffic: () => Traffic
  readonly stop: Cancel
  roundTripNs: bigint | undefined
}

/** How many there are is decided at the gate. */
export class OpenConnections {
  readonly #time: Time
  readonly #onSilent: (connection: Libp2pConnection) => void
  readonly #entries = new Map<string, Entry>()

  /** `onSilent`: this one does not answer any more. */
  constructor(time: Time, onSilent: (connection: Libp2pConnection) => void) {
    this.#time = time
    this.#onSilent = onSilent
  }

  opened(connection: Libp2pConnection): void {
    if (connection.status !== 'open') return
    this.#entries.set(connection.id, {
      connection,
      openedNs: this.#time.elapsedNs(),
      traffic: meterOf(connection),
      roundTripNs: undefined,
      stop: keepBeating({
        time: this.#time,
        connection,
        onRoundTrip: (roundTripNs) => {
          const entry = this.#entries.get(connection.id)
          if (entry !== undefined) entry.roundTripNs = roundTripNs
        },
        onSilent: () => this.#onSilent(connection),
      }),
    })
  }

  closed(connection: Libp2pConnection): void {
    this.#entries.get(connection.id)?.stop()
    this.#entries.delete(connection.id)
  }

  clear(): void {
    for (const { connection } of this.#entries.values()) this.closed(connection)
  }

  list(): readonly Connection[] {
    return [...this.#entries.values()].map(({ connection, openedNs, roundTripNs, traffic }) => {
      const address = connection.remoteAddr.toString()
      return {
        peer: connection.remotePeer.toString(),
        address,
        direction: connection.direction,
        transport: transportOf(address),
        security: securityOf(connection),
        openedNs,
        roundTripNs,
        traffic: traffic(),
      }
    })
  }
}

/** What carries a connection to this multiaddr. */
export const transportOf = (address: string): Connection['transport'] => {
  if (address.includes('/p2p-circuit')) return 'relay'
  return address.includes('/quic-v1') ? 'quic' : 'tcp'
}

/** libp2p names the protocol that was agreed; QUIC's is inside, and is TLS 1.3 (RFC 9001). */
const securityOf = ({ encryption }: Libp2pConnection): Connection['security'] => {
  if (encryption === 'native' || encryption?.startsWith('/tls') === true) return 'tls'
  return encryption === '/noise' ? 'noise' : 'none'
}

const fieldOf = (owner: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined),
    owner,
  )

const meterOf = (connection: Libp2pConnection): (() => Traffic) => {
  const transport = transportOf(connection.remoteAddr.toString())
  const below = fieldOf(connection, 'maConn')
  if (transport === 'quic') return quicMeter(fieldOf(connection, 'muxer', 'init', 'connection'))
  return transport === 'relay' ? streamMeter(below) : socketMeter(fieldOf(below, 'socket'))
}

const NOTHING: Traffic = { bytesIn: 0, bytesOut: 0 }

const socketMeter =
  (socket: unknown): (() => Traffic) =>
  () =>
    socket instanceof Socket ? { bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten } : NOTHING

const countOf = (stats: unknown, name: string): number => {
  const count = fieldOf(stats, name)
  return typeof count === 'number' || typeof count === 'bigint' ? Number(count) : 0
}

const quicMeter =
  (connection: unknown): (() => Traffic) =>
  () => {
    const stats = fieldOf(connection, 'stats')
    if (typeof stats !== 'function') return NOTHING
    const counts: unknown = Reflect.apply(stats, connection, [])
    return { bytesIn: countOf(counts, 'udpRxBytes'), bytesOut: countOf(counts, 'udpTxBytes') }
  }

/** A relayed connection runs on one stream to the relay: its messages are counted as they pass. */
const streamMeter = (below: unknown): (() => Traffic) => {
  let [bytesIn, bytesOut] = [0, 0]
  const listen = fieldOf(below, 'addEventListener')
  const send = fieldOf(below, 'send')
  if (typeof below !== 'object' || below === null || typeof listen !== 'function' || typeof send !== 'function')
    return () => NOTHING
  Reflect.apply(listen, below, [
    'message',
    (event: unknown) => (bytesIn += countOf(fieldOf(event, 'data'), 'byteLength')),
  ])
  Reflect.set(below, 'send', (data: unknown): unknown => {
    bytesOut += countOf(data, 'byteLength')
    return Reflect.apply(send, below, [data])
  })
  return () => ({ bytesIn, bytesOut })
}
