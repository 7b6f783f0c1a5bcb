/**
 * The challenge exchange: a witness sends 32 random bytes, the node answers with its proof of the slot and the Merkle path
 * from the challenge to the proof's nonce. One signature so answers every witness of a slot, and none could be made early.
 *
 * Source: DESIGN §5.2 (as Roughtime batches requests, RFC 10049 §5). Rules P-8, P-10, P-11, P-15 and P-16 in docs/spec/proofs.md.
 */
import type { Admission, NsInterval, Tai, TimeInterval } from '../base/index.ts'
import { accept, equalBytes, meets, reject } from '../base/index.ts'
import { CODEC_REASONS, codecOf, fixedBytes, list, tuple, uint } from '../codec/index.ts'
import type { CodecReason } from '../codec/index.ts'
import { ed25519Verifier, verifyMerklePath } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import type { SealedProof, TimeProof, TimeProofReason } from './time-proof.ts'
import {
  TIME_PROOF_BYTES_MAX,
  TIME_PROOF_REASONS,
  sealTimeProof,
  timeProofField,
  timeProofFault,
} from './time-proof.ts'

export const CHALLENGE_BYTES = 32
/** Challenges that one proof answers, at most; the path to one of 64 has six steps. */
export const CHALLENGES_MAX = 64
const PATH_STEPS_MAX = 6

export interface Challenge {
  readonly networkId: Uint8Array
  /** 32 random bytes, fresh for every exchange. */
  readonly challenge: Uint8Array
}

export interface ChallengeAnswer {
  readonly proof: TimeProof
  /** Place of the challenge among the leaves, and how many leaves there are. */
  readonly index: number
  readonly size: number
  /** Sibling digests from leaf to root, 32 bytes each. */
  readonly path: readonly Uint8Array[]
}

export const challengeCodec = codecOf<Challenge>(
  tuple<Challenge>({ networkId: fixedBytes(32), challenge: fixedBytes(CHALLENGE_BYTES) }),
  80,
)
export const challengeAnswerCodec = codecOf<ChallengeAnswer>(
  tuple<ChallengeAnswer>({
    proof: timeProofField,
    index: uint({ max: CHALLENGES_MAX - 1 }),
    size: uint({ min: 1, max: CHALLENGES_MAX }),
    path: list(fixedBytes(32), PATH_STEPS_MAX),
  }),
  TIME_PROOF_BYTES_MAX + PATH_STEPS_MAX * 34 + 8,
)

export const CHALLENGE_REASONS = [...CODEC_REASONS, 'wrong-network'] as const
export type ChallengeReason = (typeof CHALLENGE_REASONS)[number]

/** A challenge from anybody, as it arrived. */
export const openChallenge = (bytes: Uint8Array, networkId: Uint8Array): Admission<Challenge, ChallengeReason> => {
  const decoded = challengeCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  return equalBytes(decoded.value.networkId, networkId) ? decoded : reject('wrong-network')
}

export const ANSWER_REASONS = [...TIME_PROOF_REASONS, 'wrong-author', 'no-challenge'] as const
export type AnswerReason = (typeof ANSWER_REASONS)[number]

/** What a witness holds against an answer: whom it asked, and what it sent. */
export interface Exchange {
  readonly networkId: Uint8Array
  readonly subject: Uint8Array
  readonly challenge: Uint8Array
}

/** The proof in an answer, if it is by the node that was asked and answers what was asked. */
export const openAnswer = (
  bytes: Uint8Array,
  exchange: Exchange,
  verifier: Verifier = ed25519Verifier,
): Admission<SealedProof, AnswerReason | CodecReason> => {
  const decoded = challengeAnswerCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const { proof, index, size, path } = decoded.value
  if (!equalBytes(proof.nodeId, exchange.subject)) return reject('wrong-author')
  const leaf = exchange.challenge
  if (!verifyMerklePath({ leaf, index, size, path, root: proof.nonce })) return reject('no-challenge')
  const fault: TimeProofReason | undefined = timeProofFault(proof, exchange.networkId, () => true, verifier)
  return fault === undefined ? accept(sealTimeProof(proof)) : reject(fault)
}

/**
 * Where the author's offset lies (its clock ahead of true time, ns), by a witness whose interval held true time at both
 * ends: the proof was made between the sending and the receipt.
 */
export const offsetBetween = (tai: Tai, window: TimeInterval): NsInterval => ({
  lo: tai - window.latest,
  hi: tai - window.earliest,
})

/**
 * Did an author that claimed ± `uncertaintyNs` claim too much? True where no offset in that range meets the offset that was
 * measured: the claim [T − U, T + U] then misses the window in which the proof was made.
 */
export const isOverconfident = (uncertaintyNs: number, offset: NsInterval): boolean =>
  !meets(offset, { lo: -BigInt(uncertaintyNs), hi: BigInt(uncertaintyNs) })
