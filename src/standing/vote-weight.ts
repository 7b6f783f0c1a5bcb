/**
 * Vote weight: a mixture of reputation and stake, less what offences took of integrity.
 *
 * Source: seed 003 eq. 4.1; that integrity multiplies is this house's: whoever is proven to sign two ways keeps no weight by stake.
 * Rules: docs/spec/standing.md W-6.
 */
import assert from 'node:assert/strict'
import { PPB_ONE } from '../base/index.ts'
import type { Ppb } from '../base/index.ts'
import type { StandingParameters } from './parameters.ts'
import { isShare } from './reputation.ts'

/**
 * W(a) × integrity, eq. 4.1: (αR + (1−α)S) × I, rounded down once; ppb of a whole voice, 0 to one. `stakeShare`: stake over the
 * largest stake. All of them, and α, from 0 to one: anything else is an asserted bug.
 */
export const voteWeightPpb = (
  member: { readonly reputation: Ppb; readonly stakeShare: Ppb; readonly integrity: Ppb },
  { alphaPpb }: Pick<StandingParameters, 'alphaPpb'>,
): bigint => {
  const { reputation, stakeShare, integrity } = member
  assert(isShare(reputation) && isShare(stakeShare) && isShare(integrity) && isShare(alphaPpb))
  return ((alphaPpb * reputation + (PPB_ONE - alphaPpb) * stakeShare) * integrity) / (PPB_ONE * PPB_ONE)
}
