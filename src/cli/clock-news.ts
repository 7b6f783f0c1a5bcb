/**
 * What a node's log says of its clock: each change of its status, and each source that ceases to count or counts again. For an
 * operator who has nothing but the log.
 *
 * Told once a change and not at each poll. What goes to and fro is told once a minute at most, as it is then; a source that is still waited
 * for is no news. `/v1/status` has all of it at any time.
 */
import type { Cancel, Time } from '../base/index.ts'
import { NS_PER_SEC } from '../base/index.ts'
import type { ClockStatus, SourceReport } from '../clock/index.ts'
import { explainSource } from '../services/source-explanations.ts'

/** How often the clock is looked at: its status changes with time alone, too. */
const LOOK_NS = NS_PER_SEC
/** Between two lines about the same thing. */
export const NEWS_PAUSE_NS = 60n * NS_PER_SEC

export interface ClockNews {
  readonly level: 'info' | 'warn'
  readonly message: string
  readonly facts: Readonly<Record<string, string>>
}

/** What is known of a clock at a reading of its counter. */
export interface ClockSight {
  readonly localNs: bigint
  readonly status: ClockStatus
  readonly reports: readonly SourceReport[]
}

type SourceState = SourceReport['state']

const counts = (state: SourceState): boolean => state === 'selected' || state === 'truechimer'

/** Remembers what it has told. The clock begins as unsynchronised and every source as one that counts, so neither is told at first. */
export class ClockHerald {
  #status: ClockStatus = 'unsynchronised'
  /** Of sources that do not count: what was told. */
  readonly #fallen = new Map<string, SourceState>()
  /** When something was last told of a source, or of the clock (no name), counter ns. */
  readonly #toldNs = new Map<string, bigint>()

  news({ localNs, status, reports }: ClockSight): readonly ClockNews[] {
    return [...reports.flatMap((report) => this.#ofSource(report, localNs)), ...this.#ofClock(status, localNs)]
  }

  #ofClock(status: ClockStatus, localNs: bigint): readonly ClockNews[] {
    const before = this.#status
    if (status === before || !this.#isDue('', localNs)) return []
    this.#status = status
    const level = status === 'synchronised' ? 'info' : 'warn'
    return [{ level, message: `the clock is ${status}`, facts: { before } }]
  }

  #ofSource({ sourceId: source, state, reason }: SourceReport, localNs: bigint): readonly ClockNews[] {
    const told = this.#fallen.get(source)
    if (state === 'waiting' || state === told || (counts(state) && told === undefined)) return []
    if (!this.#isDue(source, localNs)) return []
    if (counts(state)) {
      this.#fallen.delete(source)
      return [{ level: 'info', message: 'a source counts again', facts: { source } }]
    }
    this.#fallen.set(source, state)
    const message = `a source does not count. ${explainSource(reason)}`.trimEnd()
    return [{ level: 'warn', message, facts: { source, state, reason } }]
  }

  #isDue(name: string, localNs: bigint): boolean {
    const toldNs = this.#toldNs.get(name)
    if (toldNs !== undefined && localNs - toldNs < NEWS_PAUSE_NS) return false
    this.#toldNs.set(name, localNs)
    return true
  }
}

/** Looks once a second, and tells. */
export const heraldClock = (
  time: Time,
  see: () => ClockSight,
  tell: (news: ClockNews) => void,
): { readonly [Symbol.dispose]: () => void } => {
  const herald = new ClockHerald()
  let cancel: Cancel = () => {}
  const look = (): void => {
    for (const news of herald.news(see())) tell(news)
    cancel = time.schedule(LOOK_NS, look)
  }
  look()
  return { [Symbol.dispose]: () => cancel() }
}
