/**
 * What a validator has said at a height, and what it is bound to by that. Asked for by its own machine, read back from its log, or
 * heard from others under its own key (said by a twin, or before an old disk was put back): it is bound by all of it alike.
 *
 * The bound on prevotes is one rule in the place of lines 23 and 29 of algorithm 1: a prevote for a block must lean on a round that is
 * not before the newest in which its author precommitted another block. Algorithm 1 also allows it where the block is the one locked
 * on, whatever came before that; but then somebody who once precommitted A, later B, and is shown B again leaning on nothing, would sign
 * what convicts of amnesia (evidence.ts). Once the network is well a correct proposer leans on a round as late as anybody's lock, so nothing waits for that.
 *
 * Source: arXiv 1807.04938; rules: docs/spec/consensus.md B-46, B-50. Not promised: that whoever restores an old disk has heard its own newer
 * words before it speaks.
 */
import { isSameChoice } from './vote-count.ts'
import type { BlockId } from './validators.ts'
import type { VoteKind } from './vote.ts'

/** What is said by a vote, apart from whose it is. */
export interface VoteChoice {
  readonly kind: VoteKind
  readonly round: number
  readonly block: BlockId | null
  readonly validRound: number
}

type Words = { [K in VoteKind | 'proposal']?: { readonly block: BlockId | null; readonly validRound: number } }

export class OwnWords {
  /** By round; a round's words go when the round is as old as the machine's oldest. */
  readonly #rounds = new Map<number, Words>()
  #newestRound = 0
  #lockedRound = -1
  #lockedBlock: BlockId | null = null
  /** The newest round in which another block than `lockedBlock` was precommitted. */
  #otherRound = -1

  /** The latest round in which anything was said; 0 where nothing was. */
  get newestRound(): number {
    return this.#newestRound
  }

  get lockedRound(): number {
    return this.#lockedRound
  }

  get lockedBlock(): BlockId | null {
    return this.#lockedBlock
  }

  /** The newest round in which a block other than this was precommitted, or -1: a prevote for `block` must lean on a round not before it. */
  boundRound(block: BlockId): number {
    return block === this.#lockedBlock ? this.#otherRound : this.#lockedRound
  }

  has(kind: VoteKind | 'proposal', round: number): boolean {
    return this.#rounds.get(round)?.[kind] !== undefined
  }

  /** What is bound by it from now on. True where it was not known before. */
  noteVote({ kind, round, block, validRound }: VoteChoice): boolean {
    const known = this.#rounds.get(round)?.[kind]
    if (known !== undefined && isSameChoice(known, { block, validRound })) return false
    this.#note(kind, round, { block, validRound })
    if (kind === 'precommit' && block !== null) this.#lock(round, block)
    return true
  }

  /** The first of a round stands. */
  noteProposal(round: number, choice: { readonly block: BlockId; readonly validRound: number }): void {
    if (!this.has('proposal', round)) this.#note('proposal', round, choice)
  }

  #note(kind: VoteKind | 'proposal', round: number, choice: { block: BlockId | null; validRound: number }): void {
    const words = this.#rounds.get(round) ?? {}
    words[kind] = choice
    this.#rounds.set(round, words)
    this.#newestRound = Math.max(this.#newestRound, round)
  }

  #lock(round: number, block: BlockId): void {
    if (block === this.#lockedBlock) this.#lockedRound = Math.max(this.#lockedRound, round)
    else if (round > this.#lockedRound) {
      this.#otherRound = this.#lockedRound
      this.#lockedRound = round
      this.#lockedBlock = block
    } else this.#otherRound = Math.max(this.#otherRound, round)
  }

  /** Is this the vote that was asked for, and does no other word stand against it? */
  allows({ kind, round, block, validRound }: VoteChoice): boolean {
    const known = this.#rounds.get(round)?.[kind]
    if (known === undefined || !isSameChoice(known, { block, validRound })) return false
    return kind === 'precommit' || block === null || !this.#isAmnesia({ round, block, validRound })
  }

  /** Was another block precommitted after the round that this prevote leans on and before its own? */
  #isAmnesia(prevote: { readonly round: number; readonly block: BlockId; readonly validRound: number }): boolean {
    for (const [round, { precommit }] of this.#rounds) {
      const isOther = precommit !== undefined && precommit.block !== null && precommit.block !== prevote.block
      if (isOther && round > prevote.validRound && round < prevote.round) return true
    }
    return false
  }

  /** Is this the proposal that was made, or none made yet? */
  allowsProposal(round: number, choice: { readonly block: BlockId; readonly validRound: number }): boolean {
    const known = this.#rounds.get(round)?.proposal
    return known === undefined || isSameChoice(known, choice)
  }

  forgetBefore(round: number): void {
    for (const known of this.#rounds.keys()) if (known < round) this.#rounds.delete(known)
  }
}
