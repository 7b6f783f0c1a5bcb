/**
 * Nanoseconds. Inside Truechimer an instant is a count of nanoseconds as a `bigint`, and so is a duration that must be
 * exact. Float seconds exist only inside filters; `secToNs` and `nsToSec` are the one door between the two.
 *
 * Source: DESIGN rule "Time" (TAI nanoseconds since 1970-01-01T00:00:00 TAI).
 */

/** Nanoseconds since 1970-01-01T00:00:00 TAI. Range of a signed 64-bit integer: years 1678 to 2262. */
export type Tai = bigint

export const NS_PER_US = 1000n
export const NS_PER_MS = 1_000_000n
export const NS_PER_SEC = 1_000_000_000n
export const NS_PER_MINUTE = 60n * NS_PER_SEC
export const NS_PER_HOUR = 60n * NS_PER_MINUTE
export const NS_PER_DAY = 24n * NS_PER_HOUR

/** Bounds of what fits a signed 64-bit count of nanoseconds, in ns. */
export const TAI_MIN: Tai = -(2n ** 63n)
export const TAI_MAX: Tai = 2n ** 63n - 1n

/**
 * Seconds as a float to whole nanoseconds, rounded to nearest.
 * Exact to the nanosecond while |sec| < 4.5 × 10^6 (52 days); an asserted bug where `sec` is not finite.
 */
export const secToNs = (sec: number): bigint => {
  const whole = Math.trunc(sec)
  return BigInt(whole) * NS_PER_SEC + BigInt(Math.round((sec - whole) * 1e9))
}

/** Nanoseconds to float seconds. Exact to the nanosecond while |ns| < 4.5 × 10^15. */
export const nsToSec = (ns: bigint): number => Number(ns / NS_PER_SEC) + Number(ns % NS_PER_SEC) / 1e9

/** Magnitude, in the unit given. */
export const abs = (value: bigint): bigint => (value < 0n ? -value : value)
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** Division rounded towards minus infinity; `divisor` > 0. */
export const floorDiv = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor
  return value % divisor < 0n ? quotient - 1n : quotient
}
