/**
 * Short runs of everything, drawn from a seed: as many nodes, links and faults as it says. What the tests and the long run make by
 * the thousand; `truechimer simulate --mixed --seed N` makes one again. Rule: docs/spec/simulation.md Z-19.
 */
import { ChanceStream } from './chance-stream.ts'
import { FAULT_NAMES } from './fault-names.ts'
import { MS, SCENARIO_DEFAULTS, SEC } from './scenario.ts'
import type { Scenario } from './scenario.ts'

/** Every so many seeds one runs with Ed25519. */
const REAL_EVERY = 40

export const mixedScenario = (seed: number): Scenario => {
  const chance = new ChanceStream(seed, 'scenario')
  const nodes = chance.pick([4, 4, 4, 5, 7])
  return {
    ...SCENARIO_DEFAULTS,
    nodes,
    seed,
    durationNs: 17 * SEC,
    faults: FAULT_NAMES,
    crypto: seed % REAL_EVERY === 0 ? 'real' : 'ideal',
    link: {
      ...SCENARIO_DEFAULTS.link,
      delayNs: chance.between(1, 60) * MS,
      jitterNs: chance.between(0, 20) * MS,
      lossPerMillion: chance.pick([0, 0, 1000, 10_000]),
    },
    epochSlots: chance.pick([4, 6, 9]),
    witnessEverySlots: chance.pick([3, 5, 8]),
    marksPerSec: 0.5,
    filterWords: 6,
    progressNs: 5 * SEC,
    replayedMax: chance.below(4) === 0 ? 32 : 0,
  }
}
