/**
 * A proposal: a block put forward for a round, signed in its head so that two of them convict. One that leans on an earlier
 * round (`validRound` >= 0) carries that round's quorum of prevotes, so that everybody can check what it leans on.
 */
import type { Block } from './block.ts'
import type { BlockId } from './validators.ts'
import type { Vote } from './vote.ts'

export interface ProposalHead {
  readonly networkId: Uint8Array
  readonly height: number
  readonly round: number
  /** The round whose prevotes it leans on, below `round`; or -1. */
  readonly validRound: number
  readonly block: BlockId
  readonly author: Uint8Array
}

export interface SignedProposalHead extends ProposalHead {
  readonly signature: Uint8Array
}

export interface Proposal {
  readonly head: SignedProposalHead
  readonly block: Block
  /** Prevotes of `validRound` for the block; empty where that is -1. */
  readonly polka: readonly Vote[]
}
