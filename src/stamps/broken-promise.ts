/**
 * That a node broke its word, for everybody to see: it signed a receipt, and either no block up to the promised height has a transaction of
 * its that covers the position, or its log, under a root that it signed, holds another entry there. Rules T-30 to T-34 in docs/spec/stamps.md.
 *
 * Not promised: why. A node that was cut off, or whose transactions nobody took in, broke its promise too; that it lied, only the second
 * kind shows.
 */
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import { decodeTransaction, isTransactionSigned } from '../consensus/index.ts'
import type { SealedTransaction } from '../consensus/index.ts'
import { ed25519Verifier, merkleOurs, merkleSha256 } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { isReceiptSigned } from './receipt.ts'
import type { Receipt } from './receipt.ts'
import { decodeBatch } from './stamp-batch.ts'
import type { StampBatch } from './stamp-batch.ts'
import { makeVotedHeaders } from './stamp-proof-making.ts'
import type { VotedParts } from './stamp-proof-making.ts'
import type { StampTrust } from './stamp-trust.ts'
import { STAMP_REASONS } from './stamp-words.ts'
import { checkedTrust, checkedVotes, nameOf, wholeHeaders } from './voted-headers-checking.ts'
import type { VotedHeaders } from './voted-headers.ts'

/** Blocks that one promise spans at most. */
export const PROMISE_HEIGHTS_MAX = 64

/** No transaction in time: all transactions of the blocks from the one after `heightNewest` to the one that was promised. */
export interface MissedPromise {
  readonly kind: 'missed'
  readonly receipt: Receipt
  /** Of those blocks, and one more that settles the time of the last. */
  readonly voted: VotedHeaders
  /** Of each block but the last, in order. */
  readonly transactions: readonly (readonly Uint8Array[])[]
}

/** Another entry in the place of the one that was promised, under a root of the log that the node signed. */
export interface ContradictedPromise {
  readonly kind: 'contradicted'
  readonly receipt: Receipt
  /** Of the node, of kind `stamp`: the bytes. It need not be in a block. */
  readonly transaction: Uint8Array
  /** What stands there instead, 32 bytes, and the path from it to the root of the log. */
  readonly leaf: Uint8Array
  readonly path: readonly Uint8Array[]
}

export type BrokenPromise = MissedPromise | ContradictedPromise

/** Headers are those from the one after the receipt's `heightNewest` to the one after its `heightPromised`. Parts that do not fit are a bug. */
export const makeMissedPromise = (
  parts: VotedParts & Pick<MissedPromise, 'receipt' | 'transactions'>,
): MissedPromise => {
  const { receipt, transactions, headers } = parts
  const voted = makeVotedHeaders(parts, (place) => place < headers.length - 1)
  return { kind: 'missed', receipt, voted, transactions }
}

export const BROKEN_PROMISE_REASONS = [
  ...STAMP_REASONS,
  'promise-other-blocks',
  'promise-malformed-transaction',
  'promise-kept',
  'promise-not-contradicted',
] as const
export type BrokenPromiseReason = (typeof BROKEN_PROMISE_REASONS)[number]

export interface ShownBrokenPromise {
  readonly kind: BrokenPromise['kind']
  /** Whose word it was, 32 bytes, and what the trust calls it. */
  readonly node: Uint8Array
  readonly name: string
  readonly position: number
  readonly heightPromised: number
  /** Latest instant at which the promised block was proposed, TAI ns; undefined of a contradiction. */
  readonly brokenBy: Tai | undefined
}

export interface PromiseChecking {
  readonly trust: StampTrust
  readonly verifier?: Verifier
}

/** Does the evidence hold? Never throws, whatever was opened. */
export const verifyBrokenPromise = (
  broken: BrokenPromise,
  options: PromiseChecking,
): Admission<ShownBrokenPromise, BrokenPromiseReason> => {
  const { trust, verifier = ed25519Verifier } = options
  const { receipt } = broken
  if (!equalBytes(receipt.networkId, trust.networkId)) return reject('stamp-wrong-network')
  if (!isReceiptSigned(receipt, verifier)) return reject('stamp-wrong-receipt')
  const found = broken.kind === 'missed' ? missed(broken, trust, verifier) : contradicted(broken, verifier)
  if (found.verdict !== 'accept') return found
  const { node, position, heightPromised } = receipt
  return accept({ kind: broken.kind, node, name: nameOf(trust, node), position, heightPromised, brokenBy: found.value })
}

const missed = (
  { receipt, voted, transactions }: MissedPromise,
  trust: StampTrust,
  verifier: Verifier,
): Admission<Tai | undefined, BrokenPromiseReason> => {
  const { heightNewest, heightPromised } = receipt
  const isAll =
    heightPromised > heightNewest &&
    voted.height === heightNewest + 1 &&
    voted.headers.length === heightPromised - heightNewest + 1 &&
    transactions.length === voted.headers.length - 1
  if (!isAll) return reject('promise-other-blocks')
  const kept = keptIn(transactions.flat(), receipt)
  if (kept.verdict !== 'accept') return kept
  const { networkId, genesisKeys } = trust
  const rootAt = (place: number): Uint8Array | undefined => {
    const packed = transactions[place]
    return packed === undefined ? undefined : merkleOurs.root(packed)
  }
  const whole = wholeHeaders(voted, { networkId, genesisKeys, transactionsRoot: rootAt })
  if (whole.verdict !== 'accept') return reject(whole.reason)
  const votes = checkedVotes(voted, whole.value, { trust, verifier })
  if (votes.verdict !== 'accept') return reject(votes.reason)
  const trusted = checkedTrust(voted, whole.value, { trust, verifier })
  return trusted.verdict === 'accept' ? accept(whole.value.last.time.latest) : reject(trusted.reason)
}

/** Accepts where none of these covers the position. */
const keptIn = (transactions: readonly Uint8Array[], receipt: Receipt): Admission<null, BrokenPromiseReason> => {
  for (const bytes of transactions) {
    const opened = decodeTransaction(bytes, receipt.networkId)
    if (opened.verdict !== 'accept') return reject('promise-malformed-transaction')
    const batch = batchOf(opened.value, receipt)
    if (batch !== undefined && batch.logSize > receipt.position) return reject('promise-kept')
  }
  return accept(null)
}

/** What a transaction fixes of the log of a receipt's node, if it is one that does. */
const batchOf = ({ transaction }: SealedTransaction, { node }: Receipt): StampBatch | undefined =>
  transaction.kind === 'stamp' && equalBytes(transaction.author, node) ? decodeBatch(transaction.payload) : undefined

/** The whole log's tree, whose size the payload names: a batch's does not say where in the log it begins. */
const contradicted = (
  { receipt, transaction, leaf, path }: ContradictedPromise,
  verifier: Verifier,
): Admission<Tai | undefined, BrokenPromiseReason> => {
  const opened = decodeTransaction(transaction, receipt.networkId)
  if (opened.verdict !== 'accept') return reject('promise-malformed-transaction')
  const batch = batchOf(opened.value, receipt)
  if (batch === undefined || !isTransactionSigned(opened.value.transaction, verifier))
    return reject('stamp-wrong-transaction')
  const { logSize, logRoot } = batch
  const isThere = merkleSha256.verifyPathOfHash({ leaf, index: receipt.position, size: logSize, path, root: logRoot })
  return isThere && !equalBytes(leaf, receipt.leaf) ? accept(undefined) : reject('promise-not-contradicted')
}
