/** The run in which a planted bug must be found. */
import { equivocate, forgetLock } from '../../src/simulation/behaviours.ts'
import { ChanceStream } from '../../src/simulation/chance-stream.ts'
import { MS, SCENARIO_DEFAULTS, SEC } from '../../src/simulation/index.ts'
import type { Scenario, Simulation } from '../../src/simulation/index.ts'
import { CRASH_PHASES } from '../../src/simulation/simulated-node.ts'
import { PLANT_SECONDS } from './plant.ts'
import type { Plant } from './plant.ts'

export const plantScenario = (
  { faults, nodes, lossPerMillion = 0 }: Pick<Plant, 'faults' | 'nodes' | 'lossPerMillion'>,
  seed: number,
): Scenario => ({
  ...SCENARIO_DEFAULTS,
  nodes,
  seed,
  durationNs: PLANT_SECONDS * SEC,
  faults,
  link: { ...SCENARIO_DEFAULTS.link, lossPerMillion },
  epochSlots: 8,
  witnessEverySlots: 3,
  filterWords: 6,
  progressNs: 10 * SEC,
})

/** Steps in which a run goes on, ns. */
const STEP_NS = 500 * MS
const WRITES_MAX = 8

/** Runs a plant's scenario to its first violation or its end. */
export const runPlant = (simulation: Simulation, { isRestless }: Pick<Plant, 'isRestless'>): void => {
  const { record, endpoints, scenario } = simulation
  const chance = new ChanceStream(scenario.seed, 'restless')
  const [liar, ...honest] = endpoints
  if (isRestless === true && liar !== undefined) {
    record.makeFalse(liar.id)
    record.disturbed('restless')
    for (const misbehave of [forgetLock, equivocate]) liar.misbehaviours.add(misbehave)
  }
  while (!simulation.isDone && record.violations.length === 0) {
    simulation.runUntil(simulation.nowNs + STEP_NS)
    if (isRestless !== true) continue
    const node = chance.pick(honest)
    const plan = { writes: chance.between(1, WRITES_MAX), downNs: chance.between(20, 300) * MS }
    if (!node.isCrashPlanned) node.planCrash({ ...plan, phase: chance.pick(CRASH_PHASES) })
  }
}
