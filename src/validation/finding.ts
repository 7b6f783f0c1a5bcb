/**
 * What a slot's evidence says of one node: a pure function of what its witnesses measured. Each witness bounds the node's
 * offset. If intervals of two thirds of the committee's weight share a point, there is agreement, and the node is in range
 * if where its offset must lie meets the accepted range of variance.
 *
 * Where it must lie is not where the two thirds overlap. Some honest witnesses may be silent, and then liars can complete
 * two thirds with the honest at a point beside the true one. But of the weight that was heard, at most a third of the
 * whole (less one unit) lies, so the true offset is covered by all the rest: the answer is the hull of all points covered
 * by `heard − (total − 1) div 3`, as for the time of a block (DESIGN §5.5).
 *
 * Source: DESIGN §5.3; seed 000 "Accepted Range of Variance", "Validation Engine". Rules V-1 to V-3 in
 * docs/spec/validation.md. It knows nothing of who lies: with less than a third of a committee's weight false, the interval
 * holds the node's true offset, however many of the others are silent; with more it may not.
 */
import assert from 'node:assert/strict'
import type { NsInterval } from '../base/index.ts'
import { NS_PER_MS, TWO_THIRDS, meets, min } from '../base/index.ts'
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
  const total = committee.reduce((sum, { weight }) => sum + weight, 0n)
  const twoThirds = twoThirdsOf(total)
  const heard = counted.reduce((sum, { weight }) => sum + weight, 0n)
  if (asked === 0 || heard < twoThirds) return { reason: 'too-few-witnesses', offset: undefined, agreeing: 0, asked }
  if (coverInterval({ intervals: counted, weightNeeded: twoThirds }) === undefined)
    return { reason: 'no-agreement', offset: undefined, agreeing: 0, asked }

  const lyingMost = (total - 1n) / 3n
  const offset = coverInterval({ intervals: counted, weightNeeded: min(twoThirds, heard - lyingMost) })
  assert(offset !== undefined, 'what two thirds cover, fewer cover too')
  const agreeing = counted.filter(({ interval }) => meets(interval, offset)).length
  return { reason: rangeOf(offset, acceptedVarianceNs), offset, agreeing, asked }
}

/** The least weight that is at least two thirds of `total`. */
const twoThirdsOf = (total: bigint): bigint =>
  (total * TWO_THIRDS.numerator + TWO_THIRDS.denominator - 1n) / TWO_THIRDS.denominator

const rangeOf = (offset: NsInterval, variance: bigint): FindingReason => {
  if (meets(offset, { lo: -variance, hi: variance })) return 'in-range'
  return offset.lo > variance ? 'ahead' : 'behind'
}
