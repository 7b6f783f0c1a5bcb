/**
 * Fixed-point arithmetic in parts per billion, for everything that two nodes must compute alike: weights, scores, shares.
 * Integers only, so the answer is the same on every platform.
 */
import { floorDiv } from './units.ts'

/** Parts per billion as an integer: 1_000_000_000n is one. */
export type Ppb = bigint
export const PPB_ONE: Ppb = 1_000_000_000n

/** a × b, rounded towards minus infinity. */
export const ppbMultiply = (a: Ppb, b: Ppb): Ppb => floorDiv(a * b, PPB_ONE)

/** a ÷ b as parts per billion, rounded towards minus infinity; b > 0. */
export const ppbRatio = (a: bigint, b: bigint): Ppb => floorDiv(a * PPB_ONE, b)

/** Is `part` at least numerator/denominator of `whole`? Exact: no division. All arguments >= 0. */
export const isAtLeast = (
  part: bigint,
  whole: bigint,
  share: { readonly numerator: bigint; readonly denominator: bigint },
): boolean => part * share.denominator >= whole * share.numerator

export const TWO_THIRDS = { numerator: 2n, denominator: 3n } as const
