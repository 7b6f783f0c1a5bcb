/** Twins: what is systematic and small in full, a draw of what is not, and a breach that two twins must bring about. */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { ChanceStream } from './chance-stream.ts'
import { runTwins } from './twins.ts'
import type { TwinOutcome } from './twins.ts'
import { drawnScenarios, everyScenario, splitsOf } from './twins-scenarios.ts'
import type { TwinScenario } from './twins-scenarios.ts'
import { TwinsWorld } from './twins-world.ts'

const world = new TwinsWorld(4)

/** Runs them all; what was violated, with the scenario that shows it. */
const faultsOf = (
  scenarios: Iterable<TwinScenario>,
): { readonly count: number; readonly faults: readonly string[] } => {
  let count = 0
  const faults: string[] = []
  for (const scenario of scenarios) {
    count += 1
    const { violations } = runTwins(world, scenario)
    if (violations.length > 0) faults.push(`${violations.join()} in ${JSON.stringify(scenario)}`)
  }
  return { count, faults }
}

function* taken<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count
  for (const item of items) {
    if (left === 0) return
    left -= 1
    yield item
  }
}

describe('scenarios', () => {
  for (const [instances, count] of [
    [1, 1],
    [2, 2],
    [3, 5],
    [4, 14],
    [5, 41],
    [6, 122],
  ] as const)
    test(`${instances} instances are split in ${count} ways, each once`, () => {
      const splits = splitsOf(instances).map((split) => split.join())
      equal(splits.length, count)
      equal(new Set(splits).size, count)
    })
  test('past what can be listed it is a bug', () => throws(() => splitsOf(10)))

  const every = (twins: readonly number[], stages: number): readonly TwinScenario[] => [
    ...everyScenario({ validators: 4, twins, stages, splitsPerRound: 1, passesOn: false }),
  ]
  test('which of two copies is the second makes no other scenario', () => {
    equal(every([0], 1).length, 28, '15 that are the same turned round, and half of the other 26')
    equal(every([0], 2).length, (41 ** 2 + 15 ** 2) / 2)
    equal(every([], 2).length, 14 ** 2)
    equal(every([0, 1], 1).length, (122 + 41 + 41 + 20) / 4, 'orbits, after Burnside')
  })
  test('the same seed draws the same', () => {
    const draw = (seed: number): readonly TwinScenario[] => [
      ...taken(drawnScenarios(new ChanceStream(seed, 'twins'), { validators: 4, twins: 1, roundsMax: 7 }), 5),
    ]
    deepEqual(draw(1), draw(1))
    ok(JSON.stringify(draw(1)) !== JSON.stringify(draw(2)))
  })
})

describe('one twin of four', () => {
  test('every scenario of one round: nobody disagrees, all decide, only the twin is named', () => {
    for (const twin of [0, 1, 2, 3])
      for (const passesOn of [false, true])
        deepEqual(faultsOf(everyScenario({ validators: 4, twins: [twin], stages: 1, splitsPerRound: 1, passesOn })), {
          count: 28,
          faults: [],
        })
  })
  test('drawn ones, of up to seven rounds', () => {
    const drawn = drawnScenarios(new ChanceStream(20_041_017, 'twins'), { validators: 4, twins: 1, roundsMax: 7 })
    deepEqual(faultsOf(taken(drawn, 300)), { count: 300, faults: [] })
  })
  test('the drawn ones go deep: rounds pass, blocks are locked and let go, the twin is caught in each way', () => {
    const drawn = drawnScenarios(new ChanceStream(7, 'twins'), { validators: 4, twins: 1, roundsMax: 7 })
    const outcomes = [...taken(drawn, 200)].map((scenario) => runTwins(world, scenario))
    ok(outcomes.some(({ roundLast }) => roundLast >= 6))
    for (const type of ['votes', 'proposals', 'amnesia'])
      ok(
        outcomes.some(({ blame }) => blame.evidence.some((evidence) => evidence.type === type)),
        type,
      )
  })
  test('the same scenario has the same outcome', () => {
    const [scenario] = taken(drawnScenarios(new ChanceStream(3, 'twins'), { validators: 4, twins: 1, roundsMax: 7 }), 1)
    ok(scenario !== undefined)
    deepEqual(runTwins(world, scenario), runTwins(world, scenario))
  })
})

test('nobody twin: nothing is proved against anybody', () => {
  const outcomes = [...everyScenario({ validators: 4, twins: [], stages: 2, splitsPerRound: 1, passesOn: false })].map(
    (scenario) => runTwins(world, scenario),
  )
  deepEqual(
    outcomes.flatMap(({ violations, blame }) => [...violations, ...blame.evidence]),
    [],
  )
})

describe('two twins of four', () => {
  const apart: TwinScenario = {
    validators: 4,
    twins: [0, 1],
    splitsPerRound: 1,
    // The copies of both twins with one honest validator each.
    splits: [[0, 0, 0, 1, 1, 1]],
    passesOn: false,
  }
  const proved = (outcome: TwinOutcome): void => {
    ok(outcome.isBreach)
    deepEqual(outcome.violations, [])
    deepEqual(
      outcome.blame.offenders,
      [world.places[0], world.places[1]].map(Number).sort((a, b) => a - b),
    )
    ok(3n * outcome.blame.weight >= world.validators.total)
  }
  test('split the network in two, and are both convicted', () => proved(runTwins(world, apart)))
  test('are found to by the search, and never without proof', () => {
    const outcomes = [...everyScenario({ ...apart, stages: 1 })].map((scenario) => runTwins(world, scenario))
    ok(outcomes.filter(({ isBreach }) => isBreach).length > 0)
    deepEqual(
      outcomes.flatMap(({ violations }) => violations),
      [],
    )
  })
})
