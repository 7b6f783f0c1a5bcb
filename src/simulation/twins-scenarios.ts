/**
 * Scenarios after "Twins: BFT systems made robust" (Bano, Sonnino, Chursin, Perelman, Li, Ching and Malkhi, arXiv 2004.10617): a faulty
 * validator is two copies of a correct one with one key, that know nothing of each other; in each round the network is split
 * anew, or here also at each step of a round, so that a quorum of prevotes can be seen by some and a quorum of precommits by none. Two copies of correct code that hear different things can do most of what a liar could: vote two ways, forget a lock,
 * propose two blocks, tell each peer something else.
 *
 * Instances are numbered: 0 to n − 1 are the validators, named by the round that they lead first; those after them are second
 * copies, in the order of their validators. So the choice of who has a twin is also that of when the twins lead. Whatever differs only in
 * which of two copies is called the second is one scenario. Page: docs/spec/simulation.md.
 */
import assert from 'node:assert/strict'
import type { ChanceStream } from './chance-stream.ts'

/** For each instance the number of its set; sets are numbered as they first appear. */
export type Split = readonly number[]

export interface TwinScenario {
  /** Validators, each its own instance; leader of round r is r mod this. */
  readonly validators: number
  /** Those that have a second copy, rising. */
  readonly twins: readonly number[]
  /** Splits in each round: 1, or 3 where proposals, prevotes and precommits meet one each. */
  readonly splitsPerRound: 1 | 3
  /** How the network is split, one stage after another from round 0 on; after the last it is whole. */
  readonly splits: readonly Split[]
  /** Whether what was said before is passed on within each new set; otherwise only once the network is whole. */
  readonly passesOn: boolean
  /** What is on its way is heard in an order drawn from this; undefined: in the order in which it was said. A whole number of 32 bits. */
  readonly orderSeed?: number
}

/** Sets that one split has at most. */
export const SPLIT_SETS_MAX = 3
/** Instances at most: the number of splits grows as 3^n ÷ 6. */
export const INSTANCES_MAX = 9

/** Every way to put instances into at most `SPLIT_SETS_MAX` sets, none of them twice; the whole network first. */
export const splitsOf = (instances: number): readonly Split[] => {
  assert(instances >= 1 && instances <= INSTANCES_MAX)
  let splits: readonly Split[] = [[0]]
  for (let instance = 1; instance < instances; instance += 1)
    splits = splits.flatMap((split) => {
      const sets = Math.min(Math.max(...split) + 2, SPLIT_SETS_MAX)
      return Array.from({ length: sets }, (_, set) => [...split, set])
    })
  return splits
}

/** The same split with sets numbered as they first appear. */
const renumbered = (split: Split): Split => {
  const names = new Map<number, number>()
  return split.map((set) => {
    const name = names.get(set) ?? names.size
    names.set(set, name)
    return name
  })
}

/** For each choice of pairs of copies that change places: where each instance goes. */
const exchanges = ({ validators, twins }: Pick<TwinScenario, 'validators' | 'twins'>): readonly (readonly number[])[] =>
  Array.from({ length: 2 ** twins.length }, (_, chosen) => {
    const places = Array.from({ length: validators + twins.length }, (_unused, place) => place)
    for (const [copy, validator] of twins.entries())
      if (((chosen >> copy) & 1) === 1) {
        places[validator] = validators + copy
        places[validators + copy] = validator
      }
    return places
  })

/**
 * All scenarios of so many stages and these twins, whatever is symmetric once. A generator: there are about splits ^ stages ÷ 2 ^ twins.
 * 5 instances have 41 splits: 28 scenarios of one stage, 953 of two, 36,148 of three, some 1.4 million of four.
 */
export function* everyScenario(
  options: Omit<TwinScenario, 'splits'> & { readonly stages: number },
): Generator<TwinScenario> {
  const { stages, ...rest } = options
  const splits = splitsOf(rest.validators + rest.twins.length)
  const numbers = new Map(splits.map((split, number) => [split.join(), number]))
  /** For each exchange, what number each split becomes. */
  const becomes = exchanges(rest).map((places) =>
    splits.map((split) => numbers.get(renumbered(places.map((place) => split[place] ?? 0)).join()) ?? 0),
  )
  const chosen = Array.from({ length: stages }, () => 0)
  do {
    if (becomes.every((images) => isFirst(chosen, images)))
      yield { ...rest, splits: chosen.map((number) => splits[number] ?? []) }
  } while (countUp(chosen, splits.length))
}

/** Is a list of numbers no later, in the order of dictionaries, than what it becomes? */
const isFirst = (chosen: readonly number[], images: readonly number[]): boolean => {
  for (const number of chosen) {
    const image = images[number] ?? 0
    if (image !== number) return number < image
  }
  return true
}

/** The next list of numbers below `base`; false once all have been. */
const countUp = (digits: number[], base: number): boolean => {
  for (let place = digits.length - 1; place >= 0; place -= 1) {
    const next = (digits[place] ?? 0) + 1
    digits[place] = next === base ? 0 : next
    if (next !== base) return true
  }
  return false
}

/** Is there no set with more than two thirds of the validators in it? */
const isScattered = (split: Split, { validators, twins }: Pick<TwinScenario, 'validators' | 'twins'>): boolean => {
  const owners = [...Array.from({ length: validators }, (_, validator) => validator), ...twins]
  const ownersIn = (set: number): number => new Set(owners.filter((_owner, place) => split[place] === set)).size
  return split.every((set) => 3 * ownersIn(set) <= 2 * validators)
}

/** In so many of a hundred rounds a proposal reaches no quorum; so many of a hundred splits at votes leave the network whole. */
const SCATTERED_PER_CENT = 70
const WHOLE_PER_CENT = 70

/** What is drawn from. */
interface Choices {
  readonly all: readonly Split[]
  readonly whole: readonly Split[]
  readonly scattered: readonly Split[]
}

/**
 * Draws scenarios: a new one at each call, for ever. `twins` of `validators` have second copies, and the splits last for so many rounds at most. Three of four
 * have a split for each step, chosen so that rounds go by: proposals that reach few, votes that reach many, in orders in which a twin's two votes
 * come one way to some and the other way to others. Some then see a quorum of prevotes and some do not: locks without decisions, where errors hide.
 */
export function* drawnScenarios(
  chance: ChanceStream,
  { validators, twins, roundsMax }: { readonly validators: number; readonly twins: number; readonly roundsMax: number },
): Generator<TwinScenario, never> {
  const all = splitsOf(validators + twins)
  const everybody = Array.from({ length: validators }, (_, validator) => validator)
  const known = new Map<string, Choices>()
  for (;;) {
    const chosen = chance
      .shuffled(everybody)
      .slice(0, twins)
      .sort((a, b) => a - b)
    const scattered = (): readonly Split[] => all.filter((split) => isScattered(split, { validators, twins: chosen }))
    const choices = known.get(chosen.join()) ?? { all, whole: all.slice(0, 1), scattered: scattered() }
    known.set(chosen.join(), choices)
    const splitsPerRound = chance.below(4) === 0 ? 1 : 3
    const stages = chance.between(1, roundsMax) * splitsPerRound
    yield {
      validators,
      twins: chosen,
      splitsPerRound,
      splits: Array.from({ length: stages }, (_, stage) =>
        chance.pick(splitsPerRound === 1 ? all : stepChoices(chance, choices, stage)),
      ),
      passesOn: chance.below(2) === 1,
      orderSeed: chance.word(),
    }
  }
}

/** Splits that may be drawn for a step. */
const stepChoices = (chance: ChanceStream, { all, whole, scattered }: Choices, stage: number): readonly Split[] => {
  if (stage % 3 === 0) return chance.below(100) < SCATTERED_PER_CENT ? scattered : all
  return chance.below(100) < WHOLE_PER_CENT ? whole : all
}
