/**
 * The simulator's daily run: 200 seeds of mixed faults, some with true signatures; the same seed again; the same run with
 * nothing shared between nodes; and a crash at every point at which something is written. Rules: docs/spec/simulation.md.
 */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { SCENARIO_DEFAULTS, SEC, Simulation, mixedScenario, simulate } from '../src/simulation/index.ts'
import type { Outcome } from '../src/simulation/index.ts'

const SEEDS = 200
/** Seeds that run twice, and once with nothing shared. */
const AGAIN = [3, 40, 41]

const faultsOf = (seed: number, { violations }: Outcome): readonly string[] =>
  violations
    .slice(0, 1)
    .map(({ checker, what, trace }) =>
      [`${checker}: ${what}`, ...trace, `replay: truechimer simulate --mixed --seed ${seed}`].join('\n'),
    )

const hashes = new Map<number, string>()

test(`${SEEDS} seeds of mixed faults`, () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const outcome = simulate(mixedScenario(seed))
    hashes.set(seed, outcome.transcriptHash)
    deepEqual(faultsOf(seed, outcome), [], `seed ${seed}`)
  }
})

for (const seed of AGAIN) {
  test(`seed ${seed} again is the same run`, () =>
    equal(simulate(mixedScenario(seed)).transcriptHash, hashes.get(seed)))
  test(`seed ${seed} with nothing shared is the same run`, () =>
    equal(simulate({ ...mixedScenario(seed), isShared: false }).transcriptHash, hashes.get(seed)))
}

/** The writes of the first heights: a proposal, votes, a lock, the block, the end of the height. */
const WRITES = 24
for (const phase of ['before', 'torn', 'after'] as const)
  test(`a node that goes down ${phase} any of its first ${WRITES} writes breaks nothing`, () => {
    for (let writes = 1; writes <= WRITES; writes += 1) {
      const scenario = { ...SCENARIO_DEFAULTS, nodes: 4, durationNs: 8 * SEC, progressNs: 4 * SEC, seed: writes }
      const simulation = new Simulation({ ...scenario, marksPerSec: 0, witnessEverySlots: 4, filterWords: 4 })
      simulation.endpoints[0]?.planCrash({ writes, phase, downNs: SEC / 2 })
      simulation.runUntil(scenario.durationNs)
      deepEqual(faultsOf(writes, simulation.end()), [], `write ${writes}`)
    }
  })
