/**
 * What a shell keeps of a chain, and in which order, so that its store can answer for what it holds: blocks, states, and who voted when.
 * Every shell that performs the engine's effects on a store does it by these.
 *
 * Rules B-118, B-119 in docs/spec/consensus.md. All of it is durable on return; throws what the store throws.
 */
import { encodeState } from './chain-snapshot.ts'
import type { ChainState } from './chain-state.ts'
import { encodeCommit } from './commit.ts'
import type { EngineEffect } from './engine-events.ts'
import type { BlockStore, StoredValidators, ValidatorStore } from './port.ts'
import { encodeValidators } from './validators-bytes.ts'

type Decided = Pick<Extract<EngineEffect, { readonly type: 'commit' }>, 'block' | 'commit' | 'state'>

/** Who votes after a state, as a store keeps it. */
export const validatorsAfter = ({ height, validators }: ChainState): StoredValidators => ({
  height: height + 1,
  validators: encodeValidators(validators),
})

/** The state that a chain is taken up from: at every start, since a store may begin there. */
export const keepBeginning = (store: ValidatorStore, state: ChainState): void =>
  store.keepValidators(validatorsAfter(state))

/** A decided block; where who votes changes with it, that first. */
export const keepDecided = (store: BlockStore & ValidatorStore, { block, commit, state }: Decided): void => {
  if (state.validators !== state.lastValidators) store.keepValidators(validatorsAfter(state))
  store.append([{ height: block.header.height, block: block.bytes, commit: encodeCommit(commit) }])
}

/** A state to begin again from. Where it was taken over from others, there is no block yet, and nobody else tells who votes. */
export const keepState = (store: BlockStore & ValidatorStore, state: ChainState): void => {
  if (store.range === undefined) keepBeginning(store, state)
  store.keepSnapshot({ height: state.height, state: encodeState(state) })
}
