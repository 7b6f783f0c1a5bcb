/**
 * A chain taken up again from its store: the newest snapshot, or the genesis, and the blocks after it applied one by one. The
 * store is this node's own, so no signature is looked at again; but that each block follows from the state is, and a store in
 * which one does not is not believed.
 *
 * Rule B-97 in docs/spec/consensus.md. Not promised: that a store which was changed on purpose, with everything in it fitting, is found out.
 */
import { ChimerError, equalBytes } from '../base/index.ts'
import { applyBlock } from './apply-block.ts'
import { openBlock } from './block-bytes.ts'
import type { Block } from './block.ts'
import { decodeState, stateRoot } from './chain-snapshot.ts'
import { genesisState } from './chain-state.ts'
import type { ChainGenesis, ChainState } from './chain-state.ts'
import { openCommit } from './commit.ts'
import type { Commit } from './commit.ts'
import type { BlockStore, StoredBlock } from './port.ts'

/** A decided block and a commit that decided it. */
export interface ChainTip {
  readonly block: Block
  readonly commit: Commit
}

export interface RestoredChain {
  readonly state: ChainState
  /** The block at the state's height; left out where the store does not hold it: at the genesis, or right after a snapshot was taken over. */
  readonly tip?: ChainTip
}

/** Throws `TC_CONSENSUS_STORE` where what is stored does not read, or does not follow from one another. */
export const restoreChain = (
  genesis: ChainGenesis,
  store: Pick<BlockStore, 'range' | 'block' | 'snapshot'>,
): RestoredChain => {
  const last = store.range?.last ?? 0
  let state = startOf(genesis, store, last)
  if (state.height < last && state.height + 1 < (store.range?.first ?? 1)) throw unusable('no-beginning', state.height)
  let tip = tipAt(genesis, store, state)
  for (let height = state.height + 1; height <= last; height += 1) {
    const opened = openStored(genesis, store.block(height), height)
    const { header } = opened.block
    const isNext = header.parent === state.blockId && equalBytes(header.stateRoot, stateRoot(state))
    if (!isNext) throw unusable('does-not-follow', height)
    state = applyBlock(state, opened.block).state
    tip = opened
  }
  return tip === undefined ? { state } : { state, tip }
}

/** A snapshot lags behind the newest block, or, where it was taken over from others, stands alone. */
const startOf = (genesis: ChainGenesis, store: Pick<BlockStore, 'snapshot'>, last: number): ChainState => {
  const stored = last === 0 ? store.snapshot() : store.snapshot(last)
  if (stored === undefined) return genesisState(genesis)
  const decoded = decodeState(stored.state, genesis)
  if (decoded.verdict !== 'accept' || decoded.value.height !== stored.height)
    throw unusable('bad-snapshot', stored.height)
  return decoded.value
}

const tipAt = (genesis: ChainGenesis, store: Pick<BlockStore, 'block'>, state: ChainState): ChainTip | undefined => {
  const stored = store.block(state.height)
  if (stored === undefined) return undefined
  const opened = openStored(genesis, stored, state.height)
  if (opened.block.id !== state.blockId) throw unusable('does-not-follow', state.height)
  return opened
}

const openStored = (genesis: ChainGenesis, stored: StoredBlock | undefined, height: number): ChainTip => {
  if (stored === undefined) throw unusable('gap', height)
  const { networkId, parameters } = genesis
  const block = openBlock(stored.block, { networkId, bytesMax: parameters.blockBytesMax })
  const commit = openCommit(stored.commit)
  if (block.verdict === 'reject' && block.reason === 'wrong-network') throw ofOtherNetwork(height)
  if (block.verdict !== 'accept' || commit.verdict !== 'accept') throw unusable('unreadable', height)
  if (block.value.header.height !== height || commit.value.block !== block.value.id) throw unusable('misplaced', height)
  return { block: block.value, commit: commit.value }
}

const unusable = (why: string, height: number): ChimerError =>
  new ChimerError(
    'TC_CONSENSUS_STORE',
    `The store of blocks cannot be used from height ${height} on (${why}). Stop the node, move the store away, and start it: it gets its blocks again from its peers.`,
    { facts: { why, height } },
  )

const ofOtherNetwork = (height: number): ChimerError =>
  new ChimerError(
    'TC_CONSENSUS_STORE',
    'The store of blocks is of another network than genesis.json. Put back the genesis that it was made with; or, if this node changes networks, give it a new data directory.',
    { facts: { why: 'wrong-network', height } },
  )
