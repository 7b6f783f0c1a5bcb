/** Presets: each simulated noise has the Allan deviation of its formula, and each preset the one of its table. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC, seededRandom } from '../base/index.ts'
import { allanDeviation } from './allan.ts'
import { OSCILLATOR_DEFAULTS, OscillatorPhase, noiseDeviation } from './oscillator-phase.ts'
import type { OscillatorParameters } from './oscillator-phase.ts'
import { OSCILLATOR_PRESETS, OSCILLATOR_PRESET_NAMES, TABLE_TAUS_SEC, wanderBoundPpb } from './oscillator-presets.ts'
import { createOscillator } from './oscillator.ts'

/** Phases of the noises alone, a second apart. */
const phasesOf = (parameters: OscillatorParameters, seconds: number, seed: bigint): Float64Array => {
  const constant = { ...parameters, driftPpb: 0, agingPpbPerDay: 0, temperatureCoefficientPpbPerK: 0 }
  const phase = new OscillatorPhase(constant, seededRandom(seed))
  return Float64Array.from({ length: seconds }, () => phase.next())
}

const sigmaAt = (phases: Float64Array, tauSec: number): number =>
  allanDeviation(phases, { intervalSec: 1, factor: tauSec })?.sigma ?? Number.NaN

/** Over several runs, so that chance weighs less. */
const rmsSigmaAt = (runs: readonly Float64Array[], tauSec: number): number =>
  Math.sqrt(runs.reduce((sum, phases) => sum + sigmaAt(phases, tauSec) ** 2, 0) / runs.length)

test('each noise alone keeps to its formula, flicker FM to 15 % over three decades', () => {
  const noises: readonly (readonly [keyof OscillatorParameters, number])[] = [
    ['phaseNoiseNs', 1.05],
    ['whiteFmPpb', 1.1],
    ['flickerFmPpb', 1.15],
    ['randomWalkPpb', 1.15],
  ]
  for (const [name, factor] of noises) {
    const parameters = { ...OSCILLATOR_DEFAULTS, [name]: 1 }
    const runs = [1n, 2n, 3n].map((seed) => phasesOf(parameters, 60_000, seed))
    for (const tauSec of [1, 8, 64, 512, 2048]) {
      const ratio = rmsSigmaAt(runs, tauSec) / noiseDeviation(parameters, tauSec)
      ok(ratio < factor && ratio > 1 / factor, `${name} at ${tauSec} s: ${ratio}`)
    }
  }
})

for (const name of OSCILLATOR_PRESET_NAMES) {
  test(`${name}: the simulated Allan deviation fits its table within a factor of 1.6`, () => {
    const { parameters, table } = OSCILLATOR_PRESETS[name]
    const runs = [11n, 12n, 13n].map((seed) => phasesOf(parameters, 100_000, seed))
    for (const [i, tauSec] of TABLE_TAUS_SEC.entries()) {
      const ratio = rmsSigmaAt(runs, tauSec) / (table[i] ?? Number.NaN)
      ok(ratio < 1.6 && ratio > 1 / 1.6, `${tauSec} s: ${ratio}`)
    }
  })

  test(`${name}: every parameter that counts says where it comes from`, () => {
    const { parameters, sources } = OSCILLATOR_PRESETS[name]
    const set = Object.entries(parameters).filter(
      ([key, value]) => value !== Object.entries(OSCILLATOR_DEFAULTS).find(([k]) => k === key)?.[1],
    )
    deepEqual(set.map(([key]) => key).sort(), Object.keys(sources).sort())
  })

  test(`${name}: over a day of readings the frequency stays within the wander that is claimed for it`, () => {
    const { parameters } = OSCILLATOR_PRESETS[name]
    const oscillator = createOscillator(parameters, seededRandom(5n))
    const boundPpb = wanderBoundPpb(parameters, 86_400)
    const stretches = Array.from({ length: 84 }, (_, i) => oscillator.read(BigInt(i + 1) * 1024n * NS_PER_SEC))
    const means = stretches.slice(1).map((reading, i) => Number(reading - (stretches[i] ?? 0n)) / 1024)
    const spreadPpb = Math.max(...means) - Math.min(...means)
    ok(spreadPpb <= boundPpb && spreadPpb > boundPpb / 20, `${spreadPpb} of ${boundPpb}`)
  })
}
