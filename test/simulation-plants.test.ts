/**
 * Does the simulator find bugs? Known mistakes are planted in the source as it is loaded, one at a time, each in a process of its own; each must be
 * found by a checker that is meant for it, within a minute of simulated time. The source as it stands passes the very same runs.
 * Page: docs/spec/simulation.md, "Planted bugs".
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { PLANT_SECONDS, PLANT_SEEDS } from './plants/plant.ts'
import type { Plant, RunReport } from './plants/plant.ts'
import { planted } from './plants/planted.ts'
import { PLANTS } from './plants/plants.ts'

const run = promisify(execFile)

/** What one process reports. `name` undefined: nothing is planted. */
const reportOf = async (plant: Plant, name: string | undefined, seeds: number): Promise<RunReport> => {
  const planting = name === undefined ? [] : ['--import', './test/plants/load.ts']
  const { stdout } = await run(process.execPath, [...planting, 'test/plants/run.ts', plant.name, String(seeds)], {
    env: { ...process.env, TRUECHIMER_PLANT: name ?? '' },
  })
  const report: RunReport = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  return report
}

/** What a plant's runs are made of. */
const conditionsOf = ({ faults, nodes, lossPerMillion }: Plant): string =>
  JSON.stringify([faults, nodes, lossPerMillion])

/** Of each kind of runs, how many seeds were needed by the plant that needed most. */
const needed = new Map<string, { readonly plant: Plant; readonly seeds: number }>()

describe('planted bugs', { concurrency: 2 }, () => {
  for (const plant of PLANTS)
    test(`${plant.name}: ${plant.about}`, async (context) => {
      const { found, heights } = await reportOf(plant, plant.name, PLANT_SEEDS)
      ok(found !== undefined, `lives through ${PLANT_SEEDS} runs to heights ${heights.join(', ')}`)
      const { checker, atSec, seed, what } = found
      context.diagnostic(`found by "${checker}" after ${atSec.toFixed(1)} s of run ${seed}: ${what}`)
      ok(plant.foundBy.includes(checker), `${checker}: ${what}`)
      ok(atSec <= PLANT_SECONDS)
      const conditions = conditionsOf(plant)
      if (seed > (needed.get(conditions)?.seeds ?? 0)) needed.set(conditions, { plant, seeds: seed })
    })
})

test('the source as it stands passes the same runs', async () => {
  const waiting = [...needed.values()]
  const work = async (): Promise<void> => {
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      const { found, heights } = await reportOf(one.plant, undefined, one.seeds)
      equal(found, undefined, `${one.plant.faults.join()}: ${JSON.stringify(found)}`)
      equal(heights.length, one.seeds)
    }
  }
  await Promise.all([work(), work()])
  deepEqual(waiting, [])
})

test('each bug is another, and its text stands in the source exactly once', () => {
  equal(new Set(PLANTS.map(({ name }) => name)).size, PLANTS.length)
  for (const { name, edits } of PLANTS)
    for (const { file, text, replacement } of edits) {
      ok(planted([{ text, replacement }], readFileSync(file, 'utf8')) !== undefined, `${name}: ${file}`)
      ok(text !== replacement)
    }
})

test('a text that is not there, or is there twice, plants nothing', () => {
  equal(planted([{ text: 'b', replacement: 'c' }], 'aba'), 'aca')
  for (const text of ['a', 'x', '']) equal(planted([{ text, replacement: 'c' }], 'aba'), undefined)
  equal(
    planted(
      [
        { text: 'b', replacement: 'c' },
        { text: 'b', replacement: 'd' },
      ],
      'aba',
    ),
    undefined,
  )
})

test('a process in which a bug could not be planted fails', async () => {
  const failing = async (args: readonly string[], name: string): Promise<number> =>
    run(process.execPath, [...args], { env: { ...process.env, TRUECHIMER_PLANT: name } }).then(
      () => 0,
      (error: { readonly code: number }) => error.code,
    )
  equal(await failing(['--import', './test/plants/load.ts', '-e', ''], 'no such bug'), 3)
  equal(await failing(['--import', './test/plants/load.ts', '-e', ''], 'vote-counted-twice'), 3)
})
