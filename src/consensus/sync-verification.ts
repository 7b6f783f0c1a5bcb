/**
 * Blocks that peers sent, checked by the many. A chunk within one epoch needs one commit: that of its last block, by validators
 * whom the state already names. Who signed it had decided every block before it, to which it is chained by hashes. The whole way
 * checks every commit, every body and every signature, for who wants to lean on nobody's having done so.
 *
 * Source: DESIGN §5.5; arXiv 1807.04938 (a correct process decides heights in order). Rules B-113 to B-117 in
 * docs/spec/consensus.md.
 */
import { accept, equalBytes, ignore, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { applyBlock } from './apply-block.ts'
import { blockFault } from './block-rules.ts'
import { openBlock } from './block-bytes.ts'
import type { Block } from './block.ts'
import { stateRoot } from './chain-snapshot.ts'
import type { ChainState } from './chain-state.ts'
import { encodeCommit, openCommit, verifyCommit } from './commit.ts'
import type { Commit } from './commit.ts'
import type { StoredBlock } from './port.ts'
import type { ValidatorSet } from './validators.ts'
import { weightsRoot } from './weights-root.ts'

/** A block that was decided, the commit that shows it, and both as they are kept. */
export interface DecidedBlock {
  readonly block: Block
  readonly commit: Commit
  readonly stored: StoredBlock
}

export const SYNC_REASONS = [
  'sync-empty',
  'sync-past-epoch',
  'sync-malformed',
  'sync-not-linked',
  'sync-wrong-validators',
  'sync-wrong-commit',
  'sync-faulty-block',
  'sync-other-state',
] as const
export type SyncReason = (typeof SYNC_REASONS)[number]

/** The last height whose validators are those that vote next after `state`: the end of the epoch. */
export const chunkHeightMax = ({ height, genesis }: ChainState): number => {
  const { epochSlots } = genesis.parameters
  return (Math.floor(height / epochSlots) + 1) * epochSlots
}

/**
 * A chunk that begins at the height after `state` and ends within its epoch, by one commit: B-113. The blocks are returned with
 * true commits: each but the last with the one in the block after it, whatever the peer sent beside it. What the blocks do to the
 * state is the caller's to apply; `sync-other-state` says that ours is not the chain's, which is no fault of the peer.
 */
export const verifyChunk = (
  state: ChainState,
  chunk: readonly StoredBlock[],
  options: { readonly verifier: Verifier },
): Admission<readonly DecidedBlock[], SyncReason> => {
  if (chunk.length === 0) return reject('sync-empty')
  if (state.height + chunk.length > chunkHeightMax(state)) return reject('sync-past-epoch')
  const opened = openChunk(state, chunk)
  if (opened.verdict !== 'accept') return opened
  const blocks = opened.value
  const ofVotes = weightsRoot(state.validators)
  if (!blocks.every(({ header }) => equalBytes(header.weightsRoot, ofVotes))) return reject('sync-wrong-validators')
  const lastCommit = openCommit(chunk.at(-1)?.commit ?? new Uint8Array(0))
  const decided = lastCommit.verdict === 'accept' ? withCommits(blocks, lastCommit.value) : undefined
  if (decided === undefined) return reject('sync-wrong-commit')
  if (!isDecided(state, decided.at(-1), state.validators, options.verifier)) return reject('sync-wrong-commit')
  const isOurState = blocks.slice(0, 1).every(({ header }) => equalBytes(header.stateRoot, stateRoot(state)))
  return isOurState ? accept(decided) : ignore('sync-other-state')
}

/**
 * The same for a chunk of any epochs, checked whole: each block against the state that its predecessor left, with every signature
 * in it, and the last one's commit. Returns also the state after it. With `setSignaturesAside` its signatures can be verified
 * elsewhere, all at once.
 */
export const verifyChunkWhole = (
  state: ChainState,
  chunk: readonly StoredBlock[],
  options: { readonly verifier: Verifier; readonly isKnown?: (key: string) => boolean },
): Admission<{ readonly blocks: readonly DecidedBlock[]; readonly state: ChainState }, SyncReason> => {
  if (chunk.length === 0) return reject('sync-empty')
  const opened = openChunk(state, chunk)
  if (opened.verdict !== 'accept') return opened
  const { verifier, isKnown = () => false } = options
  let after = state
  for (const block of opened.value) {
    if (blockFault(after, block, { verifier, isKnown }) !== undefined) return reject('sync-faulty-block')
    after = applyBlock(after, block).state
  }
  const lastCommit = openCommit(chunk.at(-1)?.commit ?? new Uint8Array(0))
  const blocks = lastCommit.verdict === 'accept' ? withCommits(opened.value, lastCommit.value) : undefined
  if (blocks === undefined || !isDecided(state, blocks.at(-1), after.lastValidators, verifier))
    return reject('sync-wrong-commit')
  return accept({ blocks, state: after })
}

/** Well-formed, of the next heights, each naming the one before. */
const openChunk = (state: ChainState, chunk: readonly StoredBlock[]): Admission<readonly Block[], SyncReason> => {
  const { networkId, parameters } = state.genesis
  const blocks: Block[] = []
  let [parent, height] = [state.blockId, state.height]
  for (const { block: bytes } of chunk) {
    const opened = openBlock(bytes, { networkId, bytesMax: parameters.blockBytesMax })
    if (opened.verdict !== 'accept') return reject('sync-malformed')
    const { header, id } = opened.value
    if (header.height !== height + 1 || header.parent !== parent) return reject('sync-not-linked')
    blocks.push(opened.value)
    ;[parent, height] = [id, header.height]
  }
  return accept(blocks)
}

/** Each block with the commit in the next one's body, the last with `last`; undefined where one is of another block. */
const withCommits = (blocks: readonly Block[], last: Commit): readonly DecidedBlock[] | undefined => {
  const decided = blocks.map((block, i) => {
    const commit = blocks[i + 1]?.body.lastCommit ?? last
    const { height } = block.header
    return { block, commit, stored: { height, block: block.bytes, commit: encodeCommit(commit) } }
  })
  return decided.every(({ block, commit }) => commit.block === block.id && commit.height === block.header.height)
    ? decided
    : undefined
}

const isDecided = (
  { genesis }: ChainState,
  decided: DecidedBlock | undefined,
  validators: ValidatorSet,
  verifier: Verifier,
): boolean => {
  if (decided === undefined) return false
  const { networkId, parameters } = genesis
  const { proposalDelayNs } = parameters
  const { block, commit } = decided
  const options = { networkId, validators, verifier, parentTime: block.header.time, proposalDelayNs }
  return verifyCommit(commit, options).verdict === 'accept'
}
