/**
 * A stamp's final proof: from an imprint up to headers that a quorum voted for, in the fewest bytes, checked with the genesis file or a
 * checkpoint alone. The file `NAME.chime` holds it.
 *
 * Compact by these means: what can be worked out is left out (parents, roots of a path, the log's size, the network in every part); keys
 * are named by their place among the genesis'; of the votes only as many as a quorum takes; and the block's time is read from the next
 * header, whose voters vouch for the tally of the time attestations that its commitRoot names. Rules T-12 to T-20 in docs/spec/stamps.md.
 */
import type { ImprintAlgorithm } from './entry.ts'
import type { Receipt } from './receipt.ts'
import type { NamedKey, VotedHeaders } from './voted-headers.ts'

export interface StampProof extends VotedHeaders {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly algorithm: ImprintAlgorithm
  readonly imprint: Uint8Array
  /** What was hashed before the digest to make the imprint; empty where the imprint is the digest. */
  readonly salt: Uint8Array
  /** Was the parent of the first header mixed in? Without, there are two headers. */
  readonly hasBeacon: boolean
  /** A beacon that was mixed in so long before the stamp's block that the headers between are left out: its id, 32 bytes; else no bytes. */
  readonly beaconApart: Uint8Array
  /** The node is the transaction's author, the leaf is the entry's. */
  readonly receipt: Omit<Receipt, 'networkId' | 'node' | 'leaf'>
  /** Where the entry stands in its batch. */
  readonly batch: { readonly index: number; readonly size: number; readonly path: readonly Uint8Array[] }
  /** The transaction of the batch, and where it stands in its block. The log's size after the batch follows from the receipt's position. */
  readonly transaction: {
    readonly author: NamedKey
    readonly sequence: number
    readonly earliest: bigint
    readonly latest: bigint
    readonly logRoot: Uint8Array
    readonly signature: Uint8Array
    readonly index: number
    readonly size: number
    readonly path: readonly Uint8Array[]
  }
  /** The first bytes of two roots that are worked out, so that what is wrong can be named. */
  readonly marks: { readonly batchRoot: Uint8Array; readonly transactionsRoot: Uint8Array } & VotedHeaders['marks']
}
