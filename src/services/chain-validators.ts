/**
 * Who votes, with what weight and why, as `/v1/validators` shows it: pure. What the last epoch's end changed is told where the states
 * on both sides of it are at hand. Rules: docs/spec/api.md, A-94.
 */
import { ppbRatio } from '../base/index.ts'
import { stakeShare, statusOf } from '../consensus/index.ts'
import type { ChainMember, ChainState } from '../consensus/index.ts'
import { explainWeight } from './chain-explanations.ts'
import { VALIDATORS_SHOWN_MAX } from './chain-schema.ts'
import type { ValidatorsView, ValidatorView } from './chain-schema.ts'
import { authorView, emergencyView, epochView, quorumOf } from './chain-views.ts'
import type { People } from './chain-views.ts'
import { explainVerdict } from './explanations.ts'

export interface ValidatorsContext {
  /** Its `validators` are those who are told of. */
  readonly state: ChainState
  /** The height that they vote at. */
  readonly height: number
  /** Before and after the newest end of an epoch at or before `state`. */
  readonly turn: { readonly before: ChainState; readonly after: ChainState } | undefined
  readonly people: People
}

export const validatorsView = ({ state, height, turn, people }: ValidatorsContext): ValidatorsView => {
  const { parameters } = state.genesis
  const { total } = state.validators
  const changes = turnOf(turn)
  const views = state.members.map((member) =>
    validatorView(member, {
      state,
      people,
      changed: changes?.(member) ?? null,
    }),
  )
  return {
    height,
    asOf: state.height,
    epoch: epochView(state.height, parameters.epochSlots),
    total: Number(total),
    quorum: Number(quorumOf(total)),
    emergency: emergencyView(state, people),
    parameters: {
      alpha: Number(parameters.standing.alphaPpb),
      beta: Number(parameters.standing.betaPpb),
      gamma: Number(parameters.standing.gammaPpb),
      joinRecordSlots: parameters.joinRecordSlots,
    },
    validators: views.sort(inOrder).slice(0, VALIDATORS_SHOWN_MAX),
  }
}

/** Those who vote by weight, then candidates; by name among equals, so that rows stand still. */
const inOrder = (a: ValidatorView, b: ValidatorView): number =>
  Number(a.role === 'candidate') - Number(b.role === 'candidate') || b.weight - a.weight || (a.name < b.name ? -1 : 1)

interface MemberContext {
  readonly state: ChainState
  readonly people: People
  readonly changed: ValidatorView['changed']
}

const validatorView = (member: ChainMember, { state, people, changed }: MemberContext): ValidatorView => {
  const { parameters } = state.genesis
  const { total } = state.validators
  const verdict = statusOf(state, member.id)
  const share = stakeShare(state.genesis, member.stake)
  return {
    ...authorView(member.id, people),
    self: member.id === people.self,
    role: member.role,
    weight: Number(member.weight),
    share: total === 0n ? 0 : Number(ppbRatio(member.weight, total)),
    reputation: Number(member.reputation),
    stakeShare: Number(share),
    integrity: Number(member.integrity),
    accuracy: accuracyOf(member),
    ...slotsOf(member),
    inRangeSlots: member.inRangeSlots,
    since: member.since,
    status: verdict.status,
    reason: verdict.reason,
    explanation: explainVerdict({ verdict, offset: undefined, finding: undefined }),
    why: explainWeight({
      member,
      stakeShare: share,
      standing: parameters.standing,
      joinRecordSlots: parameters.joinRecordSlots,
      isEmergency: state.emergency,
      isOut: verdict.status === 'falseticker',
    }),
    changed,
  }
}

/** Mean over the slots in which it was placed and those in which it was absent, which count as nothing. */
const accuracyOf = ({ placedSlots, absentSlots, accuracySum }: ChainMember): number | null =>
  placedSlots + absentSlots === 0 ? null : Number(accuracySum / BigInt(placedSlots + absentSlots))

const slotsOf = ({
  judgedSlots,
  placedSlots,
  absentSlots,
  falseSlots,
}: ChainMember): Pick<ValidatorView, 'judgedSlots' | 'placedSlots' | 'absentSlots' | 'falseSlots'> => ({
  judgedSlots,
  placedSlots,
  absentSlots,
  falseSlots,
})

const turnOf = (turn: ValidatorsContext['turn']): ((member: ChainMember) => ValidatorView['changed']) | undefined => {
  if (turn === undefined) return undefined
  const before = new Map(turn.before.members.map((member) => [member.id, member]))
  const after = new Map(turn.after.members.map((member) => [member.id, member]))
  return ({ id }) => {
    const [was, is] = [before.get(id), after.get(id)]
    if (was === undefined || is === undefined) return null
    return {
      weight: Number(is.weight - was.weight),
      reputation: Number(is.reputation - was.reputation),
      integrity: Number(is.integrity - was.integrity),
      accuracy: accuracyOf(was),
      ...slotsOf(was),
    }
  }
}
