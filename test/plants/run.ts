/**
 * The runs in which a planted bug must show, in a process of their own: `node [--import ./test/plants/load.ts] test/plants/run.ts <name> [seeds]`. The last
 * line is JSON (`RunReport`): what was found first, or how far the runs came that found nothing.
 */
import { Simulation } from '../../src/simulation/index.ts'
import { PLANT_SEEDS } from './plant.ts'
import type { Finding, RunReport } from './plant.ts'
import { plantScenario, runPlant } from './plant-scenario.ts'
import { PLANTS } from './plants.ts'

const plant = PLANTS.find(({ name }) => name === process.argv[2])
const seeds = Number(process.argv[3] ?? PLANT_SEEDS)
if (plant === undefined) throw new Error(`there is no planted bug "${process.argv[2]}"`)

const heights: number[] = []
let found: Finding | undefined
for (let seed = 1; seed <= seeds && found === undefined; seed += 1) {
  const simulation = new Simulation(plantScenario(plant, seed))
  const { violations } = simulation.record
  runPlant(simulation, plant)
  heights.push(simulation.end().finalisedHeight)
  const [first] = violations
  if (first !== undefined) {
    const { checker, atNs, what } = first
    found = { seed, checker, atSec: atNs / 1e9, what: what.split('\n')[0] ?? '' }
  }
}
const report: RunReport = { name: plant.name, found, heights }
process.stdout.write(`${JSON.stringify(report)}\n`)
