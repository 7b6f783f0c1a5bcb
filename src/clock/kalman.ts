/**
 * The first filter behind the `Filter` seam: a Kalman filter on [offset, slope], as seed 000 (timekeeping unit) and seed 003 §5
 * ask. Here `offset` is TAI − local and `slope` its change per second of the local counter.
 *
 *   predict  x ← F x,  P ← F P Fᵀ + Q(Δ)   F = [1 Δ; 0 1],  Q(Δ) = [q₁Δ + q₂Δ³/3, q₂Δ²/2; q₂Δ²/2, q₂Δ]
 *   update   y = z − x₁,  S = P₁₁ + R,  K = [P₁₁, P₁₂]ᵀ/S,  P ← (I − KH) P (I − KH)ᵀ + K R Kᵀ  (Joseph's form)
 *
 * The seed adds its Q once per measurement; here it is per second, so that the poll interval does not change the model.
 * Float seconds are differences from a `bigint` anchor, never instants, so they stay small and exact to well under 1 ns.
 *
 * Not promised: that sigma is a bound. A constant asymmetry of the path is invisible to it. Noise is given, not learned.
 */
import { nsToSec, secToNs, width } from '../base/index.ts'
import type { Filter, FilterEstimate, Measurement } from './port.ts'

export interface KalmanOptions {
  /** Variance of the first slope, s²/s²; the seed has 1e-8 (100 ppm). */
  readonly slopeVariance: number
  /** Random walk of the offset, s² per s; the seed has 1e-12. */
  readonly offsetNoise: number
  /** Random walk of the slope, 1/s (that is s²/s² per s); the seed has 1e-16. */
  readonly slopeNoise: number
  /** Variance of the best measurement, s²; the seed has 1e-9 (32 µs). */
  readonly measurementVarianceSec2: number
  /** How many of the newest measurements the smallest width is taken over. */
  readonly windowSamples: number
  /** How many must have been seen before the smallest of them is believed to be the path's own. */
  readonly windowSamplesMin: number
  /** Bound on |slope|, s/s (RFC 5905: 500 ppm). */
  readonly slopeMax: number
  /** A measurement further off than this many standard deviations of the innovation is an outlier. */
  readonly gateSigma: number
  /** After so many outliers in a row on one side the filter starts again from the newest. */
  readonly gateRefusalsMax: number
}

export const KALMAN_DEFAULTS: KalmanOptions = Object.freeze({
  slopeVariance: 1e-8,
  offsetNoise: 1e-12,
  slopeNoise: 1e-16,
  measurementVarianceSec2: 1e-9,
  windowSamples: 16,
  windowSamplesMin: 8,
  slopeMax: 500e-6,
  gateSigma: 5,
  gateRefusalsMax: 4,
})

/** Plain data: it can be stored, compared and replayed. */
export interface KalmanState {
  readonly localNs: bigint
  /** The estimate of TAI − local at `localNs`. */
  readonly offsetNs: bigint
  /** What rounding `offsetNs` to whole ns left over, s. */
  readonly offsetRestSec: number
  readonly slope: number
  /** P₁₁ s², P₁₂ s, P₂₂. */
  readonly p: readonly [number, number, number]
  /** Half widths of the newest measurements, s. */
  readonly halfWidthsSec: readonly number[]
  /** Outliers in a row: positive when above the estimate, negative below. */
  readonly outliers: number
}

const halfWidthSec = (measurement: Measurement): number => nsToSec(width(measurement.offset)) / 2

/**
 * R. What a round trip exceeds the window's smallest by is queueing on one way or the other, so that much may be wrong. A
 * source without a round trip, or of which too little has been seen to know its smallest, says only its interval: the
 * variance of an even spread over it.
 */
const noiseSec2 = (measurement: Measurement, halfWidthsSec: readonly number[], options: KalmanOptions): number => {
  const half = halfWidthSec(measurement)
  const isKnown = measurement.delayNs > 0n && halfWidthsSec.length >= options.windowSamplesMin
  const excess = isKnown ? (half - Math.min(...halfWidthsSec)) ** 2 : (half * half) / 3
  return options.measurementVarianceSec2 + excess
}

/** No counter is further off than this; an estimate beyond it is noise. */
const clampSlope = (slope: number, { slopeMax }: KalmanOptions): number =>
  Math.max(-slopeMax, Math.min(slopeMax, slope))

const begin = (first: Measurement, options: KalmanOptions): KalmanState => {
  const half = halfWidthSec(first)
  const variance = options.measurementVarianceSec2 + (half * half) / 3
  return {
    localNs: first.localNs,
    offsetNs: first.estimateNs,
    offsetRestSec: 0,
    slope: 0,
    p: [variance, 0, options.slopeVariance],
    halfWidthsSec: [half],
    outliers: 0,
  }
}

const predicted = (
  state: KalmanState,
  localNs: bigint,
  options: KalmanOptions,
): { readonly shiftSec: number; readonly p: readonly [number, number, number] } => {
  const dt = nsToSec(localNs - state.localNs)
  // Looking back costs no less certainty than looking ahead.
  const age = Math.abs(dt)
  const [p11, p12, p22] = state.p
  const { offsetNoise: q1, slopeNoise: q2 } = options
  return {
    shiftSec: state.offsetRestSec + state.slope * dt,
    p: [
      p11 + 2 * dt * p12 + dt * dt * p22 + q1 * age + (q2 * age ** 3) / 3,
      p12 + dt * p22 + (q2 * dt * age) / 2,
      p22 + q2 * age,
    ],
  }
}

const corrected = (
  state: KalmanState,
  measurement: Measurement,
  noise: number,
  options: KalmanOptions,
): { readonly next: KalmanState; readonly sigmas: number } => {
  const { shiftSec, p } = predicted(state, measurement.localNs, options)
  const [p11, p12, p22] = p
  const innovation = nsToSec(measurement.estimateNs - state.offsetNs) - shiftSec
  const s = p11 + noise
  const k1 = p11 / s
  const k2 = p12 / s
  const keep = 1 - k1
  const moveSec = shiftSec + k1 * innovation
  const moveNs = secToNs(moveSec)
  return {
    sigmas: innovation / Math.sqrt(s),
    next: {
      localNs: measurement.localNs,
      offsetNs: state.offsetNs + moveNs,
      offsetRestSec: moveSec - nsToSec(moveNs),
      slope: clampSlope(state.slope + k2 * innovation, options),
      p: [
        keep * keep * p11 + k1 * k1 * noise,
        keep * (p12 - k2 * p11) + k1 * k2 * noise,
        p22 - 2 * k2 * p12 + k2 * k2 * p11 + k2 * k2 * noise,
      ],
      halfWidthsSec: state.halfWidthsSec,
      outliers: 0,
    },
  }
}

const update = (
  state: KalmanState,
  measurement: Measurement,
  options: KalmanOptions,
): { readonly state: KalmanState; readonly taken: boolean } => {
  const halfWidthsSec = [...state.halfWidthsSec, halfWidthSec(measurement)].slice(-options.windowSamples)
  const noise = noiseSec2(measurement, halfWidthsSec, options)
  const { next, sigmas } = corrected(state, measurement, noise, options)
  if (Math.abs(sigmas) <= options.gateSigma) return { state: { ...next, halfWidthsSec }, taken: true }
  const side = Math.sign(sigmas)
  const outliers = Math.sign(state.outliers) === side ? state.outliers + side : side
  if (Math.abs(outliers) < options.gateRefusalsMax) {
    return { state: { ...state, halfWidthsSec, outliers }, taken: false }
  }
  const restarted = begin(measurement, options)
  // The offset moved; nothing says that the frequency did, so it is kept and only doubted.
  return { state: { ...restarted, slope: state.slope, halfWidthsSec }, taken: true }
}

const predict = (state: KalmanState, localNs: bigint, options: KalmanOptions): FilterEstimate => {
  const { shiftSec, p } = predicted(state, localNs, options)
  return {
    offsetNs: state.offsetNs + secToNs(shiftSec),
    offsetSigmaNs: Math.sqrt(Math.max(0, p[0])) * 1e9,
    slopePpb: state.slope * 1e9,
    slopeSigmaPpb: Math.sqrt(Math.max(0, p[2])) * 1e9,
  }
}

/** A Kalman filter with the given numbers; what is not given is the seed's. */
export const createKalmanFilter = (given: Partial<KalmanOptions> = {}): Filter<KalmanState> => {
  const options = { ...KALMAN_DEFAULTS, ...given }
  return {
    name: 'kalman-2',
    start: (first) => begin(first, options),
    update: (state, measurement) => update(state, measurement, options),
    predict: (state, localNs) => predict(state, localNs, options),
  }
}
