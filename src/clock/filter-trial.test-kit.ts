/**
 * A counter and servers of known truth, for tests of filters: quick, because only the instants of the exchanges are drawn. The slope
 * takes a random walk, each way of a path waits exponentially, servers are as true as they are told to be.
 */
import { NS_PER_SEC, drawNormal, drawUnit, secToNs, seededRandom } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import type { Filter, FilterEstimate, Measurement } from './port.ts'
import { measurementOfExchange } from './simulated-world.ts'

export const TRIAL_ORIGIN = 1_800_000_000n * NS_PER_SEC

/** s; `jitterSec` is the mean wait of each way, `lieSec` what the server's clock is ahead. */
export interface TrialPath {
  readonly outSec: number
  readonly backSec: number
  readonly jitterSec: number
  readonly lieSec?: number
}

/** 1 ms each way, waits of 100 µs: what is called noise B. */
export const NOISE_B: TrialPath = { outSec: 1e-3, backSec: 1e-3, jitterSec: 1e-4 }

export class Trial {
  readonly random: Random
  readonly #wander: number
  #trueSec = 0
  #aheadSec = 0
  #slope: number

  /** `wander`: per square root of a second; `slope`: of the counter, at first. */
  constructor({ seed, wander, slope }: { readonly seed: bigint; readonly wander: number; readonly slope: number }) {
    this.random = seededRandom(seed)
    this.#wander = wander
    this.#slope = slope
  }

  get localNs(): bigint {
    return secToNs(this.#trueSec) + secToNs(this.#aheadSec)
  }

  /** What the estimate is off by now, ns. */
  errorNs(estimate: FilterEstimate): number {
    return Number(estimate.offsetNs - TRIAL_ORIGIN + secToNs(this.#aheadSec))
  }

  pass(sec: number): void {
    const [first, second] = [drawNormal(this.random), drawNormal(this.random)]
    this.#aheadSec += this.#slope * sec + this.#wander * sec ** 1.5 * (first / 2 + second / Math.sqrt(12))
    this.#slope += this.#wander * Math.sqrt(sec) * first
    this.#trueSec += sec
  }

  /** The counter jumps. */
  jump(sec: number): void {
    this.#aheadSec += sec
  }

  exchange(sourceId: string, { outSec, backSec, jitterSec, lieSec = 0 }: TrialPath): Measurement {
    const out = outSec - jitterSec * Math.log(1 - drawUnit(this.random))
    const back = backSec - jitterSec * Math.log(1 - drawUnit(this.random))
    const t1 = this.localNs
    const t2 = TRIAL_ORIGIN + secToNs(this.#trueSec) + secToNs(out + lieSec)
    return measurementOfExchange(sourceId, { t1, t2, t3: t2, t4: t1 + secToNs((out + back) * (1 + this.#slope)) })
  }
}

/** A filter that is told what comes, and asked. */
export class Listener<State> {
  readonly #filter: Filter<State>
  state: State | undefined
  taken = true

  constructor(filter: Filter<State>) {
    this.#filter = filter
  }

  hear(measurement: Measurement): void {
    if (this.state === undefined) this.state = this.#filter.start(measurement)
    else ({ state: this.state, taken: this.taken } = this.#filter.update(this.state, measurement))
  }

  at(localNs: bigint): FilterEstimate {
    if (this.state === undefined) throw new RangeError('nothing was heard')
    return this.#filter.predict(this.state, localNs)
  }
}

export const rootMeanSquare = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

/** Is the error within the 95 % range? */
export const isLikely = (errorNs: number, { offsetSigmaNs }: FilterEstimate): boolean =>
  Math.abs(errorNs) <= 1.96 * offsetSigmaNs
