/** Where a height stands, and why it waits: what `truechimer status` shows of a round. Made when asked for. */
import type { Step } from './round-events.ts'
import type { HeightVotes } from './round-machine-votes.ts'
import type { RoundProposals } from './round-proposals.ts'
import type { BlockId, ValidatorSet } from './validators.ts'

/** Plain data. Indexes are places in the validator set; weights are as there. */
export interface RoundView {
  readonly round: number
  readonly step: Step
  readonly proposer: number
  /** -1 and null where there is no lock. */
  readonly lockedRound: number
  readonly lockedBlock: BlockId | null
  readonly validRound: number
  readonly validBlock: BlockId | null
  /** Weight heard in this round, for whatever block. */
  readonly prevoted: bigint
  readonly precommitted: bigint
  readonly total: bigint
  /** Who has voted in this round, one way or the other; and who has not. */
  readonly heard: readonly number[]
  readonly silent: readonly number[]
  /** Is a proposal of this round held? */
  readonly hasProposal: boolean
  /** A block that a quorum stands behind and that is not held, or may not follow: somebody must be asked for it. */
  readonly wanted: { readonly round: number; readonly block: BlockId } | undefined
  readonly isDecided: boolean
}

export const viewOf = (
  state: Omit<RoundView, 'prevoted' | 'precommitted' | 'total' | 'heard' | 'silent' | 'hasProposal' | 'wanted'> & {
    readonly validators: ValidatorSet
    readonly votes: HeightVotes
    readonly proposals: RoundProposals
  },
): RoundView => {
  const { validators, votes, proposals, ...rest } = state
  const { prevote, precommit } = votes.current
  const places = validators.list.map((_, index) => index)
  const isHeard = (index: number): boolean =>
    prevote.voteOf(index) !== undefined || precommit.voteOf(index) !== undefined
  return {
    ...rest,
    prevoted: prevote.weight,
    precommitted: precommit.weight,
    total: validators.total,
    heard: places.filter(isHeard),
    silent: places.filter((index) => !isHeard(index)),
    hasProposal: proposals.first(rest.round) !== undefined,
    wanted: wantedOf(votes, proposals),
  }
}

const wantedOf = (votes: HeightVotes, proposals: RoundProposals): RoundView['wanted'] => {
  for (const [round, { prevote, precommit }] of votes.rounds())
    for (const { quorum } of [precommit, prevote]) {
      const block = quorum?.block ?? null
      if (block !== null && proposals.block(block) === undefined) return { round, block }
    }
  return undefined
}
