/**
 * Transactions: what people ask of the chain, signed by their author. An action in the sense of validation/: it counts only if
 * its author was a truechimer at the parent block and its time meets the block's interval. The exception is `join`, whose author
 * has no record yet.
 */
import type { TimeInterval } from '../base/index.ts'

/** `join`: become a candidate, be witnessed, and vote once the record is long enough. `leave`: stop voting at the epoch's end. `mark`: fix 32 bytes in a block. */
export const TRANSACTION_KINDS = ['join', 'leave', 'mark'] as const
export type TransactionKind = (typeof TRANSACTION_KINDS)[number]

export interface TransactionBody {
  readonly networkId: Uint8Array
  /** Ed25519 key, 32 bytes. */
  readonly author: Uint8Array
  /** Grows with each of an author's transactions. >= 1. */
  readonly sequence: number
  /** When the author acted, by its own clock, TAI ns. */
  readonly acted: TimeInterval
  readonly kind: TransactionKind
  /** `mark`: 32 bytes. Else empty. */
  readonly payload: Uint8Array
}

export interface Transaction extends TransactionBody {
  readonly signature: Uint8Array
}

/** A transaction and its bytes; `key` is its content address as text. */
export interface SealedTransaction {
  readonly transaction: Transaction
  readonly bytes: Uint8Array
  readonly key: string
}
