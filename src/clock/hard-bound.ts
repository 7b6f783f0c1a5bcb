/**
 * The hard interval: where TAI − local must lie, from what a majority said and how fast the counter can have strayed since. No
 * likelihoods: it holds if (1) at each vote more than half of the voters were true, (2) the counter's frequency wanders no more than is
 * assumed of it and (3) no path makes one way shorter just as it makes the other longer (hard-bound-frequency.ts).
 * Nothing is assumed about how a round trip is shared between its ways.
 *
 *   carry      I(t) = [lo + s₁Δ, hi + s₂Δ],   Δ = t − t₀,  [s₁, s₂] the slope's bounds, wider the longer it is
 *   slope      for each anchor (t₀, I₀) of the baseline: (I − I₀)/Δ ± wander; all of them, ±frequencyBound and what a majority
 *              of the sources shows of the frequency (source-register.ts) intersected
 *   vote       I ← carry(I) ∩ vote, if they meet; if not, one of the assumptions broke (discipline.ts: disrupted)
 *
 * All integers; roundings go outwards.
 */
import { NS_PER_SEC, abs, floorDiv, intersect, max, min } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'
import type { FrequencyBounds } from './hard-bound-frequency.ts'
import { ceilDiv, loosened, slopeBetween, unknownSlope, wanderSince } from './hard-bound-slope.ts'
import type { SlopeBounds } from './hard-bound-slope.ts'

export { unknownSlope } from './hard-bound-slope.ts'
export type { SlopeBounds } from './hard-bound-slope.ts'

/** TAI − local in `offset` at `localNs`, ns. */
export interface HardPoint {
  readonly localNs: bigint
  readonly offset: NsInterval
}

export interface HardBoundOptions {
  readonly frequencyBoundPpb: number
  readonly wanderPpb: number
  readonly baselineNsMax: bigint
  readonly anchorsMax: number
}

/** What is known at `point`, as known at another local instant, earlier or later. */
export const carry = (point: HardPoint, localNs: bigint, slope: SlopeBounds): NsInterval => {
  const age = localNs - point.localNs
  const [slow, fast] = age >= 0n ? [slope.loPpb, slope.hiPpb] : [slope.hiPpb, slope.loPpb]
  return {
    lo: point.offset.lo + floorDiv(age * slow, NS_PER_SEC),
    hi: point.offset.hi + ceilDiv(age * fast, NS_PER_SEC),
  }
}

/** What both allow; where they contradict each other the frequency wandered more than assumed, so both are covered. */
const agreed = (a: SlopeBounds, b: SlopeBounds): SlopeBounds => {
  const both = { loPpb: max(a.loPpb, b.loPpb), hiPpb: min(a.hiPpb, b.hiPpb) }
  if (both.loPpb <= both.hiPpb) return both
  return { loPpb: min(a.loPpb, b.loPpb), hiPpb: max(a.hiPpb, b.hiPpb) }
}

/** The hard interval and what bounds its slope. Mutable, owned by one discipline. */
export class HardBound {
  readonly #options: HardBoundOptions
  readonly #unknown: SlopeBounds
  #point: HardPoint
  #slope: SlopeBounds
  #wanderPpb: bigint
  #anchors: HardPoint[]

  constructor(point: HardPoint, options: HardBoundOptions) {
    this.#options = options
    this.#unknown = unknownSlope(options)
    this.#point = point
    this.#slope = this.#unknown
    this.#wanderPpb = BigInt(Math.ceil(options.wanderPpb))
    this.#anchors = [point]
  }

  /** The slope's bounds at the last vote; `at` widens them with age. */
  get slope(): SlopeBounds {
    return this.#slope
  }

  /** The local instant of the last vote taken. */
  get localNs(): bigint {
    return this.#point.localNs
  }

  /** Where TAI − local lies at `localNs`. */
  at(localNs: bigint): NsInterval {
    const ageNs = abs(localNs - this.#point.localNs)
    const more = wanderSince(ageNs, this.#wanderPpb, this.#options.baselineNsMax)
    return carry(this.#point, localNs, loosened(this.#slope, more, this.#unknown))
  }

  /**
   * Takes a majority's interval at `localNs`, not before the last one. False, and unchanged, where they contradict.
   * @param frequency what a majority of the sources shows of the slope at `localNs`, if they have a majority there too.
   */
  vote(localNs: bigint, offset: NsInterval, frequency?: FrequencyBounds): boolean {
    const both = intersect(this.at(localNs), offset)
    if (both === undefined) return false
    this.#point = { localNs, offset: both }
    this.#learn(frequency)
    return true
  }

  /** Bounds the slope anew from the anchors within the baseline, and keeps this point as an anchor if it is time. */
  #learn(frequency: FrequencyBounds | undefined): void {
    const { baselineNsMax, anchorsMax, wanderPpb } = this.#options
    const here = this.#point
    this.#wanderPpb = frequency?.wanderPpb ?? BigInt(Math.ceil(wanderPpb))
    this.#anchors = this.#anchors.filter(({ localNs }) => here.localNs - localNs <= baselineNsMax)
    let slope = this.#unknown
    for (const anchor of this.#anchors) {
      if (anchor.localNs >= here.localNs) continue
      const seen = slopeBetween(anchor, here, 0n)
      slope = agreed(slope, { loPpb: seen.loPpb - this.#wanderPpb, hiPpb: seen.hiPpb + this.#wanderPpb })
    }
    this.#slope = frequency === undefined ? slope : agreed(slope, frequency)
    const newest = this.#anchors.at(-1)
    const spacingNs = baselineNsMax / BigInt(anchorsMax)
    if (newest === undefined || here.localNs - newest.localNs >= spacingNs) this.#anchors.push(here)
  }
}
