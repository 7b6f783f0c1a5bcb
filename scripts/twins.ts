/**
 * `node scripts/twins.ts [--stages N] [--per-step] [--drawn N] [--twins N] [--seed N]`: scenarios of twins in bulk, for four validators. Every one of N
 * stages (a round each, or with `--per-step` a step of a round each), for each choice of twins; then N drawn ones of up to seven rounds.
 * Prints what each part came to; a scenario that violates something is printed whole, and the exit code is 1.
 */
import { parseArgs } from 'node:util'
import { ChanceStream } from '../src/simulation/chance-stream.ts'
import { runTwins } from '../src/simulation/twins.ts'
import { drawnScenarios, everyScenario } from '../src/simulation/twins-scenarios.ts'
import type { TwinScenario } from '../src/simulation/twins-scenarios.ts'
import { TwinsWorld } from '../src/simulation/twins-world.ts'

const VALIDATORS = 4
const ROUNDS_MAX = 7

const { values } = parseArgs({
  options: {
    stages: { type: 'string', default: '2' },
    'per-step': { type: 'boolean', default: false },
    drawn: { type: 'string', default: '10000' },
    twins: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
})
const world = new TwinsWorld(VALIDATORS)
const twins = Number(values.twins)

/** Every choice of so many validators, by the rounds that they lead. */
const choices = (count: number, from = 0): readonly (readonly number[])[] =>
  count === 0
    ? [[]]
    : Array.from({ length: Math.max(0, VALIDATORS - from) }, (_, place) => from + place).flatMap((first) =>
        choices(count - 1, first + 1).map((rest) => [first, ...rest]),
      )

function* systematic(): Generator<TwinScenario> {
  const stages = Number(values.stages)
  const splitsPerRound = values['per-step'] ? 3 : 1
  for (const chosen of choices(twins))
    for (const passesOn of [false, true])
      yield* everyScenario({ validators: VALIDATORS, twins: chosen, stages, splitsPerRound, passesOn })
}

function* drawn(): Generator<TwinScenario> {
  const all = drawnScenarios(new ChanceStream(Number(values.seed), 'twins'), {
    validators: VALIDATORS,
    twins,
    roundsMax: ROUNDS_MAX,
  })
  for (let left = Number(values.drawn); left > 0; left -= 1) yield all.next().value
}

const runAll = (name: string, scenarios: Iterable<TwinScenario>): void => {
  const begun = performance.now()
  const rounds: number[] = []
  let [count, breaches, violated] = [0, 0, 0]
  for (const scenario of scenarios) {
    const { violations, isBreach, roundLast } = runTwins(world, scenario)
    count += 1
    breaches += Number(isBreach)
    rounds[roundLast] = (rounds[roundLast] ?? 0) + 1
    if (violations.length === 0) continue
    violated += 1
    process.stdout.write(`${violations.join(', ')}: ${JSON.stringify(scenario)}\n`)
  }
  const perSec = Math.round((1000 * count) / (performance.now() - begun))
  process.stdout.write(`${name}: ${count} scenarios, ${perSec} a second, ${breaches} breaches, ${violated} violated; `)
  process.stdout.write(`by last round: ${Array.from(rounds, (of) => of ?? 0).join(' ')}\n`)
  if (violated > 0) process.exitCode = 1
}

runAll('systematic', systematic())
runAll('drawn', drawn())
