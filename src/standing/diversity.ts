/**
 * Diversity: how evenly weight is spread over kinds of node (method, hardware, maker of the source), as an entropy. One kind
 * that fails all at once should not be much of the whole.
 *
 * Source: seed 003 §1, diversity constraint (Shannon 1948). Rules: docs/spec/standing.md W-3. Whole numbers, so that it may steer what
 * nodes must agree on. Not promised: a kind is what a node says of itself, unless something measures it.
 */
import assert from 'node:assert/strict'
import type { Ppb } from '../base/index.ts'
import { log2Fixed } from '../crypto/index.ts'
import { LOGARITHM_ARGUMENT_LIMIT, naturalOfLog2Ppb } from './logarithm.ts'

/**
 * D = −Σ p·ln p, in ppb of a nat, of the weights of all groups, each >= 0 in one unit, their sum below 2^1024 (else an asserted bug).
 * 0 where at most one group has weight; at most ln n, where n groups have the same. To the nearest, off by less than
 * 0.5 + 5 × 10^-8 ppb. The order of the groups does not matter.
 */
export const diversityPpb = (groups: Iterable<bigint>): Ppb => {
  const weights = [...groups].filter((weight) => weight !== 0n)
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  assert(weights.every((weight) => weight > 0n) && total < LOGARITHM_ARGUMENT_LIMIT)
  if (total === 0n) return 0n
  const whole = log2Fixed(total)
  const spread = weights.reduce((sum, weight) => sum + weight * (whole - log2Fixed(weight)), 0n)
  return naturalOfLog2Ppb(spread, total)
}

/** The constraint D > D_min; both in ppb of a nat. The seed gives D_min no value: whoever asks brings one, >= 0. */
export const isDiverse = (diversity: Ppb, diversityMin: Ppb): boolean => {
  assert(diversityMin >= 0n)
  return diversity > diversityMin
}
