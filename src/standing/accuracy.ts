/**
 * Accuracy: how near a stated time came to the time that was agreed on, or the system's time to the true one.
 *
 * Source: seed 003 eq. 4.3 and 4.5. Rules: docs/spec/standing.md W-4. Not promised: the true time of eq. 4.5 is known to nobody but
 * a simulation; what a running network can say of itself is the width of its blocks' intervals.
 */
import assert from 'node:assert/strict'
import { abs, ppbRatio } from '../base/index.ts'
import type { Ppb, Tai } from '../base/index.ts'

/**
 * Accuracy(a, t), eq. 4.3, 0 to one: one at distance zero, 0 from the tolerance on, straight in between, rounded down.
 * `distanceNs` of either sign: T_node − T_consensus, ns. `toleranceNs` > 0: ToleranceWindow, ns (else an asserted bug).
 */
export const accuracyPpb = (distanceNs: bigint, toleranceNs: bigint): Ppb => {
  assert(toleranceNs > 0n)
  const left = toleranceNs - abs(distanceNs)
  return left <= 0n ? 0n : ppbRatio(left, toleranceNs)
}

/**
 * Accuracy_system(t), eq. 4.5: one where the consensus is right, 0 at `deviationNsMax` > 0, and below 0 past it, as the seed
 * does not cut it off: −1 is twice the maximum. TAI ns in, a float out: informs only.
 */
export const systemAccuracy = (options: {
  readonly consensus: Tai
  readonly truth: Tai
  readonly deviationNsMax: bigint
}): number => {
  assert(options.deviationNsMax > 0n)
  return 1 - Number(abs(options.consensus - options.truth)) / Number(options.deviationNsMax)
}
