/**
 * The state of the chain after a height: who may vote and with what weight, how everybody's clock has been found by the evidence
 * in blocks, and what of the newest block still waits for its time. Immutable: `applyBlock` makes the next one. Integers only.
 */
import type { Ppb } from '../base/index.ts'
import type { Docket } from '../validation/index.ts'
import type { Block } from './block.ts'
import type { ConsensusParameters } from './parameters.ts'
import type { BlockTime } from './tally.ts'
import type { BlockId, ValidatorSet } from './validators.ts'

/** What a genesis says of the chain. */
export interface ChainGenesis {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly parameters: ConsensusParameters
  readonly members: readonly { readonly id: string; readonly key: Uint8Array; readonly stake: bigint }[]
}

/** `candidate`: witnessed, does not vote yet. `validator`: votes where its weight is above zero. `leaving`: until the epoch's end. */
export type MemberRole = 'candidate' | 'validator' | 'leaving'

export interface ChainMember {
  readonly id: string
  readonly key: Uint8Array
  readonly role: MemberRole
  /** Genesis stake, >= 0. */
  readonly stake: bigint
  readonly reputation: Ppb
  /** One, less what evidence of offences has taken. */
  readonly integrity: Ppb
  /** Vote weight, >= 0; 0 for candidates. */
  readonly weight: bigint
  /** Height at which it joined; 0 for the genesis. */
  readonly since: number
  /** Of the running epoch: judged slots in which it was placed, the sum of their accuracies, and slots as a falseticker. */
  readonly placedSlots: number
  readonly accuracySum: Ppb
  readonly falseSlots: number
  /** Judged slots, also of earlier epochs, in which it was found in range; what a candidate must gather. */
  readonly inRangeSlots: number
  /** Sequence of its newest transaction. */
  readonly sequence: number
}

export interface ChainState {
  readonly genesis: ChainGenesis
  /** The newest height that was applied; 0 for the genesis. */
  readonly height: number
  readonly blockId: BlockId
  /** The time of the block at `height - 1`, the newest that is settled. */
  readonly time: BlockTime
  /** The block at `height`, whose actions wait for its time; undefined at the genesis. */
  readonly pending: Block | undefined
  /** In the order of their keys. */
  readonly members: readonly ChainMember[]
  /** Who voted at `height`: the next block's `lastCommit` is theirs. */
  readonly lastValidators: ValidatorSet
  /** Who votes at `height + 1`. */
  readonly validators: ValidatorSet
  /** The committed docket; undefined until the first time is settled. Never changed in place: a state owns its own. */
  readonly docket: Docket | undefined
  readonly epoch: number
  readonly emergency: boolean
  /** Offences that were punished, by the key of what was done, so that each is punished once; bounded by age. */
  readonly punished: ReadonlyMap<string, number>
}
