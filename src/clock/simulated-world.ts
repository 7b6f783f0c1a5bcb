/**
 * A clock in a world whose true time is known: one simulated oscillator, one discipline, and servers that answer over paths
 * with given delays. Used to test, measure and show the discipline; the same code as in a node runs inside.
 *
 * True time is counted from 0; `originTai` says which instant that is. Asking happens on a grid of `tickNs`, answers arrive
 * when they arrive. Servers are perfect but for the lie they are told to tell.
 */
import { NS_PER_SEC } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import type { Discipline } from './discipline.ts'
import type { Oscillator } from './oscillator.ts'
import type { ClockReading, Measurement } from './port.ts'

/** One way there and one way back, ns >= 0, and by how much the server's time is ahead of true time. */
export interface SimulatedPath {
  readonly outNs: bigint
  readonly backNs: bigint
  readonly lieNs: bigint
}

export interface SimulatedSource {
  readonly id: string
  /** What becomes of a question sent at a true elapsed time; nothing where it is lost. */
  answer(trueNs: bigint): SimulatedPath | undefined
}

/** What a user of the clock is told at one moment, beside the truth. */
export interface Observation {
  readonly trueNs: bigint
  readonly trueTai: Tai
  readonly localNs: bigint
  readonly reading: ClockReading | undefined
}

/** The counter's frequency error is at most this, ppb; the interval is widened for it over half the exchange, from its middle. */
const EXCHANGE_DRIFT_PPB = 500_000n

/**
 * Four timestamps as a measurement. t1 and t4 are local, t2 and t3 the server's TAI: the server's time was passed on between sending
 * and receiving, so TAI − local lies in [t3 − t4, t2 − t1], whatever the share of each way; widened for the counter's own
 * error during the round trip.
 */
export const measurementOfExchange = (
  sourceId: string,
  t: { readonly t1: bigint; readonly t2: bigint; readonly t3: bigint; readonly t4: bigint },
): Measurement => {
  const widerNs = ((t.t4 - t.t1) * EXCHANGE_DRIFT_PPB) / (2n * NS_PER_SEC) + 1n
  const offset = { lo: t.t3 - t.t4 - widerNs, hi: t.t2 - t.t1 + widerNs }
  const localNs = (t.t1 + t.t4) / 2n
  const delayNs = t.t4 - t.t1 - (t.t3 - t.t2)
  return { sourceId, kind: 'ntp', localNs, offset, estimateNs: (offset.lo + offset.hi) / 2n, delayNs, leap: 'none' }
}

interface Flight {
  readonly arrivesNs: bigint
  readonly id: string
  readonly t1: bigint
  readonly t2: bigint
}

export class SimulatedWorld<State> {
  readonly #discipline: Discipline<State>
  readonly #oscillator: Oscillator
  readonly #sources: ReadonlyMap<string, SimulatedSource>
  readonly #originTai: Tai
  readonly #tickNs: bigint
  #trueNs = 0n
  #flights: Flight[] = []
  #polls = 0

  /** Registers the sources with the discipline. */
  constructor(parts: {
    readonly discipline: Discipline<State>
    readonly oscillator: Oscillator
    readonly sources: readonly SimulatedSource[]
    readonly originTai: Tai
    readonly tickNs: bigint
  }) {
    this.#discipline = parts.discipline
    this.#oscillator = parts.oscillator
    this.#sources = new Map(parts.sources.map((source) => [source.id, source]))
    this.#originTai = parts.originTai
    this.#tickNs = parts.tickNs
    for (const { id } of parts.sources) parts.discipline.register(id, 'ntp')
  }

  /** Questions asked so far, over all sources. */
  get polls(): number {
    return this.#polls
  }

  /** Lets true time pass up to `trueNs` and calls `observe` at each tick, after what arrived was taken. */
  runUntil(trueNs: bigint, observe: (observation: Observation) => void = () => undefined): void {
    for (; this.#trueNs <= trueNs; this.#trueNs += this.#tickNs) {
      this.#deliver()
      const localNs = this.#oscillator.read(this.#trueNs)
      this.#ask(localNs)
      const reading = this.#discipline.read(localNs)
      observe({ trueNs: this.#trueNs, trueTai: this.#originTai + this.#trueNs, localNs, reading })
    }
  }

  #deliver(): void {
    const arrived = this.#flights.filter((flight) => flight.arrivesNs <= this.#trueNs)
    this.#flights = this.#flights.filter((flight) => flight.arrivesNs > this.#trueNs)
    for (const { arrivesNs, id, t1, t2 } of arrived.sort((a, b) => (a.arrivesNs < b.arrivesNs ? -1 : 1))) {
      const t4 = this.#oscillator.read(arrivesNs)
      const measurement = measurementOfExchange(id, { t1, t2, t3: t2, t4 })
      this.#discipline.onSourceEvent({ type: 'measurement', measurement }, t4)
    }
  }

  #ask(localNs: bigint): void {
    for (const id of this.#discipline.due(localNs).sourceIds) {
      this.#polls += 1
      const path = this.#sources.get(id)?.answer(this.#trueNs)
      if (path === undefined) continue
      const t2 = this.#originTai + this.#trueNs + path.outNs + path.lieNs
      this.#flights.push({ arrivesNs: this.#trueNs + path.outNs + path.backNs, id, t1: localNs, t2 })
    }
  }
}
