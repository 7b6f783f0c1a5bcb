/**
 * NTP's durations: the 32-bit short format (16 bits of seconds, 16 of fraction) of root delay and root dispersion, and the
 * power of two of the precision field. Source: RFC 5905 §6, §7.3. Every rounding is upwards: a bound may only grow.
 * Timestamps are in clock/time-scales.ts.
 */
import { NS_PER_SEC } from '../base/index.ts'

const SHORT_MAX = 2n ** 32n - 1n

/** A short-format duration (0 <= value < 2^32) as ns, rounded up. At most 65,536 s. */
export const nsOfNtpShort = (short: number): bigint => (BigInt(short) * NS_PER_SEC + 0xff_ffn) >> 16n

/** A duration >= 0 ns as short format, rounded up and held at the largest value there is. */
export const ntpShortOfNs = (ns: bigint): number => {
  const short = ((ns << 16n) + NS_PER_SEC - 1n) / NS_PER_SEC
  return Number(short > SHORT_MAX ? SHORT_MAX : short)
}

/** 2^exponent seconds in ns, rounded up; `exponent` is the signed octet of the precision field, -128 to 127. */
export const nsOfLog2Sec = (exponent: number): bigint =>
  exponent >= 0 ? NS_PER_SEC << BigInt(exponent) : (NS_PER_SEC >> BigInt(-exponent)) + 1n
