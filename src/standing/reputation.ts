/**
 * Reputation: what of a node's accuracy lasts from epoch to epoch, and what an offence takes of it.
 *
 * Source: seed 003 eq. 4.2. Rules: docs/spec/standing.md W-5. Not promised: reputation follows what witnesses measured; where a third
 * of a committee's weight lies, so does it.
 */
import assert from 'node:assert/strict'
import { floorDiv, max, min, PPB_ONE } from '../base/index.ts'
import type { Ppb } from '../base/index.ts'
import type { StandingParameters } from './parameters.ts'

/** A share in ppb: 0 to one, both included. */
export const isShare = (value: Ppb): boolean => value >= 0n && value <= PPB_ONE

/**
 * R(a, t+1), eq. 4.2: R + β(Accuracy − R) − γ·Penalty, rounded down once, then kept within 0 and one. `accuracy` undefined: nothing
 * was measured in the epoch, so there is nothing to learn and β's part falls away; a penalty counts all the same.
 * Reputation, accuracy, penalty: 0 to one; 0 < β < 1, γ >= 0. Anything else is an asserted bug.
 */
export const nextReputation = (
  {
    reputation,
    accuracy,
    penalty,
  }: { readonly reputation: Ppb; readonly accuracy: Ppb | undefined; readonly penalty: Ppb },
  { betaPpb, gammaPpb }: Pick<StandingParameters, 'betaPpb' | 'gammaPpb'>,
): Ppb => {
  assert(isShare(reputation) && isShare(penalty) && (accuracy === undefined || isShare(accuracy)))
  assert(betaPpb > 0n && betaPpb < PPB_ONE && gammaPpb >= 0n)
  const learned = accuracy === undefined ? 0n : betaPpb * (accuracy - reputation)
  const next = reputation + floorDiv(learned - gammaPpb * penalty, PPB_ONE)
  return min(PPB_ONE, max(0n, next))
}
