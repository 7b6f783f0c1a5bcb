/** Moments of the tilted density against sums over its density, its borders, and κ found again in waits drawn with it. */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { drawUnit, seededRandom } from '../base/index.ts'
import { likeliestTilt, tiltedMoments } from './one-way-noise.ts'

/** By the midpoint rule on a density scaled so that it is 1 where it is greatest. */
const summed = (kappa: number, excess: number): { mean: number; variance: number } => {
  const steps = 20_000
  let [mass, first, second] = [0, 0, 0]
  for (let step = 0; step < steps; step += 1) {
    const share = (step + 0.5) / steps
    const density = Math.exp(kappa * excess * (kappa > 0 ? share - 1 : share))
    mass += density
    first += density * share
    second += density * share * share
  }
  const mean = first / mass
  return { mean: mean * excess, variance: (second / mass - mean * mean) * excess * excess }
}
const near = (actual: number, expected: number, share: number, say: string): void =>
  ok(Math.abs(actual - expected) <= share * Math.abs(expected), `${say}: ${actual}, expected ${expected}`)

test('moments are those of the density: both signs, about the series, about the steep end', () => {
  for (const tilt of [0, 1e-6, 9.9e-4, 1.01e-3, 0.1, 1, 5, 30, 49.9, 50.1, 400]) {
    for (const sign of [1, -1]) {
      const excess = 3e-4
      const kappa = (sign * tilt) / excess
      const { mean, variance } = tiltedMoments(kappa, excess)
      const expected = summed(kappa, excess)
      near(mean, expected.mean, 1e-3, `mean at ${sign * tilt}`)
      near(variance, expected.variance, 1e-2, `variance at ${sign * tilt}`)
      if (tilt < 30) near(mean, expected.mean, 1e-7, `mean at ${sign * tilt}`)
      if (tilt < 30) near(variance, expected.variance, 1e-5, `variance at ${sign * tilt}`)
    }
  }
})

test('no excess, no doubt; no tilt, half of it', () => {
  for (const kappa of [-1e5, 0, 1e5]) {
    const { mean, variance } = tiltedMoments(kappa, 0)
    ok(mean === 0 && variance === 0)
  }
  equal(tiltedMoments(0, 12).mean, 6)
  equal(tiltedMoments(0, 12).variance, 12)
})

test('whatever the tilt: inside the excess, mirrored by its sign, rising with it', () => {
  const anyTilt = fc.double({ min: -1e12, max: 1e12, noNaN: true })
  const anyExcess = fc.double({ min: 1e-12, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(anyTilt, anyExcess, (kappa, excess) => {
      const { mean, variance } = tiltedMoments(kappa, excess)
      ok(mean >= 0 && mean <= excess && variance >= 0 && variance <= (excess * excess) / 12)
      const mirrored = tiltedMoments(-kappa, excess)
      ok(Math.abs(mirrored.mean - (excess - mean)) <= 1e-9 * excess)
      ok(Math.abs(mirrored.variance - variance) <= 1e-9 * excess * excess)
      ok(tiltedMoments(kappa + Math.abs(kappa) / 10 + 1, excess).mean >= mean - 1e-9 * excess)
    }),
    { numRuns: 300 },
  )
})

test('the tilt of waits drawn with one is found again', () => {
  for (const [outMean, backMean] of [
    [1e-4, 1e-4],
    [1e-4, 3e-4],
    [5e-4, 1e-4],
  ] as const) {
    const random = seededRandom(7n)
    const exponential = (mean: number): number => -mean * Math.log(1 - drawUnit(random))
    const waits = Array.from({ length: 2000 }, () => {
      const [out, back] = [exponential(outMean), exponential(backMean)]
      return { backSec: back, excessSec: out + back }
    })
    const kappa = likeliestTilt(waits, { scaleSec: 1e-4, priorWeight: 0 })
    const expected = 1 / outMean - 1 / backMean
    ok(Math.abs(kappa - expected) < 800, `${kappa}, expected ${expected}`)
  }
})

test('no evidence: no tilt; evidence without end: the bracket’s end; the prior pulls towards 0', () => {
  const scale = { scaleSec: 1e-4, priorWeight: 4 }
  ok(Math.abs(likeliestTilt([], scale)) < 1)
  const lopsided = Array.from({ length: 50 }, () => ({ backSec: 2e-4, excessSec: 2e-4 }))
  const free = likeliestTilt(lopsided, { scaleSec: 1e-4, priorWeight: 0 })
  ok(free > 19.9 / 1e-4 && free <= 20 / 1e-4)
  const held = likeliestTilt(lopsided, { scaleSec: 1e-4, priorWeight: 400 })
  ok(held > 0 && held < free / 4)
})
