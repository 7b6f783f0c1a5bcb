/** The filter's steps against matrices written out, the smoother against least squares over all of it at once, and both at their worst. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { drawNormal, seededRandom } from '../base/index.ts'
import { corrected, predicted, smoothedOffsets } from './kalman-step.ts'
import type { Belief, PassStep } from './kalman-step.ts'

type Matrix = readonly (readonly number[])[]
const times = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => (b[0] ?? []).map((_, column) => row.reduce((sum, value, k) => sum + value * (b[k]?.[column] ?? 0), 0)))
const plus = (a: Matrix, b: Matrix): number[][] => a.map((row, i) => row.map((value, j) => value + (b[i]?.[j] ?? 0)))
const transposed = (a: Matrix): number[][] => (a[0] ?? []).map((_, j) => a.map((row) => row[j] ?? 0))

const covariance = ({ p11, p12, p22 }: Belief): Matrix => [
  [p11, p12],
  [p12, p22],
]
const same = (actual: Matrix, expected: Matrix): void =>
  actual.forEach((row, i) =>
    row.forEach((value, j) => {
      const wanted = expected[i]?.[j] ?? Number.NaN
      ok(Math.abs(value - wanted) <= 1e-12 * Math.abs(wanted) + 1e-30, `[${i}, ${j}]: ${value}, expected ${wanted}`)
    }),
  )

const BELIEF: Belief = { offsetSec: 2e-4, slope: 3e-6, p11: 4e-8, p12: 2e-11, p22: 9e-13 }

test('a prediction is F x and F P Fᵀ + Q', () => {
  for (const age of [0, 0.5, 64, 1e6]) {
    const q = 1e-17
    const f = [
      [1, age],
      [0, 1],
    ]
    const noise = [
      [(q * age ** 3) / 3, (q * age ** 2) / 2],
      [(q * age ** 2) / 2, q * age],
    ]
    const after = predicted(BELIEF, age, q)
    same([[after.offsetSec], [after.slope]], times(f, [[BELIEF.offsetSec], [BELIEF.slope]]))
    same(covariance(after), plus(times(times(f, covariance(BELIEF)), transposed(f)), noise))
  }
})

test('into the past the mean goes back, and the doubt grows as much as the other way', () => {
  const back = predicted(predicted(BELIEF, 64, 1e-17), -64, 1e-17)
  ok(Math.abs(back.offsetSec - BELIEF.offsetSec) < 1e-18)
  ok(back.p11 > BELIEF.p11 && back.p22 > BELIEF.p22 && back.p11 * back.p22 > back.p12 ** 2)
})

test('a correction is x + K y and (I − K H) P', () => {
  const measured = { offsetSec: 3e-4, varianceSec2: 1e-8 }
  const { belief, surprise, innovationSec, varianceSec2 } = corrected(BELIEF, measured, 5)
  const s = BELIEF.p11 + 1e-8
  const gain = [[BELIEF.p11 / s], [BELIEF.p12 / s]]
  equal(varianceSec2, s)
  ok(Math.abs(innovationSec - 1e-4) < 1e-18 && Math.abs(surprise - 1e-8 / s) < 1e-12)
  same([[belief.offsetSec], [belief.slope]], plus([[BELIEF.offsetSec], [BELIEF.slope]], times(gain, [[innovationSec]])))
  const keep = [
    [1 - BELIEF.p11 / s, 0],
    [-BELIEF.p12 / s, 1],
  ]
  same(covariance(belief), times(keep, covariance(BELIEF)))
})

test('one past the gate moves it as far as one at the gate, and the doubt shrinks the same', () => {
  const sigma = Math.sqrt(BELIEF.p11 + 1e-8)
  const [at, past, below] = [5, 500, -500].map((sigmas) =>
    corrected(BELIEF, { offsetSec: BELIEF.offsetSec + sigmas * sigma, varianceSec2: 1e-8 }, 5),
  )
  ok(at !== undefined && past !== undefined && below !== undefined)
  ok(Math.abs(past.belief.offsetSec - at.belief.offsetSec) < 1e-15)
  ok(Math.abs(past.belief.offsetSec + below.belief.offsetSec - 2 * BELIEF.offsetSec) < 1e-15)
  ok(Math.abs(past.surprise / at.surprise - 10_000) < 1e-6)
  equal(past.belief.p11, at.belief.p11)
})

test('it stays a covariance, whatever comes', () => {
  const anyStep = fc.record({
    age: fc.constantFrom(0, 1e-9, -1e-9, -1, 1, 64, 1e4, 3e7),
    offsetSec: fc.double({ min: -4e9, max: 4e9, noNaN: true }),
    varianceSec2: fc.constantFrom(4e-14, 1e-8, 1, 1e18),
    slopeNoise: fc.constantFrom(1e-20, 1e-14),
  })
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 60 }), (steps) => {
      let belief: Belief = { offsetSec: 0, slope: 0, p11: 1e-8, p12: 0, p22: 9e-10 }
      for (const { age, slopeNoise, ...measured } of steps) {
        belief = corrected(predicted(belief, age, slopeNoise), measured, 5).belief
        ok(Object.values(belief).every(Number.isFinite), JSON.stringify(belief))
        ok(belief.p11 > 0 && belief.p22 > 0, JSON.stringify(belief))
      }
    }),
    { numRuns: 200 },
  )
})

/** Solves A x = b by elimination. */
const solved = (a: Matrix, b: readonly number[]): number[] => {
  const rows = a.map((row, i) => [...row, b[i] ?? 0])
  rows.forEach((pivot, i) =>
    rows.forEach((row, j) => {
      if (i === j) return
      const share = (row[i] ?? 0) / (pivot[i] ?? 0)
      for (let k = i; k < row.length; k += 1) row[k] = (row[k] ?? 0) - share * (pivot[k] ?? 0)
    }),
  )
  return rows.map((row, i) => (row.at(-1) ?? 0) / (row[i] ?? 0))
}

test('the smoother says what least squares say of all words at once', () => {
  const [first, noise, slopeNoise] = [{ p11: 2, p22: 0.5 }, 0.3, 0.04]
  const random = seededRandom(5n)
  const measured = Array.from({ length: 12 }, () => 3 * drawNormal(random))
  const ages = measured.map((_, i) => (i === 0 ? 0 : 0.5 + (i % 3)))
  const pass: PassStep[] = []
  for (const [i, offsetSec] of measured.entries()) {
    const last = pass.at(-1)
    const start: Belief = { offsetSec: 0, slope: 0, ...first, p12: 0 }
    const before = last === undefined ? start : predicted(last.after, ages[i] ?? 0, slopeNoise)
    const after = corrected(before, { offsetSec, varianceSec2: noise }, 1e9).belief
    pass.push({ ageSec: ages[i] ?? 0, before, after })
  }
  // Unknown are all offsets and slopes. Each word, the beginning and each move bring squares to be least.
  const count = 2 * measured.length
  const normal = Array.from({ length: count }, () => Array.from({ length: count }, () => 0))
  const right = Array.from({ length: count }, () => 0)
  const add = (row: readonly (readonly [number, number])[], target: number, weight: number): void => {
    for (const [i, a] of row) {
      right[i] = (right[i] ?? 0) + weight * a * target
      for (const [j, b] of row) normal[i]![j] = (normal[i]![j] ?? 0) + weight * a * b
    }
  }
  add([[0, 1]], 0, 1 / first.p11)
  add([[1, 1]], 0, 1 / first.p22)
  for (const [i, z] of measured.entries()) {
    add([[2 * i, 1]], z, 1 / noise)
    const age = ages[i] ?? 0
    if (i === 0) continue
    // Q = L Lᵀ with L = √(qΔ) [Δ/2, Δ/√12; 1, 0]: the move's two independent parts, slope first.
    const slopeMove: [number, number][] = [
      [2 * i + 1, 1],
      [2 * i - 1, -1],
    ]
    const offsetMove: [number, number][] = [
      [2 * i, 1],
      [2 * i - 2, -1],
      [2 * i - 1, -age / 2],
      [2 * i + 1, -age / 2],
    ]
    add(slopeMove, 0, 1 / (slopeNoise * age))
    add(offsetMove, 0, 12 / (slopeNoise * age ** 3))
  }
  const expected = solved(normal, right)
  for (const [i, offset] of smoothedOffsets(pass).entries())
    ok(Math.abs(offset - (expected[2 * i] ?? 0)) < 1e-9, `${i}: ${offset}, expected ${expected[2 * i]}`)
})

test('smoothing: nothing of nothing, itself of one, and numbers where offset and slope are one', () => {
  deepEqual(smoothedOffsets([]), [])
  deepEqual(smoothedOffsets([{ ageSec: 0, before: BELIEF, after: BELIEF }]), [BELIEF.offsetSec])
  const tied: Belief = { offsetSec: 1, slope: 1, p11: 1, p12: 1, p22: 1 }
  const [offset = Number.NaN] = smoothedOffsets([
    { ageSec: 0, before: tied, after: tied },
    { ageSec: 0, before: tied, after: { ...tied, offsetSec: 3 } },
  ])
  ok(Math.abs(offset - 3) < 1e-12, String(offset))
})
