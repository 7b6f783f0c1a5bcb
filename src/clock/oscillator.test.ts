/** Simulated oscillators: hand-computed readings, faults, and sameness under any order of questions. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_DAY, NS_PER_SEC, seededRandom } from '../base/index.ts'
import { createOscillator } from './oscillator.ts'
import type { OscillatorParameters } from './oscillator-phase.ts'
import type { OscillatorFault } from './oscillator.ts'

const SEC = NS_PER_SEC
const quiet = (parameters: Partial<OscillatorParameters> = {}) => createOscillator(parameters, seededRandom(1n))

test('drift and offset: 10 ppm fast from 10 ms ahead is 110 ms ahead after 10,000 s', () => {
  const oscillator = quiet({ offsetNs: 10_000_000n, driftPpb: 10_000 })
  equal(oscillator.read(0n), 10_000_000n)
  equal(oscillator.read(SEC / 2n), 10_000_000n + 500_005_000n)
  equal(oscillator.read(10_000n * SEC), 10_000n * SEC + 110_000_000n)
})

test('aging: 86.4 ppb a day is 1e-12 a second each second; after 1,000 s it gained 499,500 × 0.001 ns', () => {
  equal(quiet({ agingPpbPerDay: 86.4 }).read(1000n * SEC), 1000n * SEC + 500n)
})

test('temperature: a half period gathers 2/π of its peak, a whole one nothing', () => {
  const thermal = { temperatureSwingK: 5, temperaturePeriodSec: 3600, temperatureCoefficientPpbPerK: 40 }
  const half = quiet(thermal).read(1800n * SEC) - 1800n * SEC
  ok(Math.abs(Number(half) - (200 * 3600) / Math.PI) < 200)
  const whole = quiet(thermal).read(3600n * SEC) - 3600n * SEC
  ok(Math.abs(Number(whole)) < 10)
  ok(quiet({ ...thermal, temperaturePhaseTurns: 0.5 }).read(1800n * SEC) < 1800n * SEC)
})

test('random walk of frequency: 400 seeds spread as W·√(t³/3)', () => {
  const seconds = 100
  const squares = Array.from({ length: 400 }, (_, seed) => {
    const oscillator = createOscillator({ randomWalkPpb: 1 }, seededRandom(BigInt(seed)))
    return Number(oscillator.read(BigInt(seconds) * SEC) - BigInt(seconds) * SEC) ** 2
  })
  const rms = Math.sqrt(squares.reduce((a, b) => a + b) / squares.length)
  const expected = Math.sqrt(seconds ** 3 / 3)
  ok(rms > expected * 0.9 && rms < expected * 1.1, `${rms} against ${expected}`)
})

test('white phase noise does not add up', () => {
  const oscillator = quiet({ phaseNoiseNs: 100 })
  const squares: number[] = []
  for (let second = 1n; second <= 2000n; second += 1n)
    squares.push(Number(oscillator.read(second * SEC) - second * SEC) ** 2)
  const rms = Math.sqrt(squares.reduce((a, b) => a + b) / squares.length)
  ok(rms > 90 && rms < 110, String(rms))
})

test('faults: step, step back, freeze and ramp, by hand', () => {
  const stepped = quiet()
  stepped.fault({ type: 'step', atNs: 5n * SEC, stepNs: 3n * SEC })
  deepEqual(
    [5n * SEC - 1n, 5n * SEC, 6n * SEC].map((t) => stepped.read(t)),
    [5n * SEC - 1n, 8n * SEC, 9n * SEC],
  )

  const back = quiet()
  back.fault({ type: 'step', atNs: 5n * SEC, stepNs: -2n * SEC })
  deepEqual(
    [5n, 6n, 7n, 8n].map((t) => back.read(t * SEC) / SEC),
    [5n, 5n, 5n, 6n],
  )

  const frozen = quiet()
  frozen.fault({ type: 'freeze', atNs: 5n * SEC, forNs: 4n * SEC })
  deepEqual(
    [5n, 8n, 9n, 10n].map((t) => frozen.read(t * SEC) / SEC),
    [5n, 5n, 5n, 6n],
  )

  const ramped = quiet()
  ramped.fault({ type: 'ramp', atNs: 5n * SEC, forNs: 10n * SEC, ratePpb: 1_000_000 })
  deepEqual(
    [5n, 10n, 15n, 20n].map((t) => ramped.read(t * SEC) - t * SEC),
    [0n, 5_000_000n, 10_000_000n, 10_000_000n],
  )
})

test('an oscillator is read forwards, and a fault lies ahead', () => {
  const oscillator = quiet()
  oscillator.read(10n)
  throws(() => oscillator.read(9n))
  throws(() => oscillator.fault({ type: 'step', atNs: 9n, stepNs: 1n }))
})

const anyFault: fc.Arbitrary<OscillatorFault> = fc.oneof(
  fc.record({
    type: fc.constant('step' as const),
    atNs: fc.bigInt({ min: 0n, max: 60n * SEC }),
    stepNs: fc.bigInt({ min: -5n * SEC, max: 5n * SEC }),
  }),
  fc.record({
    type: fc.constant('freeze' as const),
    atNs: fc.bigInt({ min: 0n, max: 60n * SEC }),
    forNs: fc.bigInt({ min: 0n, max: 9n * SEC }),
  }),
  fc.record({
    type: fc.constant('ramp' as const),
    atNs: fc.bigInt({ min: 0n, max: 60n * SEC }),
    forNs: fc.bigInt({ min: 0n, max: 20n * SEC }),
    ratePpb: fc.integer({ min: -200_000_000, max: 200_000_000 }),
  }),
)
const noisy = { driftPpb: -40_000, randomWalkPpb: 50, phaseNoiseNs: 300, agingPpbPerDay: 10 }

test('the same seed reads the same whatever is asked in between, and never runs backwards', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n }),
      fc.array(fc.bigInt({ min: 0n, max: 90n * SEC }), { minLength: 1, maxLength: 20 }),
      fc.array(anyFault, { maxLength: 4 }),
      (seed, times, faults) => {
        const make = () => {
          const oscillator = createOscillator(noisy, seededRandom(seed))
          for (const fault of faults) oscillator.fault(fault)
          return oscillator
        }
        const sorted = times.sort((a, b) => (a < b ? -1 : 1))
        const busy = make()
        let last = busy.read(0n)
        for (const time of sorted) {
          const now = busy.read(time)
          ok(now >= last)
          last = now
        }
        equal(make().read(sorted.at(-1)!), last)
      },
    ),
    { numRuns: 100 },
  )
})

test('a day is read in one question', () => {
  equal(quiet({ driftPpb: 1000 }).read(NS_PER_DAY) - NS_PER_DAY, 86_400_000n)
})
