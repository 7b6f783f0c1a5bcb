/**
 * `npm run bench -- simulate`: how many times faster than real time whole networks run in one thread: 7 validators with a
 * block a second, and 100. By the processor's time as well, which other work on the machine does not change.
 */
import { SCENARIO_DEFAULTS, SEC, Simulation } from '../src/simulation/index.ts'
import type { Scenario } from '../src/simulation/index.ts'
import { spread } from './figures.ts'

const ROUNDS = 5

interface Case {
  readonly name: string
  readonly wanted: string
  readonly scenario: Scenario
}

const CASES: readonly Case[] = [
  {
    name: '7 nodes, a block a second, witnessed in one slot out of 10',
    wanted: 'at least 300',
    scenario: { ...SCENARIO_DEFAULTS, durationNs: 600 * SEC },
  },
  {
    name: '7 nodes, the same, witnessed in every slot',
    wanted: '',
    scenario: { ...SCENARIO_DEFAULTS, durationNs: 300 * SEC, witnessEverySlots: 1 },
  },
  {
    name: '100 nodes, a block a second, witnessed in one slot out of 10',
    wanted: 'at least 10',
    scenario: { ...SCENARIO_DEFAULTS, nodes: 100, durationNs: 30 * SEC },
  },
]

interface Round {
  readonly times: number
  readonly timesByProcessor: number
}

const measure = (scenario: Scenario): Round => {
  const simulation = new Simulation(scenario)
  const cpu = process.cpuUsage()
  const start = performance.now()
  simulation.runUntil(scenario.durationNs)
  const wallSec = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  const outcome = simulation.end()
  if (outcome.violations.length > 0) throw new TypeError(outcome.violations[0]?.what)
  return {
    times: outcome.simulatedSec / wallSec,
    timesByProcessor: outcome.simulatedSec / ((used.user + used.system) / 1e6),
  }
}

export const run = async (): Promise<void> => {
  for (const { name, wanted, scenario } of CASES) {
    measure({ ...scenario, durationNs: Math.min(scenario.durationNs, 20 * SEC) })
    const rounds = Array.from({ length: ROUNDS }, () => measure(scenario))
    const want = wanted === '' ? '' : `  (wanted: ${wanted})`
    process.stdout.write(`${name}\n  times real time          ${spread(rounds.map(({ times }) => times))}${want}\n`)
    process.stdout.write(`  by the processor's time  ${spread(rounds.map((round) => round.timesByProcessor))}\n`)
  }
}
