/**
 * The same filter many times over, each with another idea of the world, and a weight for each by how well it foresaw what came:
 * how fast the oscillator wanders (a grid of half decades) times how the path's noise is to be read. What the bank says is the
 * mixture. So the process noise is never given, it is inferred; and it may change, because old evidence fades.
 *
 *   log wⱼ ← λ log wⱼ − ½ (ln S + min(y²/S, gate²))
 *
 * Source: multiple-model estimation (Magill 1965), with fading evidence. Pure. Seconds.
 * Not promised: a truth between or beyond the grid's points; the mixture's spread is what it knows of that.
 */
import { corrected, predicted } from './kalman-step.ts'
import type { Belief } from './kalman-step.ts'
import { READINGS } from './path.ts'
import type { Reading, ReadingKind, Readings } from './path.ts'

export interface BankOptions {
  /** Random walk of the slope, one a model: standard deviation per square root of a second. */
  readonly wanders: readonly number[]
  /** λ: how much of its evidence a model keeps at each measurement, 0 to 1. */
  readonly memory: number
  /** Standard deviation of the slope before anything is known. */
  readonly slopeSigma: number
  readonly gateSigma: number
}

export interface Model {
  readonly wander: number
  readonly reading: ReadingKind
  readonly belief: Belief
  /** Up to a constant; the largest is 0. */
  readonly logWeight: number
}

export interface Bank {
  readonly atSec: number
  readonly models: readonly Model[]
}

const startBelief = ({ offsetSec, varianceSec2 }: Reading, slope: number, slopeSigma: number): Belief => ({
  offsetSec,
  slope,
  p11: varianceSec2,
  p12: 0,
  p22: slopeSigma * slopeSigma,
})

/** A bank that has heard one word; all models weigh the same. */
export const startBank = (first: ReadWord & { readonly slope: number }, options: BankOptions): Bank => ({
  atSec: first.atSec,
  models: options.wanders.flatMap((wander) =>
    READINGS.map((reading) => ({
      wander,
      reading,
      belief: startBelief(first.readings[reading], first.slope, options.slopeSigma),
      logWeight: 0,
    })),
  ),
})

/** A word as its path reads it. */
export interface ReadWord {
  readonly atSec: number
  readonly readings: Readings
}

/**
 * The bank after some more words, which come in order of time, or nearly: a little earlier is as good as a little later. Model by
 * model, which is quick; a shift of all log weights means nothing, so the heaviest is set to 0 only at the end.
 */
export const stepped = (bank: Bank, words: readonly ReadWord[], options: BankOptions): Bank => {
  const models = bank.models.map((model) => steppedModel(model, { words, sinceSec: bank.atSec }, options))
  const heaviest = heaviestModel({ atSec: 0, models })?.logWeight ?? 0
  return {
    atSec: words.at(-1)?.atSec ?? bank.atSec,
    models: models.map(({ wander, reading, belief, logWeight }) => ({
      wander,
      reading,
      belief,
      logWeight: logWeight - heaviest,
    })),
  }
}

const steppedModel = (
  { wander, reading, ...before }: Model,
  { words, sinceSec }: { readonly words: readonly ReadWord[]; readonly sinceSec: number },
  { memory, gateSigma }: BankOptions,
): Model => {
  let { belief, logWeight } = before
  let lastSec = sinceSec
  for (const { atSec, readings } of words) {
    const foreseen = predicted(belief, atSec - lastSec, wander * wander)
    const correction = corrected(foreseen, readings[reading], gateSigma)
    const { surprise, varianceSec2 } = correction
    logWeight = memory * logWeight - 0.5 * (Math.log(varianceSec2) + Math.min(surprise, gateSigma * gateSigma))
    belief = correction.belief
    lastSec = atSec
  }
  return { wander, reading, belief, logWeight }
}

/** The mixture's mean and spread at `atSec`. */
export interface Mixture {
  readonly offsetSec: number
  readonly offsetSigmaSec: number
  readonly slope: number
  readonly slopeSigma: number
}

/** Written to again and again: clocks are read by the thousand. */
const weights: number[] = []

/** Each model's belief as `predicted` has it at `atSec`, written out: nothing is made for it, and the span is cubed once. */
export const mixtureAt = ({ models, atSec: bankSec }: Bank, atSec: number): Mixture => {
  const ageSec = atSec - bankSec
  let [total, offsetSum, slopeSum] = [0, 0, 0]
  let place = 0
  for (const { belief, logWeight } of models) {
    const weight = Math.exp(logWeight)
    weights[place] = weight
    place += 1
    total += weight
    offsetSum += weight * (belief.offsetSec + belief.slope * ageSec)
    slopeSum += weight * belief.slope
  }
  const [offsetSec, slope] = [offsetSum / total, slopeSum / total]
  const span = Math.abs(ageSec)
  const spanCubed = span ** 3
  let [offsetSpread, slopeSpread] = [0, 0]
  place = 0
  for (const { belief, wander } of models) {
    const slopeNoise = wander * wander
    const p11 = belief.p11 + 2 * ageSec * belief.p12 + ageSec * ageSec * belief.p22 + (slopeNoise * spanCubed) / 3
    const p22 = belief.p22 + slopeNoise * span
    const [offsetOff, slopeOff] = [belief.offsetSec + belief.slope * ageSec - offsetSec, belief.slope - slope]
    const weight = weights[place] ?? 0
    place += 1
    offsetSpread += weight * (p11 + offsetOff * offsetOff)
    slopeSpread += weight * (p22 + slopeOff * slopeOff)
  }
  const [offsetVariance, slopeVariance] = [offsetSpread / total, slopeSpread / total]
  return { offsetSec, slope, offsetSigmaSec: Math.sqrt(offsetVariance), slopeSigma: Math.sqrt(slopeVariance) }
}

/** How far a reading is from what the bank expected, in standard deviations with its sign: by the model that minds least. */
export const surpriseOf = (bank: Bank, word: ReadWord): number => {
  let least = Number.POSITIVE_INFINITY
  for (const model of bank.models) {
    if (model.logWeight < NEGLIGIBLE) continue
    const before = predicted(model.belief, word.atSec - bank.atSec, model.wander * model.wander)
    const { offsetSec, varianceSec2 } = word.readings[model.reading]
    const sigmas = (offsetSec - before.offsetSec) / Math.sqrt(before.p11 + varianceSec2)
    if (Math.abs(sigmas) < Math.abs(least)) least = sigmas
  }
  return least
}

/** ln of a weight that no longer matters (1 %). */
const NEGLIGIBLE = -4.6

export const heaviestModel = (bank: Bank): Model | undefined =>
  bank.models.reduce<Model | undefined>(
    (best, model) => (best === undefined || model.logWeight > best.logWeight ? model : best),
    undefined,
  )
