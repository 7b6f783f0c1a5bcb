/**
 * What several sources say of each other, seen after the event: by how much each one's path is off, and which of them wanders away
 * from the rest. Used by adaptive-filter.ts, which knows what the clock makes of their words.
 *
 * A path's bias is what its words lie above the smoothed clock, less what all sources have in common; that is the clock's, and is taken
 * as their weighted median. Nothing here votes: who is outvoted is said by selection.ts, on hard intervals.
 *
 * Pure. Seconds. Not promised: that the median is true. A source that looks near and steady counts most, whatever it says within
 * its hard interval.
 */
import { biased, routeOf } from './path.ts'
import type { Path, PathOptions, Readings, Word } from './path.ts'

/** A word as its path reads it by now. */
export interface Heard {
  readonly word: Word
  readonly path: Path
  readonly readings: Readings
}

/** A word beside the clock with all words known, s. */
export interface Seen extends Heard {
  readonly smoothSec: number
}

export interface ComparisonOptions extends PathOptions {
  /** A source is doubted where the mean of so many of its newest words lies so many standard deviations beside the clock. */
  readonly doubtWords: number
  readonly doubtSigma: number
}

export type SeenBySource = ReadonlyMap<string, readonly Seen[]>

/** In the order in which they came. */
export const bySource = (seen: readonly Seen[]): SeenBySource => {
  const all = new Map<string, Seen[]>()
  for (const one of seen) {
    const its = all.get(one.word.sourceId)
    if (its === undefined) all.set(one.word.sourceId, [one])
    else its.push(one)
  }
  return all
}

/** What one source's words say above the smoothed clock, on average: s, and the variance of that. */
interface Residual {
  readonly path: Path
  readonly meanSec: number
  readonly varianceSec2: number
}

/** Over the newest `wordsMax` words of the path's present route. */
const residualOf = (path: Path, seen: SeenBySource, wordsMax = Number.POSITIVE_INFINITY): Residual | undefined => {
  const route = routeOf(path, path.routeId)
  if (!route.isAnchored) return undefined
  let sum = 0
  let weights = 0
  const its = (seen.get(path.sourceId) ?? []).filter(({ word }) => word.routeId === route.id)
  for (const { readings, smoothSec } of its.slice(-wordsMax)) {
    const { offsetSec, varianceSec2 } = readings.waiting
    const weight = 1 / Math.max(varianceSec2 - route.biasVarianceSec2, 1e-18)
    sum += weight * (offsetSec + route.biasSec - smoothSec)
    weights += weight
  }
  return weights === 0 ? undefined : { path, meanSec: sum / weights, varianceSec2: 1 / weights }
}

/** The least value at or below which half of the weight lies; 0 where there is none. */
export const weightedMedian = (values: readonly { readonly value: number; readonly weight: number }[]): number => {
  const sorted = values.toSorted((a, b) => a.value - b.value)
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2
  let below = 0
  for (const { value, weight } of sorted) {
    below += weight
    if (below >= half) return value
  }
  return 0
}

/** A bias is believed as far as it exceeds what chance makes, standard deviations. */
const BIAS_SIGMAS = 3

/**
 * How the sources differ: each path has a bias of its own, expected within `biasShare` of its floor. What they have in common is
 * the clock's: the median of what they say beyond what is known of them, short paths counting most. A source whose bias is
 * not yet known brings that doubt along as variance; the one that decides the median has none.
 */
export const rebiased = (paths: readonly Path[], seen: SeenBySource, options: PathOptions): readonly Path[] => {
  const residuals = paths.flatMap((path) => residualOf(path, seen) ?? [])
  // A floor is an estimate and may come out at 0 or below.
  const weightOf = (path: Path): number =>
    1 / Math.max(routeOf(path, path.routeId).floorSec, options.readingSecMin) ** 2
  const common = weightedMedian(
    residuals.map(({ path, meanSec }) => ({
      value: meanSec - routeOf(path, path.routeId).givenBiasSec,
      weight: weightOf(path),
    })),
  )
  const total = residuals.reduce((sum, { path }) => sum + weightOf(path), 0)
  const residualOfPath = new Map(residuals.map((residual) => [residual.path, residual]))
  return paths.map((path) => {
    const residual = residualOfPath.get(path)
    if (residual === undefined) return path
    const route = routeOf(path, path.routeId)
    const prior = (options.biasShare * route.floorSec) ** 2
    const trust = prior / (prior + residual.varianceSec2)
    const excess = residual.meanSec - common - route.givenBiasSec
    const chance = (BIAS_SIGMAS ** 2 * residual.varianceSec2) / (excess * excess)
    return biased(path, {
      biasSec: route.givenBiasSec + (chance < 1 ? trust * (1 - chance) * excess : 0),
      biasVarianceSec2: trust * residual.varianceSec2 * (1 - weightOf(path) / total),
    })
  })
}

/** A path and how many standard deviations its newest words lie beside the clock. */
interface Strange {
  readonly path: Path
  readonly sigmas: number
}

/** So few followed sources cannot tell which of them is strange. */
const WITNESSES_MIN = 2

/** The paths as they are, or none of them doubted any more where too few of them are left to speak against one. */
export const judgedByEnough = (
  paths: readonly Path[],
  hasSpoken: (path: Path) => boolean = () => true,
): readonly Path[] =>
  paths.filter((path) => !path.isDoubted && hasSpoken(path)).length >= WITNESSES_MIN
    ? paths
    : paths.map((path) => (path.isDoubted ? { ...path, isDoubted: false } : path))

/**
 * Which sources lie beside the others of late: the newest words of one are further from the clock than chance makes, and much
 * further than those of any other. One at a time, because it pulls the clock and so makes the others look wrong; the next
 * update goes through all words without it. It is followed again once its words agree with its bias, or once fewer than two
 * others are left among the words to speak against it.
 */
export const doubted = (paths: readonly Path[], seen: readonly Seen[], options: ComparisonOptions): readonly Path[] => {
  const its = bySource(seen)
  const judged = judgedByEnough(paths, ({ sourceId }) => its.has(sourceId))
  if (judged !== paths) return judged
  const strange = paths.map((path) => ({ path, sigmas: strangenessOf(path, its, options) }))
  const outlier = outlierOf(strange, options)
  return strange.map(({ path, sigmas }) => {
    const isDoubted = path === outlier || (path.isDoubted && sigmas > options.doubtSigma / 2)
    return isDoubted === path.isDoubted ? path : { ...path, isDoubted }
  })
}

const strangenessOf = (path: Path, seen: SeenBySource, { doubtWords }: ComparisonOptions): number => {
  const residual = residualOf(path, seen, doubtWords)
  if (residual === undefined) return 0
  return Math.abs(residual.meanSec - routeOf(path, path.routeId).biasSec) / Math.sqrt(residual.varianceSec2)
}

const outlierOf = (strange: readonly Strange[], { doubtWords, doubtSigma }: ComparisonOptions): Path | undefined => {
  const followed = strange
    .filter(({ path }) => !path.isDoubted && routeOf(path, path.routeId).roundTripsSec.length >= doubtWords)
    .toSorted((a, b) => b.sigmas - a.sigmas)
  const [worst, second] = followed
  if (worst === undefined || second === undefined || followed.length <= WITNESSES_MIN) return undefined
  return worst.sigmas > doubtSigma && worst.sigmas > 2 * second.sigmas ? worst.path : undefined
}
