/**
 * Allan deviation over τ on two logarithmic axes, as places in a box of pixels. Whole decades only, so that the axes stay where they are
 * while figures move.
 */
import type { ClockView } from '../../../src/services/schema.ts'

type Figure = Pick<ClockView['allan'][number], 'tauSec' | 'deviation'>

/** Edges of the plot within its drawing, px; y grows downwards. */
export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export interface Tick {
  readonly at: number
  readonly label: string
}

export interface AllanPlot {
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly xTicks: readonly Tick[]
  readonly yTicks: readonly Tick[]
}

/** Decades shown at least, and labelled at most. */
const DECADES_MIN = 2
const LABELS_MAX = 4

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
}

/** `10⁻⁹`. */
export const powerText = (exponent: number): string =>
  `10${Array.from(String(exponent), (digit) => SUPERSCRIPTS[digit] ?? '').join('')}`

/** Seconds as `0.1`, `1`, `10`, `1000`, `10⁴`. */
const tauText = (exponent: number): string =>
  exponent > 3 || exponent < -2 ? powerText(exponent) : String(Number((10 ** exponent).toPrecision(1)))

/** `2.2 × 10⁻⁵`, for reading aloud and titles. */
export const deviationText = (deviation: number): string => {
  const [mantissa = '0', exponent = '0'] = deviation.toExponential(1).split('e')
  return `${mantissa} × ${powerText(Number(exponent))}`
}

interface Decades {
  readonly from: number
  readonly to: number
}

const decadesOf = (values: readonly number[]): Decades => {
  const logs = values.map((value) => Math.log10(value))
  const from = Math.floor(Math.min(...logs) + 1e-9)
  return { from, to: Math.max(from + DECADES_MIN, Math.ceil(Math.max(...logs) - 1e-9)) }
}

const ticksOf = (
  { from, to }: Decades,
  place: (exponent: number) => number,
  text: (exponent: number) => string,
): Tick[] => {
  const step = Math.ceil((to - from) / LABELS_MAX)
  const exponents = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  return exponents.map((exponent) => ({
    at: place(exponent),
    label: (exponent - from) % step === 0 ? text(exponent) : '',
  }))
}

/** Nothing where there is no figure above zero: a perfect clock has no place on such an axis. */
export const allanPlot = (figures: readonly Figure[], box: Box): AllanPlot | undefined => {
  const shown = figures.filter(({ tauSec, deviation }) => tauSec > 0 && deviation > 0)
  if (shown.length === 0) return undefined
  const [taus, deviations] = [
    decadesOf(shown.map(({ tauSec }) => tauSec)),
    decadesOf(shown.map(({ deviation }) => deviation)),
  ]
  const x = (log: number): number => box.left + ((log - taus.from) / (taus.to - taus.from)) * (box.right - box.left)
  const y = (log: number): number =>
    box.bottom - ((log - deviations.from) / (deviations.to - deviations.from)) * (box.bottom - box.top)
  return {
    points: shown.map(({ tauSec, deviation }) => ({ x: x(Math.log10(tauSec)), y: y(Math.log10(deviation)) })),
    xTicks: ticksOf(taus, x, tauText),
    yTicks: ticksOf(deviations, y, powerText),
  }
}
