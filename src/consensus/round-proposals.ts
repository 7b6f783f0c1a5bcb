/**
 * The proposals of a height that a machine holds, and the blocks in them. Of a round the first proposal is what is voted on; a second
 * convicts its author, and is held because a quorum may come to stand behind its block; more are held only where more than a third of the weight
 * has voted for the block. Of rounds ahead one proposal is held of each proposer, its newest.
 *
 * Rules: docs/spec/consensus.md B-41, B-44.
 */
import type { Block } from './block.ts'
import type { Proposal } from './proposal.ts'
import { isPolka } from './round-polka.ts'
import { isSameChoice } from './vote-count.ts'
import type { BlockId, ValidatorSet } from './validators.ts'

/** Proposals held of a round whatever is voted. */
export const PROPOSALS_HELD_MAX = 2

export const PROPOSAL_REASONS = ['wrong-proposer', 'wrong-valid-round', 'unfounded-valid-round'] as const
export type ProposalReason = (typeof PROPOSAL_REASONS)[number]

/** A proposal, and whether its block may follow. */
export interface HeldProposal {
  readonly proposal: Proposal
  readonly isValid: boolean
}

/**
 * What is wrong with a proposal of a height, its signatures being true. `proposer`: the place of who may propose in its round. One that leans on a round must
 * carry a quorum of that round's prevotes for its block, all leaning on one round themselves (B-41).
 */
export const proposalFault = (
  { head, polka }: Proposal,
  { validators, proposer }: { readonly validators: ValidatorSet; readonly proposer: number },
): ProposalReason | undefined => {
  if (validators.indexOf(head.author) !== proposer) return 'wrong-proposer'
  if (head.validRound < -1 || head.validRound >= head.round) return 'wrong-valid-round'
  if (head.validRound === -1) return polka.length === 0 ? undefined : 'wrong-valid-round'
  return isPolka(polka, { ...head, round: head.validRound }, validators) ? undefined : 'unfounded-valid-round'
}

export class RoundProposals {
  /** By round, in the order in which they came. */
  readonly #rounds = new Map<number, HeldProposal[]>()
  /** By proposer's place, the newest of a round that has not begun. */
  readonly #ahead = new Map<number, HeldProposal>()
  /** Blocks that may follow: those of proposals held, and those that this node is bound to. */
  readonly #blocks = new Map<BlockId, Block>()

  /** The first proposal of a round: the one to vote on. */
  first(round: number): HeldProposal | undefined {
    return this.#rounds.get(round)?.[0]
  }

  /** A block that is held and may follow. */
  block(id: BlockId): Block | undefined {
    return this.#blocks.get(id)
  }

  keepBlock(block: Block): void {
    this.#blocks.set(block.id, block)
  }

  /**
   * Holds a proposal of a round that has begun. Returns one that excludes it: of the same round, and for another block or
   * leaning on another round. `isSupported`: more than a third of the weight has voted for its block.
   */
  add(held: HeldProposal, isSupported: boolean): Proposal | undefined {
    const { head, block } = held.proposal
    const others = this.#rounds.get(head.round) ?? []
    if (others.some(({ proposal }) => isSameChoice(proposal.head, head))) return undefined
    if (others.length < PROPOSALS_HELD_MAX || isSupported) {
      this.#rounds.set(head.round, [...others, held])
      if (held.isValid) this.keepBlock(block)
    }
    return others[0]?.proposal
  }

  /** Holds a proposal of a round that has not begun, until it does. Returns one that excludes it. */
  addAhead(proposer: number, held: HeldProposal): Proposal | undefined {
    const { head } = held.proposal
    const other = this.#ahead.get(proposer)?.proposal
    if (other === undefined || other.head.round < head.round) this.#ahead.set(proposer, held)
    return other !== undefined && other.head.round === head.round && !isSameChoice(other.head, head) ? other : undefined
  }

  /** Gives out the proposals of rounds up to this one, which has begun. */
  takeAhead(round: number): readonly HeldProposal[] {
    const taken: HeldProposal[] = []
    for (const [proposer, held] of this.#ahead)
      if (held.proposal.head.round <= round) {
        taken.push(held)
        this.#ahead.delete(proposer)
      }
    return taken.sort((a, b) => a.proposal.head.round - b.proposal.head.round)
  }

  /** Lets go of rounds before this one, and of their blocks but `bound`. */
  forgetBefore(round: number, bound: readonly (BlockId | null)[]): void {
    for (const known of this.#rounds.keys()) if (known < round) this.#rounds.delete(known)
    const held = new Set(this.all().map(({ block }) => block.id))
    for (const id of this.#blocks.keys()) if (!held.has(id) && !bound.includes(id)) this.#blocks.delete(id)
  }

  /** All, the newest round first. */
  all(): Proposal[] {
    return [...this.#rounds.values(), [...this.#ahead.values()]]
      .flat()
      .map(({ proposal }) => proposal)
      .sort((a, b) => b.head.round - a.head.round)
  }
}
