/**
 * Everything that was said of the newest heights, counted for those who look on: who voted for what, in which round, and how much weight that can be. Counts of
 * nobody's machine are used. What those who are false may have said to somebody in secret counts as said.
 */
import { BoundedMap } from '../base/index.ts'
import type { BlockId, ValidatorSet, Vote } from '../consensus/index.ts'
import type { Said, RunFacts } from './run-record.ts'

/** Heights that are remembered; of older ones nothing is said any more. */
const HEIGHTS_MAX = 64
/** Things voted for that are remembered of one height. */
const BALLOTS_MAX = 4096

/** What a vote may be looked for by; `block` undefined: for whatever. */
export interface Choice {
  readonly kind: Vote['kind']
  readonly round: number
  readonly block?: BlockId | null
  readonly validRound?: number
}

interface Height {
  readonly validators: ValidatorSet
  /** By choice, the ids of who said so. */
  readonly voters: BoundedMap<string, Set<string>>
  /** By id, the newest round in which it has voted. */
  readonly newest: Map<string, number>
}

const nameOf = ({ kind, round, block, validRound }: Choice): string =>
  block === undefined ? `${kind} ${round}` : `${kind} ${round} ${block ?? 'nothing'} ${validRound ?? -1}`

export class Ballots {
  readonly #facts: RunFacts
  readonly #heights = new BoundedMap<number, Height>(HEIGHTS_MAX)
  #newest = 0

  constructor(facts: RunFacts) {
    this.#facts = facts
  }

  /** Counts a vote that was said. */
  add({ message }: Said): void {
    if (message.type !== 'vote') return
    const { vote } = message.vote
    const height = this.#of(vote.height)
    const place = height?.validators.indexOf(vote.author)
    const id = place === undefined ? undefined : height?.validators.at(place)?.id
    if (height === undefined || id === undefined) return
    const { kind, round } = vote
    for (const name of [nameOf({ kind, round }), nameOf(vote)]) {
      const voters = height.voters.get(name) ?? new Set<string>()
      voters.add(id)
      height.voters.set(name, voters)
    }
    height.newest.set(id, Math.max(round, height.newest.get(id) ?? 0))
  }

  /** Of a height that can be spoken of: neither too old to be remembered nor unknown to all. */
  #of(height: number): Height | undefined {
    this.#newest = Math.max(this.#newest, height)
    if (height <= this.#newest - HEIGHTS_MAX / 2) return undefined
    const known = this.#heights.get(height)
    if (known !== undefined) return known
    const validators = this.#validatorsOf(height)
    if (validators === undefined) return undefined
    const made: Height = { validators, voters: new BoundedMap(BALLOTS_MAX), newest: new Map() }
    this.#heights.set(height, made)
    return made
  }

  #validatorsOf(height: number): ValidatorSet | undefined {
    for (const { state, id } of this.#facts.endpoints) {
      if (state === undefined || this.#facts.isFalse(id)) continue
      if (state.height === height - 1) return state.validators
      if (state.height === height) return state.lastValidators
    }
    return undefined
  }

  /** May more than two thirds have voted so? True also where nothing is known of the height. */
  isQuorum(height: number, choice: Choice): boolean {
    const known = this.#of(height)
    if (known === undefined) return true
    const voters = known.voters.get(nameOf(choice))
    return known.validators.isQuorum(this.#weight(known, (id) => voters?.has(id) ?? false))
  }

  /** May more than a third have come to a round, or a later one? True also where nothing is known of the height. */
  isReached(height: number, round: number): boolean {
    const known = this.#of(height)
    if (known === undefined) return true
    return known.validators.isOverThird(this.#weight(known, (id) => (known.newest.get(id) ?? -1) >= round))
  }

  /** Has this one voted so, as far as anybody knows? */
  hasVoted(height: number, choice: Choice, id: string): boolean {
    const known = this.#of(height)
    return known === undefined || this.#facts.isFalse(id) || (known.voters.get(nameOf(choice))?.has(id) ?? false)
  }

  /** Who votes at a height, where that is known. */
  validators(height: number): ValidatorSet | undefined {
    return this.#of(height)?.validators
  }

  #weight({ validators }: Height, isCounted: (id: string) => boolean): bigint {
    let weight = 0n
    for (const one of validators.list) if (isCounted(one.id) || this.#facts.isFalse(one.id)) weight += one.weight
    return weight
  }
}
