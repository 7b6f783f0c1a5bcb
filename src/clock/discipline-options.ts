/**
 * Every number of the clock's discipline, named, with its unit and default, in one frozen object. Rules: docs/spec/clock.md.
 */
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import type { FrequencyOptions } from './hard-bound-frequency.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import { RELEASE_TAI } from './time-scales.ts'

export interface DisciplineOptions extends FrequencyOptions {
  /** Half width beyond which the clock does not call itself synchronised, ns. */
  readonly acceptedVarianceNs: bigint
  /** Ask again after this, ns. */
  readonly pollIntervalNs: bigint
  /** Never ask one source sooner than this after the last time, ns (where `pollIntervalNs` is less, that). */
  readonly pollIntervalMinNs: bigint
  /** While all is well the interval may grow to this, ns; nothing: it stays as it is. */
  readonly pollIntervalGrownNsMax: bigint | undefined
  /** A source that asks for patience is asked no more seldom than this, ns. */
  readonly pollIntervalMaxNs: bigint
  /** Quick polls at the start, and again when the clock is disrupted. */
  readonly burstPolls: number
  /** Ask before the half width passes this share of the accepted variance, 0 to 1. */
  readonly resyncShare: number
  /** No selected measurement for this many poll intervals: holdover. */
  readonly freshIntervals: bigint
  /** A source counts as gone once so many polls went out since its last answer, the newest included. 2 to 8. */
  readonly silentPollsMax: number
  /** The fewest sources that can be a majority. */
  readonly sourcesMin: number
  /** Most sources that can be registered. */
  readonly sourcesMax: number
  /** Measurements kept per source. */
  readonly windowSamples: number
  /** So many consistent measurements in a row against the oscillator move the clock. */
  readonly stepSamplesMin: number
  /** So many measurements in a row that the filter refuses put the history in doubt: the bound is made anew without it. */
  readonly doubtSamples: number
  /** A host clock that moved this much against the counter means that one of them jumped, ns. */
  readonly jumpNsMin: bigint
  /** A measurement estimated before this instant is refused. */
  readonly taiEarliest: Tai
  /** A measurement estimated after this instant is refused. */
  readonly taiLatest: Tai
  /** Past the table's expiry readings are wider by one second. */
  readonly leapTable: LeapTable
}

export const DISCIPLINE_DEFAULTS: DisciplineOptions = Object.freeze({
  acceptedVarianceNs: 50n * NS_PER_MS,
  pollIntervalNs: 64n * NS_PER_SEC,
  pollIntervalMinNs: 2n * NS_PER_SEC,
  pollIntervalGrownNsMax: undefined,
  pollIntervalMaxNs: 4096n * NS_PER_SEC,
  burstPolls: 8,
  resyncShare: 0.8,
  freshIntervals: 3n,
  silentPollsMax: 4,
  sourcesMin: 1,
  sourcesMax: 64,
  windowSamples: 8,
  frequencyBoundPpb: 500_000,
  wanderPpb: 1500,
  wanderPpbMin: 300,
  baselineNsMax: 4096n * NS_PER_SEC,
  memoryNsMax: 16_384n * NS_PER_SEC,
  anchorsMax: 32,
  stepSamplesMin: 4,
  doubtSamples: 2,
  jumpNsMin: NS_PER_SEC / 2n,
  taiEarliest: RELEASE_TAI,
  taiLatest: RELEASE_TAI + 36_525n * NS_PER_DAY,
  leapTable: LEAP_TABLE,
})
