/**
 * A base-2 logarithm that every machine computes to the same bit: whole numbers, multiplied and shifted. Floating-point
 * `Math.log2` is left to the platform by ECMA-262 and may not steer anything that nodes must agree on.
 *
 * Source: the squaring method (Briggs; Knuth, The Art of Computer Programming vol. 1 §1.2.2 exercise 25): squaring x in [1, 2)
 * doubles its logarithm, and a carry past 2 is the next binary digit. Rules: docs/spec/crypto.md C-10.
 */
import assert from 'node:assert/strict'

/** Binary digits after the point of a logarithm. */
export const LOG_FRACTION_BITS = 56
/** Binary digits after the point of the number that is squared; truncation at each step costs less than 2^-62 in all. */
const WORKING_BITS = 64n
const ONE = 1n << WORKING_BITS
const TWO = 2n * ONE

/** Number of binary digits of `value` >= 1. */
const bitLength = (value: bigint): number => {
  const hex = value.toString(16)
  return 4 * (hex.length - 1) + (32 - Math.clz32(Number.parseInt(hex.slice(0, 1), 16)))
}

/**
 * log2(value) × 2^56, cut off (never above the true value, below it by less than 2 units); 1 <= value < 2^1024.
 * Monotone: a larger value never has a smaller logarithm.
 */
export const log2Fixed = (value: bigint): bigint => {
  assert(value >= 1n)
  const exponent = bitLength(value) - 1
  let x = (value << WORKING_BITS) >> BigInt(exponent)
  let digits = BigInt(exponent)
  for (let bit = 0; bit < LOG_FRACTION_BITS; bit += 1) {
    x = (x * x) >> WORKING_BITS
    digits <<= 1n
    if (x < TWO) continue
    x >>= 1n
    digits |= 1n
  }
  assert(x >= ONE && x < TWO)
  return digits
}
