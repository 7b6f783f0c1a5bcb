/**
 * When to ask a source again. Pure: schedule and need in, instant out.
 *
 * A burst at the start and in a disruption; else the interval; sooner if the clock's own bound would pass a share of the accepted
 * variance before. Asking early backs off while nobody answers, and never goes below the source's own minimum. The
 * interval is the configured one; where it may grow, it doubles while asking more seldom would cost nothing that shows, and
 * shrinks at the first sign that it does (docs/spec/sources.md S-28).
 */
import { max, min } from '../base/index.ts'
import type { DisciplineOptions } from './discipline-options.ts'
import type { Schedule } from './source-register.ts'

/** Words in a row without cause to ask sooner, after which the interval doubles: one octet of reach. */
export const STEADY_SAMPLES = 8

/** How a source is asked that is new, or has been replaced: at once, and in a burst. */
export const firstSchedule = (
  options: Pick<DisciplineOptions, 'pollIntervalNs' | 'pollIntervalMinNs' | 'burstPolls'>,
): Schedule => ({
  intervalNs: options.pollIntervalNs,
  intervalMinNs: min(options.pollIntervalMinNs, options.pollIntervalNs),
  burstLeft: options.burstPolls,
  polledNs: undefined,
  unanswered: 0,
  steady: 0,
})

/** The local instant at which the source is due; `undefined` need: the bound asks for nothing. */
export const dueAtNs = (schedule: Schedule, neededByNs: bigint | undefined): bigint | undefined => {
  const { polledNs, intervalNs, intervalMinNs, burstLeft, unanswered } = schedule
  if (polledNs === undefined) return undefined
  if (burstLeft > 0) return polledNs + intervalMinNs
  const regular = polledNs + intervalNs
  if (neededByNs === undefined) return regular
  const patienceNs = intervalMinNs << BigInt(Math.min(unanswered, 16))
  return min(regular, max(neededByNs, polledNs + patienceNs))
}

/** After "you ask too often" (kiss-o'-death RATE, RFC 5905 §7.4): twice the interval, no burst, nothing sooner. */
export const slowed = (schedule: Schedule, intervalMaxNs: bigint): Schedule => {
  const intervalNs = min(schedule.intervalNs * 2n, max(intervalMaxNs, schedule.intervalNs))
  return { ...schedule, intervalNs, intervalMinNs: intervalNs, burstLeft: 0 }
}

/** A fresh burst, for a clock that must know soon. One that asked for patience keeps its own pace: its minimum says so. */
export const hurried = (
  schedule: Schedule,
  options: Pick<DisciplineOptions, 'burstPolls' | 'stepSamplesMin'>,
): Schedule => ({
  ...schedule,
  burstLeft: Math.max(schedule.burstLeft, options.burstPolls, options.stepSamplesMin),
})

/** What the clock would be like, had this source nothing to say for twice its present interval. */
export interface PollEvidence {
  /** Did the filter take the word just heard? */
  readonly isTaken: boolean
  /** Half the hard interval's width then, ns. */
  readonly halfWidthThenNs: bigint
  /** One standard deviation of the estimate then, ns. */
  readonly sigmaThenNs: number
  /** Half the width of the word just heard, ns: how much one word can say. */
  readonly wordHalfWidthNs: bigint
}

type PaceOptions = Pick<
  DisciplineOptions,
  'pollIntervalNs' | 'pollIntervalGrownNsMax' | 'acceptedVarianceNs' | 'resyncShare'
>

/** The shortest interval that the configuration and the source's own wish for patience allow. */
const floorNs = (schedule: Schedule, { pollIntervalNs }: Pick<PaceOptions, 'pollIntervalNs'>): bigint =>
  max(pollIntervalNs, schedule.intervalMinNs)

/** Back to the shortest interval at once: for a disruption, or a source that has not answered. */
export const soon = (schedule: Schedule, options: Pick<PaceOptions, 'pollIntervalNs'>): Schedule => ({
  ...schedule,
  intervalNs: min(schedule.intervalNs, floorNs(schedule, options)),
  steady: 0,
})

/**
 * The schedule after a word. Halved if the filter refused it. Doubled after `STEADY_SAMPLES` words in a row that were taken
 * while, at twice the interval, the bound would still be within its share of the accepted variance and the estimate would
 * have strayed by less than one word can tell. Halved too where the estimate strays by more than that already.
 */
export const paced = (schedule: Schedule, evidence: PollEvidence, options: PaceOptions): Schedule => {
  const { pollIntervalGrownNsMax: grownNsMax, acceptedVarianceNs, resyncShare } = options
  if (grownNsMax === undefined) return schedule
  const halved = { ...schedule, intervalNs: max(floorNs(schedule, options), schedule.intervalNs / 2n), steady: 0 }
  if (!evidence.isTaken) return halved
  const share = (acceptedVarianceNs * BigInt(Math.round(resyncShare * 1000))) / 1000n
  const strayed = evidence.sigmaThenNs / Math.max(1, Number(evidence.wordHalfWidthNs))
  // A frequency that is off strays in proportion to time: twice over at twice the interval is once over at this one.
  if (strayed > 2) return halved
  if (strayed > 1 || evidence.halfWidthThenNs > share) return { ...schedule, steady: 0 }
  const steady = schedule.steady + 1
  const intervalNs = min(schedule.intervalNs * 2n, max(grownNsMax, schedule.intervalNs))
  return steady < STEADY_SAMPLES ? { ...schedule, steady } : { ...schedule, intervalNs, steady: 0 }
}
