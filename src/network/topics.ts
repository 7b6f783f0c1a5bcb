/**
 * The one table of topics: ours, and those of seed 004 by their exact names. Each has its priority, its limits, and who may
 * publish on it. Our names carry the first 8 hex digits of the network id, so that two networks that meet on one address
 * exchange nothing by accident; the names of seed 004 carry none, and there the envelope says which network is meant.
 *
 * A name's parameter is an identifier of a fixed form (`PARAMETERS`), so that nobody can make a name longer, or two names
 * for one thing. Rules N-77 to N-79 in docs/spec/network.md, which holds the same table.
 */
import assert from 'node:assert/strict'
import { bytesOfHex, hexOf } from '../base/index.ts'
import { parseCid } from '../codec/index.ts'
import type { Priority } from './port.ts'
import type { RateLimit } from './token-bucket.ts'

const NETWORK_ID_BYTES = 32
const TAG_BYTES = 4

/** No topic and no protocol may ask for more than this, bytes. */
export const FRAME_BYTES_MAX = 1_048_576

/** Longest name of a topic, characters; all of them ASCII. */
export const TOPIC_LENGTH_MAX = 128

/** Limits of one topic: bytes of a message, and how often one peer may hand one over (its own and what it passes on). */
export interface TopicLimits extends RateLimit {
  readonly messageBytesMax: number
}

/** Limits of one protocol: bytes of request and response, and requests from one peer. */
export interface ProtocolLimits extends RateLimit {
  readonly requestBytesMax: number
  readonly responseBytesMax: number
}

/**
 * What may stand in a name. `tag`: 8 hex digits of a network id. `chain`: 64 hex digits, the id of a network or of another
 * chain. `cid`: a content address of ours as text, 59 characters.
 */
export const PARAMETERS = {
  tag: (text: string): boolean => text.length === 2 * TAG_BYTES && bytesOfHex(text) !== undefined,
  chain: (text: string): boolean => text.length === 2 * NETWORK_ID_BYTES && bytesOfHex(text) !== undefined,
  cid: (text: string): boolean => {
    const parsed = parseCid(text)
    return parsed.verdict === 'accept' && parsed.value.toString() === text
  },
} as const

/** Everything about a topic but its validator. `messageBytesMax` is of a whole envelope, `payloadBytesMax` of one payload. */
export interface Topic extends TopicLimits {
  readonly parameter: keyof typeof PARAMETERS
  readonly priority: Priority
  readonly payloadBytesMax: number
  /** Payloads of one author over time, whoever hands them over. Absent where messages travel without an envelope. */
  readonly perAuthor?: RateLimit
  /** `members`: of the genesis. `anybody`: whoever signs. */
  readonly publishers: 'members' | 'anybody'
}

/** Announcements of a few hundred bytes, seldom: one author makes some a second, and a neighbour passes on those of many. */
const NOTICES = {
  parameter: 'cid',
  priority: 'ordinary',
  payloadBytesMax: 1024,
  messageBytesMax: 16_384,
  ratePerSec: 100,
  burst: 200,
  perAuthor: { ratePerSec: 10, burst: 50 },
  publishers: 'members',
} as const satisfies Topic

/** Messages that may be long, hence few: at most 8 MiB/s from one neighbour. */
const LOADS = {
  ...NOTICES,
  priority: 'bulk',
  payloadBytesMax: 131_072,
  messageBytesMax: 262_144,
  ratePerSec: 32,
  burst: 64,
  perAuthor: { ratePerSec: 4, burst: 16 },
} as const satisfies Topic

export const TOPICS = {
  /**
   * A proof is at most 307 bytes, and a later version has room to grow. 200/s: one neighbour may hand over the proofs of 200
   * nodes with a slot of one second; an envelope with a proof costs two signatures, 0.4 ms, so one neighbour can claim 8 % of
   * a core. Twice that at once: after a pause it hands over two slots together. An author makes a handful a slot.
   */
  proofs: {
    parameter: 'tag',
    priority: 'time',
    payloadBytesMax: 1024,
    messageBytesMax: 8192,
    ratePerSec: 200,
    burst: 400,
    perAuthor: { ratePerSec: 50, burst: 200 },
    publishers: 'members',
  },
  /**
   * An attestation is at most 224 bytes, and up to 64 travel together. 800/s: committees of seven for each of 114 nodes and a
   * slot of one second, if each came alone. A witness of great weight sits on all committees: 200/s of one author.
   */
  attestations: {
    parameter: 'tag',
    priority: 'time',
    payloadBytesMax: 512,
    messageBytesMax: 16_384,
    ratePerSec: 800,
    burst: 1600,
    perAuthor: { ratePerSec: 200, burst: 800 },
    publishers: 'members',
  },
  /**
   * Peer records, as they are: each is signed by the node that it is of and says when it ends, and others say it again, so it
   * needs no envelope. Nodes are found by them before anybody knows them, so anybody may publish. 50/s: 10,000 nodes that
   * refresh twice an hour make 6 a second, and a record costs about 0.2 ms to check, so one neighbour can claim 1 % of a core.
   * 500 at once: a neighbour that was cut off hands over what it missed.
   */
  peers: {
    parameter: 'tag',
    priority: 'ordinary',
    payloadBytesMax: 3072,
    messageBytesMax: 3072,
    ratePerSec: 50,
    burst: 500,
    publishers: 'anybody',
  },
  /**
   * Proposals of consensus, with their blocks: a frame is the most that a block and its proposal may take. They carry their own
   * signatures and travel as they are. 100/s: a network that waits for nothing decides some tens of blocks a second, and every
   * round has one proposal.
   */
  proposals: {
    parameter: 'tag',
    priority: 'consensus',
    payloadBytesMax: FRAME_BYTES_MAX,
    messageBytesMax: FRAME_BYTES_MAX,
    ratePerSec: 100,
    burst: 200,
    publishers: 'anybody',
  },
  /** Votes of consensus, signed in themselves. 4,000/s: two of each of 200 validators at ten blocks a second. */
  votes: {
    parameter: 'tag',
    priority: 'consensus',
    payloadBytesMax: 512,
    messageBytesMax: 512,
    ratePerSec: 4000,
    burst: 8000,
    publishers: 'anybody',
  },
  /** Transactions, signed in themselves. 1,000/s cost 15 % of a core to check; 2,000 at once are two full blocks. */
  transactions: {
    parameter: 'tag',
    priority: 'ordinary',
    payloadBytesMax: 1024,
    messageBytesMax: 1024,
    ratePerSec: 1000,
    burst: 2000,
    publishers: 'anybody',
  },
  /** Evidence of offences, two signed things each: seldom, and never needed twice. */
  offences: {
    parameter: 'tag',
    priority: 'consensus',
    payloadBytesMax: 4096,
    messageBytesMax: 4096,
    ratePerSec: 10,
    burst: 100,
    publishers: 'anybody',
  },
  'register/creation': { ...NOTICES, parameter: 'chain' },
  'register/update': LOADS,
  'register/proof': LOADS,
  'register/nullifier': { ...NOTICES, parameter: 'chain' },
  'register/commitment': NOTICES,
  'execution/sequence': { ...LOADS, priority: 'ordinary' },
  'execution/node': NOTICES,
  'execution/result': LOADS,
  'execution/verification': NOTICES,
  'timemap/update': { ...NOTICES, parameter: 'chain' },
  'timemap/commitment': NOTICES,
  'timemap/verification': { ...NOTICES, parameter: 'chain' },
} as const satisfies Readonly<Record<string, Topic>>

export type TopicKind = keyof typeof TOPICS

/** Kinds of our own topics: the others are seed 004's, whose name is the kind and the parameter. */
export const OWN_KINDS = [
  'proofs',
  'attestations',
  'peers',
  'proposals',
  'votes',
  'transactions',
  'offences',
] as const satisfies readonly TopicKind[]

const isKind = (text: string): text is TopicKind => Object.hasOwn(TOPICS, text)
const isOwn = (kind: TopicKind): boolean => OWN_KINDS.some((own) => own === kind)

/** The name of a topic. A parameter that is not of the kind's form is a bug of the caller. */
export const topicOf = (kind: TopicKind, parameter: string): string => {
  assert(PARAMETERS[TOPICS[kind].parameter](parameter), `${parameter} is no parameter of ${kind}`)
  return isOwn(kind) ? `truechimer/${parameter}/${kind}/1` : `${kind}/${parameter}`
}

/** What a name says, or undefined where it is no name of the table. */
export const parseTopic = (name: string): { readonly kind: TopicKind; readonly parameter: string } | undefined => {
  if (name.length > TOPIC_LENGTH_MAX) return undefined
  const parts = name.split('/')
  const [kind = '', parameter = ''] =
    parts[0] === 'truechimer' ? [parts[2], parts[1]] : [parts.slice(0, 2).join('/'), parts[2]]
  if (!isKind(kind) || !PARAMETERS[TOPICS[kind].parameter](parameter)) return undefined
  return topicOf(kind, parameter) === name ? { kind, parameter } : undefined
}

/** First 8 hex digits of a network id (32 bytes). */
export const networkTag = (networkId: Uint8Array): string => {
  assert(networkId.length === NETWORK_ID_BYTES, 'a network id is 32 bytes')
  return hexOf(networkId.subarray(0, TAG_BYTES))
}

/** Topic of time proofs, one payload a proof. */
export const proofsTopic = (networkId: Uint8Array): string => topicOf('proofs', networkTag(networkId))

/** Topic of attestations, one payload an attestation. */
export const attestationsTopic = (networkId: Uint8Array): string => topicOf('attestations', networkTag(networkId))

/** Topic of peer records, one message a record. */
export const peersTopic = (networkId: Uint8Array): string => topicOf('peers', networkTag(networkId))

/** The four topics of consensus. */
export const CONSENSUS_TOPICS = [
  'proposals',
  'votes',
  'transactions',
  'offences',
] as const satisfies readonly TopicKind[]
export type ConsensusTopic = (typeof CONSENSUS_TOPICS)[number]

export const consensusTopic = (kind: ConsensusTopic, networkId: Uint8Array): string =>
  topicOf(kind, networkTag(networkId))

/** Protocol by which a witness challenges a node. */
export const challengeProtocol = (networkId: Uint8Array): string => `/truechimer/${networkTag(networkId)}/challenge/1`

/**
 * Challenges. 256 B: 32 random bytes and their frame. 8 KiB back: a proof and a Merkle path over at most 64 challenges.
 * 10/s from one witness: it asks once a slot; ten times that serves slots of 100 ms. 20 at once: a witness that lost its
 * connection for a few slots may ask again at once.
 */
export const CHALLENGE_LIMITS: ProtocolLimits = {
  requestBytesMax: 256,
  responseBytesMax: 8192,
  ratePerSec: 10,
  burst: 20,
}

/** The three questions of consensus to one peer: what of a height being decided, decided blocks, a state. */
export const CONSENSUS_QUESTIONS = ['round', 'blocks', 'snapshot'] as const
export type ConsensusQuestionName = (typeof CONSENSUS_QUESTIONS)[number]

export const consensusProtocol = (question: ConsensusQuestionName, networkId: Uint8Array): string =>
  `/truechimer/${networkTag(networkId)}/${question}/1`

/**
 * Their limits. `round`: asked about once a second while a height does not end, with a list of what the asker has; the answer is a
 * proposal with its block and votes. `blocks`: a batch of a frame; 16/s of them fill a link of 130 Mbit/s, and nobody asks two at once. `snapshot`: a part of a state.
 */
export const CONSENSUS_LIMITS: Readonly<Record<ConsensusQuestionName, ProtocolLimits>> = {
  round: { requestBytesMax: 8192, responseBytesMax: FRAME_BYTES_MAX, ratePerSec: 8, burst: 32 },
  blocks: { requestBytesMax: 256, responseBytesMax: FRAME_BYTES_MAX, ratePerSec: 16, burst: 16 },
  snapshot: { requestBytesMax: 256, responseBytesMax: FRAME_BYTES_MAX, ratePerSec: 16, burst: 16 },
}

/** Protocol by which a log asks a member to cosign its newest checkpoint. */
export const cosignProtocol = (networkId: Uint8Array): string => `/truechimer/${networkTag(networkId)}/cosign/1`

/**
 * Cosigning. 16 KiB: a consistency proof of 63 digests and a checkpoint take 4. 4 KiB back: a line, or a size. 4/s: a log asks once a second, and
 * once more where the witness stands at another size than it thought; a signature, a sync of the disk and a check cost about 2 ms.
 */
export const COSIGN_LIMITS: ProtocolLimits = {
  requestBytesMax: 16_384,
  responseBytesMax: 4096,
  ratePerSec: 4,
  burst: 8,
}
