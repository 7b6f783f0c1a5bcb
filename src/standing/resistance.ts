/**
 * Resistance: what meets an actor who gathers power, and what it takes to move the network's time. Two formulas of the model that
 * describe; nothing is steered by them.
 *
 * Source: seed 003 §2, §7. Rules: docs/spec/standing.md W-8. Floats. Not promised: the constants have no values in the seed and were not
 * fitted to anything; compare results that share them, and read no absolute meaning into one.
 */
import assert from 'node:assert/strict'
import { isAmount } from './trust.ts'

/**
 * R(a, t) = k·(P ÷ P_baseline)^α·TF, eq. of §2; >= 0, in the unit of `scale`. `power` >= 0 and `powerBaseline` > 0 in one unit; `exponent`
 * α > 1, so that resistance grows faster than power; `temporalFactor` >= 0 comes from who knows the actor's record: the seed
 * gives it no formula. Infinity where the power is past what a float holds. Out of range is an asserted bug.
 */
export const asymmetricResistance = (options: {
  readonly scale: number
  readonly power: number
  readonly powerBaseline: number
  readonly exponent: number
  readonly temporalFactor: number
}): number => {
  const { scale, power, powerBaseline, exponent, temporalFactor } = options
  assert(isAmount(scale) && isAmount(power) && isAmount(powerBaseline) && isAmount(temporalFactor))
  assert(powerBaseline > 0 && Number.isFinite(exponent) && exponent > 1)
  if (scale === 0 || temporalFactor === 0) return 0
  return scale * (power / powerBaseline) ** exponent * temporalFactor
}

/**
 * R_time(a) = C·(1 − e^(−k·N))·ln(S), eq. of §7; from 0, in the unit of `scale` C >= 0. `nodes` N >= 0: diverse nodes (Infinity is the
 * limit C·ln S); `rate` k > 0 for each of them; `stake` S >= 1: below one the logarithm, and so the resistance, would be
 * negative. Out of range is an asserted bug.
 */
export const manipulationResistance = (options: {
  readonly scale: number
  readonly rate: number
  readonly nodes: number
  readonly stake: number
}): number => {
  const { scale, rate, nodes, stake } = options
  assert(isAmount(scale) && isAmount(rate) && rate > 0 && nodes >= 0 && Number.isFinite(stake) && stake >= 1)
  return scale * -Math.expm1(-rate * nodes) * Math.log(stake)
}
