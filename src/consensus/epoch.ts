/**
 * An epoch's end: what everybody's clock was worth in it becomes reputation, reputation becomes weight, candidates with a record
 * begin to vote, who leaves goes. The only place where weight changes. A pure function of the committed record; integers.
 *
 * Source: DESIGN §5.3, §5.4; seed 003 §4. Rules B-70 to B-74 in docs/spec/consensus.md; W- rules of docs/spec/standing.md.
 */
import { PPB_ONE } from '../base/index.ts'
import type { NsInterval, Ppb } from '../base/index.ts'
import { accuracyPpb, nextReputation, nextWeights, voteWeightPpb } from '../standing/index.ts'
import type { Judgement, NodeStatus } from '../validation/index.ts'
import { NOTHING_JUDGED, stakeShare } from './chain-state.ts'
import type { ChainGenesis, ChainMember } from './chain-state.ts'

/** Adds what a judged slot says of a member. During an emergency only what a candidate needs is counted. */
export const countedWith = (
  member: ChainMember,
  { finding, verdict }: Judgement,
  options: { readonly acceptedVarianceNs: bigint; readonly emergency: boolean },
): ChainMember => {
  const inRangeSlots = member.inRangeSlots + (finding.reason === 'in-range' ? 1 : 0)
  if (options.emergency) return inRangeSlots === member.inRangeSlots ? member : { ...member, inRangeSlots }
  const { offset } = finding
  const accuracy = offset === undefined ? 0n : accuracyPpb(distanceOf(offset), options.acceptedVarianceNs)
  return {
    ...member,
    inRangeSlots,
    judgedSlots: member.judgedSlots + 1,
    placedSlots: member.placedSlots + (offset === undefined ? 0 : 1),
    accuracySum: member.accuracySum + accuracy,
    falseSlots: member.falseSlots + (verdict.status === 'falseticker' ? 1 : 0),
    absentSlots: member.absentSlots + (offset === undefined && verdict.status === 'absent' ? 1 : 0),
  }
}

/** How far the nearest offset in the interval is from none, ns >= 0: what the evidence cannot explain otherwise. */
const distanceOf = ({ lo, hi }: NsInterval): bigint => (lo > 0n ? lo : hi < 0n ? -hi : 0n)

/**
 * Mean accuracy of an epoch, 0 to one: over the slots in which witnesses agreed where the clock was, and those in which it was
 * absent, which count as 0. Undefined where there was neither: then nothing is learnt.
 */
const accuracyOf = ({ accuracySum, placedSlots, absentSlots }: ChainMember): Ppb | undefined => {
  const slots = placedSlots + absentSlots
  return slots === 0 ? undefined : accuracySum / BigInt(slots)
}

/** Share of the judged slots of an epoch after which it was a falseticker, 0 to one. */
const penaltyOf = ({ falseSlots, judgedSlots }: ChainMember): Ppb =>
  judgedSlots === 0 ? 0n : (BigInt(falseSlots) * PPB_ONE) / BigInt(judgedSlots)

export interface EpochInput {
  readonly genesis: ChainGenesis
  /** The height that ends the epoch. */
  readonly height: number
  readonly members: readonly ChainMember[]
  readonly statusOf: (id: string) => NodeStatus
}

/** The members after an epoch, with their new weights. At least one has weight if one had before. */
export const endEpoch = (input: EpochInput): readonly ChainMember[] => {
  const { genesis } = input
  const admitted = admittedOf(input)
  const reviewed = input.members
    .filter((member) => !isExpired(member, input))
    .map((member) => ({ ...reviewedBy(member, genesis, admitted.has(member.id)), ...NOTHING_JUDGED }))
  const weights = nextWeights({
    members: reviewed.map((member) => ({
      id: member.id,
      weight: member.weight,
      target: targetOf(member, genesis),
      isStaked: member.stake > 0n,
    })),
  })
  return reviewed.map((member) => ({ ...member, weight: weights.get(member.id) ?? 0n })).filter((one) => !isGone(one))
}

/** At the end of an epoch in an emergency: nothing moves, and what was counted in it is forgotten. */
export const forgetEpoch = (members: readonly ChainMember[]): readonly ChainMember[] =>
  members.map((member) => ({ ...member, ...NOTHING_JUDGED }))

const reviewedBy = (member: ChainMember, genesis: ChainGenesis, isAdmitted: boolean): ChainMember => {
  if (isAdmitted) return { ...member, role: 'validator' }
  if (member.role === 'candidate') return member
  const { standing } = genesis.parameters
  const judged = { reputation: member.reputation, accuracy: accuracyOf(member), penalty: penaltyOf(member) }
  return { ...member, reputation: nextReputation(judged, standing) }
}

/** The weight that its record asks for. */
const targetOf = (member: ChainMember, genesis: ChainGenesis): bigint =>
  member.role === 'validator'
    ? voteWeightPpb({ ...member, stakeShare: stakeShare(genesis, member.stake) }, genesis.parameters.standing)
    : 0n

/** Candidates that may vote from now on: with a record, and right now; the eldest first, then by key. */
const admittedOf = ({ genesis, members, statusOf }: EpochInput): ReadonlySet<string> => {
  const { joinRecordSlots, joinsPerEpochMax } = genesis.parameters
  const ready = members.filter(
    ({ id, role, inRangeSlots }) =>
      role === 'candidate' && inRangeSlots >= joinRecordSlots && statusOf(id) === 'truechimer',
  )
  const eldest = ready.toSorted((a, b) => a.since - b.since)
  return new Set(eldest.slice(0, joinsPerEpochMax).map(({ id }) => id))
}

/** A candidate of a whole epoch that is no truechimer at its end: it makes room. */
const isExpired = ({ id, role, since }: ChainMember, { genesis, height, statusOf }: EpochInput): boolean =>
  role === 'candidate' && since <= height - genesis.parameters.epochSlots && statusOf(id) !== 'truechimer'

/** Who left, once its weight is all taken; and who has neither weight nor stake nor a good name to begin again with. */
const isGone = ({ role, weight, stake, integrity }: ChainMember): boolean =>
  weight === 0n && (role === 'leaving' || (role === 'validator' && stake === 0n && integrity === 0n))
