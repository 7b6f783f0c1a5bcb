/**
 * What a slot's evidence says of one node: a pure function of what its witnesses measured. Each witness bounds the node's
 * offset; where two thirds of the committee's weight agree, the offset lies, and the node is in range if that interval
 * meets the accepted range of variance.
 *
 * Source: DESIGN §5.3; seed 000 "Accepted Range of Variance", "Validation Engine". Rules V-1 to V-4 in
 * docs/spec/validation.md. It knows nothing of who lies: with less than a third of a committee's weight false, the interval
 * holds the node's true offset; with more it may not.
 */
import type { NsInterval } from '../base/index.ts'
import { NS_PER_MS, TWO_THIRDS, meets } from '../base/index.ts'
import { coverInterval } from '../clock/index.ts'
import type { Member } from '../proofs/index.ts'

/** Accepted range of variance V, ns: a node is in range within ±V (seed 000; DESIGN §5.3). */
export const ACCEPTED_VARIANCE_NS_DEFAULT = 50n * NS_PER_MS

/** What one witness measured of the node, ns: its offset lies in here. */
export interface WitnessedOffset {
  readonly witness: string
  readonly offset: NsInterval
}

export const FINDING_REASONS = ['in-range', 'ahead', 'behind', 'too-few-witnesses', 'no-agreement'] as const
export type FindingReason = (typeof FINDING_REASONS)[number]

/** What the evidence of a slot says. `offset` is there exactly where two thirds of the committee's weight agree. */
export interface Finding {
  readonly reason: FindingReason
  readonly offset: NsInterval | undefined
  /** Witnesses whose measurement meets `offset`, and how many had a seat. */
  readonly agreeing: number
  readonly asked: number
}

export interface FindingInput {
  readonly committee: readonly Member[]
  /** At most one per witness; those without a seat in the committee do not count. */
  readonly measured: readonly WitnessedOffset[]
  /** V > 0, ns. */
  readonly acceptedVarianceNs: bigint
}

/** Weighs a slot's measurements of one node. Needs two thirds of the committee's whole weight, silent seats included. */
export const findOffset = ({ committee, measured, acceptedVarianceNs }: FindingInput): Finding => {
  const seats = new Map(committee.map(({ id, weight }) => [id, weight]))
  const counted = measured.flatMap(({ witness, offset }) => {
    const weight = seats.get(witness)
    return weight === undefined ? [] : [{ interval: offset, weight }]
  })
  const asked = committee.length
  const weightNeeded = neededOf(committee)
  const heard = counted.reduce((sum, { weight }) => sum + weight, 0n)
  if (asked === 0 || heard < weightNeeded) return { reason: 'too-few-witnesses', offset: undefined, agreeing: 0, asked }

  const offset = coverInterval({ intervals: counted, weightNeeded })
  if (offset === undefined) return { reason: 'no-agreement', offset, agreeing: 0, asked }
  const agreeing = counted.filter(({ interval }) => meets(interval, offset)).length
  return { reason: rangeOf(offset, acceptedVarianceNs), offset, agreeing, asked }
}

/** The least weight that is at least two thirds of the committee's. */
const neededOf = (committee: readonly Member[]): bigint => {
  const total = committee.reduce((sum, { weight }) => sum + weight, 0n)
  return (total * TWO_THIRDS.numerator + TWO_THIRDS.denominator - 1n) / TWO_THIRDS.denominator
}

const rangeOf = (offset: NsInterval, variance: bigint): FindingReason => {
  if (meets(offset, { lo: -variance, hi: variance })) return 'in-range'
  return offset.lo > variance ? 'ahead' : 'behind'
}
