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
import { NS_PER_SEC, accept, holds, hull, ignore, max, meets, min, reject, shift, widen, width } from '../base/index.ts'
import type { Admission, NsInterval } from '../base/index.ts'
import { DISCIPLINE_DEFAULTS } from './discipline-options.ts'
import type { DisciplineOptions } from './discipline-options.ts'
import { HardBound, carry, unknownSlope } from './hard-bound.ts'
import type { HardPoint, SlopeBounds } from './hard-bound.ts'
import { leapBoundNs } from './leap-seconds.ts'
import { dueAtNs, hurried, slowed } from './poll-policy.ts'
import type { ClockReading, ClockStatus, Filter, FilterEstimate, Measurement } from './port.ts'
import type { SourceEvent, SourceKind, SourceReport } from './port.ts'
import { select } from './selection.ts'
import type { Selection } from './selection.ts'
import { SourceRegister } from './source-register.ts'
import type { SourceRecord } from './source-register.ts'

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

/** What `due` answers. `nextDueLocalNs` is when to call again at the latest; nothing where no source can be asked. */
export interface Due {
  readonly sourceIds: readonly string[]
  readonly nextDueLocalNs: bigint | undefined
}

const clamp = (value: bigint, interval: NsInterval): bigint => max(interval.lo, min(interval.hi, value))

export class Discipline<State> {
  readonly options: DisciplineOptions
  readonly #filter: Filter<State>
  readonly #sources: SourceRegister
  #state: State | undefined
  #hard: HardBound | undefined
  #challenge: Challenge | undefined
  /** What the counter may have jumped by since the last majority, by the host clock's word. */
  #jump: NsInterval | undefined
  /** All that speak, when they last could not agree. */
  #contested: HardPoint | undefined
  #selection: Selection | undefined
  /** Measurements in a row that the filter refused. */
  #doubts = 0
  #majorityNs: bigint | undefined
  #lastNs: bigint | undefined
  #host: { readonly unixNs: bigint; readonly localNs: bigint } | undefined

  constructor(options: Partial<DisciplineOptions>, filter: Filter<State>) {
    this.options = Object.freeze({ ...DISCIPLINE_DEFAULTS, ...options })
    this.#filter = filter
    this.#sources = new SourceRegister(this.options)
  }

  /** Adds a source; it is due at once. Each id once, before or after others have spoken. */
  register(sourceId: string, kind: SourceKind): void {
    const { pollIntervalNs, pollIntervalMinNs, burstPolls } = this.options
    this.#sources.add(sourceId, kind, {
      intervalNs: pollIntervalNs,
      intervalMinNs: min(pollIntervalMinNs, pollIntervalNs),
      burstLeft: burstPolls,
      polledNs: undefined,
      unanswered: 0,
    })
  }

  /** Takes what a source says. The answer is for counters: why a measurement was not believed. */
  onSourceEvent(event: SourceEvent, localNs: bigint): Admission<null, DisciplineReason> {
    const now = this.#advance(localNs)
    const id = event.type === 'measurement' ? event.measurement.sourceId : event.sourceId
    const record = this.#sources.get(id)
    if (record === undefined) return ignore('unknown-source')
    if (event.type === 'measurement') return this.#onMeasurement(record, event.measurement, now)
    this.#onFailure(record, event)
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
    const next = this.#sources
      .all()
      .filter((record) => !record.stopped)
      .map((record) => dueAtNs(record.schedule, needed) ?? now)
    return {
      sourceIds: asked.map(({ id }) => id),
      nextDueLocalNs: next.length === 0 ? undefined : next.reduce((a, b) => min(a, b)),
    }
  }

  /** The time at `localNs`, or nothing before the first majority. Valid for instants near the last event, also before it. */
  read(localNs: bigint): ClockReading | undefined {
    if (this.#hard === undefined) return undefined
    const offset = this.#intervalAt(this.#hard, localNs)
    const estimate = this.#estimateAt(localNs)
    const best = clamp(estimate?.offsetNs ?? (offset.lo + offset.hi) / 2n, offset)
    const leapNs = leapBoundNs(localNs + offset.hi, this.options.leapTable)
    return {
      earliest: localNs + offset.lo - leapNs,
      latest: localNs + offset.hi + leapNs,
      estimate: localNs + best,
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

  #onFailure(record: SourceRecord, event: Exclude<SourceEvent, { readonly type: 'measurement' }>): void {
    record.failed(event.type, event.reason)
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
    if (!awaited.survivors.includes(record.id)) return
    this.#majorityNs = now
    const point = { localNs: now, offset: awaited.majority }
    if (this.#hard === undefined) this.#adopt([point], [measurement])
    else if (this.#hard.vote(now, point.offset)) this.#chime(record, measurement)
    else this.#dispute(point, measurement)
  }

  /** The majority and the oscillator agree. */
  #chime(record: SourceRecord, measurement: Measurement): void {
    this.#challenge = undefined
    this.#jump = undefined
    if (this.#state === undefined) {
      this.#state = this.#filter.start(measurement)
      record.taken = true
      return
    }
    const { state, taken } = this.#filter.update(this.#state, measurement)
    this.#state = state
    record.taken = taken
    this.#doubts = taken ? 0 : this.#doubts + 1
    if (this.#doubts >= this.options.doubtSamples) this.#doubt()
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
    this.#state = undefined
    this.#doubts = 0
    for (const measurement of measurements) {
      const record = this.#sources.get(measurement.sourceId)
      if (record !== undefined) this.#chime(record, measurement)
    }
  }

  #hurry(): void {
    for (const record of this.#sources.all()) {
      record.schedule = hurried(record.schedule, Math.max(this.options.burstPolls, this.options.stepSamplesMin))
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

  #estimateAt(localNs: bigint): FilterEstimate | undefined {
    return this.#state === undefined ? undefined : this.#filter.predict(this.#state, localNs)
  }

  #statusAt(localNs: bigint, offset: NsInterval): ClockStatus {
    if (this.#contested !== undefined) return 'unsynchronised'
    const doubtful = this.#doubts >= this.options.doubtSamples
    if (doubtful || this.#challenge !== undefined || this.#jump !== undefined) return 'disrupted'
    if (width(offset) > 2n * this.options.acceptedVarianceNs) return 'unsynchronised'
    return localNs - (this.#majorityNs ?? localNs) <= this.#freshNs() ? 'synchronised' : 'holdover'
  }

  /** How old the last majority may be before the clock is in holdover. */
  #freshNs(): bigint {
    const intervals = this.#sources.all().flatMap(({ stopped, schedule }) => (stopped ? [] : [schedule.intervalNs]))
    return (
      this.options.freshIntervals * intervals.reduce((a, b) => min(a, b), intervals[0] ?? this.options.pollIntervalNs)
    )
  }

  /** When the bound will reach its share of the accepted variance; nothing where asking cannot help. */
  #neededByNs(): bigint | undefined {
    if (this.#hard === undefined) return undefined
    const { acceptedVarianceNs, resyncShare } = this.options
    const target = (acceptedVarianceNs * BigInt(Math.round(resyncShare * 1000))) / 1000n
    const spareNs = 2n * target - width(this.#hard.at(this.#hard.localNs))
    const growthPpb = this.#hard.slope.hiPpb - this.#hard.slope.loPpb
    if (spareNs <= 0n || growthPpb <= 0n) return undefined
    return this.#hard.localNs + (spareNs * NS_PER_SEC) / growthPpb
  }
}
