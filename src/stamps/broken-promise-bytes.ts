/** Evidence of a broken promise as bytes: T-31 in docs/spec/stamps.md. One spelling; shape and limits are asked for here, and nothing else. */
import { accept, equalBytes, joinBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, fixedBytes, list, tuple, word } from '../codec/index.ts'
import { BLOCK_TRANSACTIONS_MAX, TRANSACTION_BYTES_MAX } from '../consensus/index.ts'
import { DIGEST_BYTES, MERKLE_PATH_MAX } from '../crypto/index.ts'
import { PROMISE_HEIGHTS_MAX } from './broken-promise.ts'
import type { BrokenPromise, ContradictedPromise, MissedPromise } from './broken-promise.ts'
import { RECEIPT_BYTES_MAX, encodeReceipt, openReceipt } from './receipt.ts'
import { piecesOf, votedHeadersField } from './voted-headers-bytes.ts'
import type { VotedHeaders } from './voted-headers.ts'

export const BROKEN_PROMISE_BYTES_MAX = 4_194_304
const MISSED_FORM = 'truechimer/missed-promise/1'
const CONTRADICTED_FORM = 'truechimer/contradicted-promise/1'

interface WrittenMissed {
  readonly form: typeof MISSED_FORM
  readonly receipt: Uint8Array
  readonly voted: VotedHeaders
  readonly transactions: readonly (readonly Uint8Array[])[]
}
const missedCodec = codecOf<WrittenMissed>(
  tuple<WrittenMissed>({
    form: word([MISSED_FORM]),
    receipt: bytes(RECEIPT_BYTES_MAX),
    voted: votedHeadersField,
    transactions: list(list(bytes(TRANSACTION_BYTES_MAX), BLOCK_TRANSACTIONS_MAX), PROMISE_HEIGHTS_MAX),
  }),
  BROKEN_PROMISE_BYTES_MAX,
)

interface WrittenContradicted {
  readonly form: typeof CONTRADICTED_FORM
  readonly receipt: Uint8Array
  readonly transaction: Uint8Array
  readonly leaf: Uint8Array
  readonly path: Uint8Array
}
const contradictedCodec = codecOf<WrittenContradicted>(
  tuple<WrittenContradicted>({
    form: word([CONTRADICTED_FORM]),
    receipt: bytes(RECEIPT_BYTES_MAX),
    transaction: bytes(TRANSACTION_BYTES_MAX),
    leaf: fixedBytes(DIGEST_BYTES),
    path: bytes(MERKLE_PATH_MAX * DIGEST_BYTES),
  }),
  BROKEN_PROMISE_BYTES_MAX,
)

/** May be longer than `BROKEN_PROMISE_BYTES_MAX` where the blocks were full: nobody reads it then. */
export const encodeBrokenPromise = (broken: BrokenPromise): Uint8Array => {
  const receipt = encodeReceipt(broken.receipt)
  if (broken.kind === 'missed') {
    const { voted, transactions } = broken
    return missedCodec.encode({ form: MISSED_FORM, receipt, voted, transactions })
  }
  const { transaction, leaf, path } = broken
  return contradictedCodec.encode({ form: CONTRADICTED_FORM, receipt, transaction, leaf, path: joinBytes(...path) })
}

export const BROKEN_PROMISE_BYTES_REASONS = [...CODEC_REASONS] as const
export type BrokenPromiseBytesReason = (typeof BROKEN_PROMISE_BYTES_REASONS)[number]

/** Evidence from bytes of anybody: well-formed and in its one spelling. Never throws. */
export const openBrokenPromise = (data: Uint8Array): Admission<BrokenPromise, BrokenPromiseBytesReason> => {
  const opened = isContradiction(data) ? openContradicted(data) : openMissed(data)
  if (opened.verdict !== 'accept') return opened
  return equalBytes(encodeBrokenPromise(opened.value), data) ? opened : reject('non-canonical')
}

/** By the form, whose text begins after the head of the array and two bytes of its own. */
const isContradiction = (data: Uint8Array): boolean =>
  equalBytes(data.subarray(3, 3 + CONTRADICTED_FORM.length), new TextEncoder().encode(CONTRADICTED_FORM))

const openMissed = (data: Uint8Array): Admission<MissedPromise, BrokenPromiseBytesReason> => {
  const decoded = missedCodec.decode(data)
  if (decoded.verdict !== 'accept') return decoded
  const receipt = openReceipt(decoded.value.receipt)
  if (receipt.verdict !== 'accept') return reject(receipt.reason)
  const { voted, transactions } = decoded.value
  // All but the last header have their transactions beside them.
  const isWorkedOut = voted.headers.every(
    ({ transactionsRoot }, i) => (transactionsRoot === null) === i < voted.headers.length - 1,
  )
  return isWorkedOut ? accept({ kind: 'missed', receipt: receipt.value, voted, transactions }) : reject('wrong-shape')
}

const openContradicted = (data: Uint8Array): Admission<ContradictedPromise, BrokenPromiseBytesReason> => {
  const decoded = contradictedCodec.decode(data)
  if (decoded.verdict !== 'accept') return decoded
  const receipt = openReceipt(decoded.value.receipt)
  if (receipt.verdict !== 'accept') return reject(receipt.reason)
  const { transaction, leaf } = decoded.value
  const path = piecesOf(decoded.value.path, DIGEST_BYTES)
  return path === undefined
    ? reject('wrong-shape')
    : accept({ kind: 'contradicted', receipt: receipt.value, transaction, leaf, path })
}
