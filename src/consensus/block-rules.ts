/**
 * Which block may follow a state, and making one that may. Everything in a header but the parent's time, its commit and the
 * digests of the body follows from the state; so a proposer chooses what is in the body, and nothing else.
 *
 * Source: DESIGN §5.5. Rules B-61 and B-62 in docs/spec/consensus.md. It does not say that what the body asks for has any effect:
 * that is judged once the block's time is known (B-63).
 */
import { equalBytes } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { bodyFault } from './block-body.ts'
import type { PartReason } from './block-body.ts'
import { makeBlock } from './block-bytes.ts'
import type { Block, Body, Header } from './block.ts'
import type { ChainState } from './chain-state.ts'
import { stateRoot } from './chain-snapshot.ts'
import { EMPTY_COMMIT, commitDigest, verifyCommit } from './commit.ts'
import type { Commit, CommitReason } from './commit.ts'
import { proposerOf } from './proposer.ts'
import { RecentSteps } from './recent-steps.ts'
import { NO_TIME } from './tally.ts'
import type { BlockTime } from './tally.ts'
import { weightsRoot } from './weights-root.ts'

/** What a proposer brings to a block; everything else of it follows from the state. */
export interface NextBlock extends Pick<Body, 'transactions' | 'witnessed' | 'offences'> {
  readonly round: number
  /** Ed25519 key, 32 bytes. */
  readonly proposer: Uint8Array
  /** The parent's; at height 1 `EMPTY_COMMIT`. */
  readonly lastCommit: Commit
  /** The tally's time of `lastCommit`; at height 1 `NO_TIME`. */
  readonly lastTime: BlockTime
}

/** The block that follows `state`. */
export const nextBlock = (state: ChainState, made: NextBlock): Block => {
  const { round, proposer, lastCommit, lastTime, transactions, witnessed, offences } = made
  const header = { ...expectedHeader(state), round, proposer, time: lastTime }
  return makeBlock({ header, body: { lastCommit, transactions, witnessed, offences } })
}

type Expected = Omit<Header, 'round' | 'proposer' | 'time' | 'commitRoot' | 'transactionsRoot' | 'evidenceRoot'>

const expectedHeader = (state: ChainState): Expected => ({
  networkId: state.genesis.networkId,
  height: state.height + 1,
  parent: state.blockId,
  stateRoot: stateRoot(state),
  weightsRoot: weightsRoot(state.validators),
  availability: [],
  emergency: state.emergency,
})

/** Why a block may not follow a state, beside what is wrong with its parent's commit or with a signature in its body. */
export const BLOCK_RULE_REASONS = [
  'wrong-network',
  'wrong-height',
  'wrong-parent',
  'wrong-proposer',
  'wrong-state-root',
  'wrong-weights-root',
  'wrong-emergency',
  'wrong-availability',
  'wrong-commit',
  'wrong-time',
] as const
export type BlockRuleReason = (typeof BLOCK_RULE_REASONS)[number]

export interface BlockRuleOptions {
  readonly verifier: Verifier
  /** Was this (content address as text) verified before? Then its signature is not looked at again. */
  readonly isKnown: (key: string) => boolean
}

export type BlockFault = BlockRuleReason | CommitReason | PartReason

const recent = new RecentSteps<{ readonly verifier: Verifier; readonly fault: BlockFault | undefined }>()

/**
 * Why `block` may not follow `state`, or nothing. Cheap questions first, signatures last. The block comes from `openBlock` or
 * `makeBlock`: that its body is the one its header names, within its limits and nothing in it twice, was asked there.
 */
export const blockFault = (state: ChainState, block: Block, options: BlockRuleOptions): BlockFault | undefined => {
  const fault = headerFault(state, block.header)
  if (fault !== undefined) return fault
  const known = recent.get(state, block)
  const { verifier } = options
  const asked = verifier.spares ?? verifier
  if (known?.verifier === asked) return known.fault
  const found = timeFault(state, block, verifier) ?? bodyFault(block, options)
  recent.set(state, block, { verifier: asked, fault: found })
  return found
}

const headerFault = (state: ChainState, header: Header): BlockRuleReason | undefined => {
  if (!equalBytes(header.networkId, state.genesis.networkId)) return 'wrong-network'
  if (header.height !== state.height + 1) return 'wrong-height'
  if (header.parent !== state.blockId) return 'wrong-parent'
  if (header.emergency !== state.emergency) return 'wrong-emergency'
  if (header.availability.length > 0) return 'wrong-availability'
  if (!isByProposer(state, header)) return 'wrong-proposer'
  if (!equalBytes(header.weightsRoot, weightsRoot(state.validators))) return 'wrong-weights-root'
  return equalBytes(header.stateRoot, stateRoot(state)) ? undefined : 'wrong-state-root'
}

const isByProposer = ({ genesis, validators }: ChainState, { height, round, proposer }: Header): boolean => {
  const index = proposerOf({ networkId: genesis.networkId, validators, height, round })
  const expected = validators.at(index)
  return expected !== undefined && equalBytes(expected.key, proposer)
}

/** The parent's time is what the one tally makes of the parent's commit, which the body carries. */
const timeFault = (
  state: ChainState,
  { header, body }: Block,
  verifier: Verifier,
): BlockRuleReason | CommitReason | undefined => {
  const { lastCommit } = body
  if (state.height === 0) {
    if (!equalBytes(commitDigest(lastCommit), commitDigest(EMPTY_COMMIT))) return 'wrong-commit'
    return isSameTime(header.time, NO_TIME) ? undefined : 'wrong-time'
  }
  if (lastCommit.height !== state.height || lastCommit.block !== state.blockId) return 'wrong-commit'
  const { networkId, parameters } = state.genesis
  const { proposalDelayNs } = parameters
  const context = { networkId, validators: state.lastValidators, verifier, parentTime: state.time, proposalDelayNs }
  const verified = verifyCommit(lastCommit, context)
  if (verified.verdict !== 'accept') return verified.reason
  const { time } = verified.value
  return time !== undefined && isSameTime(header.time, time) ? undefined : 'wrong-time'
}

const isSameTime = (a: BlockTime, b: BlockTime): boolean =>
  a.earliest === b.earliest && a.latest === b.latest && a.timestamp === b.timestamp
