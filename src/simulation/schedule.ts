/**
 * Which fault has its turn when: drawn from the seed. After a quiet beginning, turns follow each other in two lanes, so that
 * faults meet; every fault that was asked for has its turn before any has a second; in between and at the end there are
 * stretches without any, in which the network must recover. Rule: docs/spec/simulation.md Z-17.
 */
import type { ChanceStream } from './chance-stream.ts'
import type { FaultName } from './fault-names.ts'
import { MS, SEC } from './scenario.ts'
import type { Scenario } from './scenario.ts'

export interface ScheduledTurn {
  readonly fault: FaultName
  readonly fromNs: number
  readonly untilNs: number
}

/** A stretch without faults, from the end of the last turn before it. */
export interface ScheduledCalm {
  readonly fromNs: number
  readonly untilNs: number
}

export interface Schedule {
  readonly turns: readonly ScheduledTurn[]
  readonly calms: readonly ScheduledCalm[]
}

/** Everybody has the time by then. */
const QUIET_NS = 1.5 * SEC
const LANES = 2
const TURN_MS = { least: 1500, most: 6000 } as const
const GAP_MS = { least: 200, most: 2000 } as const
/** Turns of faults between two calms. */
const ROUND_TURNS = 12
/** What is left over from a fault (a crash under way, a sleep) is over by then. */
const AFTERMATH_NS = 4 * SEC

/** @param scenario its faults, its duration and how long a calm must be. */
export const drawSchedule = (scenario: Scenario, chance: ChanceStream): Schedule => {
  const turns: ScheduledTurn[] = []
  const calms: ScheduledCalm[] = []
  const calmNs = scenario.progressNs + AFTERMATH_NS
  const lastNs = scenario.durationNs - calmNs
  if (scenario.faults.length === 0) return { turns, calms }
  let waiting: FaultName[] = []
  const next = (): FaultName => {
    if (waiting.length === 0) waiting = chance.shuffled(scenario.faults)
    return waiting.shift() ?? chance.pick(scenario.faults)
  }
  let beginNs = QUIET_NS
  while (beginNs < lastNs) {
    const lanes: number[] = Array.from({ length: LANES }, () => beginNs)
    for (let count = 0; count < ROUND_TURNS; count += 1) {
      const lane = lanes.indexOf(Math.min(...lanes))
      const fromNs = (lanes[lane] ?? beginNs) + chance.between(GAP_MS.least, GAP_MS.most) * MS
      const untilNs = Math.min(fromNs + chance.between(TURN_MS.least, TURN_MS.most) * MS, lastNs)
      if (fromNs >= lastNs) break
      turns.push({ fault: next(), fromNs, untilNs })
      lanes[lane] = untilNs
    }
    const endNs = Math.max(...lanes) + AFTERMATH_NS
    calms.push({ fromNs: endNs, untilNs: Math.min(endNs + scenario.progressNs, scenario.durationNs) })
    beginNs = endNs + scenario.progressNs
  }
  return { turns, calms }
}
