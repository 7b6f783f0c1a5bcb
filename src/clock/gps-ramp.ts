/**
 * Does a receiver's time drift away from the local counter? The test for slow ramps and small steps: the counter's frequency, and
 * how it was changing, are learned from the minutes before the last one, and the last minute is held against what they foretell.
 *
 *   blocks     phases (GPS − counter, ns) of 5 s become one: their median, after the slope is taken out, so that one late pulse
 *              in five is nothing
 *   baseline   a parabola x(u) = a + b·u + c·u² through the blocks of 60 s to 660 s ago, by least squares; s is 1.4826 × the
 *              median of its absolute residuals, and at least `noiseNsMin`
 *   test       e(u) = what the last minute's blocks exceed the parabola by. For every onset τ in it and both shapes g, a ramp
 *              g = u − τ and a step g = 1, the amplitude and its score are
 *                r = Σ g·e / Σ g²,   z = r / (s·√(1/Σg² + vᵀ(XᵀX)⁻¹v)),   v = Σ g·(1, u, u²) / Σ g²
 *              where the second term is what the parabola itself may be wrong by. This is the generalised likelihood ratio for a
 *              change at an unknown time (Lorden 1971; Basseville and Nikiforov 1993, §2.4.3) with the noise as it is measured.
 *   threshold  |z| > zMax × ρ, and the change at least `rampNsPerSecMin` and `movedNsMin`, since oscillators do less by themselves. ρ >= 1 is
 *              how much z moves by nature: the root mean square of the largest |z| of each block over half an hour, over what white
 *              noise gives. An oscillator that wanders raises it, and is then seen less sharply.
 *
 *   sureness   what is found must still reach half the threshold whichever block of the last minute is left out, so that one late
 *              block is nothing either; and blocks that the parabola misses by more than 8 s are left out of it
 *
 * `visibleNsPerSec` says what it can see: the ramp that crosses the threshold within a minute. Pure; floats are differences.
 *
 * Not promised: a ramp whose rate grows slowly from nothing, or that was there while the baseline was learned; a ramp below
 * `visibleNsPerSec`; anything when the counter itself is steered by the same receiver.
 */
import { nsToSec } from '../base/index.ts'

export interface RampOptions {
  /** Length of a block, s. */
  readonly blockSec: number
  /** Fewest phases that make a block. */
  readonly blockSamplesMin: number
  /** Blocks under test: the last minute. */
  readonly recentBlocks: number
  /** Blocks of the baseline, and the fewest with which the test begins. */
  readonly baselineBlocks: number
  readonly baselineBlocksMin: number
  /** Scores that must have been seen before the test may find anything, and over how many their size is averaged. */
  readonly scoresMin: number
  readonly scoresKept: number
  /** The threshold on |z| where noise is white. */
  readonly zMax: number
  /** Root mean square of the largest |z| over white noise: what ρ is measured in. */
  readonly zWhite: number
  /** Slower ramps are not looked for, ns/s; and nothing that has moved the phase by less than this, ns. */
  readonly rampNsPerSecMin: number
  readonly movedNsMin: number
  /** Noise is never taken to be less, ns. */
  readonly noiseNsMin: number
  /** A pause in the phases after which everything is learned anew, s. */
  readonly pauseSecMax: number
}

export const RAMP_OPTIONS: RampOptions = Object.freeze({
  blockSec: 5,
  blockSamplesMin: 3,
  recentBlocks: 12,
  baselineBlocks: 120,
  baselineBlocksMin: 60,
  scoresMin: 120,
  scoresKept: 360,
  zMax: 7,
  zWhite: 1.5,
  rampNsPerSecMin: 40,
  movedNsMin: 500,
  noiseNsMin: 250,
  pauseSecMax: 60,
})

/**
 * For phases that come through a serial line. A receiver's reports get later by a tenth of a second when it hears more satellites, and
 * some wander as much by themselves: only what is faster and goes further than that means anything.
 */
export const SERIAL_RAMP_OPTIONS: RampOptions = Object.freeze({
  ...RAMP_OPTIONS,
  rampNsPerSecMin: 2e6,
  movedNsMin: 2e8,
  noiseNsMin: 1e7,
})

/** One phase: seconds and ns since the first of the series. */
interface Phase {
  readonly sec: number
  readonly ns: number
}

export interface RampState {
  /** Where seconds and ns are counted from. */
  readonly origin: { readonly localNs: bigint; readonly offsetNs: bigint }
  /** Phases of the block that is being filled. */
  readonly filling: readonly Phase[]
  /** Whole blocks, oldest first. */
  readonly blocks: readonly Phase[]
  /** Mean square of the largest scores, and how many it was made of. */
  readonly scoreSquare: number
  readonly scores: number
  readonly visibleNsPerSec: number | undefined
}

/** `found`: what the last minute shows, and by how much: ns/s for a ramp, ns for a step. */
export interface RampStep {
  readonly state: RampState
  readonly found: { readonly shape: 'ramp' | 'step'; readonly size: number; readonly sinceSec: number } | undefined
}

const median = (values: Float64Array): number => {
  const sorted = values.toSorted()
  const half = sorted.length >> 1
  const [high = 0, low = 0] = [sorted[half], sorted[half - 1]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** The median phase at the mean instant, slope taken out. The first block knows no slope but its own. */
const blockOf = (phases: readonly Phase[], blocks: readonly Phase[]): Phase => {
  const [first, last] = blocks.length > 1 ? [blocks.at(0), blocks.at(-1)] : [phases.at(0), phases.at(-1)]
  const spanSec = (last?.sec ?? 0) - (first?.sec ?? 0)
  const slope = spanSec > 0 ? ((last?.ns ?? 0) - (first?.ns ?? 0)) / spanSec : 0
  const sec = phases.reduce((sum, phase) => sum + phase.sec, 0) / phases.length
  return { sec, ns: median(Float64Array.from(phases, (phase) => phase.ns - slope * (phase.sec - sec))) }
}

type Three = readonly [number, number, number]

/** The inverse of a symmetric 3 × 3 matrix, or nothing where it has none worth the name. */
const inverse = (
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
): readonly [Three, Three, Three] | undefined => {
  // [a b c; b d e; c e f]
  const [p, q, r] = [d * f - e * e, c * e - b * f, b * e - c * d]
  const determinant = a * p + b * q + c * r
  if (!(Math.abs(determinant) > 1e-9)) return undefined
  const k = 1 / determinant
  const [s, t, v] = [(a * f - c * c) * k, (b * c - a * e) * k, (a * d - b * b) * k]
  return [
    [p * k, q * k, r * k],
    [q * k, s, t],
    [r * k, t, v],
  ]
}

const dot = (row: Three, v: Three): number => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]

/** A parabola with its uncertainty; u is scaled so that the matrix stays well made. */
interface Baseline {
  readonly fromSec: number
  readonly scaleSec: number
  readonly parameters: Three
  readonly covariance: readonly [Three, Three, Three]
  readonly noiseNs: number
}

const powers = (line: { readonly fromSec: number; readonly scaleSec: number }, sec: number): Three => {
  const u = (sec - line.fromSec) / line.scaleSec
  return [1, u, u * u]
}

/** Blocks that a baseline misses by more than so many of its s are accidents, and not fitted. */
const ACCIDENT_SIGMAS = 8

/** Fitted, and once more without the accidents that the first fit shows. */
const fit = (blocks: readonly Phase[], options: RampOptions): Baseline | undefined => {
  const first = fitAll(blocks, options)
  if (first === undefined) return undefined
  const limitNs = ACCIDENT_SIGMAS * first.noiseNs
  const good = blocks.filter(({ sec, ns }) => Math.abs(ns - dot(first.parameters, powers(first, sec))) <= limitNs)
  return good.length === blocks.length || good.length < options.baselineBlocksMin ? first : fitAll(good, options)
}

const fitAll = (blocks: readonly Phase[], options: RampOptions): Baseline | undefined => {
  const [first, last] = [blocks.at(0), blocks.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const line = { fromSec: last.sec, scaleSec: last.sec - first.sec }
  let [s1, s2, s3, s4, y0, y1, y2] = [0, 0, 0, 0, 0, 0, 0]
  for (const { sec, ns } of blocks) {
    const u = (sec - line.fromSec) / line.scaleSec
    const uu = u * u
    const x = ns - last.ns
    s1 += u
    s2 += uu
    s3 += u * uu
    s4 += uu * uu
    y0 += x
    y1 += u * x
    y2 += uu * x
  }
  const covariance = inverse(blocks.length, s1, s2, s2, s3, s4)
  if (covariance === undefined) return undefined
  const y: Three = [y0, y1, y2]
  const [a, b, c] = [dot(covariance[0], y), dot(covariance[1], y), dot(covariance[2], y)]
  const parameters: Three = [a + last.ns, b, c]
  const residuals = Float64Array.from(blocks, ({ sec, ns }) => {
    const u = (sec - line.fromSec) / line.scaleSec
    return Math.abs(ns - last.ns - a - u * (b + u * c))
  })
  return { ...line, parameters, covariance, noiseNs: Math.max(options.noiseNsMin, 1.4826 * median(residuals)) }
}

interface Score {
  readonly shape: 'ramp' | 'step'
  readonly size: number
  readonly z: number
  readonly sinceSec: number
  readonly sigma: number
}

/** A block under test: by how much it exceeds the baseline, and where. */
interface Excess {
  readonly sec: number
  readonly ns: number
  readonly powers: Three
}

/** The score of one shape over the blocks from `from` on, with its onset at `onsetSec` before them. At least one block. */
const scoreOf = (
  shape: Score['shape'],
  recent: readonly Excess[],
  line: Baseline,
  onset: { readonly sec: number; readonly from: number },
): Score => {
  let [squares, product, v0, v1, v2] = [0, 0, 0, 0, 0]
  for (let i = onset.from; i < recent.length; i += 1) {
    const block = recent[i]
    if (block === undefined) break
    const g = shape === 'ramp' ? block.sec - onset.sec : 1
    squares += g * g
    product += g * block.ns
    v0 += g
    v1 += g * block.powers[1]
    v2 += g * block.powers[2]
  }
  const v: Three = [v0 / squares, v1 / squares, v2 / squares]
  const [c0, c1, c2] = line.covariance
  const ofLine = v[0] * dot(c0, v) + v[1] * dot(c1, v) + v[2] * dot(c2, v)
  const sigma = line.noiseNs * Math.sqrt(1 / squares + Math.max(0, ofLine))
  const size = product / squares
  return { shape, size, z: size / sigma, sinceSec: (recent.at(-1)?.sec ?? 0) - onset.sec, sigma }
}

/** A step must explain so much more than a ramp, in z², or it is told as a ramp, the graver of the two. */
const STEP_MARGIN = 25

/** The best score over both shapes and all onsets, each at a block, with at least `after` blocks after it. */
const bestOf = (recent: readonly Excess[], line: Baseline, after: 1 | 2): Score => {
  const whole = { sec: line.fromSec, from: 0 }
  let [ramp, step] = [scoreOf('ramp', recent, line, whole), scoreOf('step', recent, line, whole)]
  for (let from = 1; from <= recent.length - after; from += 1) {
    const onset = { sec: recent[from - 1]?.sec ?? 0, from }
    const [nextRamp, nextStep] = [scoreOf('ramp', recent, line, onset), scoreOf('step', recent, line, onset)]
    if (Math.abs(nextRamp.z) > Math.abs(ramp.z)) ramp = nextRamp
    if (Math.abs(nextStep.z) > Math.abs(step.z)) step = nextStep
  }
  return step.z ** 2 - ramp.z ** 2 > STEP_MARGIN ? step : ramp
}

/** Does it hold, half at least and to the same side, whichever block is left out? */
const isSure = (best: Score, recent: readonly Excess[], line: Baseline, threshold: number): boolean =>
  recent.every((_, index) => {
    const rest = bestOf(recent.toSpliced(index, 1), line, 1)
    return rest.z * Math.sign(best.z) > threshold / 2
  })

/** What the options alone leave to be seen within the minute, ns/s. */
const slowestOf = ({ rampNsPerSecMin, movedNsMin, recentBlocks, blockSec }: RampOptions): number =>
  Math.max(rampNsPerSecMin, movedNsMin / (recentBlocks * blockSec))

const test = (state: RampState, options: RampOptions): RampStep => {
  const line = fit(state.blocks.slice(0, -options.recentBlocks), options)
  if (line === undefined) return { state, found: undefined }
  const recent = state.blocks.slice(-options.recentBlocks).map(({ sec, ns }) => {
    const at = powers(line, sec)
    return { sec, ns: ns - dot(line.parameters, at), powers: at }
  })
  const best = bestOf(recent, line, 2)
  const threshold = options.zMax * Math.max(1, Math.sqrt(state.scoreSquare) / options.zWhite)
  const isFar = (ns: number): boolean => Math.abs(ns) >= options.movedNsMin
  const isFast = (nsPerSec: number): boolean => Math.abs(nsPerSec) >= options.rampNsPerSecMin
  const isArmed = state.scores >= options.scoresMin
  const isLarge = best.shape === 'step' ? isFar(best.size) : isFar(best.size * best.sinceSec) && isFast(best.size)
  if (isArmed && isLarge && Math.abs(best.z) > threshold && isSure(best, recent, line, threshold)) {
    return { state, found: { shape: best.shape, size: best.size, sinceSec: best.sinceSec } }
  }
  const share = 1 / Math.min(state.scores + 1, options.scoresKept)
  // An accident counts for no more than the threshold, or it would blind the test for an hour.
  const size = isArmed ? Math.min(Math.abs(best.z), threshold) : Math.abs(best.z)
  const { sigma } = scoreOf('ramp', recent, line, { sec: line.fromSec, from: 0 })
  return {
    state: {
      ...state,
      scores: Math.min(state.scores + 1, options.scoresKept),
      scoreSquare: state.scoreSquare + share * (size * size - state.scoreSquare),
      visibleNsPerSec: isArmed ? Math.max(slowestOf(options), threshold * sigma) : undefined,
    },
    found: undefined,
  }
}

/** Phases of one block that are kept. */
const PHASES_MAX = 50

const begin = (localNs: bigint, offsetNs: bigint): RampState => ({
  origin: { localNs, offsetNs },
  filling: [{ sec: 0, ns: 0 }],
  blocks: [],
  scoreSquare: 0,
  scores: 0,
  visibleNsPerSec: undefined,
})

/**
 * One phase more: TAI − local by the receiver was `offsetNs` at `localNs`, which never goes back within a series. Nothing for
 * `state` begins a series. After something was found the caller decides what becomes of the series.
 */
export const rampStep = (
  state: RampState | undefined,
  sample: { readonly localNs: bigint; readonly offsetNs: bigint },
  options: RampOptions = RAMP_OPTIONS,
): RampStep => {
  const { localNs, offsetNs } = sample
  if (state === undefined) return { state: begin(localNs, offsetNs), found: undefined }
  const phase = { sec: nsToSec(localNs - state.origin.localNs), ns: Number(offsetNs - state.origin.offsetNs) }
  const last = state.filling.at(-1) ?? state.blocks.at(-1)
  const sinceSec = phase.sec - (last?.sec ?? 0)
  if (sinceSec < 0 || sinceSec > options.pauseSecMax) return { state: begin(localNs, offsetNs), found: undefined }
  // A receiver that reports faster than ten times a second adds nothing to a median.
  const filling = state.filling.length < PHASES_MAX ? [...state.filling, phase] : state.filling
  const startSec = filling[0]?.sec ?? phase.sec
  // Closed when the next phase would belong to the next block, so that it is tested as soon as it is whole.
  if (phase.sec + sinceSec - startSec < options.blockSec - 0.5)
    return { state: { ...state, filling }, found: undefined }
  const filled = filling.length >= options.blockSamplesMin ? [blockOf(filling, state.blocks)] : []
  const blocks = [...state.blocks, ...filled].slice(-(options.recentBlocks + options.baselineBlocks))
  const next = { ...state, blocks, filling: [] }
  const isReady = filled.length > 0 && blocks.length >= options.recentBlocks + options.baselineBlocksMin
  return isReady ? test(next, options) : { state: next, found: undefined }
}
