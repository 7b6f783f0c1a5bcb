/**
 * The state of the chain after a height: who may vote and with what weight, how everybody's clock has been found by the evidence
 * in blocks, and what of the newest block still waits for its time. Immutable: `applyBlock` makes the next one. Integers only.
 */
import assert from 'node:assert/strict'
import { PPB_ONE, hexOf, max, ppbRatio } from '../base/index.ts'
import type { Ppb } from '../base/index.ts'
import type { Member } from '../proofs/index.ts'
import { cappedTargets, voteWeightPpb } from '../standing/index.ts'
import { Docket, INITIAL_VERDICT } from '../validation/index.ts'
import type { DocketOptions, Verdict } from '../validation/index.ts'
import type { Block } from './block.ts'
import { inKeyOrder, placeOfId } from './member-index.ts'
import type { ConsensusParameters } from './parameters.ts'
import { NO_TIME } from './tally.ts'
import type { BlockTime } from './tally.ts'
import { ValidatorSet } from './validators.ts'
import type { BlockId } from './validators.ts'

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
  /** Of the running epoch: all judged slots in which it was to be witnessed, and those of them in which it was absent. */
  readonly judgedSlots: number
  readonly absentSlots: number
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

const largestStakes = new WeakMap<ChainGenesis, bigint>()

/** Largest stake of the genesis, which stake is measured by as long as the network lasts. */
const largestStake = (genesis: ChainGenesis): bigint => {
  const known = largestStakes.get(genesis)
  if (known !== undefined) return known
  const largest = genesis.members.reduce((most, { stake }) => max(most, stake), 0n)
  largestStakes.set(genesis, largest)
  return largest
}

/** S of eq. 4.1: stake as a share of the largest of the genesis, 0 to one. */
export const stakeShare = (genesis: ChainGenesis, stake: bigint): Ppb => {
  const largest = largestStake(genesis)
  return largest === 0n ? 0n : ppbRatio(stake, largest)
}

/** Who votes among these: whoever has weight. */
export const validatorsAmong = (members: readonly ChainMember[]): ValidatorSet =>
  new ValidatorSet(members.filter(({ weight }) => weight > 0n).map(({ id, key, weight }) => ({ id, key, weight })))

/** How somebody begins, without weight. */
export const newMember = (
  genesis: ChainGenesis,
  who: Pick<ChainMember, 'id' | 'key' | 'role' | 'stake' | 'since' | 'sequence'>,
): ChainMember => ({
  ...who,
  reputation: genesis.parameters.standing.reputationInitialPpb,
  integrity: PPB_ONE,
  weight: 0n,
  ...NOTHING_JUDGED,
  inRangeSlots: 0,
})

/** What is counted anew in each epoch. */
export const NOTHING_JUDGED = {
  placedSlots: 0,
  accuracySum: 0n,
  falseSlots: 0,
  judgedSlots: 0,
  absentSlots: 0,
} as const

/**
 * The state before height 1: everybody of the genesis votes with the weight of a beginner, those without stake together under the
 * cap of a third. A genesis in which nobody has weight, or two members one key, is an asserted bug.
 */
export const genesisState = (genesis: ChainGenesis): ChainState => {
  const { standing } = genesis.parameters
  const beginners = genesis.members.map((member) =>
    newMember(genesis, { ...member, role: 'validator', since: 0, sequence: 0 }),
  )
  const weights = cappedTargets(
    beginners.map((member) => ({
      target: voteWeightPpb({ ...member, stakeShare: stakeShare(genesis, member.stake) }, standing),
      isStaked: member.stake > 0n,
    })),
  )
  const members = inKeyOrder(beginners.map((member, i) => ({ ...member, weight: weights[i] ?? 0n })))
  const validators = validatorsAmong(members)
  assert(validators.total > 0n, 'a genesis without weight')
  return {
    genesis,
    height: 0,
    blockId: hexOf(genesis.networkId),
    time: NO_TIME,
    pending: undefined,
    members,
    lastValidators: validators,
    validators,
    docket: undefined,
    epoch: 0,
    emergency: false,
    punished: new Map(),
  }
}

/** An empty docket for these members, whose first slot to be closed is `slot`. */
export const newDocket = (genesis: ChainGenesis, members: readonly ChainMember[], slot: number): Docket =>
  new Docket({ ...docketOptions(genesis), members: voicesOf(members), slot })

/**
 * How many slots before a slot its committees are fixed, beyond the two of V-5: what the closing of slots lags behind, and two more.
 * So whoever asks in a slot with a state whose newest settled time is at most four slots old, and whoever judges it later,
 * draw from the same members.
 */
export const committeeLagSlots = ({ parameters }: ChainGenesis): number => parameters.evidenceLagSlots + 2

/** What every docket of a network is made with. */
export const docketOptions = (genesis: ChainGenesis): Omit<DocketOptions, 'slot' | 'members'> => ({
  parameters: genesis.parameters.judgement,
  witnessEverySlots: genesis.parameters.witnessEverySlots,
  lagSlots: committeeLagSlots(genesis),
})

/** Members as the docket knows them. */
export const voicesOf = (members: readonly ChainMember[]): readonly Member[] =>
  members.map(({ id, key, weight }) => ({ id, key, weight }))

/** The verdict on a node's clock; `unproven` for strangers and before the first time is settled. */
export const statusOf = (state: ChainState, id: string): Verdict => state.docket?.verdict(id) ?? INITIAL_VERDICT

/** Dockets of before the first time is settled: everybody may witness. */
const firstDockets = new WeakMap<ChainGenesis, Docket>()

/** Who witnesses `subject` in `slot`, best first; nobody where it is not its turn. Equal in all states that matter for a slot. */
export const committeeOf = (state: ChainState, subject: string, slot: number): readonly Member[] => {
  if (state.docket !== undefined) return state.docket.committee(subject, slot)
  const first = firstDockets.get(state.genesis) ?? newDocket(state.genesis, state.members, 0)
  firstDockets.set(state.genesis, first)
  return first.committee(subject, slot)
}

/** By node id. */
export const memberOf = (state: ChainState, id: string): ChainMember | undefined => {
  const place = placeOfId(state.members, id)
  return place === undefined ? undefined : state.members[place]
}
