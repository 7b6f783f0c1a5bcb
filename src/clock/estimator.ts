/**
 * What a clock takes for likely, as opposed to what it promises: the filter's estimate, and in a long silence what the oscillator's own
 * history makes of it (holdover.ts). A frequency history is fed once a minute; its correction begins half an hour after the last
 * word, because the filter knows better before.
 *
 * Mutable, owned by one discipline. Not promised: anything; the discipline clamps it into the hard interval.
 */
import { NS_PER_MINUTE } from '../base/index.ts'
import { HoldoverPredictor } from './holdover.ts'
import type { Filter, FilterEstimate, Measurement } from './port.ts'

/** The filter's slope is noted this often, ns. */
const NOTED_EVERY_NS = NS_PER_MINUTE
/** So long after the last word the history is asked, ns. */
const HOLDOVER_AFTER_NS = 30n * NS_PER_MINUTE

export class Estimator<State> {
  readonly #filter: Filter<State>
  readonly #holdover = new HoldoverPredictor()
  #state: State | undefined
  #wordNs = 0n
  #notedNs: bigint | undefined
  #refusals = 0

  constructor(filter: Filter<State>) {
    this.#filter = filter
  }

  /** Measurements in a row that the filter refused. */
  get refusals(): number {
    return this.#refusals
  }

  /** Takes what a survivor of the selection said. False where the filter refused it as an outlier. */
  take(measurement: Measurement): boolean {
    const { localNs } = measurement
    this.#wordNs = localNs
    if (this.#state === undefined) {
      this.#state = this.#filter.start(measurement)
      return true
    }
    const { state, taken } = this.#filter.update(this.#state, measurement)
    this.#state = state
    this.#refusals = taken ? 0 : this.#refusals + 1
    if (taken && (this.#notedNs === undefined || localNs - this.#notedNs >= NOTED_EVERY_NS)) this.#note(state, localNs)
    return taken
  }

  /** What an outvoted source said before it was found out goes out of the estimate. */
  forget(sourceId: string): void {
    if (this.#state !== undefined && this.#filter.forget !== undefined)
      this.#state = this.#filter.forget(this.#state, sourceId)
  }

  /** The counter jumped, or the time before was wrong: nothing of it counts. */
  restart(): void {
    this.#state = undefined
    this.#refusals = 0
    this.#notedNs = undefined
    this.#holdover.forget()
  }

  /** The likely offset at `localNs`, or nothing before the first word. */
  at(localNs: bigint): FilterEstimate | undefined {
    if (this.#state === undefined) return undefined
    const estimate = this.#filter.predict(this.#state, localNs)
    if (localNs - this.#wordNs < HOLDOVER_AFTER_NS) return estimate
    const { shiftNs, sigmaNs } = this.#holdover.predictShift(this.#wordNs, localNs)
    if (shiftNs === 0) return estimate
    return { ...estimate, offsetNs: estimate.offsetNs + BigInt(Math.round(shiftNs)), offsetSigmaNs: sigmaNs }
  }

  #note(state: State, localNs: bigint): void {
    this.#notedNs = localNs
    const { slopePpb, slopeSigmaPpb } = this.#filter.predict(state, localNs)
    this.#holdover.observe(localNs, slopePpb, slopeSigmaPpb)
  }
}
