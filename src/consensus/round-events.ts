/**
 * What goes into the step machine of one height and what comes out: round-machine.ts. Everything that takes time, chance or the
 * world is an effect; the machine itself only decides. Source: arXiv 1807.04938, algorithm 1.
 */
import type { Evidence } from './evidence.ts'
import type { Block } from './block.ts'
import type { Proposal } from './proposal.ts'
import type { Tally } from './tally.ts'
import type { BlockId } from './validators.ts'
import type { SignedVote, Vote, VoteKind } from './vote.ts'

export const STEPS = ['propose', 'prevote', 'precommit'] as const
export type Step = (typeof STEPS)[number]

export type RoundInput =
  /** Begins round 0, or goes on where what was restored had come to. */
  | { readonly type: 'start' }
  /** Of this height, opened. `isValid`: whether its block may follow (the caller asked apply-block). */
  | { readonly type: 'proposal'; readonly proposal: Proposal; readonly isValid: boolean }
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'timeout'; readonly step: Step; readonly round: number }

export type RoundEffect =
  /** This node is the proposer: propose `block` leaning on `validRound`, or a new block where there is none. */
  | {
      readonly type: 'propose'
      readonly round: number
      readonly validRound: number
      readonly block: Block | undefined
      readonly polka: readonly Vote[]
    }
  /** Sign this vote and say it. */
  | {
      readonly type: 'vote'
      readonly kind: VoteKind
      readonly round: number
      readonly block: BlockId | null
      readonly validRound: number
    }
  /** The node is bound to this block from now on, by this quorum of prevotes: keep both before anything is said (`block` and `polka` records). */
  | { readonly type: 'lock'; readonly round: number; readonly block: Block; readonly polka: readonly Vote[] }
  /** Feed `timeout` back after `delayNs`, unless the height is over. */
  | { readonly type: 'timeout'; readonly step: Step; readonly round: number; readonly delayNs: bigint }
  /** A round or a step has begun. */
  | { readonly type: 'step'; readonly round: number; readonly step: Step }
  /** Decided: by these precommits, whose tally this is. The machine is done. */
  | {
      readonly type: 'decide'
      readonly round: number
      readonly block: Block
      readonly precommits: readonly SignedVote[]
      readonly tally: Tally
    }
  /** Somebody signed two things that exclude each other. */
  | { readonly type: 'offence'; readonly evidence: Evidence }
