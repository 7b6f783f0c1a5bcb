/**
 * What carries connections: TCP with Noise or TLS and yamux, QUIC where its package is installed, and relays for nodes that
 * cannot be dialled. Which of them a node uses is its owner's choice; what each may cost stands here.
 *
 * QUIC brings its own encryption (TLS 1.3) and its own streams, so neither Noise nor yamux runs on it. Its package is native
 * code for some platforms only and is loaded when it is asked for. Sources: libp2p specs `quic`, `tls`, `noise`, `relay/circuit-v2`,
 * `relay/DCUtR`, `autonat/autonat-v2`. Rules: docs/spec/network.md N-40 to N-45.
 *
 * Not promised: that the sockets from which QUIC dials are gone the moment a network is closed (they go when their native objects
 * are collected; those listened on go at once). Nor that a hole is punched. Dials leave from a port of their own and not from the one that is listened on, so a
 * connection becomes direct only where one of the two can be dialled at an address that others have seen.
 */
import { autoNATv2 } from '@libp2p/autonat-v2'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { FRAME_BYTES_MAX } from '../topics.ts'
import type { Libp2pOptions } from 'libp2p'

/** One way of carrying bytes, and one of keeping them secret, as libp2p takes them. */
export type Transport = NonNullable<Libp2pOptions['transports']>[number]
type Encrypter = NonNullable<Libp2pOptions['connectionEncrypters']>[number]

/** What a relay grants. */
export interface RelayLimits {
  /** Peers that may be reached through this one at once. */
  readonly reservationsMax: number
  /** How long one relayed connection may last, s; then it is cut, and dialled again by whoever needs it. */
  readonly durationSecMax: number
  /** Bytes that one relayed connection may carry, both ways. */
  readonly bytesMax: number
}

/**
 * 32 reservations: half of a node's connections. Ten minutes and 64 MiB: at the full rate of one neighbour (800 attestations of
 * 224 bytes and 200 proofs of 307 bytes a second, about 240 kB/s) the bytes last about four and a half minutes; in a network of
 * 20 nodes the time ends first. So a relay can be asked for at most about 2 GiB in ten minutes.
 */
export const RELAY_LIMITS: RelayLimits = { reservationsMax: 32, durationSecMax: 600, bytesMax: 64 * 1024 * 1024 }

export interface CarrierOptions {
  /** QUIC beside TCP, where its package loads. By default where an address to listen on asks for it. */
  readonly quic?: boolean
  /** How TCP is made secret, most wanted first; by default Noise and then TLS. */
  readonly security?: readonly ('noise' | 'tls')[]
  /** Carries others' connections, within limits: RELAY_LIMITS, or the given ones. Off by default. */
  readonly relayServer?: boolean | Partial<RelayLimits>
  /** May be reached through a relay: asks those it is connected to for a reservation. Off by default. */
  readonly relayClient?: boolean
  /** Tries to make relayed connections direct. Off by default; needs `relayClient`. */
  readonly holePunching?: boolean
  /** Asks others whether this node's addresses can be dialled, and answers them. Off by default. */
  readonly autonat?: boolean
}

/**
 * A QUIC connection that says nothing for so long is gone, ms; it is kept alive at half of that. A dial to where nobody listens ends
 * no sooner either (the library does not hear "port unreachable"), unless whoever dials gives it up.
 */
const QUIC_IDLE_MS_MAX = 6000
/** Bytes of one QUIC stream, and of one connection, that may be under way unread. Below what a reader must hold for TCP. */
const QUIC_STREAM_BYTES_MAX = 2 * FRAME_BYTES_MAX
const QUIC_CONNECTION_BYTES_MAX = 8 * FRAME_BYTES_MAX
/** Relayed connections that are being made at once: each is one stream to the relay. */
const RELAY_STREAMS_MAX = 32
/** A reservation or a relayed connection that takes longer to make is given up, ms. */
const RELAY_MS_MAX = 5000
/** A node asks whether an address can be dialled so long after it started, ms, and again as often. */
const AUTONAT_START_MS = 5000
const AUTONAT_REFRESH_MS = 60_000
/** Bytes that a node sends to show that it wants to be dialled: what the specification's guard against amplification asks. */
const AUTONAT_DIAL_BYTES_MAX = 200_000n
/** Holes are tried so often, and so long each, ms. */
const HOLE_PUNCHES_MAX = 3
const HOLE_PUNCH_MS_MAX = 5000

/** TCP with no delay; a connection on which nothing passes for a minute (six heartbeats) is closed by the socket too. */
const tcpCarrier = (): Transport =>
  tcp({
    dialOpts: { noDelay: true },
    listenOpts: { noDelay: true },
    inboundSocketInactivityTimeout: 60_000,
    outboundSocketInactivityTimeout: 60_000,
  })

/** QUIC, or why it cannot be had: the package is not installed, or has no binary for this platform. Never rejects. */
export const loadQuic = async (
  load: () => Promise<{ readonly quic: (options: object) => Transport }> = () => import('@chainsafe/libp2p-quic'),
  streamsMax = 256,
): Promise<Transport | { readonly missing: unknown }> => {
  try {
    const { quic } = await load()
    return quic({
      handshakeTimeout: QUIC_IDLE_MS_MAX,
      maxIdleTimeout: QUIC_IDLE_MS_MAX,
      keepAliveInterval: QUIC_IDLE_MS_MAX / 2,
      maxConcurrentStreamLimit: streamsMax,
      maxStreamData: QUIC_STREAM_BYTES_MAX,
      maxConnectionData: QUIC_CONNECTION_BYTES_MAX,
    })
  } catch (error) {
    return { missing: error }
  }
}

/** TCP, then what else was asked for. */
export const carriersOf = (options: CarrierOptions, quic: Transport | undefined): Transport[] => [
  tcpCarrier(),
  ...(quic === undefined ? [] : [quic]),
  ...(options.relayClient === true
    ? [
        circuitRelayTransport({
          maxInboundStopStreams: RELAY_STREAMS_MAX,
          maxOutboundStopStreams: RELAY_STREAMS_MAX,
          reservationCompletionTimeout: RELAY_MS_MAX,
        }),
      ]
    : []),
]

export const encryptersOf = (options: CarrierOptions): Encrypter[] =>
  (options.security ?? ['noise', 'tls']).map((name) => (name === 'noise' ? noise() : tls()))

/** The services that relays and holes need; none by default. */
export const carrierServices = (options: CarrierOptions) => ({
  ...(options.relayServer === undefined || options.relayServer === false
    ? {}
    : {
        relay: relayService(options.relayServer === true ? RELAY_LIMITS : { ...RELAY_LIMITS, ...options.relayServer }),
      }),
  ...(options.holePunching === true ? { dcutr: dcutr({ retries: HOLE_PUNCHES_MAX, timeout: HOLE_PUNCH_MS_MAX }) } : {}),
  ...(options.autonat === true
    ? {
        autoNAT: autoNATv2({
          startupDelay: AUTONAT_START_MS,
          refreshInterval: AUTONAT_REFRESH_MS,
          maxDialDataBytes: AUTONAT_DIAL_BYTES_MAX,
        }),
      }
    : {}),
})

const relayService = (limits: RelayLimits): ReturnType<typeof circuitRelayServer> =>
  circuitRelayServer({
    hopTimeout: RELAY_MS_MAX,
    maxInboundHopStreams: RELAY_STREAMS_MAX,
    maxOutboundHopStreams: RELAY_STREAMS_MAX,
    maxOutboundStopStreams: RELAY_STREAMS_MAX,
    reservations: {
      maxReservations: limits.reservationsMax,
      defaultDurationLimit: limits.durationSecMax * 1000,
      defaultDataLimit: BigInt(limits.bytesMax),
    },
  })
