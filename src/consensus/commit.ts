/**
 * A commit: the precommits that decided a block, with their time attestations, in the fewest bytes. What a light client
 * checks. Any quorum will do; the one in the next block is the one whose time counts.
 *
 * Verifying one yields the tally of the very entries that were verified (DESIGN §4 "One tally"): nobody else tallies a commit.
 * Rules B-12 to B-14 in docs/spec/consensus.md. Not promised: that two commits of one block have the same entries.
 */
import assert from 'node:assert/strict'
import { accept, reject } from '../base/index.ts'
import type { Admission, TimeInterval } from '../base/index.ts'
import { codecOf, list, tuple, uint } from '../codec/index.ts'
import type { CodecReason, Field } from '../codec/index.ts'
import { domainDigest } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { blockIdField, intervalField, roundField, signatureField } from './consensus-fields.ts'
import { tally } from './tally.ts'
import type { BlockTime, CountedVote, Tally } from './tally.ts'
import { VALIDATORS_MAX } from './validators.ts'
import type { BlockId, ValidatorSet } from './validators.ts'
import { timePart, votePart } from './vote.ts'
import type { SignedVote } from './vote.ts'

export interface CommitEntry {
  /** Place in the validator set of the height; rising, so each at most once. */
  readonly index: number
  readonly voteSignature: Uint8Array
  readonly received: TimeInterval
  readonly timeSignature: Uint8Array
}

export interface Commit {
  readonly height: number
  readonly round: number
  readonly block: BlockId
  readonly entries: readonly CommitEntry[]
}

export const COMMIT_DOMAIN = 'truechimer/commit/1'
/** An entry takes 155 bytes at most. */
export const COMMIT_ENTRY_BYTES_MAX = 155
export const COMMIT_BYTES_MAX = 64 + VALIDATORS_MAX * COMMIT_ENTRY_BYTES_MAX

/** What height 1 carries, which has no parent. */
export const EMPTY_COMMIT: Commit = { height: 0, round: 0, block: '0'.repeat(64), entries: [] }

/** As part of a block. Whether its entries rise and are signed, `verifyCommit` says. */
export const commitField: Field<Commit> = tuple<Commit>({
  height: uint(),
  round: roundField,
  block: blockIdField,
  entries: list<CommitEntry>(
    tuple<CommitEntry>({
      index: uint({ max: VALIDATORS_MAX - 1 }),
      voteSignature: signatureField,
      received: intervalField,
      timeSignature: signatureField,
    }),
    VALIDATORS_MAX,
  ),
})
const codec = codecOf(commitField, COMMIT_BYTES_MAX)

export const encodeCommit = (commit: Commit): Uint8Array => codec.encode(commit)

/** A commit from bytes of anybody: well-formed, and nothing more. */
export const openCommit = (bytes: Uint8Array): Admission<Commit, CodecReason> => codec.decode(bytes)

const digests = new WeakMap<Commit, Uint8Array>()

/** The 32 bytes that the next header names as `commitRoot`; kept with the commit. */
export const commitDigest = (commit: Commit): Uint8Array => {
  const known = digests.get(commit)
  if (known !== undefined) return known
  const digest = domainDigest(COMMIT_DOMAIN, encodeCommit(commit))
  digests.set(commit, digest)
  return digest
}

/**
 * The commit of precommits for one block in one round. Each must be of a validator of the height, for this block, with its time
 * attestation, and nobody's second one: anything else is an asserted bug.
 */
export const makeCommit = (options: {
  readonly height: number
  readonly round: number
  readonly block: BlockId
  readonly precommits: readonly SignedVote[]
  readonly validators: ValidatorSet
}): Commit => {
  const { height, round, block, precommits, validators } = options
  const entries = precommits.map(({ vote, time }): CommitEntry => {
    const index = validators.indexOf(vote.author)
    assert(index !== undefined && time !== null && vote.kind === 'precommit')
    assert(vote.height === height && vote.round === round && vote.block === block)
    return { index, voteSignature: vote.signature, received: time.received, timeSignature: time.signature }
  })
  entries.sort((a, b) => a.index - b.index)
  assert(isRising(entries), 'a validator precommitted twice')
  return { height, round, block, entries }
}

const isRising = (entries: readonly CommitEntry[]): boolean =>
  entries.every(({ index }, i) => index > (entries[i - 1]?.index ?? -1))

/** Why a commit decides nothing. One bad entry refuses it all: who makes a commit chooses its entries. */
export const COMMIT_REASONS = [
  'index-order',
  'unknown-validator',
  'bad-vote-signature',
  'bad-time-signature',
  'too-little-weight',
] as const
export type CommitReason = (typeof COMMIT_REASONS)[number]

export interface CommitContext {
  readonly networkId: Uint8Array
  /** Who votes at the commit's height. */
  readonly validators: ValidatorSet
  readonly verifier: Verifier
  /** Of the block before the one that is committed. */
  readonly parentTime: BlockTime
  /** Δ, ns. */
  readonly proposalDelayNs: bigint
}

/** The tally of a commit whose entries are all true and weigh enough. Its `time` is there. */
export const verifyCommit = (commit: Commit, context: CommitContext): Admission<Tally, CommitReason> => {
  if (!isRising(commit.entries)) return reject('index-order')
  const place = { networkId: context.networkId, height: commit.height, round: commit.round, block: commit.block }
  const part = votePart({ ...place, kind: 'precommit', validRound: -1 })
  const votes: CountedVote[] = []
  for (const { index, voteSignature, received, timeSignature } of commit.entries) {
    const publicKey = context.validators.at(index)?.key
    if (publicKey === undefined) return reject('unknown-validator')
    const { verifier } = context
    if (!verifier.verify({ publicKey, ...part, signature: voteSignature })) return reject('bad-vote-signature')
    const time = { publicKey, ...timePart({ ...place, received }), signature: timeSignature }
    if (!verifier.verify(time)) return reject('bad-time-signature')
    votes.push({ index, received })
  }
  const { validators, parentTime, proposalDelayNs } = context
  const counted = tally({ validators, votes, parentTime, proposalDelayNs })
  return counted.isQuorum ? accept(counted) : reject('too-little-weight')
}
