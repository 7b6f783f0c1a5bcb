/**
 * What a validator had said at a height, read back from its write-ahead log. Its own words tell everything: the latest round that it spoke in,
 * the step it had come to there, and by its newest precommits what it is bound to. What others said is asked for anew.
 *
 * Rule: docs/spec/consensus.md B-47.
 */
import { ChimerError, equalBytes } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import type { Block } from './block.ts'
import { openBlock } from './block-bytes.ts'
import { openMessage } from './messages.ts'
import type { WalRecord } from './port.ts'
import type { Proposal } from './proposal.ts'
import { decodePolka } from './round-polka.ts'
import type { SignedVote, Vote } from './vote.ts'

/** Of one height, in the order in which it was kept. */
export interface Restored {
  readonly proposals: readonly Proposal[]
  readonly votes: readonly SignedVote[]
  /** Blocks that this node proposed or locked on: they may follow. */
  readonly blocks: readonly Block[]
  /** The quorums of prevotes that bound it. */
  readonly polkas: readonly (readonly Vote[])[]
}

export const NOTHING_RESTORED: Restored = { proposals: [], votes: [], blocks: [], polkas: [] }

export interface RestoreOptions {
  readonly networkId: Uint8Array
  readonly height: number
  /** The node's own key, 32 bytes. */
  readonly self: Uint8Array
  readonly blockBytesMax: number
  readonly verifier: Verifier
}

/**
 * Folds the records of one height; those of others are passed over. `TC_CONSENSUS_WAL` where one does not open, or is not this node's: then
 * it is unknown what this key has said, and nothing may be said with it.
 */
export const restoreRound = (records: readonly WalRecord[], options: RestoreOptions): Restored => {
  const proposals: Proposal[] = []
  const votes: SignedVote[] = []
  const blocks: Block[] = []
  const polkas: (readonly Vote[])[] = []
  for (const record of records) {
    if (record.height !== options.height) continue
    if (record.type === 'block') blocks.push(blockOfRecord(record.bytes, options))
    if (record.type === 'polka') polkas.push(polkaOfRecord(record.bytes, options))
    if (record.type !== 'said') continue
    const said = saidOfRecord(record.bytes, options)
    if (said.type === 'vote') votes.push(said.vote)
    else proposals.push(said.proposal)
  }
  return { proposals, votes, blocks, polkas }
}

const blockOfRecord = (bytes: Uint8Array, options: RestoreOptions): Block => {
  const opened = openBlock(bytes, { networkId: options.networkId, bytesMax: options.blockBytesMax })
  if (opened.verdict !== 'accept') throw foreign(options, opened.reason)
  return opened.value
}

const polkaOfRecord = (bytes: Uint8Array, options: RestoreOptions): readonly Vote[] => {
  const polka = decodePolka(bytes, options)
  if (polka === undefined) throw foreign(options, 'bad-polka')
  return polka
}

const saidOfRecord = (bytes: Uint8Array, options: RestoreOptions) => {
  const opened = openMessage(bytes, options)
  if (opened.verdict !== 'accept') throw foreign(options, opened.reason)
  const { message } = opened.value
  const { author, height } = message.type === 'vote' ? message.vote.vote : message.proposal.head
  if (!equalBytes(author, options.self)) throw foreign(options, 'another key')
  if (height !== options.height) throw foreign(options, 'another height')
  return message
}

const foreign = ({ height }: RestoreOptions, reason: string): ChimerError =>
  new ChimerError(
    'TC_CONSENSUS_WAL',
    `the write-ahead log holds something at height ${height} that this node cannot have said (${reason}): it belongs to another key or another ` +
      'network, or to another version. Nothing is said on its ground; give the node its own data directory back',
    { facts: { why: 'foreign', height, reason } },
  )
