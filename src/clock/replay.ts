/**
 * Recorded exchanges played to a clock, and what it would have said at given local times: the node's own discipline and
 * filter, stepped by the recording instead of by sockets. Causal: an answer at `local` uses exchanges with t4 <= local only.
 *
 * The server's timestamps are taken as they are, whatever their scale and epoch; readings are on the same scale.
 * Pure. Not replayed: polling (the recording has already asked), jumps of the host clock (it holds no host clock).
 */
import { NS_PER_SEC } from '../base/index.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import { Discipline } from './discipline.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import type { RecordedExchange } from './exchange-lines.ts'
import type { ClockReading, Filter } from './port.ts'
import { measurementOfExchange } from './simulated-world.ts'

/** Beyond all instants that a line can hold (exchange-lines.ts): whatever a recording's scale, none is too early or too late. */
const FAR_NS = 2n * 10n ** 20n
/** A recording is judged by its majority, not by how wide its interval is. */
const ACCEPTED_VARIANCE_NS = 3600n * NS_PER_SEC

/** An answer: `undefined` before the first majority, and without one. */
export interface ReplayRow {
  readonly localNs: bigint
  readonly reading: ClockReading | undefined
}

/** A clock to play exchanges to. */
export class Replay<State> {
  readonly #discipline: Discipline<State>
  readonly #known = new Set<string>()

  constructor(filter: Filter<State>) {
    const options = {
      taiEarliest: -FAR_NS,
      taiLatest: FAR_NS,
      acceptedVarianceNs: ACCEPTED_VARIANCE_NS,
      // Readings stay on the servers' scale, so leap seconds that a table does not know yet do not matter.
      leapTable: { ...LEAP_TABLE, expiresTai: FAR_NS },
    }
    this.#discipline = new Discipline(options, filter)
  }

  /** Exchanges come in order of t4. */
  hear(exchange: RecordedExchange): void {
    const { sourceId, t1, t2, t3, t4 } = exchange
    if (!this.#known.has(sourceId)) {
      this.#known.add(sourceId)
      this.#discipline.register(sourceId, 'ntp')
    }
    const measurement = measurementOfExchange(sourceId, { t1, t2, t3, t4 })
    this.#discipline.onSourceEvent({ type: 'measurement', measurement }, t4)
  }

  readAt(localNs: bigint): ReplayRow {
    const reading = this.#discipline.read(localNs)
    return { localNs, reading: reading?.status === 'unsynchronised' ? undefined : reading }
  }
}

/** The node's own clock, as `truechimer clock replay` plays to it. */
export const openReplay = (): Replay<unknown> => new Replay(createAdaptiveFilter())

/**
 * Answers for each local time, in their order, from exchanges in order of t4. Both are read as they are needed, so a recording
 * of any length takes a clock's memory and no more.
 */
export function* replayed<State>(
  replay: Replay<State>,
  exchanges: Iterable<RecordedExchange>,
  localTimes: Iterable<bigint>,
): Generator<ReplayRow> {
  const coming = exchanges[Symbol.iterator]()
  let next = coming.next()
  for (const localNs of localTimes) {
    for (; next.done !== true && next.value.t4 <= localNs; next = coming.next()) replay.hear(next.value)
    yield replay.readAt(localNs)
  }
}
