/**
 * The natural logarithm and the exponential that every machine computes to the same bit: whole numbers, multiplied and
 * shifted. `Math.log` and `Math.exp` are left to the platform by ECMA-262 and may not steer anything that nodes must agree on.
 *
 * How: the logarithm is the base-2 one of crypto/ (C-10) times ln 2; the exponential splits off powers of two, and sums the
 * series of the rest. The steps are part of the rule: docs/spec/standing.md W-1, W-2. Vectors: test/vectors/standing-logarithm.json.
 */
import assert from 'node:assert/strict'
import { abs, floorDiv, PPB_ONE } from '../base/index.ts'
import type { Ppb } from '../base/index.ts'
import { LOG_FRACTION_BITS, log2Fixed } from '../crypto/index.ts'

/** Binary digits after the point of everything between argument and result. */
const WORKING_BITS = 192n
const ONE = 1n << WORKING_BITS
/** ln 2 × 2^192, cut off. */
const LN2 = 0xb1_72_17_f7_d1_cf_79_ab_c9_e3_b3_98_03_f2_f6_af_40_f3_43_26_72_98_b6_2dn
const LOG2_BITS = BigInt(LOG_FRACTION_BITS)
const LOG2_OF_PPB_ONE = log2Fixed(PPB_ONE)

/** Largest argument of `exponentialPpb`: 64. What is below minus this gives 0. */
export const EXPONENT_PPB_MAX: Ppb = 64n * PPB_ONE
/** What `logarithmPpb` takes is below this. */
export const LOGARITHM_ARGUMENT_LIMIT = 1n << 1024n

/** value ÷ 2^bits, to the nearest; a tie goes up. */
const roundShift = (value: bigint, bits: bigint): bigint => (value + (1n << (bits - 1n))) >> bits

/**
 * Natural logarithm of a whole number over another, by their `log2Fixed`: (a − b) × ln 2 in ppb, to the nearest.
 * `difference` may be a sum of such differences times weights over `divisor`, as an entropy has it.
 */
export const naturalOfLog2Ppb = (difference: bigint, divisor = 1n): Ppb =>
  roundShift(floorDiv(difference * LN2 * PPB_ONE, divisor), LOG2_BITS + WORKING_BITS)

/**
 * ln(x) in parts per billion; x in parts per billion, 1 <= x < 2^1024 (anything else an asserted bug).
 * Off the true value by less than 0.5 + 3 × 10^-8 ppb; exact at one; never falls as x grows.
 */
export const logarithmPpb = (x: Ppb): Ppb => {
  assert(x >= 1n && x < LOGARITHM_ARGUMENT_LIMIT)
  return naturalOfLog2Ppb(log2Fixed(x) - LOG2_OF_PPB_ONE)
}

/**
 * e^x in parts per billion, >= 0; x in parts per billion, at most 64 × 10^9 (anything above an asserted bug).
 * Off the true value by less than 0.5 + 10^-12 ppb; exact at zero; never falls as x grows.
 */
export const exponentialPpb = (x: Ppb): Ppb => {
  assert(x <= EXPONENT_PPB_MAX)
  if (abs(x) > EXPONENT_PPB_MAX) return 0n
  const exponent = floorDiv(x << WORKING_BITS, PPB_ONE)
  const twos = floorDiv(exponent, LN2)
  return roundShift(series(exponent - twos * LN2) * PPB_ONE, WORKING_BITS - twos)
}

/** Σ r^n ÷ n!, 0 <= r < ln 2, both × 2^192: ends after some 40 terms, once a term is below the last digit. */
const series = (r: bigint): bigint => {
  let sum = ONE
  for (let term = r, n = 2n; term > 0n; n += 1n) {
    sum += term
    term = ((term * r) >> WORKING_BITS) / n
  }
  return sum
}
