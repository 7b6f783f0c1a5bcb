/**
 * How libp2p is set up, with the reason for each number. No DHT, no UPnP, no telemetry; identify and ping for what every libp2p node
 * says. Carriers stand in `libp2p-carriers.ts`, gossip in `libp2p-gossip.ts`, who may connect in `libp2p-gate.ts`.
 * Source: the option docs of the packages named in package.json.
 */
import { identify } from '@libp2p/identify'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { PLACES } from '../places.ts'
import { ANSWERING_PER_PEER_MAX } from '../serving.ts'
import { FRAME_BYTES_MAX } from '../topics.ts'
import { carrierServices, carriersOf, encryptersOf } from './libp2p-carriers.ts'
import { gossip } from './libp2p-gossip.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CarrierOptions, Transport } from './libp2p-carriers.ts'
import type { Opinion } from './libp2p-gossip.ts'

export interface Services extends Record<string, unknown> {
  readonly identify: Identify
  readonly pubsub: GossipSub
}

/** So many times our own connections libp2p itself would close, unasked and uncounted: far above, so that it is ours to say and to count. */
const LIBP2P_CONNECTIONS_FACTOR = 4
const LIBP2P_PENDING_MAX = 65_536
/** A dial or an inbound handshake that takes longer is given up, ms. */
export const HANDSHAKE_MS_MAX = 5000
/** Agreeing on the protocol of a stream, ms: gossip opens its streams one after the other, and each waits for the one before. */
const STREAM_MS_MAX = 2000
/** Dials under way at once, and addresses of one peer that are tried. */
const DIALS_MAX = 16
const DIAL_QUEUE_MAX = 256
export const PEER_ADDRESSES_MAX = 16
/** Streams of all protocols on one connection, each way: our protocols, gossip and identify together. */
export const STREAMS_MAX = 256
/** Twice what is answered at once, so that `busy` is ours to say and to count. */
export const STREAMS_PER_PROTOCOL_MAX = 2 * ANSWERING_PER_PEER_MAX
/** Bytes of one stream that wait for its reader, or for us: a full frame and what is said around it. Gossip has its own. */
const STREAM_BYTES_MAX = 2 * FRAME_BYTES_MAX

export interface NodeOptions extends CarrierOptions {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  /** Addresses to name beside those listened on: what a router forwards here. */
  readonly announce?: readonly string[]
  readonly quicCarrier?: Transport | undefined
  readonly gater: ConnectionGater
  /** Connections that `gater` lets stand, both ways; by default those of PLACES. */
  readonly connectionsMax?: number | undefined
  readonly opinion: Opinion
  /** By default HANDSHAKE_MS_MAX. */
  readonly handshakeMsMax?: number | undefined
}

/**
 * libp2p names a public address only when AutoNAT has had it dialled. Here the owner chose what is listened on: it is named from the
 * start, and AutoNAT, where it runs, may find that it cannot be dialled.
 */
const nameListenAddresses = (of: {
  readonly events: { addEventListener(type: 'transport:listening', listener: () => void): void }
  readonly addressManager: {
    confirmObservedAddr(address: Multiaddr, options: { readonly type: 'transport' }): void
  }
  readonly transportManager: { getAddrs(): Multiaddr[] }
}): object => {
  of.events.addEventListener('transport:listening', () => {
    for (const address of of.transportManager.getAddrs())
      of.addressManager.confirmObservedAddr(address, { type: 'transport' })
  })
  return {}
}

/** A node that has not started. */
export const createNode = (options: NodeOptions): Promise<Libp2p<Services>> => {
  const handshakeMsMax = options.handshakeMsMax ?? HANDSHAKE_MS_MAX
  const listen = [...options.listen, ...(options.relayClient === true ? ['/p2p-circuit'] : [])]
  return createLibp2p<Services>({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { name: 'truechimer', version: '1', userAgent: 'truechimer/1' },
    addresses: { listen, appendAnnounce: [...(options.announce ?? [])] },
    transports: carriersOf(options, options.quicCarrier),
    connectionEncrypters: encryptersOf(options),
    streamMuxers: [
      yamux({
        maxInboundStreams: STREAMS_MAX,
        maxOutboundStreams: STREAMS_MAX,
        enableKeepAlive: false,
        streamOptions: { maxReadBufferLength: STREAM_BYTES_MAX, maxWriteBufferLength: STREAM_BYTES_MAX },
      }),
    ],
    connectionGater: options.gater,
    // Our own says sooner and more (libp2p-heartbeat.ts).
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: LIBP2P_CONNECTIONS_FACTOR * (options.connectionsMax ?? PLACES.connectionsMax),
      inboundConnectionThreshold: LIBP2P_PENDING_MAX,
      maxIncomingPendingConnections: LIBP2P_PENDING_MAX,
      maxParallelDials: DIALS_MAX,
      maxDialQueueLength: DIAL_QUEUE_MAX,
      maxPeerAddrsToDial: PEER_ADDRESSES_MAX,
      inboundUpgradeTimeout: handshakeMsMax,
      inboundStreamProtocolNegotiationTimeout: STREAM_MS_MAX,
      outboundStreamProtocolNegotiationTimeout: STREAM_MS_MAX,
      dialTimeout: handshakeMsMax,
      addressDialTimeout: handshakeMsMax,
      // Who is dialled again is decided by discovery.
      reconnectRetries: 0,
    },
    services: {
      identify: identify(),
      pubsub: gossip(options.opinion),
      addresses: nameListenAddresses,
      ...carrierServices(options),
    },
  })
}
