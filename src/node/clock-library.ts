/**
 * A clock for a program: reads an interval, says what is definitely past or not yet, and waits until an instant has passed.
 * The same timekeeper and discipline as in a node, with no keys, peers or proofs. What it promises: docs/guides/clock-library.md.
 *
 * Time, discipline and sources are passed in (node/io/open-clock.ts makes real ones), so a simulated clock is this clock.
 */
import { ChimerError, NS_PER_SEC } from '../base/index.ts'
import type { Cancel, Tai, Time } from '../base/index.ts'
import type { ClockStatus, Source, SourceReport } from '../clock/index.ts'
import { ChangeFeed } from './clock-changes.ts'
import type { News } from './clock-changes.ts'
import { ratcheted } from './clock-moment.ts'
import type { ClockMoment } from './clock-moment.ts'
import { WAIT_AT_MOST_NS, Waits } from './clock-waits.ts'
import type { Ahead, WaitOptions } from './clock-waits.ts'
import { Timekeeper } from './timekeeper.ts'
import type { AnyDiscipline } from './timekeeper.ts'

/** How often the clock is looked at for changes that come by the mere passing of time, ns. */
const WATCH_NS = NS_PER_SEC

/** The state of a clock, for people and for decisions that are not about an instant. */
export interface ClockState {
  readonly state: ClockStatus
  /** What `now` gives; nothing where it would throw. */
  readonly moment: ClockMoment | undefined
  /** Half the width of the interval, ns; also of a clock that is unsynchronised and once had the time. */
  readonly uncertaintyNs: bigint | undefined
  /** How fast the machine's counter runs by the clock's estimate, parts per billion; positive: too fast. */
  readonly frequencyPpb: number | undefined
  /** Every source: reach, health, and the documented reason where it is not believed. */
  readonly sources: readonly SourceReport[]
}

/** What has changed, and the clock as it is when this is told. */
export interface ClockChange extends News {
  readonly status: ClockState
}

/** A clock of a program's own. All instants are TAI, ns; `taiFromUtc` and `utcFromTai` convert. */
export interface Clock extends AsyncDisposable, AsyncIterable<ClockChange> {
  /** Throws `TC_CLOCK_UNSYNCHRONISED` where there is no time to be had: it never guesses. */
  now(): ClockMoment
  /** Is `instant` definitely past? Once true, always true. False also where the clock cannot tell. */
  after(instant: Tai): boolean
  /** Has `instant` definitely not come yet? False also where the clock cannot tell. */
  before(instant: Tai): boolean
  /** Resolves when `after(instant)`. Rejects with a code of `WaitOptions`, `TC_CLOCK_CLOSED` or `TC_CLOCK_BUSY`. */
  waitUntilPassed(instant: Tai, options?: WaitOptions): Promise<void>
  /** Resolves when `now` would not throw; `TC_CLOCK_UNSYNCHRONISED` where that takes longer than `atMostNs` (60 s unless told). */
  whenSynchronised(options?: Pick<WaitOptions, 'signal' | 'atMostNs'>): Promise<void>
  readonly status: ClockState
  /** The state at once, and then each change; a slow reader gets several as one. Ends with the clock or the signal. */
  changes(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<ClockChange>
}

export interface LibraryClockOptions {
  readonly time: Time
  readonly discipline: AnyDiscipline
  readonly sources: readonly Source[]
  /** Closes the clock. */
  readonly signal?: AbortSignal
}

/** Nothing to wait for. */
const THERE: Ahead = Object.freeze({ remainingNs: 0n, bestNs: 0n })

const closed = (): ChimerError => new ChimerError('TC_CLOCK_CLOSED', 'This clock has been closed: open another.')

export class LibraryClock implements Clock {
  readonly #time: Time
  readonly #signal: AbortSignal | undefined
  readonly #keeper: Timekeeper
  readonly #waits: Waits
  readonly #feed = new ChangeFeed()
  /** The highest `earliest` that anybody was told, or acted on. */
  #floor: Tai | undefined
  #told = ''
  #toldSources = ''
  #cancel: Cancel = () => {}
  #closing: Promise<void> | undefined

  constructor({ time, discipline, sources, signal }: LibraryClockOptions) {
    this.#time = time
    this.#signal = signal
    this.#waits = new Waits(time)
    this.#keeper = new Timekeeper({
      time,
      discipline,
      sources,
      onChange: () => this.#changed(),
      // Why a source is not believed stands in its report.
      onRefused: () => {},
    })
  }

  /** Starts the sources. Once, before anything else. */
  async start(): Promise<void> {
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    await this.#keeper.start()
    this.#watch()
  }

  now(): ClockMoment {
    this.#assertOpen()
    const moment = this.#read()
    if (moment !== undefined) return moment
    const say =
      'The clock does not have the time: no majority of its sources, or too wide a bound. Its status says more.'
    throw new ChimerError('TC_CLOCK_UNSYNCHRONISED', say)
  }

  after(instant: Tai): boolean {
    this.#assertOpen()
    this.#read()
    return this.#floor !== undefined && this.#floor > instant
  }

  before(instant: Tai): boolean {
    this.#assertOpen()
    const moment = this.#read()
    return moment !== undefined && moment.latest < instant
  }

  async waitUntilPassed(instant: Tai, options: WaitOptions = {}): Promise<void> {
    this.#assertOpen()
    await this.#waits.until(() => this.#aheadOf(instant), options)
  }

  async whenSynchronised(options: Pick<WaitOptions, 'signal' | 'atMostNs'> = {}): Promise<void> {
    this.#assertOpen()
    const { atMostNs = WAIT_AT_MOST_NS } = options
    const limits = { ...options, atMostNs, patienceNs: atMostNs }
    await this.#waits.until(() => (this.#read() === undefined ? undefined : THERE), limits)
  }

  get status(): ClockState {
    const reading = this.#keeper.read()
    return {
      state: reading?.status ?? 'unsynchronised',
      moment: this.#closing === undefined ? this.#read() : undefined,
      uncertaintyNs: reading === undefined ? undefined : (reading.latest - reading.earliest + 1n) / 2n,
      frequencyPpb: reading?.frequencyPpb,
      sources: this.#keeper.reports(),
    }
  }

  async *changes(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<ClockChange, void, undefined> {
    for await (const news of this.#feed.read(options.signal)) yield { ...news, status: this.status }
  }

  [Symbol.asyncIterator](): AsyncIterator<ClockChange> {
    return this.changes()
  }

  /** Stops asking, ends every wait with `TC_CLOCK_CLOSED` and every iteration. Again: waits for the first time's end. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  readonly #onAbort = (): void => void this[Symbol.asyncDispose]()

  async #close(): Promise<void> {
    this.#cancel()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#waits.close(closed())
    this.#feed.close()
    await this.#keeper[Symbol.asyncDispose]()
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closed()
  }

  /** The time, where there is one; what it says can no longer be unsaid. */
  #read(): ClockMoment | undefined {
    const reading = this.#keeper.read()
    if (reading === undefined || reading.status === 'unsynchronised') return undefined
    const moment = ratcheted(reading, this.#floor)
    this.#floor = moment.earliest
    return moment
  }

  #aheadOf(instant: Tai): Ahead | undefined {
    const moment = this.#read()
    if (this.#floor !== undefined && this.#floor > instant) return THERE
    if (moment === undefined) return undefined
    return { remainingNs: instant - moment.earliest + 1n, bestNs: instant - moment.latest }
  }

  /** A source has said something. */
  #changed(): void {
    this.#feed.note('reading')
    this.#compare()
    this.#waits.look()
  }

  #watch(): void {
    if (this.#closing !== undefined) return
    this.#compare()
    this.#waits.look()
    this.#cancel = this.#time.schedule(WATCH_NS, () => this.#watch())
  }

  /** Tells what is not as it was at the last look. */
  #compare(): void {
    const state = this.#keeper.read()?.status ?? 'unsynchronised'
    const sources = this.#keeper.reports().map((report) => `${report.sourceId} ${report.state} ${report.reason}`)
    if (state !== this.#told) this.#feed.note('status')
    if (sources.join('\n') !== this.#toldSources) this.#feed.note('sources')
    this.#told = state
    this.#toldSources = sources.join('\n')
  }
}
