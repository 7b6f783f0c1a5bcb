/**
 * What can be said about the 32-byte spelling of a point of edwards25519: is it the one spelling, does it lie on the curve,
 * is its order a divisor of eight? Byte comparisons, and one exponentiation for the curve equation.
 *
 * Source: RFC 8032 §5.1.2, §5.1.3; the list of small-order points is the multiples of one point of order eight, and the test
 * recomputes it. Nothing secret passes here.
 */
import assert from 'node:assert/strict'
import { equalBytes } from '../base/index.ts'

/** p = 2^255 − 19, the field. */
const FIELD = 2n ** 255n - 19n
/** L, the order of the base point. */
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

const POINT_BYTES = 32

/** 32 bytes, little end first. */
const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: POINT_BYTES }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))

const FIELD_BYTES = littleEndian(FIELD)
/** L as 32 bytes, little end first: S of a signature is below it. */
export const ORDER_BYTES = littleEndian(ORDER)

/** a < b as little-endian numbers of equal length. Not constant time. */
export const isBelow = (a: Uint8Array, b: Uint8Array): boolean => {
  assert.equal(a.length, b.length)
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % FIELD
    square = (square * square) % FIELD
  }
  return result
}

const modulo = (value: bigint): bigint => ((value % FIELD) + FIELD) % FIELD

/** d = −121665/121666, the curve's constant. */
const CURVE_D = modulo(-121_665n * power(121_666n, FIELD - 2n))

/** y of the points of order eight; the other two are their negatives. */
const Y_ORDER_EIGHT = 0x7a_03_ac_92_77_fd_c7_4e_c6_cc_39_2c_fa_53_20_2a_0f_67_10_0d_76_0b_3c_ba_4f_d8_4d_3d_70_6a_17_c7n

/** y of every point whose order divides eight: 0 (order 4), 1 (neutral), −1 (order 2), ±y8 (order 8). Each x sign is one. */
const SMALL_ORDER: readonly Uint8Array[] = [0n, 1n, FIELD - 1n, Y_ORDER_EIGHT, FIELD - Y_ORDER_EIGHT].map(littleEndian)

/** y of a point's 32 bytes, without the sign of x. */
const numberOf = (yBytes: Uint8Array): bigint => yBytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/**
 * The u of the same point on curve25519, 32 bytes: (1 + y) / (1 − y), whatever the sign of x (RFC 7748 §4.1). Of a point that
 * `faultOfPoint` finds nothing wrong with: y = 1 has no u.
 */
export const montgomeryOf = (point: Uint8Array): Uint8Array => {
  assert.equal(point.length, POINT_BYTES)
  const yBytes = Uint8Array.from(point)
  yBytes[POINT_BYTES - 1] = (yBytes[POINT_BYTES - 1] ?? 0) & 0x7f
  const y = numberOf(yBytes)
  return littleEndian(modulo((1n + y) * power(modulo(1n - y), FIELD - 2n)))
}

/** Is (y² − 1) / (d·y² + 1) a square? Euler's criterion; the division is left out by multiplying with its square. */
const hasX = (yBytes: Uint8Array): boolean => {
  const y = numberOf(yBytes)
  const square = modulo(y * y)
  const ratio = modulo((square - 1n) * (CURVE_D * square + 1n))
  return ratio === 0n || power(ratio, (FIELD - 1n) / 2n) === 1n
}

/**
 * What is wrong with a point's 32 bytes. `non-canonical`: y is not below p. `small-order`: one of the eight points that every
 * torsion check must refuse, under either sign bit. `off-curve`: no such point; looked for only when `with-curve`.
 */
export const faultOfPoint = (
  bytes: Uint8Array,
  depth: 'spelling-only' | 'with-curve',
): 'non-canonical' | 'small-order' | 'off-curve' | undefined => {
  assert.equal(bytes.length, POINT_BYTES)
  // Not slice: of a Node Buffer that is a view, and the sign bit must not be cleared in the caller's key.
  const y = Uint8Array.from(bytes)
  y[POINT_BYTES - 1] = (y[POINT_BYTES - 1] ?? 0) & 0x7f
  if (!isBelow(y, FIELD_BYTES)) return 'non-canonical'
  if (SMALL_ORDER.some((small) => equalBytes(small, y))) return 'small-order'
  return depth === 'with-curve' && !hasX(y) ? 'off-curve' : undefined
}
