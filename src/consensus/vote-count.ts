/**
 * Votes of one kind in one round, counted as they come: each validator once, its first vote. The weights tell when it is worth asking
 * for a decision; the tally (tally.ts) alone decides. A prevote counts under its block and its `validRound` together, so one that leans on
 * another round than the proposal did helps nobody.
 *
 * Source: arXiv 1807.04938; rules: docs/spec/consensus.md B-42, B-43. Signatures were verified before (messages.ts).
 */
import assert from 'node:assert/strict'
import type { BlockId, ValidatorSet } from './validators.ts'
import type { SignedVote, VoteKind } from './vote.ts'

/** The least weights that are more than two thirds and more than one third of a set's total. */
export interface LeastWeights {
  readonly quorum: bigint
  readonly overThird: bigint
}

/** Computed once, so that counting a vote multiplies nothing. */
export const leastWeightsOf = (validators: ValidatorSet): LeastWeights => {
  const { total } = validators
  const least = { quorum: (2n * total) / 3n + 1n, overThird: total / 3n + 1n }
  assert(validators.isQuorum(least.quorum) && !validators.isQuorum(least.quorum - 1n))
  assert(validators.isOverThird(least.overThird) && !validators.isOverThird(least.overThird - 1n))
  return least
}

/** All votes of a count for one thing. */
export interface VoteValue {
  readonly block: BlockId | null
  readonly validRound: number
  weight: bigint
}

/** What a vote is for, without whose it is. */
export const isSameChoice = (
  a: { readonly block: BlockId | null; readonly validRound: number },
  b: { readonly block: BlockId | null; readonly validRound: number },
): boolean => a.block === b.block && a.validRound === b.validRound

/**
 * `counted`; `crossed`: counted, and now a quorum has voted, or a quorum for one thing; `known`: this validator's vote was there already;
 * `conflict`: another vote, or another time attestation, of this validator was there already.
 */
export type CountOutcome = 'counted' | 'crossed' | 'known' | 'conflict'

/** Does a second vote of one validator say what its first said? */
export const isSameVote = (first: SignedVote, second: SignedVote): boolean =>
  first === second || (isSameChoice(first.vote, second.vote) && isSameTime(first, second))

const isSameTime = ({ time: first }: SignedVote, { time: second }: SignedVote): boolean =>
  first === null || second === null
    ? first === second
    : first.received.earliest === second.received.earliest && first.received.latest === second.received.latest

export class VoteCount {
  readonly kind: VoteKind
  /** Weight of everybody who voted. */
  weight = 0n
  /** What more than two thirds voted for: at most one thing can have that much. */
  quorum: VoteValue | undefined
  readonly #least: LeastWeights
  /** By place in the validator set. */
  readonly #votes: (SignedVote | undefined)[]
  /** Few where most are honest; never more than there are validators. */
  readonly #values: VoteValue[] = []

  constructor(kind: VoteKind, validators: { readonly size: number }, least: LeastWeights) {
    this.kind = kind
    this.#least = least
    this.#votes = Array.from({ length: validators.size })
  }

  /** Did more than two thirds vote, for whatever? */
  get isQuorum(): boolean {
    return this.weight >= this.#least.quorum
  }

  /** @param weight of the validator at `index`. */
  add(index: number, weight: bigint, signed: SignedVote): CountOutcome {
    const first = this.#votes[index]
    if (first !== undefined) return isSameVote(first, signed) ? 'known' : 'conflict'
    this.#votes[index] = signed
    const hadQuorum = this.isQuorum
    this.weight += weight
    const value = this.#valueOf(signed.vote)
    value.weight += weight
    if (this.quorum === undefined && value.weight >= this.#least.quorum) this.quorum = value
    else if (hadQuorum || !this.isQuorum) return 'counted'
    return 'crossed'
  }

  #valueOf(choice: { readonly block: BlockId | null; readonly validRound: number }): VoteValue {
    for (const value of this.#values) if (isSameChoice(value, choice)) return value
    const value = { block: choice.block, validRound: choice.validRound, weight: 0n }
    this.#values.push(value)
    return value
  }

  /** The vote that was counted of the validator at `index`. */
  voteOf(index: number): SignedVote | undefined {
    return this.#votes[index]
  }

  /** All votes for one thing, by rising place. */
  votesFor(choice: { readonly block: BlockId | null; readonly validRound: number }): SignedVote[] {
    return this.votes().filter(({ vote }) => isSameChoice(vote, choice))
  }

  /** All that were counted, by rising place. */
  votes(): SignedVote[] {
    return this.#votes.filter((vote) => vote !== undefined)
  }

  /** Have more than a third voted for this block, so that one of them is honest? */
  isSupported(block: BlockId): boolean {
    const weight = this.#values.reduce((sum, value) => (value.block === block ? sum + value.weight : sum), 0n)
    return weight >= this.#least.overThird
  }
}
