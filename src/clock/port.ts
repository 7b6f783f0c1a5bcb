/**
 * The words of the clock room: what a source says, what the clock says, and the seam where a filter goes in.
 * Everything here is data; nothing reads a clock.
 */
import type { NsInterval, Tai, TimeInterval } from '../base/index.ts'

export const SOURCE_KINDS = ['ntp', 'nts', 'roughtime', 'gps', 'host'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

/** What a server of time says of its own place. Whoever serves time by it stands one step below (RFC 5905 §7.3). */
export interface Upstream {
  /** 1 to 15. */
  readonly stratum: number
  /** Its literal address, as the operating system writes it. */
  readonly address: string
  /** Whom it follows by its own word: four octets as one unsigned number. */
  readonly referenceId: number
  /** Round trip from it to its primary reference, ns. */
  readonly rootDelayNs: bigint
}

/**
 * One comparison of the local counter with a source.
 * `offset` is where TAI − local lies, by the source's word: true as long as the source is, whatever the path's asymmetry.
 */
export interface Measurement {
  readonly sourceId: string
  readonly kind: SourceKind
  /** The local counter (`Time.elapsedNs`) at which `offset` holds: for NTP the middle of t1 and t4. */
  readonly localNs: bigint
  /** TAI − local, hard interval, ns. For NTP: (midpoint) ± (delay/2 + root delay/2 + root dispersion + precision). */
  readonly offset: NsInterval
  /** The best single value in `offset` (for NTP the midpoint), ns. */
  readonly estimateNs: bigint
  /** Round trip, ns; 0 where the source has none. */
  readonly delayNs: bigint
  /** Did the source announce a leap second at the end of this month? */
  readonly leap: 'none' | 'insert' | 'delete' | 'unknown'
  /** Where the source itself stands; nothing where it does not say. */
  readonly upstream?: Upstream
  /** Beside a leap second the source's count means one of two seconds: `offset` holds both, and `estimateNs` is no guess at either. */
  readonly isAmbiguous?: true
}

/**
 * unsynchronised: never had, or no longer has, a majority of sources; readings are not to be used.
 * synchronised: a majority agrees and the bound is within the accepted variance.
 * holdover: no fresh measurement, running on the oscillator model, bound still within the accepted variance.
 * disrupted: a majority speaks against the oscillator; the bound covers both until one of them is proved right.
 */
export type ClockStatus = 'unsynchronised' | 'synchronised' | 'holdover' | 'disrupted'

/** One reading. True time lies in [earliest, latest] as long as a majority of sources is true. */
export interface ClockReading extends TimeInterval {
  /** The most likely instant, inside the interval. */
  readonly estimate: Tai
  /** Where true time lies with 95 % likelihood, by statistics and not by argument; inside the interval. */
  readonly likely: TimeInterval
  readonly status: ClockStatus
  /** The local counter of this reading. */
  readonly localNs: bigint
  /** Estimated frequency error of the local counter, parts per billion; positive: it runs fast. */
  readonly frequencyPpb: number
}

/** What a filter knows at a local instant. `offsetNs` is TAI − local; float ns only as differences, never as instants. */
export interface FilterEstimate {
  readonly offsetNs: bigint
  /** One standard deviation of `offsetNs`, ns. */
  readonly offsetSigmaNs: number
  /** d(TAI − local)/d(local) in ppb: positive where the counter runs slow. */
  readonly slopePpb: number
  readonly slopeSigmaPpb: number
}

/**
 * The seam: measurements that survived selection go in, an estimate for any later local instant comes out.
 * A filter is plain state and pure functions, so that it can be replayed and simulated.
 */
export interface Filter<State> {
  readonly name: string
  start(first: Measurement): State
  /** `taken: false` where the gate refused the measurement as an outlier; the state may still learn from it. */
  update(state: State, measurement: Measurement): { readonly state: State; readonly taken: boolean }
  /** The state as if a source that was outvoted had never spoken; nothing where nobody else has. */
  forget?(state: State, sourceId: string): State | undefined
  predict(state: State, localNs: bigint): FilterEstimate
}

/** How far a source is distrusted by whoever judges its signal: 0 not at all, 1000 wholly; and why, gravest first. */
export interface Suspicion {
  /** A whole number, 0 to 1000. */
  readonly score: number
  /** Documented reasons, in kebab-case; empty where `score` is 0. */
  readonly reasons: readonly string[]
}

/** Health of one source, for people. `reach` is the eight-bit register of NTP: newest poll in the lowest bit. */
export interface SourceReport {
  readonly sourceId: string
  readonly kind: SourceKind
  readonly reach: number
  readonly state: 'selected' | 'truechimer' | 'falseticker' | 'unreachable' | 'waiting' | 'refused'
  /** A documented reason where `state` is falseticker, unreachable or refused, or waiting for a majority; otherwise empty. */
  readonly reason: string
  readonly measurement: Measurement | undefined
  /** By its newest word; nothing where nobody judges this source's signal. */
  readonly suspicion?: Suspicion
}

/** What a source tells its owner. `refused`: bytes came that are not to be believed; `unreachable`: nothing came. */
export type SourceEvent =
  | { readonly type: 'measurement'; readonly measurement: Measurement; readonly suspicion?: Suspicion }
  | {
      readonly type: 'refused'
      readonly sourceId: string
      readonly verdict: 'ignore' | 'reject'
      readonly reason: string
      readonly suspicion?: Suspicion
    }
  | { readonly type: 'unreachable'; readonly sourceId: string; readonly reason: string }
  /** Behind this id stands another server from now on, or (`isVacant`) none: what was said before counts no more. */
  | { readonly type: 'replaced'; readonly sourceId: string; readonly isVacant: boolean }

/**
 * A source of time, seen from the clock. `poll` asks now; whatever comes of it (and, for a source that speaks unasked such
 * as gpsd, whatever comes at all) reaches the listener given to `start`. Never throws after `start`; never blocks.
 */
export interface Source extends AsyncDisposable {
  readonly id: string
  readonly kind: SourceKind
  start(listener: (event: SourceEvent) => void): Promise<void>
  poll(): void
  /** What the clock makes of this source, told after each of its events: a pool replaces a member that is outvoted. */
  heed?(report: SourceReport): void
}
