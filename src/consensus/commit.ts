/**
 * A commit: the precommits that decided a block, with their time attestations, in the fewest bytes. What a light client
 * checks. Any quorum will do; the one in the next block is the one whose time counts.
 */
import type { TimeInterval } from '../base/index.ts'
import type { BlockId } from './validators.ts'

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
