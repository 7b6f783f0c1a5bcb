/**
 * Keeps a node's clock: hands what the sources say to the discipline, asks them when it says so, and reads it. All rules
 * are in clock/; this file only joins them to the sources and the time that it is given.
 */
import type { Cancel, Time } from '../base/index.ts'
import { NS_PER_MS, NS_PER_SEC, max, min } from '../base/index.ts'
import type { ClockFigures, ClockReading, Discipline, Source, SourceEvent, SourceReport } from '../clock/index.ts'

/** Never sleeps longer than this between two looks at the discipline, ns, nor shorter than the other. */
const LOOK_NS_MAX = NS_PER_SEC
const LOOK_NS_MIN = NS_PER_MS

/** A discipline, whatever its filter keeps. */
export type AnyDiscipline = Pick<
  Discipline<never>,
  'register' | 'onSourceEvent' | 'onHostClock' | 'due' | 'read' | 'report' | 'knowledgeWithout' | 'figures'
>

export interface TimekeeperOptions {
  readonly time: Time
  readonly discipline: AnyDiscipline
  readonly sources: readonly Source[]
  /** After anything that may have changed the clock. */
  readonly onChange: () => void
  readonly onRefused: (refusal: {
    readonly sourceId: string
    readonly verdict: 'ignore' | 'reject'
    readonly reason: string
  }) => void
}

export class Timekeeper implements AsyncDisposable {
  readonly #options: TimekeeperOptions
  #cancel: Cancel = () => {}
  #closed = false

  constructor(options: TimekeeperOptions) {
    this.#options = options
  }

  /** Starts every source and begins to ask. The clock is unsynchronised until a majority has answered. */
  async start(): Promise<void> {
    const { discipline, sources } = this.#options
    for (const source of sources) discipline.register(source.id, source.kind)
    await Promise.all(sources.map((source) => source.start((event) => this.#hear(event))))
    this.#look()
  }

  /** The clock now, or at a counter reading near now; undefined before the first majority. */
  read(localNs: bigint = this.#options.time.elapsedNs()): ClockReading | undefined {
    return this.#options.discipline.read(localNs)
  }

  reports(): readonly SourceReport[] {
    return this.#options.discipline.report(this.#options.time.elapsedNs())
  }

  /** What the clock can tell of its own keeping, now. */
  figures(): ClockFigures {
    return this.#options.discipline.figures(this.#options.time.elapsedNs())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#cancel()
    await Promise.all(this.#options.sources.map((source) => source[Symbol.asyncDispose]()))
  }

  #hear(event: SourceEvent): void {
    if (this.#closed) return
    const { discipline, time, onRefused, onChange } = this.#options
    const taken = discipline.onSourceEvent(event, time.elapsedNs())
    const sourceId = event.type === 'measurement' ? event.measurement.sourceId : event.sourceId
    if (event.type === 'refused') onRefused(event)
    if (taken.verdict !== 'accept') onRefused({ sourceId, ...taken })
    this.#tell(sourceId)
    onChange()
    this.#look()
  }

  /** A source that wants to know hears what the clock makes of it. */
  #tell(sourceId: string): void {
    const source = this.#options.sources.find(({ id }) => id === sourceId)
    if (source?.heed === undefined) return
    const report = this.reports().find((report) => report.sourceId === sourceId)
    if (report !== undefined) source.heed(report)
  }

  /** Asks whoever is due, and sleeps until the next is. Watches for a counter that slept or a host clock that stepped. */
  #look(): void {
    if (this.#closed) return
    this.#cancel()
    const { time, discipline, sources } = this.#options
    discipline.onHostClock(time.hostUnixNs(), time.elapsedNs())
    const localNs = time.elapsedNs()
    const { sourceIds, nextDueLocalNs } = discipline.due(localNs)
    for (const source of sources) if (sourceIds.includes(source.id)) source.poll()
    const waitNs = (nextDueLocalNs ?? localNs + LOOK_NS_MAX) - localNs
    this.#cancel = time.schedule(max(LOOK_NS_MIN, min(LOOK_NS_MAX, waitNs)), () => this.#look())
  }
}
