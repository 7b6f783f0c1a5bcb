/**
 * The vertical axis of the picture: linear inside the accepted band, logarithmic outside it, so that a clock that is right
 * to a millisecond and one that is wrong by ten seconds are both on the screen and both readable.
 *
 * One axis unit is the half-width of the band: the band is [−1, +1]. Outside, u = 1 + C·ln(1 + (|v| − 1)/C) with
 * v = offset / half-width; value and slope both join at the edge, so nothing jumps where a trace crosses it.
 */

/** How soon the axis compresses beyond the band; smaller is sooner. Dimensionless. */
const COMPRESSION = 0.3
/** What is shown beyond the band on each side while nothing is out there, in axis units. */
const QUIET = 1.5
/** Room kept beyond the farthest interval, in axis units. */
const MARGIN = 0.28
/** Labels closer than this are left out, in axis units. */
const TICK_GAP = 0.16

export interface AxisRange {
  readonly min: number
  readonly max: number
}

/** An offset in ns to axis units; `bandNs` > 0 is the half-width of the band. Strictly increasing, odd. */
export const toAxis = (offsetNs: number, bandNs: number): number => {
  const ratio = offsetNs / bandNs
  const size = Math.abs(ratio)
  return size <= 1 ? ratio : Math.sign(ratio) * (1 + COMPRESSION * Math.log1p((size - 1) / COMPRESSION))
}

/** The inverse of `toAxis`: axis units to ns. */
export const fromAxis = (axis: number, bandNs: number): number => {
  const size = Math.abs(axis)
  if (size <= 1) return axis * bandNs
  return Math.sign(axis) * bandNs * (1 + COMPRESSION * Math.expm1((size - 1) / COMPRESSION))
}

/** The range that shows the whole band and every extreme given (ns), each side opening only as far as it must. */
export const axisRange = (extremesNs: readonly number[], bandNs: number): AxisRange => {
  let min = -QUIET
  let max = QUIET
  for (const extremeNs of extremesNs) {
    const at = toAxis(extremeNs, bandNs)
    if (at > 1) max = Math.max(max, at + MARGIN)
    if (at < -1) min = Math.min(min, at - MARGIN)
  }
  return { min, max }
}

/** Moves `from` a share of the way to `to`; arrives when the rest is too small to see. */
export const easeRange = (from: AxisRange, to: AxisRange, share: number): AxisRange => {
  const step = (a: number, b: number): number => (Math.abs(b - a) < 0.002 ? b : a + (b - a) * share)
  return { min: step(from.min, to.min), max: step(from.max, to.max) }
}

const NICE_MS = [1, 2, 5].flatMap((digit) => Array.from({ length: 9 }, (_, power) => digit * 10 ** power))

/** Where the axis is labelled, in ns, rising: the middle, the halves, the edges, then round values outside. */
export const axisTicksNs = (range: AxisRange, bandNs: number): readonly number[] => {
  const outside = NICE_MS.map((ms) => ms * 1e6)
    .concat([2.5e8, 2.5e9, 2.5e10])
    .filter((ns) => ns > bandNs * 1.5)
    .sort((a, b) => preference(a) - preference(b) || a - b)
  const ticks = [-bandNs, -bandNs / 2, 0, bandNs / 2, bandNs]
  for (const ns of [...outside, ...outside.map((ns) => -ns)]) {
    const at = toAxis(ns, bandNs)
    if (at > range.max - 0.04 || at < range.min + 0.04) continue
    if (ticks.every((other) => Math.abs(toAxis(other, bandNs) - at) >= TICK_GAP)) ticks.push(ns)
  }
  return ticks.sort((a, b) => a - b)
}

/** Powers of ten first, then 2.5 and 5, then the rest. */
const preference = (ns: number): number => {
  const digit = Number(ns.toExponential(2).slice(0, 4))
  return digit === 1 ? 0 : digit === 2.5 ? 1 : digit === 5 ? 2 : 3
}
