/**
 * What a proven offence costs: integrity, once. Weight follows at the epoch's end.
 *
 * Rules B-66 and B-67 in docs/spec/consensus.md; W-6.
 */
import { min } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { slotOf } from '../proofs/index.ts'
import type { ActionTime } from './actions.ts'
import type { ChainGenesis } from './chain-state.ts'
import { evidenceKey, heightOf, offenderOf } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import type { StateDraft } from './state-draft.ts'

/** Punished offences that are remembered, at most; the eldest is forgotten then. */
export const PUNISHED_MAX = 16_384

/**
 * Lowers the offender's integrity, if it is a member that has any left, the offence is not too old, and it was not punished
 * before.
 */
export const punish = (draft: StateDraft, evidence: Evidence, at: ActionTime): void => {
  const offender = draft.memberOfKey(offenderOf(evidence))
  if (offender === undefined || offender.integrity === 0n) return
  const { offenceAgeMax, standing } = draft.genesis.parameters
  const key = evidenceKey(evidence)
  const age = ageOf(evidence, { height: at.height, earliest: at.interval.earliest }, draft.genesis)
  if (age > offenceAgeMax || draft.punished.has(key)) return
  const kept = [...draft.punished].slice(-(PUNISHED_MAX - 1))
  draft.replacePunished(new Map(kept).set(key, at.height - Math.min(age, 0)))
  const integrity = offender.integrity - min(offender.integrity, standing.offencePenaltyPpb)
  draft.setMember({ ...offender, integrity })
}

/** How many heights ago an offence was, below 0 for one of a later height. A time proof names no height: one height is one slot then. */
export const ageOf = (
  evidence: Evidence,
  { height, earliest }: { readonly height: number; readonly earliest: Tai },
  { parameters: { slotNs } }: Pick<ChainGenesis, 'parameters'>,
): number =>
  evidence.type === 'proofs'
    ? slotOf(earliest, slotNs) - slotOf(evidence.first.proof.tai, slotNs)
    : height - (heightOf(evidence) ?? height)

/** Without those punished below a height: evidence of them is too old to be taken again. */
export const withoutOld = (punished: ReadonlyMap<string, number>, heightMin: number): ReadonlyMap<string, number> =>
  [...punished.values()].every((height) => height >= heightMin)
    ? punished
    : new Map([...punished].filter(([, height]) => height >= heightMin))
