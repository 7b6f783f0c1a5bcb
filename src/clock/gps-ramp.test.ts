/** The test for ramps: found, not found where there is none, and what it says of its own sight. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, seededRandom } from '../base/index.ts'
import { RAMP_OPTIONS, SERIAL_RAMP_OPTIONS, rampStep } from './gps-ramp.ts'
import type { RampState, RampStep } from './gps-ramp.ts'
import { OscillatorPhase } from './oscillator-phase.ts'
import { OSCILLATOR_PRESETS } from './oscillator-presets.ts'

/** Seconds until the test is armed and has seen some of its own scores. */
const LEARN_SEC = 1800
const TRUE_OFFSET = 1_795_219_200n * NS_PER_SEC

/** A pulse a second on an oscillator, with a noise of so many ns; `bend` is what the receiver adds at a second. */
const play = (
  parts: {
    readonly preset: keyof typeof OSCILLATOR_PRESETS
    readonly noiseNs: number
    readonly seed: bigint
    readonly seconds: number
  },
  bend: (second: number) => number = () => 0,
): {
  readonly steps: readonly { readonly second: number; readonly found: RampStep['found'] }[]
  readonly state: RampState | undefined
} => {
  const { parameters } = OSCILLATOR_PRESETS[parts.preset]
  const oscillator = new OscillatorPhase({ ...parameters, phaseNoiseNs: parts.noiseNs }, seededRandom(parts.seed))
  let state: RampState | undefined
  const steps: { second: number; found: RampStep['found'] }[] = []
  for (let second = 0; second < parts.seconds; second += 1) {
    const offsetNs = TRUE_OFFSET - BigInt(Math.round(oscillator.next())) + BigInt(Math.round(bend(second)))
    const step = rampStep(state, { localNs: BigInt(second) * NS_PER_SEC, offsetNs })
    state = step.state
    if (step.found === undefined) continue
    steps.push({ second, found: step.found })
    state = undefined
  }
  return { steps, state }
}

const bends: readonly (readonly [
  name: string,
  shape: 'ramp' | 'step',
  sizeMin: number,
  bend: (since: number) => number,
])[] = [
  ['a ramp of 100 ns/s', 'ramp', 50, (since) => 100 * since],
  ['a ramp of −100 ns/s', 'ramp', 50, (since) => -100 * since],
  ['a ramp of 5 µs/s', 'ramp', 1000, (since) => 5000 * since],
  ['a step of 20 µs', 'step', 10_000, () => 20_000],
  ['a step of −1 ms', 'step', 500_000, () => -1_000_000],
]
for (const preset of ['quartz', 'tcxo', 'ocxo', 'csac', 'rubidium'] as const)
  for (const [name, shape, sizeMin, bend] of bends)
    test(`${preset}, 1 µs of noise: ${name} is found within a minute`, () => {
      const start = LEARN_SEC + 2
      const { steps } = play({ preset, noiseNs: 1000, seed: 7n, seconds: start + 61 }, (second) =>
        second < start ? 0 : bend(second - start),
      )
      const [first] = steps
      ok(first !== undefined, 'nothing was found')
      ok(first.second - start <= 60 && first.second >= start, `after ${first.second - start} s`)
      equal(first.found?.shape, shape)
      ok(Math.abs(first.found?.size ?? 0) > sizeMin)
      equal(Math.sign(first.found?.size ?? 0), Math.sign(bend(1)))
    })

test('six hours of each oscillator without a ramp: nothing is found, and its sight is stated', () => {
  for (const preset of ['quartz', 'tcxo', 'rubidium'] as const) {
    const { steps, state } = play({ preset, noiseNs: 1000, seed: 11n, seconds: 6 * 3600 })
    deepEqual(steps, [])
    const sees = state?.visibleNsPerSec ?? Number.NaN
    ok(sees > 25 && sees < 100, `${preset} sees ${sees}`)
  }
})

test('noise of a serial line: 100 ns/s is out of sight, it says so, and does not cry', () => {
  const { steps, state } = play({ preset: 'tcxo', noiseNs: 1e6, seed: 3n, seconds: LEARN_SEC + 120 }, (second) =>
    second < LEARN_SEC ? 0 : 100 * (second - LEARN_SEC),
  )
  deepEqual(steps, [])
  ok((state?.visibleNsPerSec ?? 0) > 10_000)
})

test('a serial line: reports that get later by a tenth of a second are nothing, a ramp of 10 ms/s is one', () => {
  const serial = (bend: (second: number) => number): readonly number[] => {
    let state: RampState | undefined
    const found: number[] = []
    for (let second = 0; second < LEARN_SEC + 300; second += 1) {
      const jitterNs = ((second * 7919) % 601) * 3000 + (second % 5 === 0 ? 3e8 : 0)
      const offsetNs = TRUE_OFFSET - BigInt(Math.round(jitterNs + bend(second)))
      const step = rampStep(state, { localNs: BigInt(second) * NS_PER_SEC, offsetNs }, SERIAL_RAMP_OPTIONS)
      state = step.found === undefined ? step.state : undefined
      if (step.found !== undefined) found.push(second - LEARN_SEC)
    }
    return found
  }
  deepEqual(
    serial(() => 0),
    [],
  )
  deepEqual(
    serial((second) => (second < LEARN_SEC ? 0 : 1e8)),
    [],
  )
  const [after] = serial((second) => 1e7 * Math.max(0, second - LEARN_SEC))
  ok(after !== undefined && after > 0 && after <= 60, `${after}`)
})

test('nothing is found, and no sight claimed, before it has learned', () => {
  const { steps, state } = play(
    { preset: 'tcxo', noiseNs: 100, seed: 3n, seconds: 600 },
    (second) => 100 * second * (second > 300 ? 1 : 0),
  )
  deepEqual(steps, [])
  equal(state?.visibleNsPerSec, undefined)
})

test('one late pulse in a block is nothing, nor is a single late block', () => {
  const late = (second: number): number =>
    (second % 5 === 2 ? 500_000 : 0) + (second >= 2500 && second < 2505 ? 50_000 : 0)
  deepEqual(play({ preset: 'tcxo', noiseNs: 1000, seed: 5n, seconds: 2600 }, late).steps.length, 0)
})

test('a pause, and a counter that goes back, begin a new series', () => {
  const { state } = play({ preset: 'tcxo', noiseNs: 100, seed: 5n, seconds: 1000 })
  ok(state !== undefined && state.blocks.length > 100)
  for (const localNs of [1100n * NS_PER_SEC, 500n * NS_PER_SEC]) {
    const next: RampState = rampStep(state, { localNs, offsetNs: TRUE_OFFSET }).state
    deepEqual([next.blocks.length, next.origin], [0, { localNs, offsetNs: TRUE_OFFSET }])
  }
})

test('whatever comes, it does not throw and what it keeps stays bounded', () => {
  const sample = fc.record({
    localNs: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    offsetNs: fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  })
  const near = fc.array(fc.tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.bigInt()), { maxLength: 400 })
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 40 }), near, (far, steps) => {
      let state: RampState | undefined
      let localNs = 0n
      const feed = (one: { readonly localNs: bigint; readonly offsetNs: bigint }): void => {
        const { state: next } = rampStep(state, one, {
          ...RAMP_OPTIONS,
          baselineBlocksMin: 3,
          recentBlocks: 3,
          scoresMin: 1,
        })
        ok(next.blocks.length <= RAMP_OPTIONS.recentBlocks + RAMP_OPTIONS.baselineBlocks && next.filling.length <= 50)
        state = next
      }
      for (const one of far) feed(one)
      for (const [stepNs, offsetNs] of steps) {
        localNs += BigInt(stepNs)
        feed({ localNs, offsetNs })
      }
    }),
    { numRuns: 60 },
  )
})
