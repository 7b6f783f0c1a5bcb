/**
 * The votes of a height: counts of the rounds that have begun, votes ahead of them, and what two votes of one validator prove against it.
 * Of the rounds behind, `ROUNDS_BEHIND_MAX` are kept; what was decided in an older one is learned from those who have gone on (B-44).
 *
 * Rules: docs/spec/consensus.md B-42 to B-45, B-49.
 */
import { isForgotten } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { leastWeightsOf, VoteCount } from './vote-count.ts'
import type { LeastWeights } from './vote-count.ts'
import { VotesAhead } from './votes-ahead.ts'
import type { BlockId, ValidatorSet } from './validators.ts'
import { VOTE_KINDS } from './vote.ts'
import type { SignedVote, Vote } from './vote.ts'

/** Rounds before the one that is running, of which votes and proposals are kept. */
export const ROUNDS_BEHIND_MAX = 16

export interface RoundVotes {
  readonly prevote: VoteCount
  readonly precommit: VoteCount
}

/** `news`: something may follow from it. `evidence`: what it proves against its author. */
export interface HeardVote {
  readonly news: boolean
  readonly evidence: Evidence | undefined
}

const NOTHING: HeardVote = { news: false, evidence: undefined }
const NEWS: HeardVote = { news: true, evidence: undefined }

export class HeightVotes {
  readonly #validators: ValidatorSet
  readonly #least: LeastWeights
  readonly #rounds = new Map<number, RoundVotes>()
  readonly #ahead: VotesAhead
  #round: number
  #current: RoundVotes

  /** @param round that is running, >= 0. */
  constructor(validators: ValidatorSet, round: number) {
    this.#validators = validators
    this.#least = leastWeightsOf(validators)
    this.#ahead = new VotesAhead(this.#least)
    this.#round = round
    this.#current = this.#votesOf(round)
  }

  /** Of the running round. */
  get current(): RoundVotes {
    return this.#current
  }

  /** Of a round that has begun; undefined where nothing is held of it. */
  at(round: number): RoundVotes | undefined {
    return this.#rounds.get(round)
  }

  /** Rounds of which something is held, as they were first heard of. */
  rounds(): IterableIterator<[number, RoundVotes]> {
    return this.#rounds.entries()
  }

  #votesOf(round: number): RoundVotes {
    const known = this.#rounds.get(round)
    if (known !== undefined) return known
    const made = {
      prevote: new VoteCount('prevote', this.#validators, this.#least),
      precommit: new VoteCount('precommit', this.#validators, this.#least),
    }
    this.#rounds.set(round, made)
    return made
  }

  /** Counts a vote of the validator at `index`, whose weight is `weight`. */
  hear(index: number, weight: bigint, signed: SignedVote): HeardVote {
    const { round, kind } = signed.vote
    if (round > this.#round) return this.#hearAhead(index, weight, signed)
    if (round < this.#round - ROUNDS_BEHIND_MAX) return NOTHING
    const count = (round === this.#round ? this.#current : this.#votesOf(round))[kind]
    const outcome = count.add(index, weight, signed)
    if (outcome === 'known') return NOTHING
    if (outcome === 'conflict') return { news: false, evidence: doubleVote(count.voteOf(index), signed) }
    const evidence = this.#round === 0 ? undefined : this.#amnesia(index, signed.vote)
    if (evidence !== undefined) return { news: outcome === 'crossed', evidence }
    return outcome === 'crossed' ? NEWS : NOTHING
  }

  #hearAhead(index: number, weight: bigint, signed: SignedVote): HeardVote {
    const outcome = this.#ahead.add(index, weight, signed)
    if (outcome === 'conflict')
      return { news: false, evidence: doubleVote(this.#ahead.voteOf(index, signed.vote), signed) }
    return outcome === 'crossed' ? NEWS : NOTHING
  }

  /** Precommitted a block, and prevoted another later, leaning on a round before that precommit. */
  #amnesia(index: number, vote: Vote): Evidence | undefined {
    if (vote.block === null) return undefined
    for (const [, votes] of this.#rounds) {
      const other = votes[vote.kind === 'prevote' ? 'precommit' : 'prevote'].voteOf(index)?.vote
      if (other === undefined) continue
      const [precommit, prevote] = vote.kind === 'prevote' ? [other, vote] : [vote, other]
      if (isForgotten(precommit, prevote)) return { type: 'amnesia', first: precommit, second: prevote }
    }
    return undefined
  }

  /** A later round that validators with more than a third of the weight have come to. */
  reached(): number | undefined {
    return this.#ahead.reached()
  }

  /** A round begins: what was ahead is counted now. Returns what that proves, and forgets what has become too old. */
  begin(round: number): readonly Evidence[] {
    this.#round = round
    this.#current = this.#votesOf(round)
    for (const known of this.#rounds.keys()) if (known < round - ROUNDS_BEHIND_MAX) this.#rounds.delete(known)
    const weightOf = (index: number): bigint => this.#validators.at(index)?.weight ?? 0n
    return this.#ahead
      .take(round, weightOf)
      .map(({ index, signed }) => this.hear(index, weightOf(index), signed).evidence)
      .filter((evidence) => evidence !== undefined)
  }

  /** Have more than a third voted for this block in this round, one way or the other? */
  isSupported(round: number, block: BlockId): boolean {
    const votes = this.#rounds.get(round)
    return votes !== undefined && VOTE_KINDS.some((kind) => votes[kind].isSupported(block))
  }

  /** All, the newest round first. */
  all(): SignedVote[] {
    const counted = [...this.#rounds.values()].flatMap(({ prevote, precommit }) => [
      ...prevote.votes(),
      ...precommit.votes(),
    ])
    return [...this.#ahead.votes(), ...counted].sort((a, b) => b.vote.round - a.vote.round)
  }
}

/** What two votes of one validator, height, round and kind prove, which are not the same. */
const doubleVote = (first: SignedVote | undefined, second: SignedVote): Evidence | undefined => {
  if (first === undefined) return undefined
  const isOneThing = first.vote.block === second.vote.block && first.vote.validRound === second.vote.validRound
  if (!isOneThing) return { type: 'votes', first: first.vote, second: second.vote }
  if (first.time === null || second.time === null) return undefined
  return { type: 'times', first: first.time, second: second.time }
}
