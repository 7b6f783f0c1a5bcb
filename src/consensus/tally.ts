/**
 * The one tally: it decides whether a set of votes is a quorum and, from the very same votes, what the block's time is. There
 * is no second path to either. Source: DESIGN §4 "One tally", §5.5.
 */
import type { TimeInterval, Tai } from '../base/index.ts'
import type { ValidatorSet } from './validators.ts'

/** A block's time: an interval of true time of its proposal, and the timestamp inside it. All TAI ns. */
export interface BlockTime extends TimeInterval {
  readonly timestamp: Tai
}

/** One validator's vote for the block, and the interval in which it received the proposal. Its signatures have been verified. */
export interface CountedVote {
  /** Place in the validator set. */
  readonly index: number
  readonly received: TimeInterval
}

export interface TallyInput {
  readonly validators: ValidatorSet
  readonly votes: readonly CountedVote[]
  /** The time of the block before: the new one is later. */
  readonly parentTime: BlockTime
  /** Δ, ns. */
  readonly proposalDelayNs: bigint
}

export interface Tally {
  /** Weight of the distinct validators among the votes. */
  readonly weight: bigint
  readonly isQuorum: boolean
  /** There exactly where it is a quorum. */
  readonly time: BlockTime | undefined
  /** False where no instant was covered by enough weight: a third or more of the weight is false, or messages took longer than Δ. */
  readonly isAgreed: boolean
}
