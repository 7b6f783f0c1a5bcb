/**
 * Blocks. The header of height h fixes the time of its parent: the interval that the one tally makes of the parent's commit,
 * which travels in the body. So a block's time is settled by the block after it, by a quorum's votes and no proposer's word.
 *
 * Source: DESIGN §5.5, §2.4. Rules B-21 to B-26 in docs/spec/consensus.md. What is here is a block as such: that it may follow a chain's
 * state is asked in block-rules.ts; its bytes are block-bytes.ts'.
 */
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import type { Commit } from './commit.ts'
import type { Evidence } from './evidence.ts'
import type { BlockTime } from './tally.ts'
import type { SealedTransaction } from './transaction.ts'
import type { BlockId } from './validators.ts'

export interface Header {
  readonly networkId: Uint8Array
  /** >= 1. */
  readonly height: number
  /** The round in which it was first proposed; in later rounds it may be proposed again as it is. */
  readonly round: number
  /** Id of the block before; of height 1, the network's id in hex. */
  readonly parent: BlockId
  /** The time of the parent, of height 1 all zeros. */
  readonly time: BlockTime
  /** Digest of the parent's commit as encoded in the body, 32 bytes. */
  readonly commitRoot: Uint8Array
  /** Merkle root of the transactions, 32 bytes. */
  readonly transactionsRoot: Uint8Array
  /** Merkle root of proofs, attestations and offences, 32 bytes. */
  readonly evidenceRoot: Uint8Array
  /** Root of the state before this block, 32 bytes. */
  readonly stateRoot: Uint8Array
  /** Root of the validator set that votes on this height, 32 bytes. */
  readonly weightsRoot: Uint8Array
  /** Commitments of availability, 48 bytes each. */
  readonly availability: readonly Uint8Array[]
  /** More than a third of the weight was out of range: a declared time emergency. */
  readonly emergency: boolean
  /** Ed25519 key of who made it, 32 bytes. */
  readonly proposer: Uint8Array
}

/** One proof and what its witnesses measured of it, at least one attestation. */
export interface WitnessedProof {
  readonly proof: SealedProof
  readonly attestations: readonly SealedAttestation[]
}

export interface Body {
  /** Of the parent; of height 1 without entries. */
  readonly lastCommit: Commit
  readonly transactions: readonly SealedTransaction[]
  readonly witnessed: readonly WitnessedProof[]
  readonly offences: readonly Evidence[]
}

export interface Block {
  readonly id: BlockId
  readonly header: Header
  readonly body: Body
  /** The whole block as it is encoded. */
  readonly bytes: Uint8Array
}
