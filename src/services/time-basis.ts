/**
 * What a time server answers from: a straight line through the node's clock and a bound around it, as plain data, made anew some
 * times a second. A request then costs a few additions and never asks the discipline, and the line can cross to a worker.
 *
 * The line and its bound come from two readings of the clock, one at the counter now and one `BASIS_AGE_NS_MAX` ahead. Both ends
 * of a reading are convex in the counter (docs/spec/clock.md K-7: each is a straight line or the outermost of several), so the
 * chord through the two half widths covers every instant between them. Rule: docs/spec/sources.md S-70.
 *
 * Does not promise anything past `BASIS_AGE_NS_MAX` (ask `isFresh`), nor what the clock learns between two refreshes: at
 * most one refresh interval passes before an answer knows it.
 */
import { NS_PER_SEC, max } from '../base/index.ts'
import type { Cancel, Tai, Time } from '../base/index.ts'
import type { ClockReading, ClockStatus } from '../clock/index.ts'

/** An older basis is not answered from, ns: whoever should refresh it hangs. Also how far ahead a basis looks. */
export const BASIS_AGE_NS_MAX = 8n * NS_PER_SEC

/** Refresh this often unless told otherwise, ns. */
const BASIS_REFRESH_NS = NS_PER_SEC / 8n

/** Growth of a bound of which nothing is known, ppb: counter and line each within 500 ppm of nominal. */
const GROWTH_PPB_UNKNOWN = 1_000_000

/** Plain data: it may be copied to a worker as it stands. */
export interface TimeBasis {
  /** The counter at which `tai` and `halfWidthNs` hold, ns. */
  readonly localNs: bigint
  /** The clock's estimate there. */
  readonly tai: Tai
  /** The clock's [earliest, latest] lies within `tai` ± this, ns. */
  readonly halfWidthNs: bigint
  /** d(TAI − local)/d(local) of the line, ppb. */
  readonly slopePpb: number
  /** By how much the half width grows, ns a second of the counter; >= 0. */
  readonly growthPpb: number
  readonly status: ClockStatus
}

export interface BasisSpan {
  readonly tai: Tai
  readonly earliest: Tai
  readonly latest: Tai
}

/** The time at another counter reading near the basis, and the bound around it; roundings go outwards. */
export const spanAt = (basis: TimeBasis, localNs: bigint): BasisSpan => {
  const ageNs = Number(localNs - basis.localNs)
  const tai = basis.tai + (localNs - basis.localNs) + BigInt(Math.round((ageNs * basis.slopePpb) / 1e9))
  const halfNs = basis.halfWidthNs + BigInt(Math.ceil((Math.abs(ageNs) * basis.growthPpb) / 1e9)) + 1n
  return { tai, earliest: tai - halfNs, latest: tai + halfNs }
}

/** Is the basis young enough to answer from? One made a moment after `localNs` was read is. */
export const isFresh = (basis: TimeBasis, localNs: bigint): boolean => localNs - basis.localNs <= BASIS_AGE_NS_MAX

/** As much of a reading as a basis is made of. */
export type BasisReading = Pick<
  ClockReading,
  'localNs' | 'estimate' | 'earliest' | 'latest' | 'status' | 'frequencyPpb'
>

const halfWidth = ({ estimate, earliest, latest }: BasisReading): bigint => max(latest - estimate, estimate - earliest)

/** The line through two readings of one clock; the second is `BASIS_AGE_NS_MAX` later, or about the same where it cannot look ahead. */
export const basisOf = (here: BasisReading, ahead: BasisReading): TimeBasis => {
  const known = { localNs: here.localNs, tai: here.estimate, halfWidthNs: halfWidth(here), status: here.status }
  const spanNs = Number(ahead.localNs - here.localNs)
  if (spanNs < Number(BASIS_AGE_NS_MAX) / 2)
    return { ...known, slopePpb: -here.frequencyPpb, growthPpb: GROWTH_PPB_UNKNOWN }
  const gainNs = Number(ahead.estimate - ahead.localNs - (here.estimate - here.localNs))
  const widenedNs = Number(max(halfWidth(ahead) - known.halfWidthNs, 0n))
  // The ends are whole ns; one of rounding on either side of the chord.
  return { ...known, slopePpb: (gainNs * 1e9) / spanNs, growthPpb: ((widenedNs + 2) * 1e9) / spanNs }
}

/** Where servers take their basis from. */
export interface BasisSource {
  /** Nothing where the clock never had the time. */
  basis(): TimeBasis | undefined
}

export interface OpenBasis extends BasisSource, Disposable {
  /** Reads the clock at once, for whoever knows that it has changed. */
  refresh(): void
}

export interface BasisOptions {
  readonly time: Time
  /** The clock at a counter reading; one that cannot look ahead reads the present whatever it is asked. */
  readonly read: (localNs: bigint) => BasisReading | undefined
  /** `BASIS_REFRESH_NS` where not given. */
  readonly refreshNs?: bigint
  /** After every refresh. */
  readonly onRefresh?: (basis: TimeBasis | undefined) => void
}

class RefreshedBasis implements OpenBasis {
  readonly #options: BasisOptions
  #basis: TimeBasis | undefined
  #cancel: Cancel = () => {}
  #isClosed = false

  constructor(options: BasisOptions) {
    this.#options = options
    this.#tick()
  }

  basis(): TimeBasis | undefined {
    return this.#basis
  }

  refresh(): void {
    if (this.#isClosed) return
    const { time, read, onRefresh } = this.#options
    const localNs = time.elapsedNs()
    const here = read(localNs)
    const ahead = here === undefined ? undefined : read(localNs + BASIS_AGE_NS_MAX)
    this.#basis = here === undefined ? undefined : basisOf(here, ahead ?? here)
    onRefresh?.(this.#basis)
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    this.#cancel()
  }

  #tick(): void {
    this.refresh()
    this.#cancel = this.#options.time.schedule(this.#options.refreshNs ?? BASIS_REFRESH_NS, () => this.#tick())
  }
}

/** Keeps a basis of a clock until it is disposed. There is one at once, if the clock has the time. */
export const openBasis = (options: BasisOptions): OpenBasis => new RefreshedBasis(options)
