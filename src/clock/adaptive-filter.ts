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
import {
  PATH_DEFAULTS,
  anchored,
  edgesOf,
  hasUsualWait,
  isReadyToAnchor,
  newPath,
  readingsOf,
  routeOf,
  travelled,
} from './path.ts'
import type { Path, Word } from './path.ts'
import type { Filter, FilterEstimate, Measurement } from './port.ts'
import { bySource, doubted, judgedByEnough, rebiased } from './source-comparison.ts'
import type { ComparisonOptions, Heard, Seen } from './source-comparison.ts'

export interface AdaptiveOptions extends BankOptions, ComparisonOptions {
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
  slopeSigma: 3e-5,
  gateSigma: 5,
  wordsMax: 128,
  slopeMax: 500e-6,
  outliersMax: 4,
  doubtWords: 8,
  doubtSigma: 4,
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

/** Is the word's route remembered, and its bias known? Another route's floor would make a wrong word of it, and a sure one. */
const isUsable = (path: Path | undefined, word: Word): path is Path =>
  path?.routes.some(({ id, isAnchored }) => id === word.routeId && isAnchored) === true

/** Those of the words that mean something by now. */
const heardOf = (words: readonly Word[], paths: readonly Path[], options: AdaptiveOptions): readonly Heard[] => {
  const pathById = new Map(paths.map((path) => [path.sourceId, path]))
  const heard: Heard[] = []
  for (const word of words) {
    const path = pathById.get(word.sourceId)
    if (isUsable(path, word)) heard.push({ word, path, readings: readingsOf(path, word, options) })
  }
  return heard
}

/** Those of the words that are followed, through a bank, or the bank begun with the first of them. */
const passed = (
  bank: Bank | undefined,
  heard: readonly Heard[],
  { slope, options }: { readonly slope: number; readonly options: AdaptiveOptions },
): Bank | undefined => {
  const followed = heard.filter(({ path }) => !path.isDoubted)
  const words = followed.map(({ word, readings }) => ({ atSec: word.atSec, readings }))
  const [first] = words
  if (first === undefined) return bank
  return bank === undefined
    ? stepped(startBank({ ...first, slope }, options), words.slice(1), options)
    : stepped(bank, words, options)
}

/** The word of a measurement over a path, on its present route. */
const wordOf = (
  measurement: Measurement,
  path: Path,
  origin: Pick<AdaptiveState, 'originLocalNs' | 'originOffsetNs'>,
): Word => ({
  sourceId: measurement.sourceId,
  routeId: path.routeId,
  atSec: nsToSec(measurement.localNs - origin.originLocalNs),
  ...edgesOf(measurement, { originNs: origin.originOffsetNs, isTimed: path.isTimed }),
})

const begin = (first: Measurement, slope: number, options: AdaptiveOptions): AdaptiveState => {
  const origin = { originLocalNs: first.localNs, originOffsetNs: first.estimateNs }
  const path = newPath(first, options)
  const word = wordOf(first, path, origin)
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
  const before = pathOf(state.paths, measurement.sourceId)
  const word = wordOf(measurement, before ?? newPath(measurement, options), state)
  const { path, moved } =
    before === undefined
      ? { path: newPath(measurement, options), moved: 1 }
      : travelled(before, word.upperSec - word.lowerSec, options)
  const paths = withPath(state.paths, path)
  const words = relabelled([...state.words, word], path, moved)
  const [oldest] = words
  if (words.length <= options.wordsMax || oldest === undefined) return { ...state, paths, words }
  const committed = passed(state.committed, heardOf([oldest], state.paths, options), { slope: state.slope, options })
  return { ...state, paths, words: words.slice(1), committed }
}

/** All words gone through anew, with what is known now. */
const replayed = (state: AdaptiveState, heard: readonly Heard[], options: AdaptiveOptions): AdaptiveState => ({
  ...state,
  bank: passed(state.committed, heard, { slope: state.slope, options }) ?? state.bank,
})

/** A new route's bias: where its words lie above the clock that has coasted past them. Its variance is the clock's and the words'. */
const biasOfNewRoute = (
  state: AdaptiveState,
  path: Path,
  options: AdaptiveOptions,
): { readonly biasSec: number; readonly varianceSec2: number } => {
  let sum = 0
  let weights = 0
  let clockSec2 = 0
  for (const word of state.words) {
    if (word.sourceId !== path.sourceId || word.routeId !== path.routeId) continue
    const { offsetSec, varianceSec2 } = readingsOf(path, word, options).waiting
    const clock = mixtureAt(state.bank, word.atSec)
    sum += (offsetSec - clock.offsetSec) / varianceSec2
    weights += 1 / varianceSec2
    clockSec2 = Math.max(clockSec2, clock.offsetSigmaSec ** 2)
  }
  return weights === 0
    ? { biasSec: 0, varianceSec2: 0 }
    : { biasSec: sum / weights, varianceSec2: clockSec2 + 1 / weights }
}

/** The heaviest model's pass over the words, smoothed. */
const seenAfterwards = (
  state: AdaptiveState,
  { heard, model }: { readonly heard: readonly Heard[]; readonly model: Model },
  options: AdaptiveOptions,
): readonly Seen[] => {
  const { wander, reading } = model
  const left = state.committed?.models.find((other) => other.wander === wander && other.reading === reading)
  let belief = left?.belief
  let lastSec = state.committed?.atSec ?? 0
  const steps: PassStep[] = []
  const seen: Heard[] = []
  for (const one of heard) {
    const { word, path } = one
    const said = one.readings[reading]
    if (belief === undefined && path.isDoubted) continue
    const ageSec = belief === undefined ? 0 : word.atSec - lastSec
    const before =
      belief === undefined
        ? {
            offsetSec: said.offsetSec,
            slope: state.slope,
            p11: said.varianceSec2,
            p12: 0,
            p22: options.slopeSigma ** 2,
          }
        : predicted(belief, ageSec, wander * wander)
    const isFollowed = belief !== undefined && !path.isDoubted
    const after = isFollowed ? corrected(before, said, options.gateSigma).belief : before
    steps.push({ ageSec, before, after })
    seen.push(one)
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
    if (!hasUsualWait(path, excessSec, options)) return []
    const backSec = smoothSec + route.biasSec - word.lowerSec - route.floorSec / 2
    return [{ excessSec, backSec: Math.max(0, Math.min(excessSec, backSec)) }]
  })
  if (waits.length < options.exchangesMin) return path.tilt
  return likeliestTilt(waits, { scaleSec: route.scaleSec, priorWeight: options.tiltPrior })
}

/** Variance of a source without a path, from the residuals of its surer words; its own interval counts as four of them. */
const scatterOf = (path: Path, seen: readonly Seen[], options: AdaptiveOptions): number => {
  if (path.isTimed) return path.scatterSec2
  const { floorSec } = routeOf(path, path.routeId)
  const squares = seen.flatMap(({ word, readings, smoothSec }) =>
    word.sourceId === path.sourceId && word.upperSec - word.lowerSec <= 2 * floorSec
      ? [(readings.scatter.offsetSec - smoothSec) ** 2]
      : [],
  )
  const given = (floorSec ** 2 / 12) * 4
  const sum2 = squares.reduce((sum, square) => sum + square, 0)
  if (squares.length >= options.exchangesMin) return sum2 / (squares.length - 2)
  return (given + sum2) / (4 + squares.length)
}

/** What the words together say about their paths. */
const learned = (
  state: AdaptiveState,
  { heard, sourceId }: { readonly heard: readonly Heard[]; readonly sourceId: string },
  options: AdaptiveOptions,
): AdaptiveState => {
  const model = heaviestModel(state.bank)
  if (model === undefined) return state
  const seen = seenAfterwards(state, { heard, model }, options)
  const paths =
    state.paths.length === 1 ? state.paths : doubted(rebiased(state.paths, bySource(seen), options), seen, options)
  return {
    ...state,
    paths: paths.map((path) =>
      path.sourceId === sourceId
        ? { ...path, tilt: path.isTimed ? tiltOf(path, seen, options) : 0, scatterSec2: scatterOf(path, seen, options) }
        : path,
    ),
  }
}

/** How far the newest word is from what the bank expected; nothing where it is not followed, so that it says nothing either way. */
const sigmasOf = (bank: Bank, newest: Heard | undefined, word: Word): number | undefined =>
  newest?.word === word && !newest.path.isDoubted
    ? surpriseOf(bank, { atSec: word.atSec, readings: newest.readings })
    : undefined

/** An outlier says that it or the filter is wrong. Enough of them in a row on one side: the filter, which starts again from them. */
const outlying = (
  state: AdaptiveState,
  { measurement, sigmas }: { readonly measurement: Measurement; readonly sigmas: number | undefined },
  options: AdaptiveOptions,
): AdaptiveState => {
  if (sigmas === undefined) return state
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
  const heard = heardOf(arrived.words, arrived.paths, options)
  const judged = outlying(arrived, { measurement, sigmas: sigmasOf(before.bank, heard.at(-1), word) }, options)
  if (judged.outliers.length >= options.outliersMax) return { state: restarted(judged, options), taken: true }
  const { sourceId } = measurement
  const taken = judged.outliers.at(-1) !== measurement
  const coasted = replayed(judged, heard, options)
  if (!isReadyToAnchor(path, options)) return { state: learned(coasted, { heard, sourceId }, options), taken }
  const paths = withPath(coasted.paths, anchored(path, biasOfNewRoute(coasted, path, options)))
  const ready = { ...coasted, paths }
  return { state: learned(ready, { heard: heardOf(ready.words, paths, options), sourceId }, options), taken }
}

/** What all sources in use may be off by together, because their routes began while the clock coasted, s². */
const anchorSec2 = ({ paths, words }: AdaptiveState): number => {
  let least = Number.POSITIVE_INFINITY
  for (const path of paths) {
    const isInUse = words.some(({ sourceId }) => sourceId === path.sourceId)
    if (isInUse) least = Math.min(least, routeOf(path, path.routeId).givenVarianceSec2)
  }
  return least
}

/** What is committed cannot be taken back, but it was gone through when the source still agreed with the others. */
const forget = (state: AdaptiveState, sourceId: string, options: AdaptiveOptions): AdaptiveState | undefined => {
  if (pathOf(state.paths, sourceId) === undefined) return state
  const words = state.words.filter((word) => word.sourceId !== sourceId)
  if (words.length === 0) return undefined
  const paths = judgedByEnough(state.paths.filter((path) => path.sourceId !== sourceId))
  const left = { ...state, words, paths, outliers: [], outlierSide: 0 }
  return replayed(left, heardOf(words, paths, options), options)
}

const predict = (state: AdaptiveState, localNs: bigint, options: AdaptiveOptions): FilterEstimate => {
  const mixture = mixtureAt(state.bank, nsToSec(localNs - state.originLocalNs))
  const slope = Math.max(-options.slopeMax, Math.min(options.slopeMax, mixture.slope))
  return {
    offsetNs: state.originOffsetNs + secToNs(mixture.offsetSec),
    offsetSigmaNs: Math.sqrt(mixture.offsetSigmaSec ** 2 + anchorSec2(state)) * 1e9,
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
    forget: (state, sourceId) => forget(state, sourceId, options),
    predict: (state, localNs) => predict(state, localNs, options),
  }
}
