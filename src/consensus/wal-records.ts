/**
 * The write-ahead log as bytes: records in frames, each bound to the one before by its checksum, and grouped into the batches that
 * became durable together. A batch begins only when the one before it is on the disk. So what a crash can leave is known: of the last
 * batch alone a beginning, or pieces with whole sectors of zeros between them. Anything else that does not read is damage to something
 * that had been acknowledged, and is told apart, because a validator that goes on without a word it has given may contradict it.
 *
 * Frame = length of the body (4 bytes, big end first) ‖ 2^32 − 1 − length (4) ‖ batch (4) ‖ 1 where it ends its batch, else 0 (1) ‖ checksum of
 * the frame before (16) ‖ checksum (16) ‖ body. Body = type (1) ‖ height (8) ‖ the record's bytes. The checksum is the first half of the
 * domain digest of all of the frame but itself.
 *
 * Rules: docs/spec/consensus.md B-52 to B-54. Not promised: a disk that loses what it said was durable, whole batches at the end, cannot
 * be told from one that was never written to; nor can a flipped bit in a batch whose tearing would look the same.
 */
import assert from 'node:assert/strict'
import { equalBytes, joinBytes } from '../base/index.ts'
import { domainDigest } from '../crypto/index.ts'
import type { WalRecord } from './port.ts'

const DOMAIN = 'truechimer/wal-record/1'
const CHECKSUM_BYTES = 16
const PREVIOUS_AT = 13
const CHECKSUM_AT = PREVIOUS_AT + CHECKSUM_BYTES
export const WAL_HEAD_BYTES = CHECKSUM_AT + CHECKSUM_BYTES
const BODY_HEAD_BYTES = 9
/** Longest record, bytes: far above a proposal with the largest block and the prevotes of everybody. */
export const WAL_RECORD_BYTES_MAX = 64 * 2 ** 20
const COMPLEMENT = 2 ** 32 - 1
/** The smallest piece that a disk writes whole or not at all, bytes. */
const SECTOR_BYTES = 512
/** Zeros at a frame's edge that say something, bytes: fewer may be its own. */
const ZEROS_MIN = 4

const TYPES = ['block', 'said', 'decided', 'polka'] as const

/** Where the next batch goes on: what a writer carries from one to the next. */
export interface WalLink {
  /** Checksum of the frame before, 16 bytes. */
  readonly checksum: Uint8Array
  /** Number of the batch that it ended. */
  readonly batch: number
}

export const WAL_START: WalLink = { checksum: new Uint8Array(CHECKSUM_BYTES), batch: 0 }

const bodyOf = (record: WalRecord): Uint8Array => {
  const bytes = record.type === 'decided' ? new Uint8Array() : record.bytes
  const body = new Uint8Array(BODY_HEAD_BYTES + bytes.length)
  assert(body.length <= WAL_RECORD_BYTES_MAX)
  body[0] = TYPES.indexOf(record.type)
  new DataView(body.buffer).setBigUint64(1, BigInt(record.height))
  body.set(bytes, BODY_HEAD_BYTES)
  return body
}

const checksumOf = (head: Uint8Array, body: Uint8Array): Uint8Array =>
  domainDigest(DOMAIN, joinBytes(head.subarray(0, CHECKSUM_AT), body)).subarray(0, CHECKSUM_BYTES)

const frameOf = (record: WalRecord, before: WalLink, isLast: boolean): Uint8Array => {
  const body = bodyOf(record)
  const head = new Uint8Array(WAL_HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, body.length)
  view.setUint32(4, COMPLEMENT - body.length)
  view.setUint32(8, before.batch + 1)
  view.setUint8(12, isLast ? 1 : 0)
  head.set(before.checksum, PREVIOUS_AT)
  head.set(checksumOf(head, body), CHECKSUM_AT)
  return joinBytes(head, body)
}

/** Records that are to become durable together, at least one, as bytes to append; and where the next batch goes on. */
export const encodeWalBatch = (
  records: readonly WalRecord[],
  link: WalLink = WAL_START,
): { readonly bytes: Uint8Array; readonly link: WalLink } => {
  assert(records.length > 0 && link.batch < COMPLEMENT)
  let { checksum } = link
  const frames = records.map((record, i) => {
    const frame = frameOf(record, { checksum, batch: link.batch }, i === records.length - 1)
    checksum = frame.slice(CHECKSUM_AT, WAL_HEAD_BYTES)
    return frame
  })
  return { bytes: joinBytes(...frames), link: { checksum, batch: link.batch + 1 } }
}

/**
 * `clean`: whole batches and nothing else. `torn`: behind them is what an unfinished write leaves; it was never acknowledged, and goes.
 * `damaged`: something that had been acknowledged is wrong, and nothing may be said on the ground of this log.
 */
export type WalTail = 'clean' | 'torn' | 'damaged'

export interface WalReading {
  /**
   * Whole records from the beginning, oldest first, those of decided heights left out; before them, where there is one, the newest `decided`
   * (`undecided`). Of a torn batch too: what was written may be kept.
   */
  readonly records: readonly WalRecord[]
  /** Bytes from the beginning that hold whole records. */
  readonly bytesGood: number
  readonly tail: WalTail
  /** Where to go on; only after a `clean` tail. */
  readonly link: WalLink
}

interface Frame {
  readonly record: WalRecord
  readonly batch: number
  readonly isLast: boolean
  readonly previous: Uint8Array
  readonly checksum: Uint8Array
  /** Byte at which the next frame begins. */
  readonly next: number
}

/** Length of the body of a frame that begins at a byte, where its two lengths agree. */
const lengthAt = (bytes: Uint8Array, at: number): number | undefined => {
  if (at + 8 > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8)
  const length = view.getUint32(0)
  const isLength = length >= BODY_HEAD_BYTES && length <= WAL_RECORD_BYTES_MAX
  return isLength && view.getUint32(4) === COMPLEMENT - length ? length : undefined
}

/** The whole frame that begins at a byte, if one does. */
const frameAt = (bytes: Uint8Array, at: number): Frame | undefined => {
  const length = lengthAt(bytes, at)
  if (length === undefined) return undefined
  const next = at + WAL_HEAD_BYTES + length
  if (next > bytes.length) return undefined
  const head = bytes.subarray(at, at + WAL_HEAD_BYTES)
  const body = bytes.subarray(at + WAL_HEAD_BYTES, next)
  const checksum = head.slice(CHECKSUM_AT)
  if (!equalBytes(checksum, checksumOf(head, body))) return undefined
  const record = recordOf(body)
  if (record === undefined) return undefined
  const batch = new DataView(head.buffer, head.byteOffset).getUint32(8)
  return { record, batch, isLast: head[12] === 1, previous: head.slice(PREVIOUS_AT, CHECKSUM_AT), checksum, next }
}

const recordOf = (body: Uint8Array): WalRecord | undefined => {
  const height = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(1))
  const type = TYPES[body[0] ?? TYPES.length]
  if (type === undefined || !Number.isSafeInteger(height)) return undefined
  return type === 'decided' ? { type, height } : { type, height, bytes: body.slice(BODY_HEAD_BYTES) }
}

/**
 * What of a log still says something: that a height was decided, the newest first; then what is of later heights, in its order. A store of
 * blocks that was put back from a copy is told from a new one by the first.
 */
export const undecided = (records: readonly WalRecord[]): WalRecord[] => {
  const height = records.reduce((most, one) => (one.type === 'decided' ? Math.max(most, one.height) : most), 0)
  const open = records.filter((one) => one.type !== 'decided' && one.height > height)
  return height === 0 ? open : [{ type: 'decided', height }, ...open]
}

/** Everything that can be read of a log, and what it ends in. */
export const readWal = (bytes: Uint8Array): WalReading => {
  let [link, isWhole, at] = [WAL_START, true, 0]
  let records: WalRecord[] = []
  for (;;) {
    const batch = isWhole ? link.batch + 1 : link.batch
    const frame = frameAt(bytes, at)
    const isNext = frame !== undefined && frame.batch === batch && equalBytes(frame.previous, link.checksum)
    if (!isNext)
      return { records: undecided(records), bytesGood: at, tail: tailOf(bytes, at, { link, batch, isWhole }), link }
    at = frame.next
    isWhole = frame.isLast
    link = { checksum: frame.checksum, batch }
    records.push(frame.record)
    if (frame.record.type === 'decided') records = undecided(records)
  }
}

/** What begins at byte `at`, where the next frame of `batch` should and does not. */
const tailOf = (
  bytes: Uint8Array,
  at: number,
  { link, batch, isWhole }: { readonly link: WalLink; readonly batch: number; readonly isWhole: boolean },
): WalTail => {
  if (at === bytes.length) return isWhole ? 'clean' : 'torn'
  if (bytes.length - at < WAL_HEAD_BYTES) return 'torn'
  const length = lengthAt(bytes, at)
  const previous = bytes.subarray(at + PREVIOUS_AT, at + CHECKSUM_AT)
  const isHead = length !== undefined && equalBytes(previous, link.checksum)
  const end = isHead ? at + WAL_HEAD_BYTES + length : bytes.length
  if (end > bytes.length) return 'torn'
  const isBuiltUpon = isHead ? isLaterBatchFrom(bytes, end, batch) : isLaterBatchFrom(bytes, at + 1, batch)
  return !isBuiltUpon && hasZeroSector(bytes, at, end) ? 'torn' : 'damaged'
}

/** Does a whole frame of a batch after this one begin at or after a byte? Then this one had been acknowledged. */
const isLaterBatchFrom = (bytes: Uint8Array, from: number, batch: number): boolean => {
  for (let at = from; at + WAL_HEAD_BYTES < bytes.length; at += 1) {
    if (lengthAt(bytes, at) === undefined) continue
    const frame = frameAt(bytes, at)
    if (frame !== undefined && frame.batch > batch) return true
  }
  return false
}

/** Is what lies between two bytes all zero within some sector of the file? */
const hasZeroSector = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to;) {
    const next = Math.min(to, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES)
    if (next - at >= ZEROS_MIN && bytes.subarray(at, next).every((byte) => byte === 0)) return true
    at = next
  }
  return false
}
