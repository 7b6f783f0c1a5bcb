/**
 * How much a draw costs, to within known bounds and soon: floats with only + − × ÷, which IEEE 754 fixes to the bit, decide
 * what is clear, and whole numbers (`costOfDraw`) decide the rest. So nothing that is rounded ever decides.
 *
 * Source: −ln(1 − d) = 2·artanh(d / (2 − d)); its series at 15 terms, over d <= 1/2, is short by less than 1 part in 10^14.
 */
import type { Draw } from './rendezvous-draw.ts'

/** Bounds of a cost, in units of 2^-56: `costOfDraw` lies between them, ends included. */
export interface CostBounds {
  readonly low: number
  readonly high: number
}

/** 2^56 / ln 2. */
const UNITS_PER_NAT = 2 ** 56 / Math.LN2
/** What rounding and the end of the series may add, relative; they add less than 2^-45. */
const SLACK = 2 ** -38
/** A logarithm that is cut off makes a cost up to two units larger, and a cost is at least one. */
const CUT = 3
const TERMS = 15
/** 1 / (2j + 1), the last first. */
const COEFFICIENTS: readonly number[] = Array.from({ length: TERMS }, (_, i) => 1 / (2 * (TERMS - 1 - i) + 1))

/** −ln(1 − d), 0 < d <= 1/2. */
const natsOf = (d: number): number => {
  const y = d / (2 - d)
  const square = y * y
  return 2 * y * COEFFICIENTS.reduce((sum, coefficient) => sum * square + coefficient, 0)
}

/** (high × 2^32 + low + 1/2) / 2^64. */
const shareOf = (high: number, low: number): number => (high * 2 ** 32 + low + 0.5) / 2 ** 64

/** Bounds of `costOfDraw(draw)`. */
export const boundCost = ({ high, low }: Draw): CostBounds => {
  let nats: number
  if (high >= 2 ** 31) nats = natsOf(shareOf(~high >>> 0, ~low >>> 0))
  else {
    const zeros = high > 0 ? Math.clz32(high) : 32 + Math.clz32(low)
    // Of all zeros the half unit alone is left: 2^-65, which is 1/2 after 64 doublings.
    const share = shareOf(high, low) * 2 ** Math.min(zeros, 64)
    nats = zeros * Math.LN2 + natsOf(1 - share)
  }
  const units = nats * UNITS_PER_NAT
  return { low: units * (1 - SLACK) - CUT, high: units * (1 + SLACK) + CUT }
}

/**
 * A cost that no draw is below whose upper half is less than 2^32 − 1 − `limit`: its u is at most 1 − (limit + 1) / 2^32, and
 * −ln(1 − d) > d.
 */
export const costBeyond = (share: number): number => share * UNITS_PER_NAT * (1 - SLACK)
