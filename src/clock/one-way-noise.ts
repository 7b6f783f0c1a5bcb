/**
 * What one exchange says of the offset when queueing is one-sided: a packet is never early, so the offset lies between the
 * two one-way readings, and where it lies in between depends on how the waiting was shared.
 *
 * With exponential waits of mean a₁ (out) and a₂ (back) and an excess e = q₁ + q₂ of the round trip over its floor, the wait on
 * the way back, s = q₂ in [0, e], has density ∝ exp(κ s), κ = 1/a₁ − 1/a₂. Equal ways give κ = 0: an even spread, mean e/2,
 * variance e²/12. So a round trip near its floor says much and a slow one little, without any tuned weight; and a lopsided
 * path (κ ≠ 0) is read near the end that its quiet way marks.
 *
 * Source: the density is that of two exponentials given their sum. Pure. Units: seconds, κ in 1/s.
 * Not promised: that waits are exponential. path.ts keeps a second, Gaussian reading beside this one, and evidence decides.
 */

/** Mean (s) and variance (s²) of a value in an interval that begins at 0. */
export interface Moments {
  readonly mean: number
  readonly variance: number
}

/** Below this |κe| the series is exact to 1e-9; above `STEEP` the other end no longer matters. */
const FLAT = 1e-3
const STEEP = 50

/** Mean and variance of a density ∝ exp(κ s) on [0, e]; e >= 0, any finite κ. */
export const tiltedMoments = (kappa: number, excessSec: number): Moments => {
  const tilt = kappa * excessSec
  if (Math.abs(tilt) < FLAT) {
    return { mean: excessSec / 2 + (tilt * excessSec) / 12, variance: (excessSec * excessSec) / 12 }
  }
  const scale = 1 / kappa
  if (tilt > STEEP) return { mean: excessSec - scale, variance: scale * scale }
  if (tilt < -STEEP) return { mean: -scale, variance: scale * scale }
  // Written with expm1 of a positive number, so that neither end loses digits; the negative side is the mirror image.
  const size = Math.abs(tilt)
  const rest = Math.expm1(size)
  const fromEnd = excessSec * (1 / size - 1 / rest)
  const variance = excessSec * excessSec * (1 / (size * size) - (rest + 1) / (rest * rest))
  return { mean: tilt > 0 ? excessSec - fromEnd : fromEnd, variance: Math.max(0, variance) }
}

/** One exchange seen afterwards: the wait on the way back by the smoothed clock, and the excess of the round trip, s. */
export interface SharedWait {
  readonly backSec: number
  readonly excessSec: number
}

/** Halvings of the bracket: 2^-25 of it is far below what 128 exchanges can tell. */
const HALVINGS = 25

/**
 * The likeliest κ, 1/s: the root of Σ(sᵢ − mean(κ, eᵢ)) − n₀ a² κ, which falls with κ. The last term is a prior of
 * `priorWeight` (n₀) exchanges that were even, so that little evidence says little. |κ| stays below 20/a, a = `scaleSec` > 0.
 */
export const likeliestTilt = (
  waits: readonly SharedWait[],
  { scaleSec, priorWeight }: { readonly scaleSec: number; readonly priorWeight: number },
): number => {
  let lo = -20 / scaleSec
  let hi = 20 / scaleSec
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const kappa = (lo + hi) / 2
    let slope = -priorWeight * scaleSec * scaleSec * kappa
    for (const { backSec, excessSec } of waits) slope += backSec - tiltedMoments(kappa, excessSec).mean
    if (slope > 0) lo = kappa
    else hi = kappa
  }
  return (lo + hi) / 2
}
