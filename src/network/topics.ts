/**
 * Names of our own topics and protocols, and what may pass on them. Names carry the first 8 hex digits of the network id,
 * so that two networks that meet on one address exchange nothing by accident (a signature still names the whole id).
 *
 * Rules: docs/spec/network.md, which holds the same table. The topics of seed 004 (`register/…`, `execution/…`,
 * `timemap/…`) keep their exact names and are not made here.
 */
import assert from 'node:assert/strict'
import { hexOf } from '../base/index.ts'
import type { RateLimit } from './token-bucket.ts'

const NETWORK_ID_BYTES = 32

/** First 8 hex digits of a network id (32 bytes). */
export const networkTag = (networkId: Uint8Array): string => {
  assert(networkId.length === NETWORK_ID_BYTES, 'a network id is 32 bytes')
  return hexOf(networkId.subarray(0, 4))
}

/** Topic of time proofs, one message a proof. */
export const proofsTopic = (networkId: Uint8Array): string => `truechimer/${networkTag(networkId)}/proofs/1`

/** Topic of attestations, one message an attestation. */
export const attestationsTopic = (networkId: Uint8Array): string => `truechimer/${networkTag(networkId)}/attestations/1`

/** Protocol by which a witness challenges a node. */
export const challengeProtocol = (networkId: Uint8Array): string => `/truechimer/${networkTag(networkId)}/challenge/1`

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
 * Proofs. 2 KiB: the longest proof is 307 bytes, and a later version has room to grow. 200/s: one neighbour may hand over the proofs
 * of 200 nodes with a slot of one second, and proofs cost about 0.2 ms to check, so one neighbour can claim 4 % of a core.
 * Twice that at once: after a pause a neighbour hands over two slots together.
 */
export const PROOFS_LIMITS: TopicLimits = { messageBytesMax: 2048, ratePerSec: 200, burst: 400 }

/**
 * Attestations. 4 KiB: the longest is 224 bytes, and a later version may carry its proof. 800/s: committees of seven for each
 * of 114 nodes and a slot of one second. Twice that at once, as for proofs.
 */
export const ATTESTATIONS_LIMITS: TopicLimits = { messageBytesMax: 4096, ratePerSec: 800, burst: 1600 }

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

/** No topic and no protocol may ask for more than this, bytes. */
export const FRAME_BYTES_MAX = 1_048_576
