/**
 * A batch: the entries that a node's log has grown by, fixed in a block by one transaction of kind `stamp`. Its payload names the
 * log's size after the batch, the root of the batch's own tree (short paths), and the root of the whole log (what others' tools
 * read). So every size that a log ever had in a block is bound to one root.
 *
 * Rules T-5 to T-7 in docs/spec/stamps.md. Trees are RFC 6962's with SHA-256. Not promised: that a node shows the entries of a batch.
 */
import assert from 'node:assert/strict'
import { STAMP_BYTES } from '../consensus/index.ts'
import { DIGEST_BYTES } from '../crypto/index.ts'

/** Entries of one batch at most: paths of 16 digests. */
export const BATCH_ENTRIES_MAX = 65_536
/** Entries of one node's log at most. */
export const LOG_ENTRIES_MAX = 2 ** 32

export interface StampBatch {
  /** Entries of the log after this batch, 1 to LOG_ENTRIES_MAX. */
  readonly logSize: number
  /** Root over the batch's entries, 32 bytes. */
  readonly batchRoot: Uint8Array
  /** Root over all entries of the log, 32 bytes. */
  readonly logRoot: Uint8Array
}

/** Size as 8 bytes, most significant first, then both roots: 72 bytes. */
export const encodeBatch = ({ logSize, batchRoot, logRoot }: StampBatch): Uint8Array => {
  assert(logSize >= 1 && logSize <= LOG_ENTRIES_MAX)
  assert(batchRoot.length === DIGEST_BYTES && logRoot.length === DIGEST_BYTES)
  const payload = new Uint8Array(STAMP_BYTES)
  new DataView(payload.buffer).setBigUint64(0, BigInt(logSize))
  payload.set(batchRoot, 8)
  payload.set(logRoot, 8 + DIGEST_BYTES)
  return payload
}

/** A payload of anybody; undefined where it is none. */
export const decodeBatch = (payload: Uint8Array): StampBatch | undefined => {
  if (payload.length !== STAMP_BYTES) return undefined
  const logSize = new DataView(payload.buffer, payload.byteOffset, 8).getBigUint64(0)
  if (logSize < 1n || logSize > BigInt(LOG_ENTRIES_MAX)) return undefined
  return {
    logSize: Number(logSize),
    batchRoot: payload.subarray(8, 8 + DIGEST_BYTES),
    logRoot: payload.subarray(8 + DIGEST_BYTES),
  }
}
