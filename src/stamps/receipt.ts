/**
 * A receipt: a node's signed word that an entry is in its log at a position, durably, and will be fixed in a block no later than a
 * height. A receipt proves no time to anybody but who trusts the node; that a promise was broken can be shown to everybody
 * (broken-promise.ts).
 *
 * Receipts that leave together share one signature, over the root of their tree (SHA3-256), and each carries its path. Rules T-8 to T-11
 * in docs/spec/stamps.md.
 */
import assert from 'node:assert/strict'
import { TAI_MAX, accept, joinBytes, reject } from '../base/index.ts'
import type { Admission, TimeInterval } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, encodeFlat, fixedBytes, int64, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { DIGEST_BYTES, merkleOurs } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { LOG_ENTRIES_MAX } from './stamp-batch.ts'

export const RECEIPT_DOMAIN = 'truechimer/receipt/1'
/** Receipts under one signature: paths of four digests. */
export const RECEIPT_GROUP_MAX = 16
const PATH_BYTES_MAX = 4 * DIGEST_BYTES
export const RECEIPT_BYTES_MAX = 512

export interface ReceiptBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** The node's Ed25519 key, 32 bytes. */
  readonly node: Uint8Array
  /** Place in the node's log, from 0. */
  readonly position: number
  /** `leafOf` the entry, 32 bytes. */
  readonly leaf: Uint8Array
  /** When the node took it, by its own clock, TAI ns. */
  readonly received: TimeInterval
  /** The newest height that was decided then; 0 before the first. */
  readonly heightNewest: number
  /** A block of this height or an earlier one will have it. */
  readonly heightPromised: number
  /** What the node's clock stood on: bit i for the i-th of SOURCE_KINDS (clock/). The node's own word. */
  readonly sources: number
}

export interface Receipt extends ReceiptBody {
  /** Its place among those that share the signature. */
  readonly group: { readonly index: number; readonly size: number; readonly path: readonly Uint8Array[] }
  /** Ed25519 over the group's root in RECEIPT_DOMAIN, 64 bytes. */
  readonly signature: Uint8Array
}

/** What a receipt's leaf in its group is made over. */
export const encodeReceiptBody = (body: ReceiptBody): Uint8Array =>
  encodeFlat([
    body.networkId,
    body.node,
    body.position,
    body.leaf,
    body.received.earliest,
    body.received.latest,
    body.heightNewest,
    body.heightPromised,
    body.sources,
  ])

/** The root to be signed in RECEIPT_DOMAIN, and each one's place. 1 to RECEIPT_GROUP_MAX bodies; else an asserted bug. */
export const groupReceipts = (
  bodies: readonly ReceiptBody[],
): { readonly root: Uint8Array; readonly groups: readonly Receipt['group'][] } => {
  assert(bodies.length >= 1 && bodies.length <= RECEIPT_GROUP_MAX)
  const { root, paths } = merkleOurs.tree(bodies.map(encodeReceiptBody))
  return { root, groups: paths.map((path, index) => ({ index, size: bodies.length, path })) }
}

interface ReceiptWire extends Omit<ReceiptBody, 'received'> {
  readonly form: 'truechimer/receipt/1'
  readonly earliest: bigint
  readonly latest: bigint
  readonly index: number
  readonly size: number
  readonly path: Uint8Array
  readonly signature: Uint8Array
}
const taiField: Field<bigint> = int64({ min: 0n, max: TAI_MAX })
const codec = codecOf<ReceiptWire>(
  tuple<ReceiptWire>({
    form: word([RECEIPT_DOMAIN]),
    networkId: fixedBytes(32),
    node: fixedBytes(32),
    position: uint({ max: LOG_ENTRIES_MAX - 1 }),
    leaf: fixedBytes(DIGEST_BYTES),
    earliest: taiField,
    latest: taiField,
    heightNewest: uint(),
    heightPromised: uint({ min: 1 }),
    sources: uint({ max: 0xff_ff }),
    index: uint({ max: RECEIPT_GROUP_MAX - 1 }),
    size: uint({ min: 1, max: RECEIPT_GROUP_MAX }),
    path: bytes(PATH_BYTES_MAX),
    signature: fixedBytes(64),
  }),
  RECEIPT_BYTES_MAX,
)

/** As `codec` would write it; flat, since a node writes one for every stamp that it takes. */
export const encodeReceipt = ({ group, signature, ...body }: Receipt): Uint8Array =>
  encodeFlat([
    RECEIPT_DOMAIN,
    body.networkId,
    body.node,
    body.position,
    body.leaf,
    body.received.earliest,
    body.received.latest,
    body.heightNewest,
    body.heightPromised,
    body.sources,
    group.index,
    group.size,
    joinBytes(...group.path),
    signature,
  ])

export const RECEIPT_REASONS = [...CODEC_REASONS] as const
export type ReceiptReason = (typeof RECEIPT_REASONS)[number]

/** A receipt from bytes of anybody: well-formed, and nothing more. */
export const openReceipt = (data: Uint8Array): Admission<Receipt, ReceiptReason> => {
  const decoded = codec.decode(data)
  if (decoded.verdict !== 'accept') return decoded
  const { form: _form, earliest, latest, index, size, path, ...rest } = decoded.value
  if (earliest > latest || index >= size || path.length % DIGEST_BYTES !== 0) return reject('wrong-shape')
  return accept({ ...rest, received: { earliest, latest }, group: { index, size, path: digestsOf(path) } })
}

/** Digests that stand one after the other. Its length is a multiple of theirs, or it is a bug. */
export const digestsOf = (joined: Uint8Array): readonly Uint8Array[] => {
  assert(joined.length % DIGEST_BYTES === 0)
  return Array.from({ length: joined.length / DIGEST_BYTES }, (_, i) =>
    joined.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES),
  )
}

/** Did its node sign it? `root` is worked out from the path. */
export const isReceiptSigned = (receipt: Receipt, verifier: Verifier): boolean => {
  const root = merkleOurs.rootOfPath({ leaf: merkleOurs.leaf(encodeReceiptBody(receipt)), ...receipt.group })
  if (root === undefined || receipt.group.size > RECEIPT_GROUP_MAX) return false
  return verifier.verify({ publicKey: receipt.node, domain: RECEIPT_DOMAIN, body: root, signature: receipt.signature })
}
