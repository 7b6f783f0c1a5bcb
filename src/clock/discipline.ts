/**
 * The clock's discipline: the machine that a node steps with what its sources say, and reads at any local instant.
 *
 * Two answers are kept apart. The hard interval (hard-bound.ts) is what a majority's words allow, and is promised. The estimate is
 * the filter's, clamped into it, and is a best guess. Nothing here steps a clock: local counter in, TAI interval out.
 *
 * Source: seed 000 (timekeeping unit), RFC 5905 §11.2, DESIGN §5.1. Rules K-1… in docs/spec/clock.md.
 *
 * Not promised: anything when half of the sources lie alike, or between a jump of the counter and the first word about it.
 */
import assert from 'node:assert/strict'
import {
  NS_PER_DAY,
  NS_PER_SEC,
  accept,
  holds,
  hull,
  ignore,
  max,
  meets,
  min,
  reject,
  shift,
  widen,
  width,
} from '../base/index.ts'
import type { Admission, NsInterval } from '../base/index.ts'
import { AllanStream } from './allan.ts'
import type { AllanFigure } from './allan.ts'
import { DISCIPLINE_DEFAULTS } from './discipline-options.ts'
import type { DisciplineOptions } from './discipline-options.ts'
import { knowledgeWithout } from './gps-knowledge.ts'
import type { ClockKnowledge } from './gps-knowledge.ts'
import type { FrequencyBounds } from './hard-bound-frequency.ts'
import { Estimator } from './estimator.ts'
import { HardBound, carry, unknownSlope } from './hard-bound.ts'
import type { HardPoint, SlopeBounds } from './hard-bound.ts'
import { leapBoundNs } from './leap-seconds.ts'
import { dueAtNs, firstSchedule, hurried, paced, slowed, soon } from './poll-policy.ts'
import type { ClockReading, ClockStatus, Filter, FilterEstimate, Measurement } from './port.ts'
import type { SourceEvent, SourceKind, SourceReport } from './port.ts'
import { select } from './selection.ts'
import type { Selection } from './selection.ts'
import { SourceRegister } from './source-register.ts'
import type { SourceRecord } from './source-register.ts'
import { SyncCounter } from './sync-count.ts'
import type { SyncCount } from './sync-count.ts'

/** Why the clock did not take a measurement, or does not count a source. Those of the sources themselves come on top. */
export const DISCIPLINE_REASONS = [
  'before-release',
  'far-future',
  'unknown-source',
  'out-of-order',
  'source-stopped',
  'outvoted',
  'no-majority',
  'no-answer',
] as const
export type DisciplineReason = (typeof DISCIPLINE_REASONS)[number]

/** A majority against the oscillator, on trial: adopted once it has been consistent for long enough. */
interface Challenge {
  /** What the majority said, oldest first; at least one, fewer than `stepSamplesMin`. */
  readonly points: readonly [HardPoint, ...HardPoint[]]
  readonly measurements: readonly Measurement[]
}

/** What the clock can tell of its own keeping. */
export interface ClockFigures {
  readonly synchronisations: SyncCount
  /** Allan deviation of the counter by the filter's estimate, from the poll interval up; what it is worth: allan.ts. */
  readonly stability: readonly AllanFigure[]
  /** Since a majority last spoke, ns >= 0: in holdover, how long the oscillator has been alone. Nothing before the first. */
  readonly sinceMajorityNs: bigint | undefined
  /** One standard deviation of the reading's `frequencyPpb`; nothing where the filter has nothing to say. */
  readonly frequencySigmaPpb: number | undefined
  /** What the hard interval allows for: the counter's frequency error (positive: it runs fast), and how it may wander. */
  readonly frequencyBounds: FrequencyBounds
  /** When each source is asked; `dueLocalNs` is nothing for one that is asked no more. In the order of registration. */
  readonly polls: readonly {
    readonly sourceId: string
    readonly intervalNs: bigint
    readonly dueLocalNs: bigint | undefined
  }[]
}

/** Ask again after this where a single word cannot bring the bound within its share, ns. */
const STRAINED_NS = 64n * NS_PER_SEC

/** What `due` answers. `nextDueLocalNs` is when to call again at the latest; nothing where no source can be asked. */
export interface Due {
  readonly sourceIds: readonly string[]
  readonly nextDueLocalNs: bigint | undefined
}

/** Standard deviations on each side of a normal distribution's middle 95 %. */
const LIKELY_SIGMAS = 1.96

/** While a filter has had no more words than this, its estimate moves by what it learns: that is not the counter's doing. */
const SETTLING_WORDS = 32

/** The bound is not looked at further ahead than this, ns. */
const NEED_NS_MAX = 30n * NS_PER_DAY

/** The age up to `agesNs`, to a 256th of it, at which the bound is still within `widthNs`: it grows the faster the older it is. */
const agedBelow = (hard: HardBound, limits: { readonly widthNs: bigint; readonly agesNs: bigint }): bigint => {
  const isWithin = (ageNs: bigint): boolean => width(hard.at(hard.localNs + ageNs)) <= limits.widthNs
  if (isWithin(limits.agesNs)) return limits.agesNs
  let good = 0n
  for (let stepNs = limits.agesNs / 2n; stepNs > limits.agesNs / 256n; stepNs /= 2n)
    if (isWithin(good + stepNs)) good += stepNs
  return good
}

const clamp = (value: bigint, interval: NsInterval): bigint => max(interval.lo, min(interval.hi, value))

export class Discipline<State> {
  readonly options: DisciplineOptions
  readonly #estimator: Estimator<State>
  readonly #sources: SourceRegister
  readonly #syncs = new SyncCounter()
  readonly #stability: AllanStream
  /** Words taken since the filter began. */
  #settling = 0
  #hard: HardBound | undefined
  #challenge: Challenge | undefined
  /** What the counter may have jumped by since the last majority, by the host clock's word. */
  #jump: NsInterval | undefined
  /** All that speak, when they last could not agree. */
  #contested: HardPoint | undefined
  #selection: Selection | undefined
  #majorityNs: bigint | undefined
  #lastNs: bigint | undefined
  #host: { readonly unixNs: bigint; readonly localNs: bigint } | undefined

  constructor(options: Partial<DisciplineOptions>, filter: Filter<State>) {
    this.options = Object.freeze({ ...DISCIPLINE_DEFAULTS, ...options })
    this.#estimator = new Estimator(filter)
    this.#sources = new SourceRegister(this.options)
    this.#stability = new AllanStream(this.options.pollIntervalNs)
  }

  /** Adds a source; it is due at once. Each id once, before or after others have spoken. */
  register(sourceId: string, kind: SourceKind): void {
    this.#sources.add(sourceId, kind, firstSchedule(this.options))
  }

  /** Takes what a source says. The answer is for counters: why a measurement was not believed. */
  onSourceEvent(event: SourceEvent, localNs: bigint): Admission<null, DisciplineReason> {
    const now = this.#advance(localNs)
    const id = event.type === 'measurement' ? event.measurement.sourceId : event.sourceId
    const record = this.#sources.get(id)
    if (record === undefined) return ignore('unknown-source')
    if ('suspicion' in event) record.suspicion = event.suspicion
    if (event.type === 'measurement') return this.#onMeasurement(record, event.measurement, now)
    if (event.type === 'replaced') {
      record.replaced(event.isVacant, firstSchedule(this.options))
      this.#estimator.forget(id)
    } else this.#onFailure(record, event)
    return accept(null)
  }

  /**
   * Tells the clock what the host clock and the counter read together. If one moved by `jumpNsMin` against the other since the last
   * call (a machine that slept, a stepped host clock), readings cover both until the sources have spoken. True if so.
   */
  onHostClock(hostUnixNs: bigint, localNs: bigint): boolean {
    const before = this.#host
    this.#host = { unixNs: hostUnixNs, localNs }
    this.#advance(localNs)
    if (before === undefined) return false
    const jumpNs = hostUnixNs - before.unixNs - (localNs - before.localNs)
    if (jumpNs < this.options.jumpNsMin && -jumpNs < this.options.jumpNsMin) return false
    const gapNs = max(localNs - before.localNs, hostUnixNs - before.unixNs)
    const slack = this.options.jumpNsMin / 10n + (max(gapNs, 0n) * unknownSlope(this.options).hiPpb) / NS_PER_SEC
    const reach = this.#jump ?? { lo: 0n, hi: 0n }
    this.#jump = hull(reach, widen(shift(reach, jumpNs), slack))
    this.#challenge = undefined
    for (const record of this.#sources.all()) record.forget()
    this.#hurry()
    return true
  }

  /** The sources to ask now; they count as asked. */
  due(localNs: bigint): Due {
    const now = this.#advance(localNs)
    const needed = this.#neededByNs()
    const asked = this.#sources
      .all()
      .filter((record) => !record.stopped && (dueAtNs(record.schedule, needed) ?? now) <= now)
    for (const record of asked) record.polled(now)
    if (asked.length > 0) this.#syncs.asked(now, asked.length)
    const next = this.#sources
      .all()
      .filter((record) => !record.stopped)
      .map((record) => dueAtNs(record.schedule, needed) ?? now)
    return {
      sourceIds: asked.map(({ id }) => id),
      nextDueLocalNs: next.length === 0 ? undefined : next.reduce((a, b) => min(a, b)),
    }
  }

  /** As `read`, without the filter's estimate, which is what costs. */
  bounds(localNs: bigint): Pick<ClockReading, 'earliest' | 'latest' | 'status' | 'localNs'> | undefined {
    if (this.#hard === undefined) return undefined
    const offset = this.#intervalAt(this.#hard, localNs)
    const leapNs = leapBoundNs(localNs + offset.hi, this.options.leapTable)
    const status = this.#statusAt(localNs, offset)
    return { earliest: localNs + offset.lo - leapNs, latest: localNs + offset.hi + leapNs, status, localNs }
  }

  /** The time at `localNs`, or nothing before the first majority. Valid for instants near the last event, also before it. */
  read(localNs: bigint): ClockReading | undefined {
    if (this.#hard === undefined) return undefined
    const offset = this.#intervalAt(this.#hard, localNs)
    const estimate = this.#estimator.at(localNs)
    const best = clamp(estimate?.offsetNs ?? (offset.lo + offset.hi) / 2n, offset)
    const likely = this.#likelyAt(estimate, offset)
    const leapNs = leapBoundNs(localNs + offset.hi, this.options.leapTable)
    return {
      earliest: localNs + offset.lo - leapNs,
      latest: localNs + offset.hi + leapNs,
      estimate: localNs + best,
      likely: { earliest: localNs + likely.lo - leapNs, latest: localNs + likely.hi + leapNs },
      status: this.#statusAt(localNs, offset),
      localNs,
      frequencyPpb: estimate === undefined ? 0 : -estimate.slopePpb,
    }
  }

  /** The health of every source, in the order of registration. */
  report(localNs: bigint): SourceReport[] {
    this.#advance(localNs)
    return this.#sources.all().map((record) => record.report(this.#verdict(record.id)))
  }

  /** What is known at `localNs` without one source: for whoever judges that one before it speaks (gps-detector.ts). */
  knowledgeWithout(sourceId: string, localNs: bigint): ClockKnowledge {
    const isSure = this.#challenge === undefined && this.#jump === undefined && this.#contested === undefined
    return knowledgeWithout(sourceId, {
      hard: isSure ? this.#hard?.at(localNs) : undefined,
      predicted: isSure ? this.#estimator.at(localNs) : undefined,
      voters: this.#sources.intervalsAt(localNs, this.slopeBounds()),
    })
  }

  /** How often it asked and will ask, how stable the counter is, and what is known of its frequency. */
  figures(localNs: bigint): ClockFigures {
    const now = this.#advance(localNs)
    const needed = this.#neededByNs()
    const { loPpb, hiPpb } = this.slopeBounds()
    const wanderPpb = this.#sources.frequencyAt(now)?.wanderPpb ?? BigInt(Math.ceil(this.options.wanderPpb))
    return {
      synchronisations: this.#syncs.read(now),
      stability: this.#stability.figures(),
      sinceMajorityNs: this.#majorityNs === undefined ? undefined : now - this.#majorityNs,
      frequencySigmaPpb: this.#estimator.at(now)?.slopeSigmaPpb,
      frequencyBounds: { loPpb: -hiPpb, hiPpb: -loPpb, wanderPpb },
      polls: this.#sources.all().map(({ id, stopped, schedule }) => ({
        sourceId: id,
        intervalNs: schedule.intervalNs,
        dueLocalNs: stopped ? undefined : (dueAtNs(schedule, needed) ?? now),
      })),
    }
  }

  /** The bounds on d(TAI − local)/d(local), ppb: how fast the hard interval grows. */
  slopeBounds(): SlopeBounds {
    return this.#hard === undefined || this.#challenge !== undefined || this.#jump !== undefined
      ? unknownSlope(this.options)
      : this.#hard.slope
  }

  /** Local time as seen so far: an event that is handed over late does not turn it back. */
  #advance(localNs: bigint): bigint {
    this.#lastNs = this.#lastNs === undefined ? localNs : max(this.#lastNs, localNs)
    return this.#lastNs
  }

  #verdict(id: string): { readonly state: 'chimes' | 'outvoted' | 'no-majority' } | undefined {
    if (this.#contested !== undefined) return { state: 'no-majority' }
    if (this.#selection?.falsetickers.includes(id) === true) return { state: 'outvoted' }
    return this.#selection?.survivors.includes(id) === true ? { state: 'chimes' } : undefined
  }

  #onFailure(record: SourceRecord, event: Extract<SourceEvent, { readonly reason: string }>): void {
    record.failed(event.type, event.reason)
    if (event.type === 'unreachable') record.schedule = soon(record.schedule, this.options)
    if (event.reason === 'kod-deny' || event.reason === 'kod-rstr') record.stop(event.reason)
    if (event.reason === 'kod-rate') record.schedule = slowed(record.schedule, this.options.pollIntervalMaxNs)
  }

  #onMeasurement(record: SourceRecord, measurement: Measurement, now: bigint): Admission<null, DisciplineReason> {
    const { offset, estimateNs } = measurement
    assert(offset.lo <= offset.hi && holds(offset, estimateNs), 'a source made an interval without its estimate')
    if (record.stopped) return ignore('source-stopped')
    const says = measurement.localNs + estimateNs
    const reason = this.#implausible(record, measurement, says, now)
    if (reason !== undefined) {
      record.failed('refused', reason)
      return reject(reason)
    }
    record.measured(measurement)
    this.#syncs.answered(now)
    this.#vote(record, measurement, now)
    return accept(null)
  }

  #implausible(
    record: SourceRecord,
    measurement: Measurement,
    says: bigint,
    now: bigint,
  ): DisciplineReason | undefined {
    if (says < this.options.taiEarliest) return 'before-release'
    if (says > this.options.taiLatest) return 'far-future'
    const { localNs } = measurement
    return localNs > now || (record.newest !== undefined && localNs <= record.newest.localNs)
      ? 'out-of-order'
      : undefined
  }

  #vote(record: SourceRecord, measurement: Measurement, now: bigint): void {
    const intervals = this.#sources.intervalsAt(now, this.slopeBounds())
    const selection = select(intervals)
    if (selection === undefined || selection.survivors.length < this.options.sourcesMin) {
      const offset = intervals.map((voter) => voter.offset).reduce((a, b) => hull(a, b))
      this.#contested = { localNs: now, offset }
      this.#challenge = undefined
      this.#selection = undefined
      return
    }
    const awaited = select(intervals, { awaited: this.#sources.awaited() })
    // All agree who have spoken, but those who have not could outvote them.
    if (awaited === undefined) return
    this.#contested = undefined
    this.#selection = awaited
    for (const id of awaited.falsetickers) this.#estimator.forget(id)
    if (!awaited.survivors.includes(record.id)) return
    this.#majorityNs = now
    const point = { localNs: now, offset: awaited.majority }
    if (this.#hard === undefined) this.#adopt([point], [measurement])
    else if (this.#hard.vote(now, point.offset, this.#sources.frequencyAt(now))) this.#chime(record, measurement)
    else this.#dispute(point, measurement)
  }

  /** The majority and the oscillator agree. */
  #chime(record: SourceRecord, measurement: Measurement): void {
    this.#challenge = undefined
    this.#jump = undefined
    record.taken = measurement.isAmbiguous !== true && this.#estimator.take(measurement)
    if (record.taken) this.#settling += 1
    if (record.taken && this.#settling > SETTLING_WORDS) this.#noteStability(measurement.localNs)
    this.#pace(record, measurement)
    if (this.#estimator.refusals >= this.options.doubtSamples) this.#doubt()
  }

  /** The estimate at the last whole poll interval, so that the counter's frequency does not enter by how late a word comes. */
  #noteStability(localNs: bigint): void {
    const gridNs = localNs - (localNs % this.options.pollIntervalNs)
    const estimate = this.#estimator.at(gridNs)
    if (estimate !== undefined) this.#stability.add(gridNs, estimate.offsetNs)
  }

  /** When the source that was just heard is asked again, by how the clock would do without it (poll-policy.ts). */
  #pace(record: SourceRecord, { localNs, offset }: Measurement): void {
    const thenNs = localNs + 2n * record.schedule.intervalNs
    const then = this.#estimator.at(thenNs)
    if (this.#hard === undefined || then === undefined) return
    const evidence = {
      isTaken: record.taken,
      halfWidthThenNs: width(this.#hard.at(thenNs)) / 2n,
      sigmaThenNs: then.offsetSigmaNs,
      wordHalfWidthNs: width(offset) / 2n,
    }
    record.schedule = paced(record.schedule, evidence, this.options)
  }

  /** The filter keeps refusing what the majority says: history may be wrong, so only each source's newest word counts. */
  #doubt(): void {
    const now = this.#lastNs
    if (now === undefined) return
    for (const record of this.#sources.all()) record.keepNewest()
    const selection = select(this.#sources.intervalsAt(now, unknownSlope(this.options)))
    if (selection !== undefined) this.#hard = new HardBound({ localNs: now, offset: selection.majority }, this.options)
  }

  /** The majority and the oscillator cannot both be right. */
  #dispute(point: HardPoint, measurement: Measurement): void {
    const before = this.#challenge
    if (before === undefined) this.#hurry()
    const last = before?.points.at(-1)
    const agrees = last !== undefined && meets(carry(last, point.localNs, unknownSlope(this.options)), point.offset)
    const points: Challenge['points'] = before !== undefined && agrees ? [...before.points, point] : [point]
    const measurements = before !== undefined && agrees ? [...before.measurements, measurement] : [measurement]
    if (measurements.length >= this.options.stepSamplesMin) this.#adopt(points, measurements)
    else this.#challenge = { points, measurements }
  }

  /** Starts afresh from what a majority said. */
  #adopt(points: Challenge['points'], measurements: readonly Measurement[]): void {
    let hard = new HardBound(points[0], this.options)
    for (const point of points.slice(1)) {
      if (!hard.vote(point.localNs, point.offset)) hard = new HardBound(point, this.options)
    }
    this.#hard = hard
    this.#estimator.restart()
    this.#stability.interrupt()
    this.#settling = 0
    for (const measurement of measurements) {
      const record = this.#sources.get(measurement.sourceId)
      if (record !== undefined) this.#chime(record, measurement)
    }
  }

  #hurry(): void {
    for (const record of this.#sources.all()) {
      record.schedule = hurried(soon(record.schedule, this.options), this.options)
    }
  }

  /** Where TAI − local lies: by the oscillator's word, and by that of everyone who contradicts it. */
  #intervalAt(hard: HardBound, localNs: bigint): NsInterval {
    let offset = hard.at(localNs)
    if (this.#jump !== undefined) offset = { lo: offset.lo + this.#jump.lo, hi: offset.hi + this.#jump.hi }
    const unknown = unknownSlope(this.options)
    for (const point of this.#challenge?.points.slice(-1) ?? []) offset = hull(offset, carry(point, localNs, unknown))
    if (this.#contested !== undefined) offset = hull(offset, carry(this.#contested, localNs, unknown))
    return offset
  }

  /** The 95 % range of the estimate, inside the hard interval; all of that where the filter has nothing to say. */
  #likelyAt(estimate: FilterEstimate | undefined, offset: NsInterval): NsInterval {
    if (estimate === undefined || this.#challenge !== undefined || this.#jump !== undefined) return offset
    const reach = BigInt(Math.ceil(LIKELY_SIGMAS * estimate.offsetSigmaNs))
    return { lo: clamp(estimate.offsetNs - reach, offset), hi: clamp(estimate.offsetNs + reach, offset) }
  }

  #statusAt(localNs: bigint, offset: NsInterval): ClockStatus {
    if (this.#contested !== undefined) return 'unsynchronised'
    const doubtful = this.#estimator.refusals >= this.options.doubtSamples
    if (doubtful || this.#challenge !== undefined || this.#jump !== undefined) return 'disrupted'
    if (width(offset) > 2n * this.options.acceptedVarianceNs) return 'unsynchronised'
    return localNs - (this.#majorityNs ?? localNs) <= this.#freshNs() ? 'synchronised' : 'holdover'
  }

  /** How old the last majority may be before the clock is in holdover. */
  #freshNs(): bigint {
    let least: bigint | undefined
    for (const { stopped, schedule } of this.#sources.all())
      if (!stopped && (least === undefined || schedule.intervalNs < least)) least = schedule.intervalNs
    return this.options.freshIntervals * (least ?? this.options.pollIntervalNs)
  }

  /**
   * When the bound will reach its share of the accepted variance. Where the last word left it wider than that, more of them
   * may narrow it by and by.
   */
  #neededByNs(): bigint | undefined {
    if (this.#hard === undefined) return undefined
    const { acceptedVarianceNs, resyncShare } = this.options
    const target = (acceptedVarianceNs * BigInt(Math.round(resyncShare * 1000))) / 1000n
    const spareNs = 2n * target - width(this.#hard.at(this.#hard.localNs))
    const growthPpb = this.#hard.slope.hiPpb - this.#hard.slope.loPpb
    if (spareNs <= 0n) return this.#hard.localNs + STRAINED_NS
    const evenNs = growthPpb <= 0n ? NEED_NS_MAX : min(NEED_NS_MAX, (spareNs * NS_PER_SEC) / growthPpb)
    return this.#hard.localNs + agedBelow(this.#hard, { widthNs: 2n * target, agesNs: evenNs })
  }
}
