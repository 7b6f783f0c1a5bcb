/**
 * Slopes between words of a source, and what is assumed of how they wander: the arithmetic under the hard interval.
 *
 * A word says lo <= x <= hi for x = TAI − local; with both ways' delays, hi = x + out and lo = x − back. Two words j, i a time T
 * apart bound the mean slope between them by (lo_i − hi_j)/T and (hi_i − lo_j)/T. Where out_i + back_j >= S and out_j + back_i >= S,
 *
 *   (lo_i − hi_j + S)/T <= slope <= (hi_i − lo_j − S)/T
 *
 * So what the round trip never fell below costs nothing, however it is shared between the ways: that share drops out.
 *
 * All integers; roundings go outwards.
 */
import { NS_PER_SEC, abs, floorDiv, max, min } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'

/** d(TAI − local)/d(local), ppb, rounded outwards. */
export interface SlopeBounds {
  readonly loPpb: bigint
  readonly hiPpb: bigint
}

/** What is needed of a measurement. */
export interface SlopeWord {
  readonly localNs: bigint
  /** TAI − local at `localNs`, ns. */
  readonly offset: NsInterval
  /** Round trip, ns; 0 where there is none. */
  readonly delayNs: bigint
}

/** Division rounded towards plus infinity; `divisor` > 0. */
export const ceilDiv = (value: bigint, divisor: bigint): bigint => -floorDiv(-value, divisor)

/** The slope of a counter of which nothing is known. */
export const unknownSlope = (options: { readonly frequencyBoundPpb: number }): SlopeBounds => {
  const bound = BigInt(Math.ceil(options.frequencyBoundPpb))
  return { loPpb: -bound, hiPpb: bound }
}

/**
 * The assumption about the counter: its mean frequencies over any two stretches within `spanNs` differ by at most this, ppb.
 * Up to the baseline that is `wanderPpb`; beyond it grows with the root of the span, as a random walk of frequency does.
 */
export const wanderOver = (spanNs: bigint, wanderPpb: bigint, baselineNs: bigint): bigint => {
  if (spanNs <= baselineNs) return wanderPpb
  // Four floating operations err by less than 10^-15 of a result below 10^11: 0.001 covers it.
  return BigInt(Math.ceil(Number(wanderPpb) * Math.sqrt(Number(spanNs) / Number(baselineNs)) + 0.001))
}

/**
 * By how much slope bounds that were wide enough for the stretches behind them must be widened to hold for `ageNs` >= 0 more, ppb.
 * √(T + age) − √T falls with T, so the shortest span that counts, the baseline, covers any that the bounds came from.
 */
export const wanderSince = (ageNs: bigint, wanderPpb: bigint, baselineNs: bigint): bigint =>
  wanderOver(baselineNs + ageNs, wanderPpb, baselineNs) - wanderPpb

/** Both bounds moved out by `byPpb` >= 0, no further than a counter of which nothing is known. */
export const loosened = (slope: SlopeBounds, byPpb: bigint, unknown: SlopeBounds): SlopeBounds => ({
  loPpb: max(unknown.loPpb, slope.loPpb - byPpb),
  hiPpb: min(unknown.hiPpb, slope.hiPpb + byPpb),
})

/** Bounds on the mean slope between two words, `from` before `to`. No wander in it. `sharedNs` is S, ns >= 0. */
export const slopeBetween = (
  from: Pick<SlopeWord, 'localNs' | 'offset'>,
  to: Pick<SlopeWord, 'localNs' | 'offset'>,
  sharedNs: bigint,
): SlopeBounds => {
  const span = to.localNs - from.localNs
  return {
    loPpb: floorDiv((to.offset.lo - from.offset.hi + sharedNs) * NS_PER_SEC, span),
    hiPpb: ceilDiv((to.offset.hi - from.offset.lo - sharedNs) * NS_PER_SEC, span),
  }
}

export const leastOf = (values: readonly bigint[]): bigint => values.reduce((a, b) => min(a, b))

/** How the mean slope changed from one stretch to the next, ppb >= 0. */
export interface SlopeChange {
  /** As it looks, where no word was much delayed; otherwise as `leastPpb`. */
  readonly likelyPpb: bigint
  /** What delays cannot explain. */
  readonly leastPpb: bigint
  /** How much they could: a change by more cannot have gone unseen. */
  readonly noisePpb: bigint
}

/**
 * The change between two stretches of `stretchNs` or a little more, the second ending at `word` and both beginning and ending
 * with `words` (oldest first); nothing where they do not reach back so far.
 * @param options.allowanceNs a word with so much more delay than the least tells only what is certain.
 */
export const changeBefore = (
  word: SlopeWord,
  words: readonly SlopeWord[],
  options: { readonly stretchNs: bigint; readonly allowanceNs: bigint },
): SlopeChange | undefined => {
  const { stretchNs, allowanceNs } = options
  const before = (end: SlopeWord): SlopeWord | undefined =>
    words.findLast(({ localNs }) => end.localNs - localNs >= stretchNs)
  const middle = before(word)
  const first = middle === undefined ? undefined : before(middle)
  if (middle === undefined || first === undefined) return undefined
  const least = leastOf([word.delayNs, ...words.map(({ delayNs }) => delayNs)])
  const [was, is] = [slopeBetween(first, middle, least), slopeBetween(middle, word, least)]
  const leastPpb = max(0n, max(is.loPpb - was.hiPpb, was.loPpb - is.hiPpb))
  const isDelayed = [first, middle, word].some(({ delayNs }) => delayNs - least > allowanceNs)
  const noisePpb = (was.hiPpb - was.loPpb + is.hiPpb - is.loPpb) / 2n
  if (isDelayed) return { likelyPpb: leastPpb, leastPpb, noisePpb }
  return { likelyPpb: max(leastPpb, abs(is.loPpb + is.hiPpb - was.loPpb - was.hiPpb) / 2n), leastPpb, noisePpb }
}
