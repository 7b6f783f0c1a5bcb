/**
 * How libp2p is set up, with the reason for each number. TCP with no delay, Noise, yamux, identify, gossipsub without its
 * own signatures (ours are inside the messages; signing twice halves throughput). No DHT, no mDNS, no UPnP, no relay, no
 * telemetry. Sources: libp2p specs `pubsub/gossipsub` v1.1 and v1.2; the option docs of the packages named in package.json.
 */
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { FRAME_BYTES_MAX } from '../topics.ts'
import { ANSWERING_PER_PEER_MAX } from '../serving.ts'
import { messageId, messageIdText } from './message-id.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import type { PeerId } from '../port.ts'

export interface Services extends Record<string, unknown> {
  readonly identify: Identify
  readonly pubsub: GossipSub
}

/** Connections of one node, both ways: each costs a file descriptor and up to about 2 MB, and a node has 200 MB in all. */
export const CONNECTIONS_MAX = 64
/** New connections a second from one address: enough for a devnet of 60 nodes that all start at once on loopback. */
const CONNECTIONS_PER_HOST_PER_SEC_MAX = 64
/** Connections that have not finished their handshake. */
const CONNECTIONS_PENDING_MAX = 64
/** A dial or an inbound handshake that takes longer is given up, ms. */
export const HANDSHAKE_MS_MAX = 5000
/** Streams of all protocols on one connection, each way: our protocols, gossip and identify together. */
const STREAMS_MAX = 256
/** Twice what is answered at once, so that `busy` is ours to say and to count. */
export const STREAMS_PER_PROTOCOL_MAX = 2 * ANSWERING_PER_PEER_MAX
/** Bytes that wait for a slow reader before its gossip stream is reset. */
const GOSSIP_BACKLOG_BYTES_MAX = 8 * FRAME_BYTES_MAX
/** Bytes of one gossip RPC: a full frame and some, or a few thousand small messages after an IWANT. */
const GOSSIP_RPC_BYTES_MAX = 4 * FRAME_BYTES_MAX
/** Topics that one peer may announce, as bytes of their names and gossipsub's 1 KiB for each. */
const TOPIC_BYTES_PER_PEER_MAX = 256 * 1024
/** Milliseconds for which a message is known again. Many heartbeats: nothing older is still on offer. */
const SEEN_MS = 60_000
/** Milliseconds between mesh repairs: what a new neighbour says reaches only direct neighbours until the next one. */
const HEARTBEAT_MS = 500
/** The score of a peer that has been shut out: far below every threshold. */
const SHUT_OUT_SCORE = -100_000

/**
 * Mesh degrees for 2 to 10 nodes: nearly everybody is a direct neighbour, so one hop carries a message to all and the loss
 * of a node breaks nothing; with more nodes, 6 neighbours still reach 1,000 nodes in 4 hops.
 */
const MESH = { D: 6, Dlo: 5, Dhi: 9, Dscore: 4, Dout: 2, Dlazy: 6 } as const

const gossip = (isShutOut: (peer: PeerId) => boolean): ReturnType<typeof gossipsub> =>
  gossipsub({
    ...MESH,
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message) => messageId(message.topic, message.data),
    msgIdToStrFn: messageIdText,
    heartbeatInterval: HEARTBEAT_MS,
    seenTTL: SEEN_MS,
    floodPublish: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    doPX: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: GOSSIP_RPC_BYTES_MAX,
    maxOutboundBufferSize: GOSSIP_BACKLOG_BYTES_MAX,
    maxTopicBytesPerPeer: TOPIC_BYTES_PER_PEER_MAX,
    scoreParams: {
      appSpecificScore: (peer) => (isShutOut(peer) ? SHUT_OUT_SCORE : 0),
      appSpecificWeight: 1,
      // Devnets put all peers on one address; limits by subnet belong to discovery.
      IPColocationFactorWeight: 0,
      // A busy machine breaks a promise to deliver now and then; only what goes on costs.
      behaviourPenaltyThreshold: 6,
    },
  })

/** A node that has not started. `isShutOut` closes the door on dials and handshakes. */
export const createNode = (options: {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly isShutOut: (peer: PeerId) => boolean
}): Promise<Libp2p<Services>> => {
  const denied = (peer: { toString(): string }): boolean => options.isShutOut(peer.toString())
  return createLibp2p<Services>({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { name: 'truechimer', version: '1', userAgent: 'truechimer/1' },
    addresses: { listen: [...options.listen] },
    transports: [tcp({ dialOpts: { noDelay: true }, listenOpts: { noDelay: true } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: STREAMS_MAX, maxOutboundStreams: STREAMS_MAX })],
    connectionGater: {
      denyDialPeer: denied,
      denyDialMultiaddr: () => false,
      denyInboundEncryptedConnection: denied,
      denyOutboundEncryptedConnection: denied,
    },
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      inboundConnectionThreshold: CONNECTIONS_PER_HOST_PER_SEC_MAX,
      maxIncomingPendingConnections: CONNECTIONS_PENDING_MAX,
      inboundUpgradeTimeout: HANDSHAKE_MS_MAX,
      dialTimeout: HANDSHAKE_MS_MAX,
      addressDialTimeout: HANDSHAKE_MS_MAX,
    },
    services: { identify: identify(), pubsub: gossip(options.isShutOut) },
  })
}
