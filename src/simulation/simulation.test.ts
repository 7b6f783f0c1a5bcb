import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { openEngine } from './engine-port.ts'
import type { EngineOpener } from './engine-port.ts'
import { FAULTS } from './faults.ts'
import { FAULT_NAMES } from './fault-names.ts'
import { equivocate, forgetLock, withhold } from './behaviours.ts'
import { MS, SCENARIO_DEFAULTS, SEC } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { Simulation } from './simulation.ts'
import type { Misbehaviour } from './simulated-node.ts'

const SMALL: Scenario = {
  ...SCENARIO_DEFAULTS,
  nodes: 4,
  durationNs: 6 * SEC,
  epochSlots: 4,
  witnessEverySlots: 4,
  filterWords: 4,
  progressNs: 3 * SEC,
  replayedMax: 8,
}

/** Runs a small scenario, with what a test does to it before it begins. */
const run = (
  scenario: Partial<Scenario> = {},
  prepare: (simulation: Simulation) => void = () => undefined,
  opener: EngineOpener = openEngine,
) => {
  const simulation = new Simulation({ ...SMALL, ...scenario }, { openEngine: opener })
  prepare(simulation)
  simulation.runUntil(Number.MAX_SAFE_INTEGER)
  return simulation.end()
}

const broken = (outcome: ReturnType<typeof run>): readonly string[] => [
  ...new Set(outcome.violations.map(({ checker }) => checker)),
]

test('four nodes decide a block a second, and every interval holds the true time', () => {
  const { violations, finalisedHeight, figures } = run()
  deepEqual(violations, [])
  ok(finalisedHeight >= 5, String(finalisedHeight))
  equal(figures.containment, 1)
  ok(figures.settledHeights > 3)
})

test('Z-3: a seed is a run, and another seed another', () => {
  const { transcriptHash } = run({ seed: 5 })
  equal(run({ seed: 5 }).transcriptHash, transcriptHash)
  notEqual(run({ seed: 6 }).transcriptHash, transcriptHash)
})

test('Z-7: with nothing shared between nodes it is the same run', () =>
  equal(run({ isShared: false }).transcriptHash, run().transcriptHash))

test('how the run is sliced makes no difference', () => {
  const simulation = new Simulation(SMALL)
  while (!simulation.isDone) simulation.runUntil(simulation.nowNs + 130 * MS)
  equal(simulation.end().transcriptHash, run().transcriptHash)
})

test('every fault has a row and says what it is', () =>
  deepEqual(
    FAULT_NAMES.filter((name) => FAULTS[name].about.length > 10),
    FAULT_NAMES,
  ))

/** What a false node does that nobody noted as false: the checkers must say so. */
const unnoted = (misbehave: Misbehaviour): readonly string[] =>
  broken(run({}, ({ endpoints }) => endpoints[0]?.misbehaviours.add(misbehave)))

test('Z-22, Z-27: two votes for one round are found, and so is evidence against their author', () => {
  const found = unnoted(equivocate)
  ok(found.includes('no double signing') && found.includes('no honest node named'), found.join(', '))
})

test('Z-23: a forgotten lock is found', () => ok(unnoted(forgetLock).includes('lock rule')))

test('Z-26: a network in which half of the weight is silent does not go on, and that is found', () => {
  const found = broken(
    run({}, ({ endpoints }) => {
      for (const node of endpoints.slice(0, 2)) {
        node.misbehaviours.add(withhold)
        node.answers = 'nothing'
      }
    }),
  )
  deepEqual(found, ['progress'])
})

test('a log that is forgotten at a restart is found where others cannot say what was in it, at one of the first writes at least', () => {
  const forgetful: EngineOpener = (parts) => openEngine({ ...parts, wal: [] })
  const lossy = { durationNs: 8 * SEC, progressNs: 8 * SEC, link: { ...SMALL.link, lossPerMillion: 400_000 } }
  const crash = (writes: number) => (simulation: Simulation) =>
    simulation.endpoints[0]?.planCrash({ writes, phase: 'after', downNs: 20 * MS })
  const found = Array.from({ length: 12 }, (_, i) => broken(run(lossy, crash(i + 1), forgetful)))
  ok(found.flat().includes('no double signing'), JSON.stringify(found))
  const kept = Array.from({ length: 12 }, (_, i) => broken(run(lossy, crash(i + 1))))
  deepEqual(kept.flat(), [])
})

test('Z-31: what is thrown in a core ends the run and is told', () => {
  const throwing: EngineOpener = (parts) => {
    const engine = openEngine(parts)
    return {
      get state() {
        return engine.state
      },
      view: () => engine.view(),
      answer: (...asked) => engine.answer(...asked),
      admitTransaction: (sealed) => engine.admitTransaction(sealed),
      step: (input, moment) => {
        if (input.type === 'timer') throw new TypeError('planted')
        return engine.step(input, moment)
      },
    }
  }
  const { violations } = run({}, undefined, throwing)
  deepEqual([violations.length, violations[0]?.checker], [1, 'no bug shows'])
})

test('Z-30: with a third and more false, honest nodes may part, and what was said convicts a third', () => {
  const scenario = { faulty: 'beyond-third', faults: ['equivocation'], durationNs: 12 * SEC, progressNs: SEC } as const
  const outcomes = [3, 4, 5, 6, 7].map((seed) => run({ ...scenario, seed, marksPerSec: 0, replayedMax: 0 }))
  deepEqual(outcomes.flatMap(broken), [])
  ok(outcomes.some(({ forkedAt }) => forkedAt !== null))
})

test('a stranger joins and votes, and a validator leaves', () => {
  const scenario = { ...SMALL, epochSlots: 8, witnessEverySlots: 1, durationNs: 36 * SEC, marksPerSec: 0 }
  const simulation = new Simulation({ ...scenario, faults: ['join', 'leave'], progressNs: 6 * SEC })
  const seen = new Set<string>()
  for (let at = SEC; !simulation.isDone; at += SEC) {
    simulation.runUntil(at)
    for (const { id, role } of simulation.endpoints[0]?.state?.members ?? []) seen.add(`${role} ${id}`)
  }
  deepEqual(simulation.end().violations, [])
  const strangers = simulation.endpoints.slice(SMALL.nodes).map(({ id }) => id)
  ok(strangers.some((id) => seen.has(`candidate ${id}`) && seen.has(`validator ${id}`)))
  ok([...seen].some((role) => role.startsWith('leaving ')))
})
