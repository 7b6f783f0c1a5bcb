/**
 * The clock's filter. It learns how fast the oscillator wanders, how the path's noise is to be read, how lopsided the waiting is,
 * which routes are off by how much and how the sources differ, from the exchanges alone: nothing is given but grids and priors.
 *
 * The newest `wordsMax` words are kept and gone through anew at each update (a fixed-lag second pass), so what is learned late
 * about a floor or a bias corrects what was made of early words; a word that leaves the window is committed as it is then
 * understood. Words pass a bank of Kalman filters (model-bank.ts) read over their paths (path.ts).
 *
 * Source: DESIGN §5.1, seed 003 §5; equations in docs/spec/clock.md. Plain state, pure functions, float seconds from a bigint
 * origin. Not promised: that sigma is a bound. A bias that all sources share from the start is invisible to it.
 */
import { nsToSec, secToNs } from '../base/index.ts'
import { corrected, predicted, smoothedOffsets } from './kalman-step.ts'
import type { PassStep } from './kalman-step.ts'
import { heaviestModel, mixtureAt, startBank, stepped, surpriseOf } from './model-bank.ts'
import type { Bank, BankOptions, Model } from './model-bank.ts'
import { likeliestTilt } from './one-way-noise.ts'
import { PATH_DEFAULTS, anchored, biased, edgesOf, isReadyToAnchor, newPath, readingsOf, routeOf, travelled } from './path.ts'
import type { Path, PathOptions, Readings, Word } from './path.ts'
import type { Filter, FilterEstimate, Measurement } from './port.ts'

export interface AdaptiveOptions extends BankOptions, PathOptions {
  /** Words that are gone through anew at each update. */
  readonly wordsMax: number
  /** Bound on |slope|, s/s (RFC 5905: 500 ppm). */
  readonly slopeMax: number
  /** After so many outliers in a row on one side the filter starts again from them. */
  readonly outliersMax: number
  /** Even exchanges that the tilt's prior is worth. */
  readonly tiltPrior: number
}

export const ADAPTIVE_DEFAULTS: AdaptiveOptions = Object.freeze({
  ...PATH_DEFAULTS,
  wanders: Object.freeze([1e-10, 3.16e-10, 1e-9, 3.16e-9, 1e-8, 3.16e-8, 1e-7]),
  memory: 0.985,
  slopeSigma: 1e-4,
  gateSigma: 5,
  wordsMax: 128,
  slopeMax: 500e-6,
  outliersMax: 4,
  tiltPrior: 4,
})

/** Plain data: it can be stored, compared and replayed. */
export interface AdaptiveState {
  readonly originLocalNs: bigint
  readonly originOffsetNs: bigint
  /** The slope with which a bank begins. */
  readonly slope: number
  readonly paths: readonly Path[]
  /** The newest words, in order of arrival. */
  readonly words: readonly Word[]
  /** What the words before them left. */
  readonly committed: Bank | undefined
  /** After all words. */
  readonly bank: Bank
  /** The newest words, if they were outliers in a row on one side. */
  readonly outliers: readonly Measurement[]
  readonly outlierSide: number
}

const pathOf = (paths: readonly Path[], sourceId: string): Path | undefined =>
  paths.find((path) => path.sourceId === sourceId)

const withPath = (paths: readonly Path[], path: Path): readonly Path[] =>
  paths.some(({ sourceId }) => sourceId === path.sourceId)
    ? paths.map((before) => (before.sourceId === path.sourceId ? path : before))
    : [...paths, path]

const isUsable = (path: Path | undefined, word: Word): path is Path =>
  path !== undefined && routeOf(path, word.routeId).isAnchored

const readWord = (paths: readonly Path[], word: Word, options: AdaptiveOptions): Readings | undefined => {
  const path = pathOf(paths, word.sourceId)
  return isUsable(path, word) ? readingsOf(path, word, options) : undefined
}

/** One more word through a bank, or the bank begun with it. */
const passed = (
  bank: Bank | undefined,
  word: Word,
  { paths, slope, options }: { readonly paths: readonly Path[]; readonly slope: number; readonly options: AdaptiveOptions },
): Bank | undefined => {
  const readings = readWord(paths, word, options)
  if (readings === undefined) return bank
  const { atSec } = word
  return bank === undefined ? startBank({ atSec, readings, slope }, options) : stepped(bank, { atSec, readings }, options)
}

const wordOf = (measurement: Measurement, routeId: number, origin: Pick<AdaptiveState, 'originLocalNs' | 'originOffsetNs'>): Word => ({
  sourceId: measurement.sourceId,
  routeId,
  atSec: nsToSec(measurement.localNs - origin.originLocalNs),
  ...edgesOf(measurement, origin.originOffsetNs),
})

const begin = (first: Measurement, slope: number, options: AdaptiveOptions): AdaptiveState => {
  const origin = { originLocalNs: first.localNs, originOffsetNs: first.estimateNs }
  const path = newPath(first, options)
  const word = wordOf(first, path.routeId, origin)
  const bank = startBank({ atSec: word.atSec, readings: readingsOf(path, word, options), slope }, options)
  return { ...origin, slope, paths: [path], words: [word], committed: undefined, bank, outliers: [], outlierSide: 0 }
}

/** The last `moved` words of a source put onto its present route. */
const relabelled = (words: readonly Word[], path: Path, moved: number): readonly Word[] => {
  let left = moved
  return words
    .toReversed()
    .map((word) => {
      if (word.sourceId !== path.sourceId || left === 0) return word
      left -= 1
      return { ...word, routeId: path.routeId }
    })
    .toReversed()
}

/** The path and the words with one more measurement in them, and the oldest word committed if there are too many. */
const admitted = (state: AdaptiveState, measurement: Measurement, options: AdaptiveOptions): AdaptiveState => {
  const word = wordOf(measurement, 0, state)
  const before = pathOf(state.paths, measurement.sourceId)
  const { path, moved } =
    before === undefined
      ? { path: newPath(measurement, options), moved: 1 }
      : travelled(before, word.upperSec - word.lowerSec, options)
  const paths = withPath(state.paths, path)
  const words = relabelled([...state.words, word], path, moved)
  const [oldest] = words
  if (words.length <= options.wordsMax || oldest === undefined) return { ...state, paths, words }
  const committed = passed(state.committed, oldest, { paths: state.paths, slope: state.slope, options })
  return { ...state, paths, words: words.slice(1), committed }
}

/** All words gone through anew, with what is known now. */
const replayed = (state: AdaptiveState, options: AdaptiveOptions): AdaptiveState => {
  const given = { paths: state.paths, slope: state.slope, options }
  let bank = state.committed
  for (const word of state.words) bank = passed(bank, word, given)
  return { ...state, bank: bank ?? state.bank }
}

/** A new route's bias: where its words lie above the clock that has coasted past them, the quickest round trips counting most. */
const biasOfNewRoute = (state: AdaptiveState, path: Path): number => {
  const route = routeOf(path, path.routeId)
  let sum = 0
  let weights = 0
  for (const word of state.words) {
    if (word.sourceId !== path.sourceId || word.routeId !== route.id) continue
    const excessSec = Math.max(0, word.upperSec - word.lowerSec - route.floorSec) + route.scaleSec / 4
    const weight = 1 / (excessSec * excessSec)
    sum += weight * ((word.lowerSec + word.upperSec) / 2 - mixtureAt(state.bank, word.atSec).offsetSec)
    weights += weight
  }
  return weights === 0 ? 0 : sum / weights
}

/** A word beside the clock with all words known, s. */
interface Seen {
  readonly word: Word
  readonly path: Path
  readonly readings: Readings
  readonly smoothSec: number
}

/** The heaviest model's pass over the words, smoothed. */
const seenAfterwards = (state: AdaptiveState, model: Model, options: AdaptiveOptions): readonly Seen[] => {
  const { wander, reading } = model
  const left = state.committed?.models.find((other) => other.wander === wander && other.reading === reading)
  let belief = left?.belief
  let lastSec = state.committed?.atSec ?? 0
  const steps: PassStep[] = []
  const seen: Omit<Seen, 'smoothSec'>[] = []
  for (const word of state.words) {
    const path = pathOf(state.paths, word.sourceId)
    if (!isUsable(path, word)) continue
    const readings = readingsOf(path, word, options)
    const said = readings[reading]
    const ageSec = belief === undefined ? 0 : word.atSec - lastSec
    const before =
      belief === undefined
        ? { offsetSec: said.offsetSec, slope: state.slope, p11: said.varianceSec2, p12: 0, p22: options.slopeSigma ** 2 }
        : predicted(belief, ageSec, wander * wander)
    const after = belief === undefined ? before : corrected(before, said, options.gateSigma).belief
    steps.push({ ageSec, before, after })
    seen.push({ word, path, readings })
    belief = after
    lastSec = word.atSec
  }
  const smooth = smoothedOffsets(steps)
  return seen.map((one, index) => ({ ...one, smoothSec: smooth[index] ?? 0 }))
}

/** κ of one path, from how its words lie about the smoothed clock. */
const tiltOf = (path: Path, seen: readonly Seen[], options: AdaptiveOptions): number => {
  const route = routeOf(path, path.routeId)
  const waits = seen.flatMap(({ word, smoothSec }) => {
    if (word.sourceId !== path.sourceId || word.routeId !== route.id) return []
    const excessSec = Math.max(0, word.upperSec - word.lowerSec - route.floorSec)
    const backSec = smoothSec + route.biasSec - word.lowerSec - route.floorSec / 2
    return [{ excessSec, backSec: Math.max(0, Math.min(excessSec, backSec)) }]
  })
  if (waits.length < options.exchangesMin) return path.tilt
  return likeliestTilt(waits, { scaleSec: route.scaleSec, priorWeight: options.tiltPrior })
}

/** Variance of a source without a path, from its residuals; its own interval counts as four of them. */
const scatterOf = (path: Path, seen: readonly Seen[]): number => {
  if (path.isTimed) return path.scatterSec2
  const squares = seen.flatMap(({ word, readings, smoothSec }) =>
    word.sourceId === path.sourceId ? [(readings.scatter.offsetSec - smoothSec) ** 2] : [],
  )
  const given = (routeOf(path, path.routeId).floorSec ** 2 / 12) * 4
  return (given + squares.reduce((sum, square) => sum + square, 0)) / (4 + squares.length)
}

/** What one source's words say above the smoothed clock, on average: s, and the variance of that. */
interface Residual {
  readonly path: Path
  readonly meanSec: number
  readonly varianceSec2: number
}

const residualOf = (path: Path, seen: readonly Seen[]): Residual | undefined => {
  const route = routeOf(path, path.routeId)
  let sum = 0
  let weights = 0
  for (const { word, readings, smoothSec } of seen) {
    if (word.sourceId !== path.sourceId || word.routeId !== route.id) continue
    const { offsetSec, varianceSec2 } = readings.waiting
    const weight = 1 / Math.max(varianceSec2 - route.biasVarianceSec2, 1e-18)
    sum += weight * (offsetSec + route.biasSec - smoothSec)
    weights += weight
  }
  return weights === 0 || !route.isAnchored ? undefined : { path, meanSec: sum / weights, varianceSec2: 1 / weights }
}

/** The value at which half of the weight lies below. */
const weightedMedian = (values: readonly { readonly value: number; readonly weight: number }[]): number => {
  const sorted = values.toSorted((a, b) => a.value - b.value)
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2
  let below = 0
  for (const { value, weight } of sorted) {
    below += weight
    if (below >= half) return value
  }
  return 0
}

/**
 * How the sources differ: each path has a bias of its own, expected within `biasShare` of its floor. What they have in common is
 * the clock's: the median of what they say beyond what is known of them, short paths counting most. A source whose bias is
 * not yet known brings that doubt along as variance; the one that decides the median has none.
 */
const rebiased = (state: AdaptiveState, seen: readonly Seen[], options: AdaptiveOptions): readonly Path[] => {
  const residuals = state.paths.flatMap((path) => residualOf(path, seen) ?? [])
  const weightOf = (path: Path): number => 1 / routeOf(path, path.routeId).floorSec ** 2
  const common = weightedMedian(
    residuals.map(({ path, meanSec }) => ({
      value: meanSec - routeOf(path, path.routeId).givenBiasSec,
      weight: weightOf(path),
    })),
  )
  const total = residuals.reduce((sum, { path }) => sum + weightOf(path), 0)
  return state.paths.map((path) => {
    const residual = residuals.find((one) => one.path === path)
    if (residual === undefined) return path
    const route = routeOf(path, path.routeId)
    const prior = (options.biasShare * route.floorSec) ** 2
    const trust = prior / (prior + residual.varianceSec2)
    const excess = residual.meanSec - common - route.givenBiasSec
    return biased(path, {
      biasSec: route.givenBiasSec + trust * excess,
      biasVarianceSec2: trust * residual.varianceSec2 * (1 - weightOf(path) / total),
    })
  })
}

/** What the words together say about their paths. */
const learned = (state: AdaptiveState, sourceId: string, options: AdaptiveOptions): AdaptiveState => {
  const model = heaviestModel(state.bank)
  if (model === undefined) return state
  const seen = seenAfterwards(state, model, options)
  const paths = state.paths.length === 1 ? state.paths : rebiased(state, seen, options)
  return {
    ...state,
    paths: paths.map((path) =>
      path.sourceId === sourceId
        ? { ...path, tilt: path.isTimed ? tiltOf(path, seen, options) : 0, scatterSec2: scatterOf(path, seen) }
        : path,
    ),
  }
}

/** An outlier says that it or the filter is wrong. Enough of them in a row on one side: the filter, which starts again from them. */
const outlying = (
  state: AdaptiveState,
  { measurement, sigmas }: { readonly measurement: Measurement; readonly sigmas: number },
  options: AdaptiveOptions,
): AdaptiveState => {
  if (Math.abs(sigmas) <= options.gateSigma) return { ...state, outliers: [], outlierSide: 0 }
  const side = Math.sign(sigmas)
  const outliers = side === state.outlierSide ? [...state.outliers, measurement] : [measurement]
  return { ...state, outliers, outlierSide: side }
}

/** The offset moved; nothing says that the frequency did, so it is kept and only doubted. */
const restarted = (state: AdaptiveState, options: AdaptiveOptions): AdaptiveState => {
  const [first, ...rest] = state.outliers
  if (first === undefined) return state
  const { slope } = mixtureAt(state.bank, state.bank.atSec)
  return rest.reduce((after, measurement) => update(after, measurement, options).state, begin(first, slope, options))
}

const update = (
  before: AdaptiveState,
  measurement: Measurement,
  options: AdaptiveOptions,
): { readonly state: AdaptiveState; readonly taken: boolean } => {
  const arrived = admitted(before, measurement, options)
  const path = pathOf(arrived.paths, measurement.sourceId)
  const word = arrived.words.at(-1)
  if (path === undefined || word === undefined) return { state: before, taken: false }
  const readings = readWord(arrived.paths, word, options)
  const sigmas = readings === undefined ? 0 : surpriseOf(before.bank, { atSec: word.atSec, readings })
  const judged = outlying(arrived, { measurement, sigmas }, options)
  if (judged.outliers.length >= options.outliersMax) return { state: restarted(judged, options), taken: true }
  const coasted = replayed(judged, options)
  const ready = isReadyToAnchor(path, options)
    ? { ...coasted, paths: withPath(coasted.paths, anchored(path, biasOfNewRoute(coasted, path))) }
    : coasted
  return { state: learned(ready, measurement.sourceId, options), taken: judged.outliers.length === 0 }
}

const predict = (state: AdaptiveState, localNs: bigint, options: AdaptiveOptions): FilterEstimate => {
  const mixture = mixtureAt(state.bank, nsToSec(localNs - state.originLocalNs))
  const slope = Math.max(-options.slopeMax, Math.min(options.slopeMax, mixture.slope))
  return {
    offsetNs: state.originOffsetNs + secToNs(mixture.offsetSec),
    offsetSigmaNs: mixture.offsetSigmaSec * 1e9,
    slopePpb: slope * 1e9,
    slopeSigmaPpb: mixture.slopeSigma * 1e9,
  }
}

/** The clock's filter with the given numbers; what is not given is `ADAPTIVE_DEFAULTS`. */
export const createAdaptiveFilter = (given: Partial<AdaptiveOptions> = {}): Filter<AdaptiveState> => {
  const options = { ...ADAPTIVE_DEFAULTS, ...given }
  return {
    name: 'adaptive',
    start: (first) => begin(first, 0, options),
    update: (state, measurement) => update(state, measurement, options),
    predict: (state, localNs) => predict(state, localNs, options),
  }
}
