/**
 * How far an oscillator's count is from an even one, second by second, in float ns: the physics behind oscillator.ts, without its
 * whole nanoseconds and its faults. Stability is measured here, since a good oscillator moves by less than a ns in a second.
 *
 *   x(t+1) = x(t) + y(t),   y(t) = drift + c·A·sin(2π(t/T + φ)) + aging·t + white FM + flicker FM + random walk FM;   x + white PM
 *
 * The noises are the power laws of NIST SP 1065 (Riley 2008, §5). Their Allan deviations, by the parameters below:
 *
 *   white PM  √3·phaseNoiseNs/τ    white FM  whiteFmPpb/√τ    flicker FM  flickerFmPpb    random walk FM  randomWalkPpb·√(τ/3)
 *
 * Flicker FM is approximate: ten relaxation processes with time constants 1, 4, 16, … 4⁹ s (three days). The sum of Lorentz spectra
 * whose time constants are spaced by a ratio r is h₋₁/f with h₋₁ = variance/ln r, and σ² = 2·ln 2·h₋₁; at r = 4 the variance
 * of each process is σ² itself. A process is drawn anew each quarter of its time constant and held between. Outside 1 s to 10⁵ s
 * the floor falls off.
 *
 * Chance is drawn per second in a fixed order, so the same seed gives the same phase. Not modelled: flicker PM, warm-up, retrace,
 * jumps, aging that slows down.
 */
import type { Random } from '../base/index.ts'

export interface OscillatorParameters {
  /** What the counter reads at true elapsed time 0, ns. */
  readonly offsetNs: bigint
  /** Frequency error at the start, parts per billion; positive runs fast. */
  readonly driftPpb: number
  /** Temperature's sinusoid: amplitude in kelvin, period in s, phase in turns. */
  readonly temperatureSwingK: number
  readonly temperaturePeriodSec: number
  readonly temperaturePhaseTurns: number
  /** Frequency error per kelvin, ppb/K. */
  readonly temperatureCoefficientPpbPerK: number
  readonly agingPpbPerDay: number
  /** White FM: Allan deviation at 1 s, ppb. */
  readonly whiteFmPpb: number
  /** Flicker FM: the floor of the Allan deviation, ppb. */
  readonly flickerFmPpb: number
  /** Random-walk FM: standard deviation of the step that the frequency takes each second, ppb. */
  readonly randomWalkPpb: number
  /** White PM: standard deviation of the reading at whole seconds, ns. */
  readonly phaseNoiseNs: number
}

/** A counter with no error. Give what differs. */
export const OSCILLATOR_DEFAULTS: OscillatorParameters = Object.freeze({
  offsetNs: 0n,
  driftPpb: 0,
  temperatureSwingK: 0,
  temperaturePeriodSec: 86_400,
  temperaturePhaseTurns: 0,
  temperatureCoefficientPpbPerK: 0,
  agingPpbPerDay: 0,
  whiteFmPpb: 0,
  flickerFmPpb: 0,
  randomWalkPpb: 0,
  phaseNoiseNs: 0,
})

const SEC_PER_DAY = 86_400
const FLICKER_STAGES = 10
const FLICKER_RATIO = 4

/** What the temperature adds to the mean one at an elapsed time, K. */
export const temperatureAt = (parameters: OscillatorParameters, elapsedSec: number): number => {
  const turns = elapsedSec / parameters.temperaturePeriodSec + parameters.temperaturePhaseTurns
  return parameters.temperatureSwingK * Math.sin(2 * Math.PI * turns)
}

/** The part of the frequency error in which there is no chance, ppb. */
const evenPpb = (parameters: OscillatorParameters, elapsedSec: number): number =>
  parameters.driftPpb +
  parameters.temperatureCoefficientPpbPerK * temperatureAt(parameters, elapsedSec) +
  (parameters.agingPpbPerDay * elapsedSec) / SEC_PER_DAY

/** The Allan deviation that the noises have together at `tauSec` >= 1, as a ratio (1e-9 is a ppb). Drift and temperature aside. */
export const noiseDeviation = (parameters: OscillatorParameters, tauSec: number): number => {
  const { phaseNoiseNs, whiteFmPpb, flickerFmPpb, randomWalkPpb } = parameters
  const variancePpb2 =
    (3 * phaseNoiseNs ** 2) / tauSec ** 2 +
    whiteFmPpb ** 2 / tauSec +
    flickerFmPpb ** 2 +
    (randomWalkPpb ** 2 * (2 * tauSec ** 2 + 1)) / (6 * tauSec)
  return Math.sqrt(variancePpb2) * 1e-9
}

/**
 * Normal numbers by the million: xoshiro128++ (Blackman and Vigna 2019) seeded with 16 bytes of chance, and Marsaglia's polar
 * method. The `Random` port takes microseconds for each; a simulated day needs half a million.
 */
const normalStream = (random: Random): (() => number) => {
  const seed = new DataView(random.bytes(16).buffer)
  // An odd word keeps the state from being all zeros, in which the generator would stay.
  let [a, b, c, d] = [seed.getInt32(0) | 1, seed.getInt32(4), seed.getInt32(8), seed.getInt32(12)]
  const word = (): number => {
    const sum = (a + d) | 0
    const out = (((sum << 7) | (sum >>> 25)) + a) | 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return out / 2 ** 31
  }
  let spare: number | undefined
  return () => {
    if (spare !== undefined) {
      const kept = spare
      spare = undefined
      return kept
    }
    for (;;) {
      const u = word()
      const v = word()
      const square = u * u + v * v
      if (square >= 1 || square === 0) continue
      const scale = Math.sqrt((-2 * Math.log(square)) / square)
      spare = v * scale
      return u * scale
    }
  }
}

interface Relaxation {
  readonly holdSec: number
  readonly keep: number
  readonly kick: number
  value: number
}

const relaxations = (floorPpb: number, normal: () => number): Relaxation[] => {
  if (floorPpb === 0) return []
  return Array.from({ length: FLICKER_STAGES }, (_, stage) => {
    const constantSec = FLICKER_RATIO ** stage
    const holdSec = Math.max(1, constantSec / FLICKER_RATIO)
    const keep = Math.exp(-holdSec / constantSec)
    return { holdSec, keep, kick: floorPpb * Math.sqrt(1 - keep * keep), value: floorPpb * normal() }
  })
}

/** One oscillator's phase, from second 0 on. Mutable; about 0.1 µs a noise and second. */
export class OscillatorPhase {
  readonly #parameters: OscillatorParameters
  readonly #normal: () => number
  readonly #flicker: readonly Relaxation[]
  #second = 0
  #walkPpb = 0
  #phaseNs = 0

  constructor(parameters: OscillatorParameters, random: Random) {
    this.#parameters = parameters
    this.#normal = normalStream(random)
    this.#flicker = relaxations(parameters.flickerFmPpb, this.#normal)
  }

  /** Goes one second on and returns the deviation there: what it counted minus what passed, ns. */
  next(): number {
    const { whiteFmPpb, randomWalkPpb, phaseNoiseNs } = this.#parameters
    let ppb = evenPpb(this.#parameters, this.#second)
    if (randomWalkPpb > 0) {
      this.#walkPpb += randomWalkPpb * this.#normal()
      ppb += this.#walkPpb
    }
    if (whiteFmPpb > 0) ppb += whiteFmPpb * this.#normal()
    for (const stage of this.#flicker) {
      if (this.#second % stage.holdSec === 0) stage.value = stage.keep * stage.value + stage.kick * this.#normal()
      ppb += stage.value
    }
    this.#second += 1
    this.#phaseNs += ppb
    return phaseNoiseNs > 0 ? this.#phaseNs + phaseNoiseNs * this.#normal() : this.#phaseNs
  }
}
