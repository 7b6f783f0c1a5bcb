/**
 * The arithmetic of a two-state Kalman filter, [offset, slope], and of its smoother: used by every filter of this room.
 *
 *   predict  x ← F x,  P ← F P Fᵀ + Q(Δ)   F = [1 Δ; 0 1],  Q(Δ) = q [Δ³/3, Δ²/2; Δ²/2, Δ]
 *   correct  y = z − x₁,  S = P₁₁ + R,  K = [P₁₁, P₁₂]ᵀ/S,  x ← x + K y,  P ← (I − KH) P
 *   smooth   G = P Fᵀ P⁻¹(next, predicted),  xˢ = x + G (xˢ(next) − x(next, predicted))   (Rauch, Tung, Striebel 1965)
 *
 * Source: seed 000 (timekeeping unit), seed 003 §5. Units: seconds, s/s; q in 1/s (the slope's random walk).
 * Float seconds are differences from an anchor that the caller keeps, never instants.
 */

/** Offset and slope with their covariance [P₁₁, P₁₂; P₁₂, P₂₂]. */
export interface Belief {
  readonly offsetSec: number
  readonly slope: number
  readonly p11: number
  readonly p12: number
  readonly p22: number
}

/** The belief `ageSec` later (or, with a negative age, earlier: that costs no less certainty). */
export const predicted = (belief: Belief, ageSec: number, slopeNoise: number): Belief => {
  const { offsetSec, slope, p11, p12, p22 } = belief
  const span = Math.abs(ageSec)
  return {
    offsetSec: offsetSec + slope * ageSec,
    slope,
    p11: p11 + 2 * ageSec * p12 + ageSec * ageSec * p22 + (slopeNoise * span ** 3) / 3,
    p12: p12 + ageSec * p22 + (slopeNoise * ageSec * span) / 2,
    p22: p22 + slopeNoise * span,
  }
}

/** What a measurement did: the belief after it, and its squared innovation in units of its variance S. */
export interface Correction {
  readonly belief: Belief
  readonly surprise: number
  readonly innovationSec: number
  readonly varianceSec2: number
}

/**
 * Takes a measurement of the offset. One further off than `gateSigma` standard deviations moves the belief no more than one
 * that is just so far off (Huber's rule): a wild one cannot pull, a true step still shows.
 */
export const corrected = (
  belief: Belief,
  measured: { readonly offsetSec: number; readonly varianceSec2: number },
  gateSigma: number,
): Correction => {
  const { p11, p12, p22 } = belief
  const varianceSec2 = p11 + measured.varianceSec2
  const innovationSec = measured.offsetSec - belief.offsetSec
  const surprise = (innovationSec * innovationSec) / varianceSec2
  const held = surprise > gateSigma * gateSigma ? gateSigma / Math.sqrt(surprise) : 1
  const k1 = p11 / varianceSec2
  const k2 = p12 / varianceSec2
  // 1 − k₁, without the loss where a sure word follows great doubt; and P₂₂ keeps at least this share, as P has a determinant >= 0.
  const kept = measured.varianceSec2 / varianceSec2
  return {
    surprise,
    innovationSec,
    varianceSec2,
    belief: {
      offsetSec: belief.offsetSec + held * k1 * innovationSec,
      slope: belief.slope + held * k2 * innovationSec,
      p11: kept * p11,
      p12: kept * p12,
      p22: Math.max(kept * p22, p22 - k2 * p12),
    },
  }
}

/** One step of a filter's pass: what was believed after it, and what had been predicted for it `ageSec` after the one before. */
export interface PassStep {
  readonly ageSec: number
  readonly before: Belief
  readonly after: Belief
}

/** Below this share of P₁₁P₂₂ the determinant is made of rounding: offset and slope are as good as one. */
const SINGULAR = 1e-14

/** P⁻¹ (offset, slope). Where P has no inverse the offset, which then says all, is taken alone. */
const solved = ({ p11, p12, p22 }: Belief, offsetSec: number, slope: number): readonly [number, number] => {
  const determinant = p11 * p22 - p12 * p12
  if (determinant <= SINGULAR * p11 * p22) return [offsetSec / p11, 0]
  return [(p22 * offsetSec - p12 * slope) / determinant, (p11 * slope - p12 * offsetSec) / determinant]
}

/** The offset at each step of a pass with all of the pass known, s, in the order of the steps. */
export const smoothedOffsets = (pass: readonly PassStep[]): number[] => {
  const offsets: number[] = []
  let next: { readonly step: PassStep; readonly offsetSec: number; readonly slope: number } | undefined
  for (const step of pass.toReversed()) {
    const { offsetSec, slope, p11, p12, p22 } = step.after
    let smooth = { offsetSec, slope }
    if (next !== undefined) {
      const { ageSec, before } = next.step
      // G (moved) with G = P Fᵀ P⁻¹ written out: first P⁻¹ (moved), then P Fᵀ.
      const [a, b] = solved(before, next.offsetSec - before.offsetSec, next.slope - before.slope)
      smooth = {
        offsetSec: offsetSec + (p11 + ageSec * p12) * a + p12 * b,
        slope: slope + (p12 + ageSec * p22) * a + p22 * b,
      }
    }
    next = { step, ...smooth }
    offsets.push(smooth.offsetSec)
  }
  return offsets.toReversed()
}
