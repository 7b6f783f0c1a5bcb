/**
 * Answers about the newest pairs of a state and a block that follows it, kept by the block's id: asked again, by the same node or, in a
 * simulation, by another that holds an equal state, they are not worked out again. Pure answers only, so nobody can tell.
 */
import { BoundedMap, equalBytes } from '../base/index.ts'
import type { Block } from './block.ts'
import { stateRoot } from './chain-snapshot.ts'
import type { ChainState } from './chain-state.ts'
import type { BlockId } from './validators.ts'

/** Blocks remembered: those of the rounds of a few heights. */
const RECENT_MAX = 16

export class RecentSteps<T> {
  readonly #answers = new BoundedMap<BlockId, { readonly state: ChainState; readonly answer: T }>(RECENT_MAX)

  get(state: ChainState, block: Block): T | undefined {
    const known = this.#answers.get(block.id)
    return known !== undefined && isSameState(known.state, state) ? known.answer : undefined
  }

  set(state: ChainState, block: Block, answer: T): void {
    this.#answers.set(block.id, { state, answer })
  }
}

const isSameState = (a: ChainState, b: ChainState): boolean =>
  a === b || (a.genesis === b.genesis && equalBytes(stateRoot(a), stateRoot(b)))
