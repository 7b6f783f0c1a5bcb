/**
 * A detached OpenTimestamps file of something that was stamped: its SHA-256, a nonce, and what calendars elsewhere said, so that other people's
 * tools can complete it. And the attestation of our own kind, by which our own calendar completes it.
 *
 * Source: python-opentimestamps, `DetachedTimestampFile`. Rules T-75 to T-78 in docs/spec/stamps.md. Only SHA-256 is possible: of our other
 * hashes the format knows none. A pending file proves nothing yet.
 */
import assert from 'node:assert/strict'
import { accept, joinBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { OTS_OPS, encodeOts, joinOts, openOts, otsPending } from './ots-timestamp.ts'
import type { OtsAttestation, OtsReason, OtsTimestamp } from './ots-timestamp.ts'

const MAGIC = Uint8Array.of(
  0x00,
  ...new TextEncoder().encode('OpenTimestamps'),
  0x00,
  0x00,
  ...new TextEncoder().encode('Proof'),
  0x00,
  0xbf,
  0x89,
  0xe2,
  0xe8,
  0x84,
  0xe8,
  0x92,
  0x94,
)
const VERSION = 1
const DIGEST_BYTES = 32
/** What is put behind a digest before calendars see it, so that they learn nothing of it. */
export const OTS_NONCE_BYTES = 16

/** Of our own kind: the first 8 bytes of SHA-256 of `truechimer/ots-attestation/1`. The payload is a final stamp proof. */
export const OTS_STAMP_TAG = '44957e633d620ded'
const OTS_STAMP_PAYLOAD_BYTES_MAX = 8192

const NOTHING = new Uint8Array(0)

/** What calendars are asked to stamp: SHA-256(digest ‖ nonce). */
export const otsCommitment = (digest: Uint8Array, nonce: Uint8Array): Uint8Array => {
  assert(digest.length === DIGEST_BYTES && nonce.length === OTS_NONCE_BYTES)
  return sha256(joinBytes(digest, nonce))
}

export interface OtsCalendar {
  /** Where it was asked. */
  readonly uri: string
  /** What it answered for `otsCommitment`, of anybody; undefined where it was not asked: the file then says to ask there. */
  readonly timestamp: Uint8Array | undefined
}

/** @param calendars at least one. Refused where what a calendar answered is no tree of operations. */
export const otsFile = (given: {
  /** SHA-256 of the thing. */
  readonly digest: Uint8Array
  /** OTS_NONCE_BYTES, secret until the file is shown. */
  readonly nonce: Uint8Array
  readonly calendars: readonly OtsCalendar[]
}): Admission<Uint8Array, OtsReason> => {
  const { digest, nonce, calendars } = given
  assert(calendars.length > 0 && digest.length === DIGEST_BYTES && nonce.length === OTS_NONCE_BYTES)
  const trees: OtsTimestamp[] = []
  for (const { uri, timestamp } of calendars) {
    const tree = timestamp === undefined ? accept(treeOf(otsPending(uri))) : openOts(timestamp)
    if (tree.verdict !== 'accept') return reject(tree.reason)
    trees.push(tree.value)
  }
  const hashed = { attestations: [], branches: [{ op: OTS_OPS.sha256, argument: NOTHING, next: joinOts(trees) }] }
  const whole = { attestations: [], branches: [{ op: OTS_OPS.append, argument: nonce, next: hashed }] }
  return accept(joinBytes(MAGIC, Uint8Array.of(VERSION, OTS_OPS.sha256), digest, encodeOts(whole)))
}

const treeOf = (attestation: OtsAttestation): OtsTimestamp => ({ attestations: [attestation], branches: [] })

/** What our calendar answers to bytes that it was asked to stamp, 1 to 64: it hashes them, stamps that, and says where to ask. */
export const otsPendingAnswer = (uri: string): Uint8Array =>
  encodeOts({ attestations: [], branches: [{ op: OTS_OPS.sha256, argument: NOTHING, next: treeOf(otsPending(uri)) }] })

/** What it answers once the stamp is final; undefined where the proof is longer than an attestation may be. */
export const otsFinalAnswer = (proof: Uint8Array): Uint8Array | undefined =>
  proof.length > OTS_STAMP_PAYLOAD_BYTES_MAX ? undefined : encodeOts(treeOf({ tag: OTS_STAMP_TAG, payload: proof }))
