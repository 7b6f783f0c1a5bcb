/**
 * Least squares for holdover.ts: the frequency over time as a level, a drift, a daily wave and a response to temperature, whichever
 * of them are asked for. Times are in bins from an origin, frequencies in ppb; everything is a difference, so floats do.
 */
import assert from 'node:assert/strict'

/** One stretch of history: mean frequency, and temperature where it is known. `bin` counts from the origin, <= 0 in the past. */
export interface HistoryPoint {
  readonly bin: number
  readonly ppb: number
  readonly temperatureC: number | undefined
  /** How much of the bin was seen, > 0. */
  readonly weight: number
}

/** Which terms, and from how many bins of the past they are fitted. */
export interface Shape {
  readonly name: string
  readonly drift: boolean
  readonly daily: boolean
  readonly temperature: boolean
  readonly windowBins: number
}

/** A fitted shape without its level: ppb a bin, the two parts of the wave, ppb a kelvin. */
export interface Fit {
  readonly driftPpb: number
  readonly cosinePpb: number
  readonly sinePpb: number
  readonly perKelvinPpb: number
  readonly binsPerDay: number
}

const FLAT = { driftPpb: 0, cosinePpb: 0, sinePpb: 0, perKelvinPpb: 0 }
/** A fit needs points over this share of its window, and a daily wave over a day and a half. */
const SPAN_SHARE_MIN = 0.5
const DAILY_SPAN_MIN = 1.5
/** Points that a fit takes, evenly spread: more say little more. */
const POINTS_MAX = 252
/** Temperature within less than this, K, tells nothing. */
const TEMPERATURE_SPAN_K_MIN = 0.5

/** Solves the symmetric system a·x = b in place by elimination with pivots; nothing where it is singular. */
const solve = (a: number[][], b: number[]): number[] | undefined => {
  const size = b.length
  for (let column = 0; column < size; column += 1) {
    let pivot = column
    for (let row = column + 1; row < size; row += 1)
      if (Math.abs(a[row]?.[column] ?? 0) > Math.abs(a[pivot]?.[column] ?? 0)) pivot = row
    const top = a[pivot]
    const value = b[pivot]
    const other = a[column]
    const otherValue = b[column]
    assert(top !== undefined && value !== undefined && other !== undefined && otherValue !== undefined)
    const head = top[column] ?? 0
    if (Math.abs(head) < 1e-9) return undefined
    a[pivot] = other
    b[pivot] = otherValue
    a[column] = top
    b[column] = value
    for (let row = 0; row < size; row += 1) {
      const line = a[row]
      if (row === column || line === undefined) continue
      const share = (line[column] ?? 0) / head
      a[row] = line.map((cell, i) => cell - share * (top[i] ?? 0))
      b[row] = (b[row] ?? 0) - share * value
    }
  }
  return b.map((value, i) => value / (a[i]?.[i] ?? Number.NaN))
}

/** What each term of the shape is at a point; the level's 1 first. Scaled so that none is large. */
const termsOf = (
  shape: Shape,
  point: HistoryPoint,
  { binsPerDay, meanC }: { readonly binsPerDay: number; readonly meanC: number },
): number[] => {
  const terms = [1]
  if (shape.drift) terms.push(point.bin / binsPerDay)
  if (shape.daily) {
    const turn = (2 * Math.PI * point.bin) / binsPerDay
    terms.push(Math.cos(turn), Math.sin(turn))
  }
  if (shape.temperature) terms.push((point.temperatureC ?? meanC) - meanC)
  return terms
}

/** The weighted sums of products of the terms with each other and with the frequencies. */
const normalEquations = (
  points: readonly HistoryPoint[],
  termsAt: (point: HistoryPoint) => readonly number[],
): { readonly a: number[][]; readonly b: number[] } => {
  const rows = points.map((point) => ({ terms: termsAt(point), ...point }))
  const size = rows[0]?.terms.length ?? 0
  const indices = Array.from({ length: size }, (_, i) => i)
  const sumOf = (i: number, j: number): number => {
    let sum = 0
    for (const { weight, terms } of rows) sum += weight * (terms[i] ?? 0) * (terms[j] ?? 0)
    return sum
  }
  const shareOf = (i: number): number => {
    let sum = 0
    for (const { weight, ppb, terms } of rows) sum += weight * ppb * (terms[i] ?? 0)
    return sum
  }
  return { a: indices.map((i) => indices.map((j) => sumOf(i, j))), b: indices.map(shareOf) }
}

const spanOf = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity)

/** Fits a shape to the points within its window; nothing where they do not bear it. */
export const fitShape = (shape: Shape, history: readonly HistoryPoint[], binsPerDay: number): Fit | undefined => {
  if (!shape.drift && !shape.daily && !shape.temperature) return { ...FLAT, binsPerDay }
  const within = history.filter(
    ({ bin, temperatureC }) => bin > -shape.windowBins && (!shape.temperature || temperatureC !== undefined),
  )
  const stride = Math.ceil(within.length / POINTS_MAX)
  const points = within.filter((_, i) => i % stride === 0)
  const span = spanOf(points.map(({ bin }) => bin))
  if (span < SPAN_SHARE_MIN * shape.windowBins || (shape.daily && span < DAILY_SPAN_MIN * binsPerDay)) return undefined
  const temperatures = points.map(({ temperatureC }) => temperatureC ?? 0)
  if (shape.temperature && spanOf(temperatures) < TEMPERATURE_SPAN_K_MIN) return undefined
  const meanC = temperatures.reduce((sum, value) => sum + value, 0) / points.length
  const { a, b } = normalEquations(points, (point) => termsOf(shape, point, { binsPerDay, meanC }))
  const solution = solve(a, b)
  if (solution === undefined) return undefined
  const [, ...terms] = solution
  const take = (isAsked: boolean): number => (isAsked ? (terms.shift() ?? 0) : 0)
  return {
    driftPpb: take(shape.drift) / binsPerDay,
    cosinePpb: take(shape.daily),
    sinePpb: take(shape.daily),
    perKelvinPpb: take(shape.temperature),
    binsPerDay,
  }
}

/** The shape at a bin, ppb; `temperatureC` undefined counts as 0, so give it at both ends of a difference or at neither. */
export const shapeAt = (fit: Fit, bin: number, temperatureC: number | undefined): number => {
  const turn = (2 * Math.PI * bin) / fit.binsPerDay
  const wave = fit.cosinePpb * Math.cos(turn) + fit.sinePpb * Math.sin(turn)
  return fit.driftPpb * bin + wave + fit.perKelvinPpb * (temperatureC ?? 0)
}

/** The integral of the shape without temperature from bin 0 to `bin`, ppb·bins. */
export const shapeSum = (fit: Fit, bin: number): number => {
  const radius = fit.binsPerDay / (2 * Math.PI)
  const turn = bin / radius
  const wave = radius * (fit.cosinePpb * Math.sin(turn) + fit.sinePpb * (1 - Math.cos(turn)))
  return (fit.driftPpb * bin * bin) / 2 + wave
}
