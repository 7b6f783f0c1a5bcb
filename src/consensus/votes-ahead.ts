/**
 * Votes of rounds that this node has not come to. Of each validator those of its two newest rounds are kept, and an older one makes room:
 * so whoever has gone on can be followed, and nobody can fill the memory with rounds that never come. They are counted when their round begins.
 *
 * Nothing is lost by that. Once validators with more than a third of the weight have been heard in a round or a later one, this node goes there
 * itself (line 55 of algorithm 1), which is before a quorum of that round could matter. What made room is of rounds that its author
 * has left.
 *
 * Source: arXiv 1807.04938, line 55; rule: docs/spec/consensus.md B-44, B-45.
 */
import { isSameVote } from './vote-count.ts'
import type { CountOutcome, LeastWeights } from './vote-count.ts'
import type { SignedVote } from './vote.ts'

/** Rounds ahead of which one validator's votes are kept. */
export const ROUNDS_AHEAD_MAX = 2

/** A vote and the place of its author in the validator set. */
export interface PlacedVote {
  readonly index: number
  readonly signed: SignedVote
}

export class VotesAhead {
  readonly #least: LeastWeights
  /** By author's place; of each at most two votes in each of `ROUNDS_AHEAD_MAX` rounds. */
  readonly #votes = new Map<number, SignedVote[]>()
  /** By round, the weight of those whose newest round that is. */
  readonly #weights = new Map<number, bigint>()
  /** By author's place, its newest round. */
  readonly #newest = new Map<number, number>()

  constructor(least: LeastWeights) {
    this.#least = least
  }

  /** `crossed`: kept, and its author has not been heard in a round so late before. */
  add(index: number, weight: bigint, signed: SignedVote): CountOutcome {
    const { round, kind } = signed.vote
    const votes = this.#votes.get(index) ?? []
    const first = votes.find(({ vote }) => vote.round === round && vote.kind === kind)
    if (first !== undefined) return isSameVote(first, signed) ? 'known' : 'conflict'
    const newest = this.#newest.get(index)
    this.#votes.set(index, newestRounds([...votes, signed]))
    if (newest !== undefined && round <= newest) return 'counted'
    if (newest !== undefined) this.#weigh(newest, -weight)
    this.#newest.set(index, round)
    this.#weigh(round, weight)
    return 'crossed'
  }

  #weigh(round: number, weight: bigint): void {
    const sum = (this.#weights.get(round) ?? 0n) + weight
    if (sum === 0n) this.#weights.delete(round)
    else this.#weights.set(round, sum)
  }

  /** The latest round that validators with more than a third of the weight have come to. */
  reached(): number | undefined {
    let weight = 0n
    for (const round of [...this.#weights.keys()].sort((a, b) => b - a)) {
      weight += this.#weights.get(round) ?? 0n
      if (weight >= this.#least.overThird) return round
    }
    return undefined
  }

  /** The vote kept of one validator in one round. */
  voteOf(index: number, vote: { readonly round: number; readonly kind: string }): SignedVote | undefined {
    return this.#votes.get(index)?.find((one) => one.vote.round === vote.round && one.vote.kind === vote.kind)
  }

  /** Gives out the votes up to a round, which has begun, by rising place; `weightOf` gives a validator's weight. */
  take(round: number, weightOf: (index: number) => bigint): readonly PlacedVote[] {
    if (this.#votes.size === 0) return []
    const taken: PlacedVote[] = []
    for (const [index, votes] of [...this.#votes].sort(([a], [b]) => a - b)) {
      const later = votes.filter(({ vote }) => vote.round > round)
      if (later.length === votes.length) continue
      for (const signed of votes) if (signed.vote.round <= round) taken.push({ index, signed })
      if (later.length > 0) this.#votes.set(index, later)
      else this.#forget(index, weightOf(index))
    }
    return taken
  }

  #forget(index: number, weight: bigint): void {
    const newest = this.#newest.get(index)
    if (newest !== undefined) this.#weigh(newest, -weight)
    this.#newest.delete(index)
    this.#votes.delete(index)
  }

  votes(): SignedVote[] {
    return [...this.#votes.values()].flat()
  }
}

const newestRounds = (votes: readonly SignedVote[]): SignedVote[] => {
  const rounds = [...new Set(votes.map(({ vote }) => vote.round))].sort((a, b) => b - a).slice(0, ROUNDS_AHEAD_MAX)
  return votes.filter(({ vote }) => rounds.includes(vote.round))
}
