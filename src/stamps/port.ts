/**
 * What a node's doors ask of its stamping (node/stamping.ts implements it), and what stamping asks of a disk.
 */
import type { Admission, Cancel } from '../base/index.ts'
import type { BlockId } from '../consensus/index.ts'
import type { ImprintAlgorithm, StampEntry } from './entry.ts'
import type { Receipt } from './receipt.ts'

/** Somebody's wish to have an imprint stamped. Its shape has been checked at the door. */
export interface StampRequest {
  readonly algorithm: ImprintAlgorithm
  /** As long as the algorithm's. */
  readonly imprint: Uint8Array
  readonly beacon: BlockId | null
  /** Printable ASCII, at most CLIENT_KEY_LENGTH_MAX; empty where the asker has none. */
  readonly clientKey: string
}

/** `received`: durable in the node's log. `proposed`: its batch's transaction was handed to the network. `final`: in a block whose time is settled. */
export const STAMP_STATES = ['received', 'proposed', 'final'] as const
export type StampState = (typeof STAMP_STATES)[number]

export interface StampRecord {
  /** 16 bytes in hex. */
  readonly id: string
  readonly entry: StampEntry
  readonly receipt: Receipt
  readonly state: StampState
  /** Height of the block that has it; there once it is final. */
  readonly height: number | undefined
  /** Of a submission's answer: this stamp had been taken before, and was found and not made. */
  readonly isKnown?: boolean
}

/** Why a node takes no stamp now; all are `ignore`: the asker did nothing wrong, but for `beacon-unknown`. */
export const STAMP_REFUSALS = [
  'clock-not-ready',
  'not-member',
  'not-truechimer',
  'beacon-unknown',
  'beacon-stale',
  'stamps-full',
  'stamping-halted',
] as const
export type StampRefusal = (typeof STAMP_REFUSALS)[number]

/** Stamps in one submission at most. */
export const SUBMISSION_STAMPS_MAX = 100
/** A beacon may be this many heights below the newest when its stamp is taken: T-4. */
export const BEACON_AGE_HEIGHTS_MAX = 4

/** Entries from `first` on, up to the log's size after them, have come to a state. */
export interface StampChange {
  readonly state: 'proposed' | 'final'
  readonly first: number
  readonly logSize: number
  /** Of the block; there where final. */
  readonly height: number | undefined
}

/** The node's log of stamps as others' tools read it: what is final, in order. Rows are immutable. */
export interface StampLogReader {
  /** Entries whose batch is final, and the root over them, which that batch's transaction names; undefined before the first. */
  readonly head: { readonly size: number; readonly root: Uint8Array; readonly height: number } | undefined
  /** Encoded entries from `first` on; fewer where the log ends. */
  entries(first: number, count: number): readonly Uint8Array[]
  /** Leaf hashes from `first` on, 32 bytes each. */
  leaves(first: number, count: number): readonly Uint8Array[]
}

export interface StampDesk {
  /** The network's newest decided block, to be mixed in; undefined before the first. */
  beacon(): { readonly height: number; readonly block: BlockId } | undefined
  /**
   * Takes all or none. Durable when it resolves; asked again (same imprint and client key), the same stamp. At most SUBMISSION_STAMPS_MAX.
   * Rejects with `TC_STAMP_STORE` where the disk will not keep them: nothing was acknowledged.
   */
  submit(requests: readonly StampRequest[]): Promise<Admission<readonly StampRecord[], StampRefusal>>
  /** By id in hex. */
  find(id: string): StampRecord | undefined
  /**
   * The final proof, encoded (stamp-proof.ts); undefined where the stamp is unknown or not final yet.
   * @param from the height that the asker trusts; 0, the genesis, unless given.
   */
  proof(id: string, from?: number): Uint8Array | undefined
  onChange(listener: (change: StampChange) => void): Cancel
  readonly log: StampLogReader
  /** For the metrics: stamps taken, final, waiting; batches handed in again. */
  counts(): { readonly taken: number; readonly final: number; readonly waiting: number; readonly resubmitted: number }
}
