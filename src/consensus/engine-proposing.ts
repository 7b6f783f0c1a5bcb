/**
 * The block that this node would put forward: what waits in the pools, as far as a block has room, on the commit of the last height with every
 * precommit for it that has come by now. Evidence comes before transactions, since verdicts need it in time, but never takes the last quarter
 * of the room.
 *
 * Rules B-83 to B-86 in docs/spec/consensus.md.
 */
import type { TimeInterval } from '../base/index.ts'
import { lastSlotOver } from './apply-block.ts'
import { BLOCK_TRANSACTIONS_MAX } from './block-body.ts'
import { HEADER_BYTES_MAX } from './block-bytes.ts'
import { nextBlock } from './block-rules.ts'
import type { Block } from './block.ts'
import type { ChainState } from './chain-state.ts'
import { EMPTY_COMMIT, encodeCommit } from './commit.ts'
import type { Commit } from './commit.ts'
import type { EnginePools } from './engine-pools.ts'
import { NO_TIME, tally } from './tally.ts'
import type { BlockTime } from './tally.ts'
import { witnessedBytes } from './time-evidence-pool.ts'

export interface ProposingOptions {
  readonly state: ChainState
  /** The state's newest block's; undefined where it is not known, or there is none. */
  readonly lastCommit: Commit | undefined
  readonly pools: EnginePools
  readonly round: number
  readonly self: Uint8Array
  /** What this node's clock reads; undefined where it has no time. */
  readonly now: TimeInterval | undefined
}

/** Heads of a block's lists and of itself, bytes at most. */
const LISTS_BYTES = 64

/** Undefined where the last height's commit is not known: then another must propose. */
export const proposedBlock = (options: ProposingOptions): Block | undefined => {
  const { state, pools, round, self, now } = options
  const lastCommit = state.height === 0 ? EMPTY_COMMIT : options.lastCommit
  const lastTime = lastCommit === undefined ? undefined : timeOfCommit(state, lastCommit)
  if (lastCommit === undefined || lastTime === undefined) return undefined
  const { blockBytesMax } = state.genesis.parameters
  const room = blockBytesMax - HEADER_BYTES_MAX - encodeCommit(lastCommit).length - LISTS_BYTES
  const { offences, bytes } = pools.offences.take(room)
  const witnessed = pools.timeEvidence.take({
    closed: state.height === 0 ? Number.NEGATIVE_INFINITY : lastSlotOver(state.genesis, lastTime),
    bytesMax: Math.floor(((room - bytes) * 3) / 4),
  })
  const evidenceBytes = witnessed.reduce((sum, one) => sum + witnessedBytes(one), bytes)
  const transactions = pools.transactions.take(state, {
    parentTime: lastTime,
    now,
    room: { bytesMax: room - evidenceBytes, countMax: BLOCK_TRANSACTIONS_MAX },
  })
  return nextBlock(state, { round, proposer: self, lastCommit, lastTime, transactions, witnessed, offences })
}

/** The tally's time of the newest block by this very commit; undefined where it is no quorum. */
export const timeOfCommit = (state: ChainState, commit: Commit): BlockTime | undefined => {
  if (state.height === 0) return NO_TIME
  const { lastValidators: validators, time: parentTime, genesis } = state
  const { proposalDelayNs } = genesis.parameters
  return tally({ validators, votes: commit.entries, parentTime, proposalDelayNs }).time
}
