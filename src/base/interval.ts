/**
 * Closed intervals of nanoseconds. Of instants: "true time lies somewhere in here" (as Spanner's TrueTime reads a clock,
 * Corbett et al. 2012 §3). Of offsets: "the clock is ahead of true time by something in here".
 */
import { max, min } from './units.ts'
import type { Tai } from './units.ts'

/** An instant known to lie between two: `earliest <= latest`, both TAI ns. */
export interface TimeInterval {
  readonly earliest: Tai
  readonly latest: Tai
}

/** A signed quantity known to lie between two: `lo <= hi`, both ns. */
export interface NsInterval {
  readonly lo: bigint
  readonly hi: bigint
}

/** Half-open no, closed yes: touching intervals meet. */
export const meets = (a: NsInterval, b: NsInterval): boolean => a.lo <= b.hi && b.lo <= a.hi

export const holds = (interval: NsInterval, value: bigint): boolean => interval.lo <= value && value <= interval.hi

/** What two intervals share, or nothing. */
export const intersect = (a: NsInterval, b: NsInterval): NsInterval | undefined =>
  meets(a, b) ? { lo: max(a.lo, b.lo), hi: min(a.hi, b.hi) } : undefined

/** The smallest interval around both. */
export const hull = (a: NsInterval, b: NsInterval): NsInterval => ({ lo: min(a.lo, b.lo), hi: max(a.hi, b.hi) })

/** Half the sum of the ends, rounded towards zero. */
export const middle = (interval: NsInterval): bigint => (interval.lo + interval.hi) / 2n

/** From one end to the other, ns, never negative. */
export const width = (interval: NsInterval): bigint => interval.hi - interval.lo

/** Both ends moved out by `by` >= 0 ns. */
export const widen = (interval: NsInterval, by: bigint): NsInterval => ({ lo: interval.lo - by, hi: interval.hi + by })

/** Both ends moved along by `by` ns. */
export const shift = (interval: NsInterval, by: bigint): NsInterval => ({ lo: interval.lo + by, hi: interval.hi + by })
