/**
 * Asking only when the bound needs it, on every oscillator: the clock asks again before its bound leaves the accepted variance, never
 * loses the truth meanwhile, and a better oscillator asks less.
 */
import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC, drawBelow, drawUnit, secToNs, seededRandom } from '../base/index.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import { Discipline } from './discipline.ts'
import { OSCILLATOR_PRESETS, OSCILLATOR_PRESET_NAMES, wanderBoundPpb } from './oscillator-presets.ts'
import type { OscillatorPresetName } from './oscillator-presets.ts'
import { createOscillator } from './oscillator.ts'
import { SimulatedWorld } from './simulated-world.ts'
import { RELEASE_TAI } from './time-scales.ts'

const ORIGIN = RELEASE_TAI + 20n * NS_PER_DAY
const DAYS = 2n
/** Time to learn the frequency; until then a bound of a few ms cannot be kept by asking seldom. */
const LEARNING = 6n * 3600n * NS_PER_SEC

/** Two days with one server 1 ms away, which one question in `lossOneIn` does not reach. */
const demand = (parts: {
  readonly name: OscillatorPresetName
  readonly seed: bigint
  readonly acceptedVarianceNs: bigint
  readonly lossOneIn: number
}): number => {
  const { name, seed, acceptedVarianceNs, lossOneIn } = parts
  const { parameters } = OSCILLATOR_PRESETS[name]
  const random = seededRandom(seed + 1n)
  const way = (): bigint => secToNs(1e-3 - 1e-4 * Math.log(1 - drawUnit(random)))
  const answer = () => (drawBelow(random, lossOneIn) === 0 ? undefined : { outNs: way(), backNs: way(), lieNs: 0n })
  const discipline = new Discipline(
    {
      acceptedVarianceNs,
      pollIntervalNs: 365n * NS_PER_DAY,
      baselineNsMax: DAYS * NS_PER_DAY,
      wanderPpb: wanderBoundPpb(parameters, Number((DAYS * NS_PER_DAY) / NS_PER_SEC)),
    },
    createAdaptiveFilter(),
  )
  const world = new SimulatedWorld({
    discipline,
    oscillator: createOscillator(parameters, seededRandom(seed)),
    sources: [{ id: 'a', answer }],
    originTai: ORIGIN,
    tickNs: 32n * NS_PER_SEC,
  })
  let lastNs = 0n
  world.runUntil(DAYS * NS_PER_DAY, ({ trueNs, trueTai, localNs, reading }) => {
    lastNs = localNs
    ok(
      reading === undefined || (reading.earliest <= trueTai && trueTai <= reading.latest),
      `${name} at ${trueNs}: truth`,
    )
    if (trueNs < LEARNING) return
    ok(reading !== undefined && reading.status !== 'unsynchronised', `${name} at ${trueNs}: ${reading?.status}`)
    ok(reading.latest - reading.earliest <= 2n * acceptedVarianceNs, `${name} at ${trueNs}: bound`)
  })
  const { rounds, asked, answered, coveredNs } = discipline.figures(lastNs).synchronisations
  ok(asked === rounds && answered <= asked && asked <= world.polls && coveredNs === NS_PER_DAY)
  return world.polls
}

test('the clock asks again before its bound leaves the accepted variance, whatever the oscillator', () => {
  const scenario = fc.record({
    name: fc.constantFrom(...OSCILLATOR_PRESET_NAMES),
    seed: fc.bigInt({ min: 0n, max: 2n ** 32n }),
    acceptedVarianceNs: fc.constantFrom(5n * NS_PER_MS, 20n * NS_PER_MS, 50n * NS_PER_MS),
    lossOneIn: fc.integer({ min: 3, max: 1000 }),
  })
  fc.assert(
    fc.property(scenario, (parts) => void demand(parts)),
    { numRuns: 8 },
  )
})

test('at equal truth a better oscillator asks less', () => {
  const polls = (['quartz', 'seed', 'tcxo', 'ocxo'] as const).map((name) =>
    demand({ name, seed: 4n, acceptedVarianceNs: 5n * NS_PER_MS, lossOneIn: 1000 }),
  )
  ok(
    polls.every((count, i) => i === 0 || count < (polls[i - 1] ?? 0)),
    polls.join(),
  )
})
