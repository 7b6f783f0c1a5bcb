/**
 * The chain in sentences for people: what a round waits for, what a commit proves, why a weight is what it is, why a transaction was
 * refused. Pure. Codes and figures stay beside them; a sentence may change, those may not.
 */
import { PPB_ONE } from '../base/index.ts'
import type { Ppb } from '../base/index.ts'
import type { ChainMember, Evidence, MemberRole, Step } from '../consensus/index.ts'
import { voteWeightPpb } from '../standing/index.ts'
import type { StandingParameters } from '../standing/index.ts'
import { durationText } from './explanations.ts'

/** A weight or target this much of a voice away from the other is said to be on its way, ppb. */
const APART_PPB = 5_000_000n

/** A share of a whole as people read it: `0 %`, `0.4 %`, `67 %`. `whole` > 0, else 0 %. */
export const percentText = (part: bigint, whole: bigint): string => {
  const percent = whole <= 0n ? 0 : Number((part * 100_000n) / whole) / 1000
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : Number(percent.toPrecision(2))} %`
}

export const ppbText = (share: Ppb): string => percentText(share, PPB_ONE)

/** `a`, `a and b`, `a, b and c`; of a long list the first few and how many more. */
export const namesText = (names: readonly string[], namesMax = 5): string => {
  const shown =
    names.length > namesMax ? [...names.slice(0, namesMax - 1), `${names.length - namesMax + 1} more`] : names
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

export interface RoundFacts {
  readonly round: number
  readonly step: Step
  readonly proposer: string
  readonly isProposer: boolean
  readonly behind: number
  readonly heard: bigint
  readonly total: bigint
  readonly silent: readonly string[]
  readonly silentWeight: bigint
}

const VOTES = { prevote: 'prevotes', precommit: 'precommits' } as const

/** What a node waits for at the height that it decides. */
export const explainRound = (facts: RoundFacts): string => {
  const { step, behind, heard, total, proposer, isProposer } = facts
  if (behind > 0) return `Catching up: ${behind} block${behind === 1 ? '' : 's'} behind its peers.`
  if (total === 0n) return 'Nobody has weight, so nothing can be decided.'
  if (step === 'propose')
    return isProposer
      ? 'It is this node’s turn to propose.'
      : `Waiting for the proposal of ${proposer}.${facts.round > 0 ? silentText(facts) : ''}`
  const said = `Waiting for ${VOTES[step]}: ${heardText(heard, total)} of the weight has voted, more than two thirds must.`
  return 3n * heard > 2n * total ? `Enough ${VOTES[step]} are in.` : said + silentText(facts)
}

/** Not rounded up to what would seem enough: two thirds are not more than two thirds. */
const heardText = (heard: bigint, total: bigint): string => {
  const text = percentText(heard, total)
  return text === '67 %' && 3n * heard <= 2n * total ? `${Number((heard * 1000n) / total) / 10} %` : text
}

const silentText = ({ silent, silentWeight, total }: RoundFacts): string =>
  silent.length === 0 ? '' : ` Silent: ${namesText(silent)}, with ${percentText(silentWeight, total)} of the weight.`

export const explainEmergency = (out: readonly string[], share: string): string =>
  `More than a third of the weight is out of time: ${namesText(out)}, ${share} together. Blocks go on; actions of those do not count, ` +
  'and no reputation changes until the evidence ends it.'

export interface ProofFacts {
  readonly height: number
  readonly isSettled: boolean
  readonly signers: number
  /** Undefined where the validators of the height are not known any more. */
  readonly voters: { readonly count: number; readonly weight: bigint; readonly total: bigint } | undefined
  readonly widthNs: bigint | undefined
}

/** What a block's commit proves. */
export const explainProven = ({ signers, voters }: ProofFacts): string => {
  if (voters === undefined)
    return `Signed by ${signers} validator${signers === 1 ? '' : 's'}. This node no longer holds what weight they had.`
  const share = percentText(voters.weight, voters.total)
  return `Signed by ${signers} of ${voters.count} validators with ${share} of the weight; more than two thirds decide.`
}

/** What the next block has yet to settle; empty where it has. */
export const explainOpen = ({ height, isSettled, widthNs }: ProofFacts): string => {
  if (isSettled) return ''
  const time =
    widthNs === undefined
      ? 'Its time is not known here yet'
      : `Its interval, ${durationText(widthNs)} wide, is by this node’s own commit`
  return `${time}; block ${height + 1} settles it, and with it what the transactions do.`
}

export interface WeightFacts {
  readonly member: ChainMember
  readonly stakeShare: Ppb
  readonly standing: StandingParameters
  readonly joinRecordSlots: number
  readonly isEmergency: boolean
  readonly isOut: boolean
}

/** (αR + (1−α)S) × integrity: what its weight goes towards, ppb of a voice. */
export const weightTarget = ({ member, stakeShare, standing }: WeightFacts): bigint => {
  const { reputation, integrity } = member
  return voteWeightPpb({ reputation, stakeShare, integrity }, standing)
}

const NO_VOICE: Readonly<Partial<Record<MemberRole, (facts: WeightFacts) => string>>> = {
  candidate: ({ member: { inRangeSlots }, joinRecordSlots }) =>
    inRangeSlots >= joinRecordSlots
      ? 'Has its record and votes from an epoch’s end on.'
      : `Does not vote yet: ${inRangeSlots} of ${joinRecordSlots} judged slots in range.`,
}

/** Why somebody's weight is what it is. */
export const explainWeight = (facts: WeightFacts): string => {
  const { member, stakeShare } = facts
  const noVoice = NO_VOICE[member.role]?.(facts)
  if (noVoice !== undefined) return noVoice
  const taken = PPB_ONE - member.integrity
  const target = weightTarget(facts)
  return [
    `Reputation ${ppbText(member.reputation)} and stake ${ppbText(stakeShare)} make ${ppbText(target)} of a voice.`,
    ...(taken > 0n ? [`Proven offences have taken ${ppbText(taken)} of it.`] : []),
    ...movingText(member, target),
    ...(facts.isOut ? [outText(facts.isEmergency)] : []),
    ...(member.role === 'leaving'
      ? ['It is leaving: epochs’ ends take its weight, at most a sixth of all at once.']
      : []),
  ].join(' ')
}

const movingText = ({ weight, stake }: ChainMember, target: bigint): string[] => {
  if (weight > target + APART_PPB) return [`Now ${ppbText(weight)}: an epoch takes at most a sixth of all weight.`]
  if (weight >= target - APART_PPB) return []
  const why =
    stake === 0n ? 'who has no stake holds at most a third together' : 'an epoch adds at most a sixth of all weight'
  return [`Now ${ppbText(weight)}: ${why}.`]
}

const outText = (isEmergency: boolean): string =>
  isEmergency
    ? 'Out of time; in an emergency that costs no reputation.'
    : 'Out of time: its actions do not count, and its reputation falls at the epoch’s end.'

const OFFENCES: Readonly<Record<Evidence['type'], string>> = {
  votes: 'It voted in one round for two things.',
  amnesia: 'It forgot a block that it was bound to.',
  proposals: 'It made two proposals in one round.',
  times: 'It told two times of receiving one proposal.',
  proofs: 'It signed two time proofs with one sequence.',
}
export const explainOffence = (type: Evidence['type']): string => OFFENCES[type]
