/**
 * What a filter knows of the path to one source, and how it reads an exchange over it: the floor of the round trip, the scale of
 * the waiting above it, how lopsided it is, and by how much its midpoint is off.
 *
 * Several readings are made of each exchange, and the filter's bank finds out which one the source deserves:
 *   waiting  packets wait one-sidedly; the excess over the floor says how much this exchange is worth (one-way-noise.ts)
 *   scatter  the excess says nothing; all exchanges are worth the same. Independent ways have Var(midpoint) = Var(round trip)/4,
 *            whatever their distribution, so even this needs no tuned number.
 *   rough    the server itself scatters, by 7 or (rougher) 49 times what its path does: nothing in a round trip shows that.
 *
 * A path is a sequence of routes. A round trip whose floor has risen for good is a new route: its new length may lie on one
 * way only, so its midpoint means nothing yet, and the clock, which coasts well for minutes, tells the route's bias instead.
 *
 * Pure. Seconds. Not promised: a bias that is there from the first exchange is invisible; no two-way exchange can show it.
 */
import { nsToSec, width } from '../base/index.ts'
import type { Measurement } from './port.ts'
import { tiltedMoments } from './one-way-noise.ts'

export const READINGS = ['waiting', 'scatter', 'rough', 'rougher'] as const
export type ReadingKind = (typeof READINGS)[number]

/** One exchange as the filter keeps it. Offsets are relative to the filter's origin. */
export interface Word {
  readonly sourceId: string
  readonly routeId: number
  readonly atSec: number
  /** t₃ − t₄ and t₂ − t₁: the offset lies between them but for the floor of the route. A source without a path: its interval. */
  readonly lowerSec: number
  readonly upperSec: number
}

export interface PathOptions {
  /** Round trips kept of a route. */
  readonly roundTripsMax: number
  /** Routes remembered of a path. */
  readonly routesMax: number
  /** So many exchanges in a row must be slower before a route counts as changed. */
  readonly routeExchanges: number
  /** A new floor lies at least so many scales above the old one. */
  readonly routeScales: number
  /** What a floor is uncertain by, as a share of the scale, once many round trips have been seen. */
  readonly floorShare: number
  /** What a reading is uncertain by at best, s. */
  readonly readingSecMin: number
  /** Standard deviation of a path's bias before anything is known, as a share of its floor. */
  readonly biasShare: number
  /** Exchanges that must have been seen before a path's floor, scale and tilt are believed. */
  readonly exchangesMin: number
}

export const PATH_DEFAULTS: PathOptions = Object.freeze({
  roundTripsMax: 128,
  routesMax: 4,
  routeExchanges: 6,
  routeScales: 8,
  floorShare: 0.05,
  readingSecMin: 2e-7,
  biasShare: 0.1,
  exchangesMin: 16,
})

export interface Route {
  readonly id: number
  /** Newest last. */
  readonly roundTripsSec: readonly number[]
  readonly floorSec: number
  /** Mean wait of one way, by the median of the excess: half of all Gamma(2) waits lie below 1.678 of it. */
  readonly scaleSec: number
  /** Variance of the round trip, robust. */
  readonly spreadSec2: number
  /** What the midpoint was off by when the route began, by the clock's word: 0 for the first route. */
  readonly givenBiasSec: number
  /** What it is off by now, relative to the other sources, and the variance of that. */
  readonly biasSec: number
  readonly biasVarianceSec2: number
  /** Variance of `givenBiasSec`: what the clock could not know when the route began. */
  readonly givenVarianceSec2: number
  /** Is the bias known well enough for its exchanges to count? */
  readonly isAnchored: boolean
  /** The floor and scale of the route before this one, s; 0 for the first. */
  readonly cameFromSec: number
  readonly scaleGivenSec: number
}

export interface Path {
  readonly sourceId: string
  /** Does a round trip say how good an exchange is? Where not (gpsd, host, coarse servers), residuals do. */
  readonly isTimed: boolean
  /** Newest last; the one in use is `routeId`. */
  readonly routes: readonly Route[]
  readonly routeId: number
  /** Exchanges in a row that the present route does not explain. */
  readonly slowExchanges: number
  /** κ of one-way-noise.ts, 1/s. */
  readonly tilt: number
  /** Do its newest words lie beside what the other sources say? Then they are looked at and not followed. */
  readonly isDoubted: boolean
  /** Variance of what a source without a path says, s². */
  readonly scatterSec2: number
}

/** Median of Gamma(2, 1). */
const GAMMA_2_MEDIAN = 1.678
/** Interquartile range of a normal distribution in standard deviations. */
const NORMAL_QUARTILES = 1.349

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0

/** The figures of a route, made anew from its round trips. */
const withFigures = (route: Route, options: PathOptions): Route => {
  const sorted = route.roundTripsSec.toSorted((a, b) => a - b)
  const count = sorted.length
  const floorSec = sorted[0] ?? 0
  const mean = sorted.reduce((sum, value) => sum + value, 0) / count
  const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, count - 1)
  const quartiles = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / NORMAL_QUARTILES
  const robust = count < 8 ? variance : Math.min(variance, (1.5 * quartiles) ** 2)
  const few = count < 8 ? 1 + 2 / count : 1
  const ownSec = count < 2 ? floorSec / 4 : (few * (quantile(sorted, 0.5) - floorSec)) / GAMMA_2_MEDIAN
  const scaleSec = count < options.exchangesMin ? Math.max(ownSec, route.scaleGivenSec) : ownSec
  const beyondSec = count < options.exchangesMin ? 0 : scaleSec * Math.sqrt(Math.PI / 2 / count)
  return {
    ...route,
    floorSec: floorSec - beyondSec,
    scaleSec: scaleSec + options.readingSecMin / 100,
    spreadSec2: robust,
  }
}

/** `before`: the route that this one follows, if there is one. */
const newRoute = (
  {
    id,
    roundTripsSec,
    before,
  }: { readonly id: number; readonly roundTripsSec: readonly number[]; readonly before?: Route },
  options: PathOptions,
): Route =>
  withFigures(
    {
      id,
      roundTripsSec,
      floorSec: 0,
      scaleSec: 0,
      spreadSec2: 0,
      givenBiasSec: 0,
      givenVarianceSec2: before?.givenVarianceSec2 ?? 0,
      biasSec: 0,
      biasVarianceSec2: 0,
      isAnchored: before === undefined,
      cameFromSec: before?.floorSec ?? 0,
      scaleGivenSec: before?.scaleSec ?? 0,
    },
    options,
  )

/**
 * Does the round trip say how good a word is? Over NTP always: what a server's own interval adds to it hardly changes between two
 * words. Elsewhere if it makes up most of the interval: a Roughtime server that reads whole seconds is not timed by it.
 */
const isTimed = ({ kind, delayNs, offset }: Measurement): boolean =>
  delayNs > 0n && (kind === 'ntp' || kind === 'nts' || 2n * delayNs >= width(offset) / 2n)

/** The one-way readings relative to `originNs`, s: of a path that is timed by its round trips, or else by its intervals. */
export const edgesOf = (
  measurement: Measurement,
  path: { readonly originNs: bigint; readonly isTimed: boolean },
): { readonly lowerSec: number; readonly upperSec: number } => {
  const middleSec = nsToSec(measurement.estimateNs - path.originNs)
  const halfSec = nsToSec(path.isTimed ? measurement.delayNs : width(measurement.offset)) / 2
  return { lowerSec: middleSec - halfSec, upperSec: middleSec + halfSec }
}

export const newPath = (measurement: Measurement, options: PathOptions): Path => {
  const timed = isTimed(measurement)
  const roundTripSec = nsToSec(timed ? measurement.delayNs : width(measurement.offset))
  return {
    sourceId: measurement.sourceId,
    isTimed: timed,
    routes: [newRoute({ id: 0, roundTripsSec: [roundTripSec] }, options)],
    routeId: 0,
    slowExchanges: 0,
    tilt: 0,
    isDoubted: false,
    scatterSec2: roundTripSec ** 2 / 12,
  }
}

/** The route of a word; the present one where the word's has been forgotten. */
export const routeOf = (path: Path, routeId: number): Route => {
  const found = path.routes.find(({ id }) => id === routeId) ?? path.routes.at(-1)
  return found ?? newRoute({ id: routeId, roundTripsSec: [] }, PATH_DEFAULTS)
}

const withRoute = (path: Path, route: Route): Path => ({
  ...path,
  routes: path.routes.map((before) => (before.id === route.id ? route : before)),
})

/** What a path makes of one more round trip. The last `moved` words of the source, this one included, are on the present route. */
export interface Travelled {
  readonly path: Path
  readonly moved: number
}

/** Takes a round trip: onto the present route, back onto an earlier one, or, after enough slow ones, onto a new one. */
export const travelled = (path: Path, roundTripSec: number, options: PathOptions): Travelled => {
  const here = routeOf(path, path.routeId)
  const isFar = (route: Route): boolean => roundTripSec > route.floorSec + 4 * route.scaleSec
  const isShorter = roundTripSec < here.floorSec - 4 * here.scaleSec
  const earlier = isShorter ? path.routes.find((route) => route.id !== here.id && !isFar(route)) : undefined
  if (
    earlier === undefined &&
    isSettled(path, here, options) &&
    roundTripSec < here.floorSec - options.routeScales * here.scaleSec
  )
    return { path: onNewRoute(path, { old: here, roundTripsSec: [roundTripSec] }, options), moved: 1 }
  const on = earlier ?? here
  const isSlow = path.isTimed && roundTripSec > on.floorSec + options.routeScales * on.scaleSec
  const roundTripsSec = [...on.roundTripsSec, roundTripSec].slice(-options.roundTripsMax)
  const next = withRoute(
    { ...path, routeId: on.id, slowExchanges: isSlow ? path.slowExchanges + 1 : 0 },
    withFigures({ ...on, roundTripsSec }, options),
  )
  return isNewRoute(next, options)
    ? { path: ontoSlowRoute(next, options), moved: options.routeExchanges }
    : { path: next, moved: 1 }
}

/** Has enough been seen of a route to know its floor? */
const isSettled = (path: Path, route: Route, options: PathOptions): boolean =>
  path.isTimed && route.roundTripsSec.length >= options.exchangesMin + options.routeExchanges

/** Slow for long enough, and as steady at the new length as a route is: a burst of waiting is neither. */
const isNewRoute = (path: Path, options: PathOptions): boolean => {
  const route = routeOf(path, path.routeId)
  if (path.slowExchanges < options.routeExchanges || !isSettled(path, route, options)) return false
  const newest = route.roundTripsSec.slice(-options.routeExchanges).toSorted((a, b) => a - b)
  return quantile(newest, 0.5) - (newest[0] ?? 0) < 5 * route.scaleSec
}

const ontoSlowRoute = (path: Path, options: PathOptions): Path => {
  const old = routeOf(path, path.routeId)
  const roundTripsSec = old.roundTripsSec.slice(-options.routeExchanges)
  const kept = { ...old, roundTripsSec: old.roundTripsSec.slice(0, -options.routeExchanges) }
  return onNewRoute(path, { old: withFigures(kept, options), roundTripsSec }, options)
}

const onNewRoute = (
  path: Path,
  { old, roundTripsSec }: { readonly old: Route; readonly roundTripsSec: readonly number[] },
  options: PathOptions,
): Path => {
  const id = Math.max(...path.routes.map((route) => route.id)) + 1
  const fresh = newRoute({ id, roundTripsSec, before: old }, options)
  const others = path.routes.filter((route) => route.id !== old.id)
  const routes = [...others, old, fresh].slice(-options.routesMax)
  return { ...path, routes, routeId: id, slowExchanges: 0 }
}

/** What one reading makes of a word: the offset and its variance. */
export interface Reading {
  readonly offsetSec: number
  readonly varianceSec2: number
}

export type Readings = Readonly<Record<ReadingKind, Reading>>

/** What a floor seen `count` times is uncertain by, s. */
const softness = (route: Route, options: PathOptions): number => {
  const count = route.roundTripsSec.length
  if (count < 2) return Math.max(route.floorSec / 4, options.readingSecMin)
  return options.readingSecMin + route.scaleSec * (options.floorShare + 1 / count)
}

/** Is an excess one of those that the tilt was learned from? A wait far beyond them may lie on either way. */
export const hasUsualWait = (path: Path, excessSec: number, options: PathOptions): boolean => {
  const route = routeOf(path, path.routeId)
  return route.roundTripsSec.length >= options.exchangesMin && excessSec <= options.routeScales * route.scaleSec
}

/** Standard deviations of the rough readings, in those of the scatter. */
const ROUGH = 7
const ROUGHER = 49

/** A scatter with the rough readings that go with it. */
export const roughened = (scatter: Reading): Omit<Readings, 'waiting'> => ({
  scatter,
  rough: { ...scatter, varianceSec2: ROUGH ** 2 * scatter.varianceSec2 },
  rougher: { ...scatter, varianceSec2: ROUGHER ** 2 * scatter.varianceSec2 },
})

/** All readings of a word over this path. A word of a source without a path is worth less where its interval is wider than others. */
export const readingsOf = (path: Path, word: Word, options: PathOptions): Readings => {
  const route = routeOf(path, word.routeId)
  const middleSec = (word.lowerSec + word.upperSec) / 2 - route.biasSec
  if (!path.isTimed) {
    const widerSec = Math.max(0, word.upperSec - word.lowerSec - route.floorSec)
    const doubtSec2 = widerSec ** 2 / 12 + options.readingSecMin ** 2 + route.biasVarianceSec2
    const scatter = { offsetSec: middleSec, varianceSec2: path.scatterSec2 + doubtSec2 }
    return { waiting: scatter, ...roughened(scatter) }
  }
  const excessSec = Math.max(0, word.upperSec - word.lowerSec - route.floorSec)
  const count = route.roundTripsSec.length
  const { mean, variance } = tiltedMoments(hasUsualWait(path, excessSec, options) ? path.tilt : 0, excessSec)
  const soft = softness(route, options) ** 2
  const scatterSec2 = (route.spreadSec2 / 4) * (1 + 4 / count) + soft / 10
  // A machine that stood still, or a burst: whatever a path's usual noise is, such a wait is one, and no contradiction.
  const stalledSec2 = excessSec > options.routeScales * route.scaleSec ? variance + soft : 0
  return {
    waiting: {
      offsetSec: word.lowerSec + route.floorSec / 2 + mean - route.biasSec,
      varianceSec2: variance + soft + route.biasVarianceSec2,
    },
    ...roughened({ offsetSec: middleSec, varianceSec2: Math.max(scatterSec2, stalledSec2) + route.biasVarianceSec2 }),
  }
}

/** Has the present route been travelled often enough for the coasting clock to tell its bias? */
export const isReadyToAnchor = (path: Path, options: PathOptions): boolean => {
  const route = routeOf(path, path.routeId)
  return !route.isAnchored && route.roundTripsSec.length >= options.routeExchanges
}

/**
 * The present route with its bias as the coasting clock saw it. A longer route owes its bias to what was added, so the clock is
 * believed. A shorter one is the better witness of the two: the step is shared as the floors' squares are.
 */
export const anchored = (path: Path, seen: { readonly biasSec: number; readonly varianceSec2: number }): Path => {
  const route = routeOf(path, path.routeId)
  const share =
    route.floorSec < route.cameFromSec ? route.floorSec ** 2 / (route.floorSec ** 2 + route.cameFromSec ** 2) : 1
  const biasSec = share * seen.biasSec
  const givenVarianceSec2 = route.givenVarianceSec2 + seen.varianceSec2
  return withRoute(path, { ...route, givenBiasSec: biasSec, givenVarianceSec2, biasSec, isAnchored: true })
}

/** The present route with its bias relative to the other sources. */
export const biased = (path: Path, bias: { readonly biasSec: number; readonly biasVarianceSec2: number }): Path =>
  withRoute(path, { ...routeOf(path, path.routeId), ...bias })
