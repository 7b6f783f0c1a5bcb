/**
 * A stamp's final proof: from an imprint up to headers that a quorum voted for, in the fewest bytes, checked with the genesis file or a
 * checkpoint alone. The file `NAME.chime` holds it.
 *
 * Compact by these means: what can be worked out is left out (parents, roots of a path, the network in every part); keys of validators are
 * named by their place among the genesis'; of the votes only as many as a quorum takes; and the block's time is read from the next
 * header, whose voters vouch for the tally of the time attestations that its commitRoot names. Rules T-12 to T-22 in docs/spec/stamps.md.
 */
import type { BlockTime, Header } from '../consensus/index.ts'
import type { ImprintAlgorithm } from './entry.ts'
import type { Receipt } from './receipt.ts'
import type { StampBatch } from './stamp-batch.ts'

/** Headers from the beacon's block to the stamp's, without either. */
export const HEADERS_BETWEEN_MAX = 16

/** A header without what its place in the chain says: network, height, parent. */
export type CompactHeader = Omit<Header, 'networkId' | 'height' | 'parent'> & { readonly time: BlockTime }

/** A validator of the votes' height: by its place among the keys of the genesis (in the order of keys), or by its key. */
export interface NamedValidator {
  readonly key: number | Uint8Array
  /** > 0. */
  readonly weight: bigint
}

export interface StampProof {
  readonly networkId: Uint8Array
  readonly algorithm: ImprintAlgorithm
  readonly imprint: Uint8Array
  /** What was hashed before the digest to make the imprint; empty where the imprint is the digest. */
  readonly salt: Uint8Array
  /** Was the parent of the first header mixed in? */
  readonly hasBeacon: boolean
  readonly receipt: Omit<Receipt, 'networkId' | 'node' | 'leaf'>
  /** Where the entry stands in its batch. */
  readonly batch: { readonly index: number; readonly size: number; readonly path: readonly Uint8Array[] }
  /** The transaction of the batch, and where it stands in its block. */
  readonly transaction: Omit<StampBatch, 'batchRoot'> & {
    readonly author: Uint8Array
    readonly sequence: number
    readonly earliest: bigint
    readonly latest: bigint
    readonly signature: Uint8Array
    readonly index: number
    readonly size: number
    readonly path: readonly Uint8Array[]
  }
  /** Of the first header. */
  readonly height: number
  /** Parent of the first header: the beacon's block, where one was mixed in. 32 bytes. */
  readonly parent: Uint8Array
  /** One after the other; the last but one is of the stamp's block, the last settles its time and was voted for. */
  readonly headers: readonly CompactHeader[]
  /** Who votes at the last header's height, in the set's order. */
  readonly validators: readonly NamedValidator[]
  /** Precommits for the last header: its round, and signatures by places in the set, rising. */
  readonly votes: {
    readonly round: number
    readonly signatures: readonly { readonly index: number; readonly signature: Uint8Array }[]
  }
  /** An encoded light proof from what is trusted to voters of whom the votes have more than a third; empty where none is needed. */
  readonly bridge: Uint8Array
}
