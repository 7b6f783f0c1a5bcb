/** Holdover: what is learned from made histories, what is left alone, and that nothing is claimed without a past. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, drawNormal, seededRandom } from '../base/index.ts'
import { fitShape, shapeAt, shapeSum } from './holdover-fit.ts'
import { HoldoverPredictor } from './holdover.ts'

const MINUTE = 60n * NS_PER_SEC
const HOUR_SEC = 3600
const DAY_SEC = 86_400

/** Frequency at a time, ppb. */
type Frequency = (sec: number) => number

/** A predictor that has heard a frequency with noise of `noisePpb`, once a minute for so many hours. */
const taught = (
  hours: number,
  frequency: Frequency,
  parts: { readonly noisePpb?: number; readonly temperature?: (sec: number) => number } = {},
): HoldoverPredictor => {
  const { noisePpb = 0.01, temperature } = parts
  const random = seededRandom(3n)
  const predictor = new HoldoverPredictor()
  for (let minute = 0; minute < hours * 60; minute += 1) {
    const localNs = BigInt(minute) * MINUTE
    predictor.observe(localNs, frequency(minute * 60) + noisePpb * drawNormal(random), noisePpb)
    if (temperature !== undefined) predictor.observeTemperature(localNs, temperature(minute * 60))
  }
  return predictor
}

/** By how much constant frequency from the last minute on would err after so many hours, ns, by hand. */
const departureNs = (fromSec: number, hours: number, frequency: Frequency): number => {
  let sum = 0
  for (let sec = fromSec; sec < fromSec + hours * HOUR_SEC; sec += 60) sum += (frequency(sec) - frequency(fromSec)) * 60
  return sum
}

const shiftAfter = (
  predictor: HoldoverPredictor,
  taughtHours: number,
  hours: number,
): { shiftNs: number; sigmaNs: number } => {
  const from = BigInt(taughtHours * 60 - 1) * MINUTE
  return predictor.predictShift(from, from + BigInt(hours * HOUR_SEC) * NS_PER_SEC)
}

test('no past, no claim', () => {
  const predictor = new HoldoverPredictor()
  deepEqual(predictor.predictShift(0n, MINUTE), { shiftNs: 0, sigmaNs: Number.POSITIVE_INFINITY })
  predictor.observe(MINUTE, 100, 2)
  const { shiftNs, sigmaNs } = predictor.predictShift(MINUTE, 11n * MINUTE)
  equal(shiftNs, 0)
  ok(Math.abs(sigmaNs - 1200) < 1e-3)
  deepEqual(predictor.explain(), [])
})

const drifting: Frequency = (sec) => 500 + (20 * sec) / DAY_SEC
const waving: Frequency = (sec) => -3000 + 200 * Math.sin((2 * Math.PI * sec) / DAY_SEC)
const both: Frequency = (sec) => drifting(sec) + waving(sec)

const LEARNED: readonly (readonly [string, number, Frequency, readonly number[]])[] = [
  ['aging in a day', 26, drifting, [1, 6]],
  ['aging in six days', 144, drifting, [1, 6, 24]],
  ['a day’s wave in five days', 120, waving, [1, 6, 24]],
  ['both in six days', 144, both, [1, 6, 24]],
]
for (const [name, taughtHours, frequency, horizons] of LEARNED) {
  test(`learned: ${name}`, () => {
    const predictor = taught(taughtHours, frequency)
    const fromSec = (taughtHours * 60 - 1) * 60
    for (const hours of horizons) {
      const { shiftNs, sigmaNs } = shiftAfter(predictor, taughtHours, hours)
      const truth = departureNs(fromSec, hours, frequency)
      const worst = hours === 24 && frequency !== drifting ? 20_000 : Math.abs(truth)
      ok(Math.abs(shiftNs - truth) < 0.2 * worst + 200, `${hours} h: ${shiftNs} for ${truth}`)
      ok(sigmaNs > 0 && Number.isFinite(sigmaNs))
    }
  })
}

test('a level that the last estimate misses is taken from the hour', () => {
  const predictor = taught(30, () => 40, { noisePpb: 5 })
  const from = BigInt(30 * 60) * MINUTE
  predictor.observe(from, 60, 5)
  const { shiftNs } = predictor.predictShift(from, from + 60n * MINUTE)
  ok(Math.abs(shiftNs / -(20 * HOUR_SEC) - 1) < 0.1, String(shiftNs))
})

test('a frequency that walks at random is left alone', () => {
  const random = seededRandom(9n)
  let walk = 0
  const predictor = taught(144, () => (walk += drawNormal(random)), { noisePpb: 0.001 })
  for (const { name } of predictor.explain()) equal(name, 'constant')
  const { shiftNs, sigmaNs } = shiftAfter(predictor, 144, 6)
  equal(shiftNs, 0)
  // The walk's own spread over six hours, √(t³/3) of one step a minute.
  const expected = 60 * Math.sqrt(360 ** 3 / 3)
  ok(sigmaNs > expected / 2 && sigmaNs < expected * 2, `${sigmaNs} for ${expected}`)
})

test('temperature, where it is measured, is followed through the silence', () => {
  const random = seededRandom(5n)
  let level = 0
  const weather = Array.from({ length: 60 * 60 }, () => (level = 0.999 * level + 0.2 * drawNormal(random)))
  const temperature = (sec: number): number => 25 + (weather[Math.floor(sec / 60)] ?? 0)
  const frequency: Frequency = (sec) => 100 + 50 * temperature(sec)
  const hours = 48
  const predictor = taught(hours, frequency, { temperature })
  ok(predictor.explain()[0]?.name.includes('temperature'), JSON.stringify(predictor.explain()))
  for (let minute = hours * 60; minute < (hours + 6) * 60; minute += 1)
    predictor.observeTemperature(BigInt(minute) * MINUTE, temperature(minute * 60))
  const truth = departureNs((hours * 60 - 1) * 60, 6, frequency)
  const { shiftNs } = shiftAfter(predictor, hours, 6)
  ok(Math.abs(truth) > 100_000 && Math.abs(shiftNs / truth - 1) < 0.1, `${shiftNs} for ${truth}`)
})

test('the prediction is continuous, additive, and nothing before the last observation', () => {
  const predictor = taught(144, both)
  const from = BigInt(144 * 60 - 1) * MINUTE
  const at = (minutes: number): number => predictor.predictShift(from, from + BigInt(minutes) * MINUTE).shiftNs
  equal(predictor.predictShift(0n, from).shiftNs, 0)
  let last = 0
  for (let minutes = 0; minutes < 6000; minutes += 5) {
    const now = at(minutes)
    ok(Math.abs(now - last) < 300 * 450, `${minutes}: ${last} to ${now}`)
    last = now
  }
  const middle = from + 500n * MINUTE
  const parts = at(500) + predictor.predictShift(middle, middle + 700n * MINUTE).shiftNs
  ok(Math.abs(parts - at(1200)) < 1e-3)
  predictor.forget()
  equal(at(60), 0)
})

test('whatever is observed, predictions are finite', () => {
  const anyObservation = fc.tuple(fc.integer({ min: 0, max: 400 }), fc.double({ min: -5e5, max: 5e5, noNaN: true }))
  fc.assert(
    fc.property(fc.array(anyObservation, { minLength: 1, maxLength: 150 }), (steps) => {
      const predictor = new HoldoverPredictor()
      let minute = 0n
      for (const [gap, slope] of steps) {
        minute += BigInt(gap)
        predictor.observe(minute * MINUTE, slope, 1)
      }
      const { shiftNs, sigmaNs } = predictor.predictShift(minute * MINUTE, (minute + 9000n) * MINUTE)
      ok(Number.isFinite(shiftNs) && sigmaNs >= 0)
    }),
    { numRuns: 30 },
  )
})

test('a fit by hand: drift and wave come back, and the sum is the integral', () => {
  const shape = { name: '', drift: true, daily: true, temperature: false, windowBins: 500 }
  const truth = { driftPpb: 0.25, cosinePpb: 3, sinePpb: -4, perKelvinPpb: 0, binsPerDay: 144 }
  const history = Array.from({ length: 400 }, (_, i) => ({
    bin: -i,
    ppb: 77 + shapeAt(truth, -i, 0),
    temperatureC: undefined,
    weight: 1,
  }))
  const fit = fitShape(shape, history, 144)
  ok(fit !== undefined)
  ok(Math.abs(fit.driftPpb - 0.25) < 1e-9 && Math.abs(fit.cosinePpb - 3) < 1e-9 && Math.abs(fit.sinePpb + 4) < 1e-9)
  let sum = 0
  for (let i = 0; i < 30_000; i += 1) sum += shapeAt(fit, (i + 0.5) / 100, 0) / 100
  ok(Math.abs(sum - shapeSum(fit, 300)) < 1e-3, `${sum} ${shapeSum(fit, 300)}`)
  equal(fitShape(shape, history.slice(0, 200), 144), undefined, 'a wave needs a day and a half')
})
