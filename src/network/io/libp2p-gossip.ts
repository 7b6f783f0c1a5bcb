/**
 * How gossip is set up, with the reason for each number, and what keeps its memory bounded. Gossip's own signatures are off:
 * ours are inside the messages, and signing twice halves throughput.
 *
 * Gossipsub scores peers too, and drops without a word what a peer with a bad score says. Here the score is the door's
 * (`peer-scores.ts`), which counts and names what it drops; gossipsub's own parts choose neighbours, and only a peer that is shut
 * out falls below the threshold of silence. Sources: libp2p specs `pubsub/gossipsub` v1.1 and v1.2.
 */
import assert from 'node:assert/strict'
import { gossipsub } from '@libp2p/gossipsub'
import { PeerScore, createTopicScoreParams } from '@libp2p/gossipsub/score'
import { BORNE_SCORE_MIN, CHOSEN_SCORE_MIN } from '../score-weights.ts'
import { FRAME_BYTES_MAX } from '../topics.ts'
import { messageId, messageIdText } from './message-id.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId, Priority } from '../port.ts'

/** Bytes that wait for a slow reader before its connection is closed: some seconds of the full rate of all topics. */
export const GOSSIP_BACKLOG_BYTES_MAX = 4 * FRAME_BYTES_MAX
/** Bytes of one gossip RPC: a full frame and some, or a few thousand small messages after an IWANT. */
const GOSSIP_RPC_BYTES_MAX = 4 * FRAME_BYTES_MAX
/** Topics that one peer may announce, as bytes of their names and gossipsub's 1 KiB for each. */
const TOPIC_BYTES_PER_PEER_MAX = 256 * 1024
/** Milliseconds for which a message is known again. Many heartbeats: nothing older is still on offer. */
const SEEN_MS = 60_000
/** Milliseconds between mesh repairs: what a new neighbour says reaches only direct neighbours until the next one. */
export const HEARTBEAT_MS = 500
/** Gossipsub keeps the score of a peer that left so long, ms. Ours outlives it (`peer-scores.ts`), so no longer than a reconnection. */
const SCORE_KEPT_MS = 10_000
/**
 * Names of messages known again, and records of who brought which, kept at once: the oldest go first. At 120 and about 400
 * bytes each that is 24 and 26 MB. 200,000 names are a minute at 3,300 messages a second; a record is only used while a message is judged.
 */
export const SEEN_MAX = 200_000
export const DELIVERY_RECORDS_MAX = 65_536
/** The score of a peer that has been shut out, and the one below which gossipsub hears nothing: nobody else comes near it. */
const SHUT_OUT_SCORE = -1_000_000
const SILENCE_SCORE = -100_000

/** The protocols on which gossip runs, newest first. */
export const GOSSIP_PROTOCOLS = ['/meshsub/1.2.0', '/meshsub/1.1.0', '/meshsub/1.0.0'] as const

/**
 * Mesh degrees for 2 to 10 nodes: nearly everybody is a direct neighbour, so one hop carries a message to all and the loss
 * of a node breaks nothing; with more nodes, 6 neighbours still reach 1,000 nodes in 4 hops.
 */
const MESH = { D: 6, Dlo: 5, Dhi: 9, Dscore: 4, Dout: 2, Dlazy: 6 } as const

/** What the door says of a peer. */
export interface Opinion {
  isShutOut(peer: PeerId): boolean
  score(peer: PeerId): number
}

/** Whoever is below zero leaves gossipsub's mesh at once; ours bear it down to CHOSEN_SCORE_MIN, as honest peers get there too. */
const chosen = (score: number): number => (score >= CHOSEN_SCORE_MIN ? Math.max(score, 0) : score)

export const gossip = (opinion: Opinion): ReturnType<typeof gossipsub> =>
  gossipsub({
    ...MESH,
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message) => messageId(message.topic, message.data),
    msgIdToStrFn: messageIdText,
    heartbeatInterval: HEARTBEAT_MS,
    seenTTL: SEEN_MS,
    floodPublish: true,
    // One encoding for all neighbours.
    batchPublish: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    doPX: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    // Who is reached through a relay is one of us.
    runOnLimitedConnection: true,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: GOSSIP_RPC_BYTES_MAX,
    maxOutboundBufferSize: GOSSIP_BACKLOG_BYTES_MAX,
    maxTopicBytesPerPeer: TOPIC_BYTES_PER_PEER_MAX,
    scoreThresholds: {
      gossipThreshold: CHOSEN_SCORE_MIN,
      publishThreshold: BORNE_SCORE_MIN,
      graylistThreshold: SILENCE_SCORE,
    },
    scoreParams: {
      appSpecificScore: (peer) => (opinion.isShutOut(peer) ? SHUT_OUT_SCORE : chosen(opinion.score(peer))),
      appSpecificWeight: 1,
      // Devnets put all peers on one address; limits by host and group are those of connections (places.ts).
      IPColocationFactorWeight: 0,
      // A busy machine breaks a promise to deliver now and then; only what goes on costs.
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyWeight: -1,
      retainScore: SCORE_KEPT_MS,
    },
  })

/** How much a topic's good neighbours are worth when neighbours are chosen: those that bring time first come first. */
const TOPIC_WEIGHTS: Readonly<Record<Priority, number>> = { time: 1, consensus: 0.75, ordinary: 0.5, bulk: 0.25 }
/** Of a topic's best score, from time as a neighbour (in an hour) and from bringing messages first. */
const MESH_TIME_POINTS = 2
const FIRST_POINTS = 5
/** First deliveries are halved by this factor, a second: what was brought a minute ago counts for a third. */
const FIRST_DECAY = 0.98

/** Gossipsub's own book, which its interface leaves out. */
const scoreOf = (pubsub: GossipSub): PeerScore => {
  const score: unknown = Reflect.get(pubsub, 'score')
  assert(score instanceof PeerScore, 'gossipsub keeps scores')
  return score
}

/** The names of the messages that gossipsub knows again. */
const seenOf = (pubsub: GossipSub): Map<unknown, unknown> => {
  const seen: unknown = Reflect.get(pubsub, 'seenCache')
  assert(typeof seen === 'object' && seen !== null)
  const entries: unknown = Reflect.get(seen, 'entries')
  assert(entries instanceof Map, 'gossipsub keeps its seen messages in a map')
  return entries
}

/**
 * Makes gossipsub forget a message that nobody judged, so that another neighbour's copy is. Else whoever is over its rate could
 * suppress others' messages by being the first to bring them.
 */
export const forgetter = (pubsub: GossipSub): ((topic: string, bytes: Uint8Array) => void) => {
  const seen = seenOf(pubsub)
  return (topic, bytes) => void seen.delete(messageIdText(messageId(topic, bytes)))
}

/**
 * Scores a topic from now on: who has long been a neighbour and who brings messages first is kept when others are let go. What is
 * wrong with a message is not counted again here, and no neighbour has to bring a number of messages: topics may be silent.
 */
export const scoreTopic = (
  pubsub: GossipSub,
  topic: string,
  options: { readonly priority: Priority; readonly ratePerSec: number },
): void => {
  const firstsMax = Math.max(1, options.ratePerSec / (1 - FIRST_DECAY))
  scoreOf(pubsub).params.topics[topic] = createTopicScoreParams({
    topicWeight: TOPIC_WEIGHTS[options.priority],
    timeInMeshQuantum: 1000,
    timeInMeshCap: 3600,
    timeInMeshWeight: MESH_TIME_POINTS / 3600,
    firstMessageDeliveriesWeight: FIRST_POINTS / firstsMax,
    firstMessageDeliveriesDecay: FIRST_DECAY,
    firstMessageDeliveriesCap: firstsMax,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: 0,
  })
}

/**
 * Keeps gossipsub's two growing memories within `seenMax` and `recordsMax`, asked at every heartbeat: they forget by time only,
 * and a minute of a flood is much. Reads what the pinned version keeps to itself; a test shows that it is there.
 */
export const boundGossipMemory = (
  pubsub: GossipSub,
  { seenMax, recordsMax }: { readonly seenMax: number; readonly recordsMax: number } = {
    seenMax: SEEN_MAX,
    recordsMax: DELIVERY_RECORDS_MAX,
  },
): (() => void) => {
  const entries = seenOf(pubsub)
  const records = scoreOf(pubsub).deliveryRecords
  return () => {
    let excess = entries.size - seenMax
    for (const name of entries.keys()) {
      if ((excess -= 1) < 0) break
      entries.delete(name)
    }
    const overdue = records.queue.length - recordsMax
    for (let i = 0; i < overdue; i += 1) {
      const entry = records.queue.peekAt(i)
      if (entry !== undefined) entry.expire = 0
    }
    if (overdue > 0) records.gc()
  }
}
