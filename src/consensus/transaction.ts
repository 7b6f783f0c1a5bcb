/**
 * Transactions: what people ask of the chain, signed by their author. An action in the sense of validation/: it counts only if
 * its author was a truechimer at the parent block and its time meets the block's interval. The exception is `join`, whose author
 * has no record yet. Rules B-8, B-9 in docs/spec/consensus.md. That an action counts is judged when its block is applied, not here.
 */
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission, Tai, TimeInterval } from '../base/index.ts'
import {
  CODEC_REASONS,
  bytes as bytesField,
  cidTextOfDigest,
  codecOf,
  encodeFlat,
  tuple,
  uint,
  word,
} from '../codec/index.ts'
import type { FlatItem } from '../codec/index.ts'
import { ed25519Verifier, sha3 } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { digestField, keyField, signatureField, taiField } from './consensus-fields.ts'
import type { SignedPart } from './vote.ts'

/**
 * `join`: become a candidate, be witnessed, and vote once the record is long enough. `leave`: stop voting at the epoch's end. `mark`:
 * fix 32 bytes in a block. `stamp`: fix a batch of stamps, as stamps/stamp-batch.ts writes it.
 */
export const TRANSACTION_KINDS = ['join', 'leave', 'mark', 'stamp'] as const
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
  /** `mark`: 32 bytes; `stamp`: 72. Else empty. */
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

export const TRANSACTION_DOMAIN = 'truechimer/transaction/1'
/** The largest that the ranges allow has 243 bytes; nothing larger is looked at. */
export const TRANSACTION_BYTES_MAX = 256
export const MARK_BYTES = 32
/** The size of a log of stamps in 8 bytes, the root of a batch of them, and the root of the log: docs/spec/stamps.md. */
export const STAMP_BYTES = 72
/** Of each kind's payload, exactly. */
const PAYLOAD_BYTES: Readonly<Record<TransactionKind, number>> = {
  join: 0,
  leave: 0,
  mark: MARK_BYTES,
  stamp: STAMP_BYTES,
}

/** As it is encoded: flat. */
interface TransactionWire extends Omit<Transaction, 'acted'> {
  readonly earliest: Tai
  readonly latest: Tai
}
const codec = codecOf<TransactionWire>(
  tuple<TransactionWire>({
    networkId: digestField,
    author: keyField,
    sequence: uint({ min: 1 }),
    earliest: taiField,
    latest: taiField,
    kind: word(TRANSACTION_KINDS),
    payload: bytesField(STAMP_BYTES),
    signature: signatureField,
  }),
  TRANSACTION_BYTES_MAX,
)

const bodyOf = (body: TransactionBody): readonly FlatItem[] => [
  body.networkId,
  body.author,
  body.sequence,
  body.acted.earliest,
  body.acted.latest,
  body.kind,
  body.payload,
]

/** What the author signs: everything but the signature. */
export const transactionPart = (transaction: TransactionBody): SignedPart => ({
  domain: TRANSACTION_DOMAIN,
  body: encodeFlat(bodyOf(transaction)),
})

/** A transaction with its bytes and its address. */
export const sealTransaction = (transaction: Transaction): SealedTransaction =>
  sealed(transaction, encodeFlat([...bodyOf(transaction), transaction.signature]))

const sealed = (transaction: Transaction, bytes: Uint8Array): SealedTransaction => ({
  transaction,
  bytes,
  key: cidTextOfDigest(sha3(bytes)),
})

export const isTransactionSigned = (transaction: Transaction, verifier: Verifier): boolean =>
  verifier.verify({
    publicKey: transaction.author,
    ...transactionPart(transaction),
    signature: transaction.signature,
  })

/** Why bytes are no transaction of this network. `bad-payload`: not as many bytes as its kind has. */
export const TRANSACTION_REASONS = [...CODEC_REASONS, 'wrong-network', 'bad-payload', 'bad-signature'] as const
export type TransactionReason = (typeof TRANSACTION_REASONS)[number]

/** Bytes of anybody to a transaction of this network. Its signature is not looked at. */
export const decodeTransaction = (
  bytes: Uint8Array,
  networkId: Uint8Array,
): Admission<SealedTransaction, TransactionReason> => {
  const decoded = codec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const { earliest, latest, ...rest } = decoded.value
  if (earliest > latest) return reject('wrong-shape')
  if (!equalBytes(rest.networkId, networkId)) return reject('wrong-network')
  if (rest.payload.length !== PAYLOAD_BYTES[rest.kind]) return reject('bad-payload')
  return accept(sealed({ ...rest, acted: { earliest, latest } }, bytes))
}

/** Bytes of anybody to a transaction of this network with a true signature. Every refusal is a `reject`. */
export const openTransaction = (
  bytes: Uint8Array,
  options: { readonly networkId: Uint8Array; readonly verifier?: Verifier },
): Admission<SealedTransaction, TransactionReason> => {
  const { networkId, verifier = ed25519Verifier } = options
  const decoded = decodeTransaction(bytes, networkId)
  if (decoded.verdict !== 'accept') return decoded
  return isTransactionSigned(decoded.value.transaction, verifier) ? decoded : reject('bad-signature')
}
