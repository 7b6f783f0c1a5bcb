/**
 * The hard interval: where TAI − local must lie, from what a majority said and how fast the counter can have strayed since. No
 * statistics: it holds if (1) at each vote more than half of the voters were true and (2) the counter's frequency stays
 * within `wanderPpb` of its mean over the baseline. Nothing is assumed about the symmetry of a path.
 *
 *   carry      I(t) = I(t₀) shifted by s·Δ and widened by w·Δ,   Δ = t − t₀,  s ± w the slope's bounds
 *   slope      for each anchor (t₀, I₀) of the baseline: (I − I₀)/Δ ± wander; all of them and ±frequencyBound intersected
 *   vote       I ← carry(I) ∩ vote, if they meet; if not, one of the two assumptions broke (discipline.ts: disrupted)
 *
 * All integers; roundings go outwards.
 */
import { NS_PER_SEC, floorDiv, intersect, max, min } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'

/** TAI − local in `offset` at `localNs`, ns. */
export interface HardPoint {
  readonly localNs: bigint
  readonly offset: NsInterval
}

/** d(TAI − local)/d(local), ppb, rounded outwards. */
export interface SlopeBounds {
  readonly loPpb: bigint
  readonly hiPpb: bigint
}

export interface HardBoundOptions {
  readonly frequencyBoundPpb: number
  readonly wanderPpb: number
  readonly baselineNsMax: bigint
  readonly anchorsMax: number
}

const ceilDiv = (value: bigint, divisor: bigint): bigint => -floorDiv(-value, divisor)

/** The slope of a counter of which nothing is known. */
export const unknownSlope = (options: { readonly frequencyBoundPpb: number }): SlopeBounds => {
  const bound = BigInt(Math.ceil(options.frequencyBoundPpb))
  return { loPpb: -bound, hiPpb: bound }
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

/** Bounds on the mean slope between two points, widened by `wanderPpb`; `from` lies before `to`. */
const slopeBetween = (from: HardPoint, to: HardPoint, wanderPpb: bigint): SlopeBounds => {
  const span = to.localNs - from.localNs
  return {
    loPpb: floorDiv((to.offset.lo - from.offset.hi) * NS_PER_SEC, span) - wanderPpb,
    hiPpb: ceilDiv((to.offset.hi - from.offset.lo) * NS_PER_SEC, span) + wanderPpb,
  }
}

/** The hard interval and what bounds its slope. Mutable, owned by one discipline. */
export class HardBound {
  readonly #options: HardBoundOptions
  #point: HardPoint
  #slope: SlopeBounds
  #anchors: HardPoint[]

  constructor(point: HardPoint, options: HardBoundOptions) {
    this.#options = options
    this.#point = point
    this.#slope = unknownSlope(this.#options)
    this.#anchors = [point]
  }

  get slope(): SlopeBounds {
    return this.#slope
  }

  /** The local instant of the last vote taken. */
  get localNs(): bigint {
    return this.#point.localNs
  }

  /** Where TAI − local lies at `localNs`. */
  at(localNs: bigint): NsInterval {
    return carry(this.#point, localNs, this.#slope)
  }

  /** Takes a majority's interval at `localNs`, not before the last one. False, and unchanged, where they contradict. */
  vote(localNs: bigint, offset: NsInterval): boolean {
    const both = intersect(this.at(localNs), offset)
    if (both === undefined) return false
    this.#point = { localNs, offset: both }
    this.#learn()
    return true
  }

  /** Bounds the slope anew from the anchors within the baseline, and keeps this point as an anchor if it is time. */
  #learn(): void {
    const { baselineNsMax, anchorsMax, wanderPpb } = this.#options
    const here = this.#point
    this.#anchors = this.#anchors.filter(({ localNs }) => here.localNs - localNs <= baselineNsMax)
    const wander = BigInt(Math.ceil(wanderPpb))
    let slope = unknownSlope(this.#options)
    for (const anchor of this.#anchors) {
      if (anchor.localNs >= here.localNs) continue
      const seen = slopeBetween(anchor, here, wander)
      const agreed = { loPpb: max(seen.loPpb, slope.loPpb), hiPpb: min(seen.hiPpb, slope.hiPpb) }
      // Anchors that contradict each other: the frequency wandered more than assumed, so both are covered.
      const covered = { loPpb: min(seen.loPpb, slope.loPpb), hiPpb: max(seen.hiPpb, slope.hiPpb) }
      slope = agreed.loPpb <= agreed.hiPpb ? agreed : covered
    }
    this.#slope = slope
    const newest = this.#anchors.at(-1)
    const spacingNs = baselineNsMax / BigInt(anchorsMax)
    if (newest === undefined || here.localNs - newest.localNs >= spacingNs) this.#anchors.push(here)
  }
}
