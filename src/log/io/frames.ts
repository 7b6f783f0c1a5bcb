/**
 * Records in a file. Each is framed by its length, the length's complement and a checksum, so that a flipped bit is told from a write
 * that did not finish: what a crash leaves is the beginning of a frame, never a whole one that is wrong.
 *
 * Frame = length (2 bytes, big end first) ‖ 65535 − length (2) ‖ CRC-32 of the body (4) ‖ body; body = kind (1) ‖ record.
 * Source: CRC-32 of IEEE 802.3 (node:zlib). Rules: docs/spec/log.md L-6. Not promised: the checksum stops accidents, not people; the
 * chain and the checkpoints stop those.
 */
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { ENTRY_BYTES_MAX } from '../entry.ts'
import { RECORD_KINDS } from '../verification.ts'
import type { LogRecord, RecordKind } from '../verification.ts'

export const FRAME_HEAD_BYTES = 8
const KIND_BYTES = 1
/** Longest body: the kind and the largest entry; a segment's header is smaller. */
export const FRAME_BODY_MAX = KIND_BYTES + ENTRY_BYTES_MAX
export const FRAME_BYTES_MAX = FRAME_HEAD_BYTES + FRAME_BODY_MAX
const COMPLEMENT = 0xff_ff
/** The checksum after the first byte of a body, whatever that is: the record's goes on from it. */
const KIND_CRCS = Array.from({ length: 256 }, (_, byte) => crc32(Uint8Array.of(byte)))

/** Bytes that a record takes in a file. */
export const framedBytes = (record: Uint8Array): number => FRAME_HEAD_BYTES + KIND_BYTES + record.length

/** Several records of one kind, framed, in one piece. */
export const framed = (kind: RecordKind, records: readonly Uint8Array[]): Buffer => {
  const piece = Buffer.allocUnsafe(records.reduce((sum, record) => sum + framedBytes(record), 0))
  const kindByte = RECORD_KINDS.indexOf(kind)
  let at = 0
  for (const record of records) {
    const length = KIND_BYTES + record.length
    assert(length <= FRAME_BODY_MAX)
    const bodyAt = at + FRAME_HEAD_BYTES
    piece.writeUInt16BE(length, at)
    piece.writeUInt16BE(COMPLEMENT - length, at + 2)
    piece[bodyAt] = kindByte
    piece.set(record, bodyAt + KIND_BYTES)
    piece.writeUInt32BE(crc32(record, KIND_CRCS[kindByte]), at + 4)
    at = bodyAt + length
  }
  return piece
}

/** What stands at a byte: a record and where the next one begins, the beginning of one (`short`), or nothing of ours. */
export type FrameSight = (LogRecord & { readonly next: number }) | 'short' | 'bad-frame' | 'bad-checksum'

export const frameAt = (piece: Buffer, at: number): FrameSight => {
  if (at + 4 > piece.length) return 'short'
  const length = piece.readUInt16BE(at)
  if (piece.readUInt16BE(at + 2) !== COMPLEMENT - length || length < KIND_BYTES || length > FRAME_BODY_MAX)
    return 'bad-frame'
  const bodyAt = at + FRAME_HEAD_BYTES
  const next = bodyAt + length
  if (next > piece.length) return 'short'
  const kindByte = piece[bodyAt] ?? RECORD_KINDS.length
  const bytes = new Uint8Array(piece.buffer, piece.byteOffset + bodyAt + KIND_BYTES, length - KIND_BYTES)
  if (crc32(bytes, KIND_CRCS[kindByte]) !== piece.readUInt32BE(at + 4)) return 'bad-checksum'
  const kind = RECORD_KINDS[kindByte]
  return kind === undefined ? 'bad-frame' : { kind, bytes, next }
}

/** Does any whole frame begin after byte `at`? After a write that did not finish none does. */
export const hasFrameAfter = (piece: Buffer, at: number): boolean => {
  for (let i = at + 1; i + FRAME_HEAD_BYTES + KIND_BYTES <= piece.length; i += 1)
    if (typeof frameAt(piece, i) === 'object') return true
  return false
}
