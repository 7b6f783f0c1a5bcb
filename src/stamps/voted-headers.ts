/**
 * Headers one after the other, of which the last was voted for by a quorum: what a stamp's proof and the evidence of a broken promise end in.
 * Compact: heights and parents follow from the first; the roots of validators and of transactions are left out where they can be worked
 * out; keys are places among the genesis' keys; times are differences. Rules T-14 to T-17 in docs/spec/stamps.md.
 *
 * Here is what is written; what it is worth, voted-headers-checking.ts says.
 */
import type { Header } from '../consensus/index.ts'

/** From the beacon's block, without it, to the one that settles the time: promises are for 20 heights, beacons 4 old, and as much again and more. */
export const STAMP_HEADERS_MAX = 128
/** Bytes of a digest that are kept to name what is wrong. They prove nothing. */
export const MARK_BYTES = 4
/** Largest bridge, bytes. */
export const BRIDGE_BYTES_MAX = 1_048_576

/** A key by its place among the genesis' keys (in the order of their bytes), or itself where it is not among them, 32 bytes. */
export type NamedKey = number | Uint8Array

/** A header without what its place says. */
export interface CompactHeader extends Omit<
  Header,
  'networkId' | 'height' | 'parent' | 'transactionsRoot' | 'weightsRoot' | 'proposer'
> {
  /** Null where it is worked out from what the block has. */
  readonly transactionsRoot: Uint8Array | null
  /** Null where it is that of the validators beside; of the last header always. */
  readonly weightsRoot: Uint8Array | null
  readonly proposer: NamedKey
}

export interface NamedValidator {
  readonly key: NamedKey
  /** > 0. */
  readonly weight: bigint
}

export interface VotedHeaders {
  /** Of the first header, >= 1. */
  readonly height: number
  /** Parent of the first header, 32 bytes. */
  readonly parent: Uint8Array
  /** At least one, one after the other. */
  readonly headers: readonly CompactHeader[]
  /** Who votes at the last header's height: places first, rising, then keys, rising. */
  readonly validators: readonly NamedValidator[]
  /** Precommits for the last header: their round, and signatures by place in the set (the order of keys), rising. */
  readonly votes: {
    readonly round: number
    readonly signatures: readonly { readonly index: number; readonly signature: Uint8Array }[]
  }
  /** An encoded light proof from what is trusted to voters of whom the votes have more than a third; empty where none is needed. */
  readonly bridge: Uint8Array
  /** The first bytes of the root of `validators` and of the last header's id. */
  readonly marks: { readonly weightsRoot: Uint8Array; readonly block: Uint8Array }
}
