/**
 * What a block does to the state of the chain. The actions in a block wait in the state until the block after it has settled
 * its time; so applying block h does what block h − 1 asked for, closes the slots that are over by then, looks whether there is
 * an emergency, and where an epoch ends, moves weight. Pure, and total for blocks without fault (block-rules.ts).
 *
 * Source: DESIGN §5.3 to §5.5. Rules B-60 to B-75 in docs/spec/consensus.md.
 */
import { min } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { slotOf } from '../proofs/index.ts'
import { OPEN_SLOTS_MAX } from '../validation/index.ts'
import type { Docket, Judgement, NodeStatus } from '../validation/index.ts'
import { actOn, witness } from './actions.ts'
import type { NoEffectReason } from './actions.ts'
import type { Block } from './block.ts'
import { validatorsAmong } from './chain-state.ts'
import type { ChainGenesis, ChainState } from './chain-state.ts'
import { countedWith, endEpoch, forgetEpoch } from './epoch.ts'
import { punish, withoutOld } from './offences.ts'
import { RecentSteps } from './recent-steps.ts'
import { StateDraft } from './state-draft.ts'
import type { BlockTime } from './tally.ts'
import type { ValidatorSet } from './validators.ts'

export interface JudgedSlot {
  readonly slot: number
  readonly judgements: readonly Judgement[]
}

export interface Applied {
  readonly state: ChainState
  /** What closing slots said, oldest slot first. */
  readonly judged: readonly JudgedSlot[]
  /** Transactions of the block before, by key, that had no effect: for people. */
  readonly noted: readonly { readonly key: string; readonly reason: NoEffectReason }[]
}

const recent = new RecentSteps<Applied>()

/** The state after `block`, which must be without fault for `state`. Asked again soon, it gives the same object. */
export const applyBlock = (state: ChainState, block: Block): Applied => {
  const known = recent.get(state, block)
  if (known !== undefined) return known
  const applied = apply(state, block)
  recent.set(state, block, applied)
  return applied
}

const apply = (state: ChainState, block: Block): Applied => {
  const { pending } = state
  if (pending === undefined) return { state: nextState(state, block, {}), judged: [], noted: [] }
  const { height, time } = block.header
  const target = lastSlotOver(state.genesis, time)
  const draft = new StateDraft(state, target)
  // Slots of a long silence end unjudged, before what was measured since is entered.
  draft.docket.skip(target - OPEN_SLOTS_MAX)
  const noted = act(draft, { pending, interval: intervalOfActions(state, time) })
  const judged = closeSlots(draft.docket, target)
  const emergency = isEmergency(draft.docket, state.validators)
  count(draft, judged, emergency)
  const isEpochEnd = height % state.genesis.parameters.epochSlots === 0
  if (isEpochEnd) changeEpoch(draft, height, emergency)
  const { members, docket, punished } = draft
  const validators = isEpochEnd && !emergency ? validatorsAmong(members) : state.validators
  const epoch = state.epoch + (isEpochEnd ? 1 : 0)
  return { state: nextState(state, block, { members, docket, punished, emergency, validators, epoch }), judged, noted }
}

const nextState = (state: ChainState, block: Block, changed: Partial<ChainState>): ChainState => ({
  ...state,
  ...changed,
  height: block.header.height,
  blockId: block.id,
  time: block.header.time,
  pending: block,
  lastValidators: state.validators,
})

/**
 * The last slot that is closed once a block's time is settled: by its timestamp, but where the interval is so wide that nobody
 * knew the time, not far beyond its earliest end.
 */
export const lastSlotOver = ({ parameters }: ChainGenesis, time: BlockTime): number => {
  const { slotNs, proposalDelayNs, evidenceLagSlots } = parameters
  const at = min(time.timestamp, time.earliest + 2n * (proposalDelayNs + slotNs))
  return Math.max(0, slotOf(at, slotNs) - evidenceLagSlots)
}

/** What actions must meet: the time from the parent's earliest to the block's own latest; in the first block its own alone. */
const intervalOfActions = (state: ChainState, time: BlockTime): TimeInterval =>
  state.height === 1 ? time : { earliest: state.time.earliest, latest: time.latest }

interface PendingActions {
  readonly pending: Block
  readonly interval: TimeInterval
}

const act = (draft: StateDraft, { pending, interval }: PendingActions): Applied['noted'] => {
  const at = { height: pending.header.height, interval }
  const noted = pending.body.transactions.flatMap((sealed) => {
    const reason = actOn(draft, sealed, at)
    return reason === undefined ? [] : [{ key: sealed.key, reason }]
  })
  for (const witnessed of pending.body.witnessed) witness(draft, witnessed)
  for (const evidence of pending.body.offences) punish(draft, evidence, at)
  return noted
}

const closeSlots = (docket: Docket, target: number): readonly JudgedSlot[] => {
  const judged: JudgedSlot[] = []
  for (let slot = docket.closed + 1; slot <= target; slot += 1) judged.push({ slot, judgements: docket.close(slot) })
  return judged
}

/** Are validators with more than a third of all weight falsetickers? */
const isEmergency = (docket: Docket, validators: ValidatorSet): boolean =>
  validators.isOverThird(
    validators.list.reduce(
      (sum, { id, weight }) => (docket.verdict(id).status === 'falseticker' ? sum + weight : sum),
      0n,
    ),
  )

const count = (draft: StateDraft, judged: readonly JudgedSlot[], emergency: boolean): void => {
  const { acceptedVarianceNs } = draft.genesis.parameters.judgement
  for (const { judgements } of judged)
    for (const judgement of judgements) {
      const member = draft.memberOf(judgement.id)
      if (member !== undefined) draft.setMember(countedWith(member, judgement, { acceptedVarianceNs, emergency }))
    }
}

const changeEpoch = (draft: StateDraft, height: number, emergency: boolean): void => {
  const { genesis, members, docket } = draft
  const statusOf = (id: string): NodeStatus => docket.verdict(id).status
  draft.replacePunished(withoutOld(draft.punished, height - genesis.parameters.offenceAgeMax))
  draft.replaceMembers(emergency ? forgetEpoch(members) : endEpoch({ genesis, height, members, statusOf }))
}
