import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { FAULT_NAMES, MS, SCENARIO_DEFAULTS, SEC, mixedScenario } from '../simulation/index.ts'
import { makeProgram } from './main.ts'
import { commandOf, faultsOf, scenarioOf } from './simulate-scenario.ts'
import type { SimulateOptions } from './simulate-scenario.ts'

const OPTIONS: SimulateOptions = { nodes: 7, hours: 1, seed: 1, faults: [], crypto: 'ideal', oscillator: 'quartz' }

const lists: readonly (readonly [given: readonly string[], faults: readonly string[]])[] = [
  [[], []],
  [['none'], []],
  [
    ['crash', 'loss'],
    ['crash', 'loss'],
  ],
  [['all'], FAULT_NAMES],
]
for (const [given, faults] of lists)
  test(`--faults ${given.join(',') || '(nothing)'}`, () => deepEqual(faultsOf(given), faults))

test('an unknown fault is refused with all there are', () =>
  throws(() => faultsOf(['crash', 'quake']), {
    code: 'TC_USAGE',
    message: /"quake".*partition.*week-rollover.*twin.*mass-invalidation/,
  }))

const wrong: readonly (readonly [name: string, given: Partial<SimulateOptions>, say: RegExp])[] = [
  ['too few nodes', { nodes: 3 }, /--nodes is 3; it must be from 4 to 200/],
  ['too many nodes', { nodes: 201 }, /from 4 to 200/],
  ['too long', { hours: 10_000 }, /--hours is 10000; it must be from 0\.001 to 720/],
  ['a seed above 32 bits', { seed: 2 ** 33 }, /--seed/],
  ['more loss than half', { loss: 80 }, /--loss is 80; it must be from 0 to 50/],
  ['a delay that is no number', { delayMs: Number.NaN }, /--delay-ms is NaN/],
]
for (const [name, given, say] of wrong)
  test(`${name} is refused`, () =>
    throws(() => scenarioOf({ ...OPTIONS, ...given }), { code: 'TC_USAGE', message: say }))

test('links are in the units of the scenario', () => {
  const { link, durationNs } = scenarioOf({
    ...OPTIONS,
    hours: 0.5,
    delayMs: 80,
    jitterMs: 2.5,
    loss: 1,
    mbitPerSec: 8,
  })
  equal(durationNs, 1800 * SEC)
  deepEqual(link, {
    ...SCENARIO_DEFAULTS.link,
    delayNs: 80 * MS,
    jitterNs: 2.5 * MS,
    lossPerMillion: 10_000,
    bytesPerSec: 1_000_000,
  })
})

test('a mixed run is what the tests make of the seed', () =>
  deepEqual(scenarioOf({ ...OPTIONS, mixed: true, seed: 17 }), mixedScenario(17)))

const typed: readonly Partial<SimulateOptions>[] = [
  {},
  { nodes: 4, hours: 0.1, seed: 9, faults: ['crash', 'torn-write'], crypto: 'real', beyondThird: true },
  {
    faults: ['all'],
    delayMs: 80,
    jitterMs: 3,
    loss: 1.5,
    mbitPerSec: 10,
    witnessEvery: 1,
    oscillator: 'ocxo',
    alone: true,
  },
  { mixed: true, seed: 17 },
]
for (const [index, given] of typed.entries())
  test(`the command to run it again makes the same run (${index})`, async () => {
    const options = { ...OPTIONS, ...given }
    const [, ...words] = commandOf(options).split(' ')
    const program = makeProgram()
    let parsed: SimulateOptions | undefined
    const command = program.commands.find((one) => one.name() === 'simulate')
    command?.action((said: SimulateOptions) => {
      parsed = said
    })
    await program.parseAsync(words, { from: 'user' })
    deepEqual(parsed === undefined ? undefined : scenarioOf(parsed), scenarioOf(options))
  })
