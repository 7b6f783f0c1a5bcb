/**
 * Votes, and the time attestations beside them. A vote says which block its author stands behind in a round; a time attestation
 * says in which interval of time its author received that round's proposal. They are signed separately: the vote is the same
 * bytes whoever's clock is wrong. A precommit for a block counts only together with its time attestation.
 *
 * Source: arXiv 1807.04938; DESIGN §5.5.
 */
import type { TimeInterval } from '../base/index.ts'
import type { BlockId } from './validators.ts'

export const VOTE_KINDS = ['prevote', 'precommit'] as const
export type VoteKind = (typeof VOTE_KINDS)[number]

export interface VoteBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** >= 1. */
  readonly height: number
  /** >= 0. */
  readonly round: number
  readonly kind: VoteKind
  /** Null: for no block in this round. */
  readonly block: BlockId | null
  /**
   * Of a prevote for a block: the round whose quorum of prevotes the proposal leaned on, or -1. Being signed, it convicts
   * whoever forgets a lock. -1 in every other vote.
   */
  readonly validRound: number
  /** Ed25519 key, 32 bytes. */
  readonly author: Uint8Array
}

export interface Vote extends VoteBody {
  readonly signature: Uint8Array
}

export interface TimeAttestationBody {
  readonly networkId: Uint8Array
  readonly height: number
  readonly round: number
  readonly block: BlockId
  /** The author received the proposal at a true time in here. `UNBOUNDED` where its clock says nothing. TAI ns, >= 0. */
  readonly received: TimeInterval
  readonly author: Uint8Array
}

export interface TimeAttestation extends TimeAttestationBody {
  readonly signature: Uint8Array
}

/** A vote as it travels: a precommit for a block carries its time attestation, no other vote does. */
export interface SignedVote {
  readonly vote: Vote
  readonly time: TimeAttestation | null
}
