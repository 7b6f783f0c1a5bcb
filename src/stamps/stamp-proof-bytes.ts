/**
 * A proof as bytes: one tuple in deterministic CBOR, with one spelling for each proof. Rules T-12, T-13 in docs/spec/stamps.md. Opening asks
 * for shape and limits and for the spelling; what a proof is worth, verification.ts says.
 */
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, fixedBytes, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { BLOCK_TRANSACTIONS_MAX } from '../consensus/index.ts'
import { DIGEST_BYTES, SIGNATURE_BYTES } from '../crypto/index.ts'
import { IMPRINT_ALGORITHMS, IMPRINT_BYTES, IMPRINT_BYTES_MAX, SALT_BYTES_MAX, SALT_BYTES_MIN } from './entry.ts'
import type { ImprintAlgorithm } from './entry.ts'
import { RECEIPT_GROUP_MAX } from './receipt.ts'
import { BATCH_ENTRIES_MAX, LOG_ENTRIES_MAX } from './stamp-batch.ts'
import type { StampProof } from './stamp-proof.ts'
import { differenceField, isTai, joined, lengthField, namedKeyField, votedHeadersField } from './voted-headers-bytes.ts'
import { BRIDGE_BYTES_MAX, MARK_BYTES } from './voted-headers.ts'
import type { NamedKey, VotedHeaders } from './voted-headers.ts'

export const STAMP_PROOF_FORM = 'truechimer/stamp-proof/1'
/** The largest proof without its bridge, bytes: 1,024 validators of whom two thirds vote take 52,000. */
export const STAMP_PROOF_OWN_BYTES_MAX = 65_536
/** The largest that is looked at, bytes. */
export const STAMP_PROOF_BYTES_MAX = STAMP_PROOF_OWN_BYTES_MAX + BRIDGE_BYTES_MAX

const GROUP_PATH_MAX = 4
const BATCH_PATH_MAX = 16
const BLOCK_PATH_MAX = 12

interface WrittenReceipt {
  readonly position: number
  /** Since the first header's. */
  readonly earliest: bigint
  readonly toLatest: bigint
  /** Above the first header's height, or below. */
  readonly newestAbove: number
  readonly toPromised: number
  readonly sources: number
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  readonly signature: Uint8Array
}
const receiptField = tuple<WrittenReceipt>({
  position: uint({ max: LOG_ENTRIES_MAX - 1 }),
  earliest: differenceField,
  toLatest: lengthField,
  newestAbove: uint({ min: Number.MIN_SAFE_INTEGER }),
  toPromised: uint(),
  sources: uint({ max: 0xff_ff }),
  index: uint({ max: RECEIPT_GROUP_MAX - 1 }),
  size: uint({ min: 1, max: RECEIPT_GROUP_MAX }),
  path: joined(DIGEST_BYTES, GROUP_PATH_MAX),
  signature: fixedBytes(SIGNATURE_BYTES),
})

const batchField = tuple<StampProof['batch']>({
  index: uint({ max: BATCH_ENTRIES_MAX - 1 }),
  size: uint({ min: 1, max: BATCH_ENTRIES_MAX }),
  path: joined(DIGEST_BYTES, BATCH_PATH_MAX),
})

interface WrittenTransaction {
  readonly author: NamedKey
  readonly sequence: number
  /** Since the first header's. */
  readonly earliest: bigint
  readonly toLatest: bigint
  readonly logRoot: Uint8Array
  readonly signature: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
}
const transactionField = tuple<WrittenTransaction>({
  author: namedKeyField,
  sequence: uint({ min: 1 }),
  earliest: differenceField,
  toLatest: lengthField,
  logRoot: fixedBytes(DIGEST_BYTES),
  signature: fixedBytes(SIGNATURE_BYTES),
  index: uint({ max: BLOCK_TRANSACTIONS_MAX - 1 }),
  size: uint({ min: 1, max: BLOCK_TRANSACTIONS_MAX }),
  path: joined(DIGEST_BYTES, BLOCK_PATH_MAX),
})

const booleanField: Field<boolean> = {
  write: (value) => value,
  read: (data) => (typeof data === 'boolean' ? data : undefined),
}

interface Written {
  readonly form: typeof STAMP_PROOF_FORM
  readonly networkId: Uint8Array
  readonly algorithm: ImprintAlgorithm
  readonly imprint: Uint8Array
  readonly salt: Uint8Array
  readonly hasBeacon: boolean
  readonly beaconApart: Uint8Array
  readonly receipt: WrittenReceipt
  readonly batch: StampProof['batch']
  readonly transaction: WrittenTransaction
  readonly voted: VotedHeaders
  readonly marks: readonly Uint8Array[]
}
const codec = codecOf<Written>(
  tuple<Written>({
    form: word([STAMP_PROOF_FORM]),
    networkId: fixedBytes(DIGEST_BYTES),
    algorithm: word(IMPRINT_ALGORITHMS),
    imprint: bytes(IMPRINT_BYTES_MAX),
    salt: bytes(SALT_BYTES_MAX),
    hasBeacon: booleanField,
    beaconApart: bytes(DIGEST_BYTES),
    receipt: receiptField,
    batch: batchField,
    transaction: transactionField,
    voted: votedHeadersField,
    marks: joined(MARK_BYTES, 2),
  }),
  STAMP_PROOF_BYTES_MAX,
)

/** What differences are counted from: the first header's time and height. */
interface Since {
  readonly earliest: bigint
  readonly height: number
}
const sinceOf = ({ headers, height }: VotedHeaders): Since => ({ earliest: headers[0]?.time.earliest ?? 0n, height })

const writeReceipt = (receipt: StampProof['receipt'], since: Since): WrittenReceipt => {
  const { group, received, heightNewest, heightPromised, ...rest } = receipt
  return {
    ...rest,
    ...group,
    earliest: received.earliest - since.earliest,
    toLatest: received.latest - received.earliest,
    newestAbove: heightNewest - since.height,
    toPromised: heightPromised - heightNewest,
  }
}

const readReceipt = (written: WrittenReceipt, since: Since): StampProof['receipt'] | undefined => {
  const { position, sources, index, size, path, signature } = written
  const earliest = since.earliest + written.earliest
  const heightNewest = since.height + written.newestAbove
  const received = { earliest, latest: earliest + written.toLatest }
  const heightPromised = heightNewest + written.toPromised
  const isPossible = index < size && isTai(earliest) && isTai(received.latest)
  if (!isPossible || ![heightNewest, heightPromised].every(isHeight) || heightPromised < 1) return undefined
  return { position, received, heightNewest, heightPromised, sources, group: { index, size, path }, signature }
}

const isHeight = (height: number): boolean => Number.isSafeInteger(height) && height >= 0

const writeTransaction = (
  { earliest, latest, ...rest }: StampProof['transaction'],
  since: Since,
): WrittenTransaction => ({
  ...rest,
  earliest: earliest - since.earliest,
  toLatest: latest - earliest,
})

const readTransaction = (
  { toLatest, ...rest }: WrittenTransaction,
  since: Since,
): StampProof['transaction'] | undefined => {
  const earliest = since.earliest + rest.earliest
  const latest = earliest + toLatest
  return rest.index < rest.size && isTai(earliest) && isTai(latest) ? { ...rest, earliest, latest } : undefined
}

/** A proof as it is made or was opened; one that is out of its limits is a bug. */
export const encodeStampProof = (proof: StampProof): Uint8Array => {
  const { networkId, algorithm, imprint, salt, hasBeacon, beaconApart, batch } = proof
  const since = sinceOf(proof)
  return codec.encode({
    form: STAMP_PROOF_FORM,
    networkId,
    algorithm,
    imprint,
    salt,
    hasBeacon,
    beaconApart,
    batch,
    receipt: writeReceipt(proof.receipt, since),
    transaction: writeTransaction(proof.transaction, since),
    voted: proof,
    marks: [proof.marks.batchRoot, proof.marks.transactionsRoot],
  })
}

export const STAMP_PROOF_REASONS = [...CODEC_REASONS] as const
export type StampProofReason = (typeof STAMP_PROOF_REASONS)[number]

/** Is an imprint as long as its algorithm's, and a salt as long as a salt may be? */
const isImprint = ({ algorithm, imprint, salt }: Written): boolean =>
  imprint.length === IMPRINT_BYTES[algorithm] && (salt.length === 0 || salt.length >= SALT_BYTES_MIN)

/** The stamp's block has its transactions' root worked out, no other; without a beacon nothing stands before it. */
const isChain = ({ hasBeacon, beaconApart, voted: { headers } }: Written): boolean =>
  headers.length >= 2 &&
  (hasBeacon ? beaconApart.length === 0 : headers.length === 2 && [0, DIGEST_BYTES].includes(beaconApart.length)) &&
  headers.every(({ transactionsRoot }, i) => (transactionsRoot === null) === (i === headers.length - 2))

const proofOf = (written: Written): StampProof | undefined => {
  const { networkId, algorithm, imprint, salt, hasBeacon, beaconApart, batch, voted, marks } = written
  const since = sinceOf(voted)
  const receipt = readReceipt(written.receipt, since)
  const transaction = readTransaction(written.transaction, since)
  const [batchRoot, transactionsRoot, ...others] = marks
  if (!isImprint(written) || !isChain(written) || batch.index >= batch.size) return undefined
  if (receipt === undefined || transaction === undefined || others.length > 0) return undefined
  if (batchRoot === undefined || transactionsRoot === undefined) return undefined
  const { index, size } = batch
  // The log's size after the batch follows from these.
  if (receipt.position < index || receipt.position - index + size > LOG_ENTRIES_MAX) return undefined
  const roots = { ...voted.marks, batchRoot, transactionsRoot }
  return {
    ...voted,
    networkId,
    algorithm,
    imprint,
    salt,
    hasBeacon,
    beaconApart,
    receipt,
    batch,
    transaction,
    marks: roots,
  }
}

/** A proof from bytes of anybody: well-formed, within its limits, in its one spelling. Never throws. */
export const openStampProof = (data: Uint8Array): Admission<StampProof, StampProofReason> => {
  const decoded = codec.decode(data)
  if (decoded.verdict !== 'accept') return reject(decoded.reason)
  const proof = proofOf(decoded.value)
  if (proof === undefined) return reject('wrong-shape')
  if (data.length - proof.bridge.length > STAMP_PROOF_OWN_BYTES_MAX) return reject('too-large')
  return equalBytes(encodeStampProof(proof), data) ? accept(proof) : reject('non-canonical')
}
