/**
 * Trust in a claim: what everybody says of it, each by weight and reputation.
 *
 * Source: seed 003 §1. Rules: docs/spec/standing.md W-8. Floats: it informs people and steers nothing.
 */
import assert from 'node:assert/strict'

/** What one node brings: w_i >= 0 in any unit, v_i and r_i from 0 to 1. */
export interface ClaimVoice {
  readonly weight: number
  readonly validation: number
  readonly reputation: number
}

/** A float share: 0 to 1, both included. */
export const isUnit = (value: number): boolean => value >= 0 && value <= 1
/** Finite and not below zero. */
export const isAmount = (value: number): boolean => Number.isFinite(value) && value >= 0

/**
 * T(C, t) = Σ w·v·r, eq. of §1; in the unit of the weights, from 0 to their sum. 0 where nobody speaks. A voice out of range is an
 * asserted bug.
 */
export const claimTrust = (voices: readonly ClaimVoice[]): number => {
  assert(voices.every((voice) => isAmount(voice.weight) && isUnit(voice.validation) && isUnit(voice.reputation)))
  return voices.reduce((sum, { weight, validation, reputation }) => sum + weight * validation * reputation, 0)
}
