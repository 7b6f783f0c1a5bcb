/**
 * What the clock remembers of each source: its newest measurements, its reach, its schedule and what was last wrong with it.
 *
 * A source's interval at a later instant is the intersection of what it said before, each statement carried along the
 * counter. Where a source contradicts its own past, only what it said last counts: a true source never does, so it has
 * been wrong or the counter has jumped, and which of the two is for the other sources to say.
 */
import assert from 'node:assert/strict'
import { intersect } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'
import { FrequencyMemory } from './hard-bound-frequency.ts'
import type { FrequencyBounds, FrequencyOptions } from './hard-bound-frequency.ts'
import type { SlopeBounds } from './hard-bound-slope.ts'
import { carry } from './hard-bound.ts'
import type { Measurement, SourceKind, SourceReport, Suspicion } from './port.ts'
import { majorityOf } from './selection.ts'

/** Reach and schedule as data; `SourceRecord` adds the window. Instants are local ns. */
export interface Schedule {
  /** Ask again so long after the last time; doubled by `kod-rate`. */
  readonly intervalNs: bigint
  /** Never sooner than this after the last time; also doubled. */
  readonly intervalMinNs: bigint
  /** Quick polls left. */
  readonly burstLeft: number
  readonly polledNs: bigint | undefined
  /** Polls since the last answer. */
  readonly unanswered: number
  /** Words in a row that gave no cause to ask sooner (poll-policy.ts). */
  readonly steady: number
}

export interface SourceRegisterOptions extends FrequencyOptions {
  readonly sourcesMax: number
  readonly windowSamples: number
  readonly silentPollsMax: number
}

/** One source. Mutable, owned by the register. */
export class SourceRecord {
  readonly id: string
  readonly kind: SourceKind
  schedule: Schedule
  readonly #options: SourceRegisterOptions
  readonly #frequency: FrequencyMemory
  #window: Measurement[] = []
  #newest: Measurement | undefined
  #reach = 0
  #stopped = false
  #isVacant = false
  #trouble: { readonly state: 'refused' | 'unreachable'; readonly reason: string } | undefined
  /** Did the filter take its last measurement? */
  taken = false
  /** What its newest word came with. */
  suspicion: Suspicion | undefined

  constructor(id: string, kind: SourceKind, schedule: Schedule, options: SourceRegisterOptions) {
    this.id = id
    this.kind = kind
    this.schedule = schedule
    this.#options = options
    this.#frequency = new FrequencyMemory(options)
  }

  /** It asked never to be asked again. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** No answer for so long that it no longer counts. */
  get silent(): boolean {
    return this.schedule.unanswered >= this.#options.silentPollsMax
  }

  /** Does what it said still count? */
  get speaks(): boolean {
    return !this.#stopped && !this.silent && this.#window.length > 0
  }

  /** Has it yet to say something that counts, with the chance that it will? */
  get awaited(): boolean {
    return !this.#stopped && !this.#isVacant && !this.silent && this.#window.length === 0
  }

  get newest(): Measurement | undefined {
    return this.#newest
  }

  /** What it shows of the counter's frequency at `localNs`, not before its last word: true if it is. */
  frequencyAt(localNs: bigint): FrequencyBounds {
    return this.#frequency.at(localNs)
  }

  polled(localNs: bigint): void {
    this.#reach = (this.#reach << 1) & 0xff
    const { burstLeft, unanswered } = this.schedule
    this.schedule = {
      ...this.schedule,
      polledNs: localNs,
      burstLeft: Math.max(0, burstLeft - 1),
      unanswered: Math.min(unanswered + 1, 255),
    }
  }

  measured(measurement: Measurement): void {
    this.#reach |= 1
    this.#trouble = undefined
    this.#newest = measurement
    this.#window = [...this.#window, measurement].slice(-this.#options.windowSamples)
    this.#frequency.add(measurement)
    this.schedule = { ...this.schedule, unanswered: 0 }
  }

  failed(state: 'refused' | 'unreachable', reason: string): void {
    this.#trouble = { state, reason }
  }

  stop(reason: string): void {
    this.#stopped = true
    this.#keep([])
    this.#trouble = { state: 'refused', reason }
  }

  /** Another server stands behind the id from now on, or none: nothing of the one before counts, its kisses included. */
  replaced(isVacant: boolean, schedule: Schedule): void {
    this.#keep([])
    this.#newest = undefined
    this.#reach = 0
    this.#stopped = false
    this.#isVacant = isVacant
    this.#trouble = undefined
    this.taken = false
    this.schedule = { ...schedule, polledNs: this.schedule.polledNs }
  }

  /** Drops what it said before a jump of the counter; its reach stays. */
  forget(): void {
    this.#keep([])
    this.taken = false
  }

  /** Drops all but its last word. */
  keepNewest(): void {
    this.#keep(this.#window.slice(-1))
  }

  /** Drops all but `window`, and with it what the rest showed of the frequency. */
  #keep(window: Measurement[]): void {
    this.#window = window
    this.#frequency.forget()
    for (const measurement of window) this.#frequency.add(measurement)
  }

  /** Where TAI − local lies at `localNs` by its word, or nothing if it has not spoken. */
  intervalAt(localNs: bigint, slope: SlopeBounds): NsInterval | undefined {
    let held: NsInterval | undefined
    for (let i = this.#window.length - 1; i >= 0; i -= 1) {
      const measurement = this.#window[i]
      if (measurement === undefined) break
      if (held !== undefined && localNs - measurement.localNs > this.#options.baselineNsMax) break
      const carried = carry(measurement, localNs, slope)
      const both = held === undefined ? carried : intersect(held, carried)
      if (both === undefined) {
        this.#keep(this.#window.slice(i + 1))
        break
      }
      held = both
    }
    return held
  }

  /** `verdict`: what the last selection made of it, if it had a say. */
  report(verdict: { readonly state: 'chimes' | 'outvoted' | 'no-majority' } | undefined): SourceReport {
    const suspicion = this.suspicion === undefined ? {} : { suspicion: this.suspicion }
    const known = { sourceId: this.id, kind: this.kind, reach: this.#reach, measurement: this.#newest, ...suspicion }
    const wrong = this.#trouble ?? { state: 'unreachable' as const, reason: 'no-answer' }
    if (this.#stopped || this.silent) return { ...known, ...wrong }
    if (!this.speaks || verdict === undefined) {
      return this.#trouble === undefined ? { ...known, state: 'waiting', reason: '' } : { ...known, ...this.#trouble }
    }
    if (verdict.state === 'outvoted') return { ...known, state: 'falseticker', reason: 'outvoted' }
    if (verdict.state === 'no-majority') return { ...known, state: 'waiting', reason: 'no-majority' }
    return { ...known, state: this.taken ? 'selected' : 'truechimer', reason: '' }
  }
}

/** All sources of one clock, in the order in which they were registered. */
export class SourceRegister {
  readonly #options: SourceRegisterOptions
  readonly #records = new Map<string, SourceRecord>()

  constructor(options: SourceRegisterOptions) {
    this.#options = options
  }

  /** Each id once, at most `sourcesMax`: both are the operator's configuration, checked before. */
  add(id: string, kind: SourceKind, schedule: Schedule): void {
    assert(!this.#records.has(id), `source ${id} is registered twice`)
    assert(this.#records.size < this.#options.sourcesMax)
    this.#records.set(id, new SourceRecord(id, kind, schedule, this.#options))
  }

  get(id: string): SourceRecord | undefined {
    return this.#records.get(id)
  }

  all(): readonly SourceRecord[] {
    return [...this.#records.values()]
  }

  /** The intervals of all that speak, at one instant. */
  intervalsAt(
    localNs: bigint,
    slope: SlopeBounds,
  ): readonly { readonly sourceId: string; readonly offset: NsInterval }[] {
    return this.all().flatMap((record) => {
      const offset = record.speaks ? record.intervalAt(localNs, slope) : undefined
      return offset === undefined ? [] : [{ sourceId: record.id, offset }]
    })
  }

  /** Bounds on the counter's slope at `localNs` that hold if more than half of the voters are true. */
  frequencyAt(localNs: bigint): FrequencyBounds | undefined {
    const shown = this.all().flatMap((record) => (record.speaks ? [record.frequencyAt(localNs)] : []))
    const slope = majorityOf(
      shown.map(({ loPpb, hiPpb }) => ({ lo: loPpb, hi: hiPpb })),
      { awaited: this.awaited() },
    )
    // Half of them, and one more, are at or below this one: a true source too, and its wander is enough.
    const wanders = shown.map(({ wanderPpb }) => wanderPpb).sort((a, b) => (a < b ? -1 : 1))
    const wanderPpb = wanders[Math.floor(wanders.length / 2)]
    return slope === undefined || wanderPpb === undefined ? undefined : { loPpb: slope.lo, hiPpb: slope.hi, wanderPpb }
  }

  awaited(): number {
    return this.all().filter((record) => record.awaited).length
  }
}
