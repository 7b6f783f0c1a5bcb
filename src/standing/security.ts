/**
 * Security as the model has it: over the years, and while a node is cut off. Two formulas that describe; nothing is steered by
 * them. Seed 003 §6, verification of offline time stamps, has no equation and therefore no function here: it is a protocol
 * of several steps (one-time vectors drawn while online, checked on return), and belongs to proofs/.
 *
 * Source: seed 003 §8, §9. Rules: docs/spec/standing.md W-8. Floats. Not promised: neither number is a probability of anything; the constants
 * have no values in the seed.
 */
import assert from 'node:assert/strict'
import { isAmount } from './trust.ts'

/**
 * S_long(t) = S_0·e^(−λt)·√N, eq. of §8; >= 0, in the unit of `initial` S_0 >= 0. `decayPerYear` λ >= 0, `years` t >= 0 (Infinity gives the
 * limit, 0 where λ > 0), `nodes` N >= 0. Out of range is an asserted bug.
 */
export const longTermSecurity = (options: {
  readonly initial: number
  readonly decayPerYear: number
  readonly years: number
  readonly nodes: number
}): number => {
  const { initial, decayPerYear, years, nodes } = options
  assert(isAmount(initial) && isAmount(decayPerYear) && years >= 0 && isAmount(nodes))
  const kept = decayPerYear === 0 ? 1 : Math.exp(-decayPerYear * years)
  return initial * kept * Math.sqrt(nodes)
}

/**
 * S_offline(t, Δt) = S_base·(1 − Δt ÷ t_max)²·e^(−α·Δt), eq. of §9; from 0 to `base` >= 0. `offlineSec` Δt >= 0 and `offlineSecMax` t_max > 0 in
 * seconds; `driftPerSec` α >= 0. From t_max on it is 0: the square would grow again there, and means nothing. Out of range is
 * an asserted bug.
 */
export const offlineSecurity = (options: {
  readonly base: number
  readonly offlineSec: number
  readonly offlineSecMax: number
  readonly driftPerSec: number
}): number => {
  const { base, offlineSec, offlineSecMax, driftPerSec } = options
  assert(isAmount(base) && offlineSec >= 0 && isAmount(offlineSecMax) && offlineSecMax > 0 && isAmount(driftPerSec))
  if (offlineSec >= offlineSecMax) return 0
  return base * (1 - offlineSec / offlineSecMax) ** 2 * Math.exp(-driftPerSec * offlineSec)
}
