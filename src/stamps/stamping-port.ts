/**
 * What stamping keeps on a disk, and what it asks of one: every entry with its place, the groups whose receipts share a signature, the
 * batches, and of what is final all that a proof is made of, so that a proof needs no other file. Rules T-40 to T-59 in docs/spec/stamps.md.
 * Implementation: io/sqlite-stamps.ts.
 */
import type { TimeInterval } from '../base/index.ts'
import type { StampEntry } from './entry.ts'
import type { StampBatch } from './stamp-batch.ts'

/** An entry of the log, with what it is found by. */
export interface KeptEntry {
  /** From 0. */
  readonly position: number
  /** `stampIdOf`, 16 bytes. */
  readonly id: Uint8Array
  /** `leafOf`, 32 bytes. */
  readonly leaf: Uint8Array
  readonly entry: StampEntry
  /** Height of the block that was mixed in; 0 where none was. */
  readonly beaconHeight: number
}

/** What the receipts of neighbouring positions have in common. */
export interface KeptGroup {
  /** Position of the first. */
  readonly first: number
  /** 1 to RECEIPT_GROUP_MAX. */
  readonly size: number
  readonly received: TimeInterval
  readonly heightNewest: number
  readonly heightPromised: number
  readonly sources: number
  readonly signature: Uint8Array
}

/** A batch whose bounds and roots stand fast. */
export interface SealedBatch extends StampBatch {
  /** Position of its first entry; its last is `logSize - 1`. */
  readonly first: number
  /** Frontier of the log's tree after it (crypto/merkle-frontier.ts). */
  readonly frontier: readonly Uint8Array[]
  /** The lowest height that an entry of it mixed in; 0 where none did. */
  readonly beaconOldest: number
}

/** A batch that was handed to the network, or is about to be. */
export interface HandedBatch extends SealedBatch {
  /** Of the newest transaction that was made for it. */
  readonly sequence: number
  /** The encoded transaction. */
  readonly transaction: Uint8Array
  /** The newest height when it was handed in: it is in no block up to that. */
  readonly heightHanded: number
}

/** Where a transaction stands in a block. */
export interface BlockPlace {
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
}

export interface FinalBatch extends Omit<HandedBatch, 'heightHanded'> {
  /** Of the block that has it, >= 1. */
  readonly height: number
  readonly place: BlockPlace
}

/** A header, encoded. */
export interface KeptHeader {
  readonly height: number
  readonly header: Uint8Array
}

/** Who voted for the block at a height and how, encoded (encodeCommit, encodeValidators). */
export interface KeptVotes {
  readonly height: number
  readonly commit: Uint8Array
  readonly validators: Uint8Array
}

/** What makes batches final. */
export interface Finality {
  readonly batches: readonly FinalBatch[]
  /** Those that are kept already may be among them. */
  readonly headers: readonly KeptHeader[]
  readonly votes: KeptVotes
}

/** `known`: one of the ids is there already, and nothing was kept. */
export type Taken = 'kept' | 'known'

/**
 * Calls are short; what is written is durable on return, all of a call or nothing. All throw `TC_STAMP_STORE` where the disk will not, or
 * where what it gives back is not what was written. Closed by whoever opened it.
 */
export interface StampStore {
  /** Entries in all. */
  readonly size: number
  /** Continues the log: positions follow each other from `size` on, and groups cover them. Until it is over, no other is begun. */
  take(entries: readonly KeptEntry[], groups: readonly KeptGroup[]): Taken | Promise<Taken>
  /** Keeps a batch, or writes it over as it is handed in again. One that is final is left as it is. */
  keepBatch(batch: HandedBatch): void
  keepFinal(finality: Finality): void
  /** Batches that are not final, by rising position. */
  openBatches(): readonly HandedBatch[]
  /** The batch with the most entries before its end, final or not. */
  lastBatch(): SealedBatch | undefined
  positionOf(id: Uint8Array): number | undefined
  /** From `first` on; fewer where the log ends. */
  entries(first: number, count: number): readonly KeptEntry[]
  /** Leaf hashes alone, from `first` on. */
  leaves(first: number, count: number): readonly Uint8Array[]
  /** That which has the position. */
  groupOf(position: number): KeptGroup | undefined
  finalBatchOf(position: number): FinalBatch | undefined
  /** Of the heights from `from` to `to`, those that are kept, rising. */
  headers(from: number, to: number): readonly KeptHeader[]
  votes(height: number): KeptVotes | undefined
}
