/**
 * The rule that keeps a signer from running backwards, and the bytes in which it remembers how far it has come. Sequences go
 * up by one, times strictly up. A record carries the key it belongs to and a checksum, so that a torn, damaged or foreign
 * record is told from a true one.
 *
 * Source: DESIGN §5.2 ("the signer refuses to go backwards"). Rules: docs/spec/crypto.md C-12, C-13.
 * Not promised: a checksum finds accidents. Whoever can write the file can set it back.
 */
import assert from 'node:assert/strict'
import { accept, equalBytes, reject, TAI_MAX, TAI_MIN } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import { codecOf, fixedBytes, int64, tuple, uint } from '../codec/index.ts'
import { DIGEST_BYTES, domainDigest } from './hash.ts'
import { PUBLIC_KEY_BYTES } from './ed25519.ts'
import type { SignerHead } from './signer.ts'

/** Why the ratchet refuses. `sequence-not-next`: not the head's plus one. `time-not-later`: not after the head's. */
export const RATCHET_REASONS = ['sequence-not-next', 'time-not-later'] as const
export type RatchetReason = (typeof RATCHET_REASONS)[number]

/** Why a record is no head. `head-damaged`: torn or altered. `head-of-other-key`: whole, but of another signer. */
export const HEAD_REASONS = ['head-damaged', 'head-of-other-key'] as const
export type HeadReason = (typeof HEAD_REASONS)[number]

/** Types of signed things that exist once per sequence: only `signNext` may sign them, so that nothing goes round it. */
export const RATCHETED_TYPES: readonly string[] = ['time-proof']

/** Is this the domain of a thing that only `signNext` may sign? */
export const isRatcheted = (domain: string): boolean => RATCHETED_TYPES.includes(domain.split('/')[1] ?? '')

/** The head of a key that has signed nothing: every time is later. */
export const FRESH_HEAD: SignerHead = { sequence: 0, tai: TAI_MIN, digest: new Uint8Array(DIGEST_BYTES) }

/** May the signer, at `head`, put its name to this? If so, what the next head must say. */
export const advance = (
  head: SignerHead,
  request: { readonly sequence: number; readonly tai: Tai },
): Admission<{ readonly sequence: number; readonly tai: Tai }, RatchetReason> => {
  assert(Number.isSafeInteger(request.sequence) && request.tai >= TAI_MIN && request.tai <= TAI_MAX)
  if (request.sequence !== head.sequence + 1) return reject('sequence-not-next')
  if (request.tai <= head.tai) return reject('time-not-later')
  return accept({ sequence: request.sequence, tai: request.tai })
}

interface HeadRecord {
  readonly nodeId: Uint8Array
  readonly sequence: number
  readonly tai: Tai
  readonly digest: Uint8Array
}

const DOMAIN = 'truechimer/signer-head/1'
/** Largest record: 2 × 32 bytes with heads, 32 of checksum, two integers. */
export const HEAD_BYTES_MAX = 160

const body = codecOf(
  tuple<HeadRecord>({
    nodeId: fixedBytes(PUBLIC_KEY_BYTES),
    sequence: uint(),
    tai: int64(),
    digest: fixedBytes(DIGEST_BYTES),
  }),
  HEAD_BYTES_MAX - DIGEST_BYTES,
)

/** The record of a head: DAG-CBOR `[nodeId, sequence, tai, digest]`, then 32 bytes of checksum under its own domain. */
export const encodeHead = (nodeId: Uint8Array, head: SignerHead): Uint8Array<ArrayBuffer> => {
  const { sequence, tai, digest } = head
  const encoded = body.encode({ nodeId, sequence, tai, digest })
  const record = new Uint8Array(encoded.length + DIGEST_BYTES)
  record.set(encoded)
  record.set(domainDigest(DOMAIN, encoded), encoded.length)
  return record
}

/** The head in a record, if the record is whole and of this key. */
export const decodeHead = (nodeId: Uint8Array, record: Uint8Array): Admission<SignerHead, HeadReason> => {
  if (record.length <= DIGEST_BYTES) return reject('head-damaged')
  const encoded = record.subarray(0, -DIGEST_BYTES)
  const checksum = record.subarray(-DIGEST_BYTES)
  if (!equalBytes(domainDigest(DOMAIN, encoded), checksum)) return reject('head-damaged')
  const decoded = body.decode(encoded)
  if (decoded.verdict !== 'accept') return reject('head-damaged')
  const { sequence, tai, digest } = decoded.value
  if (!equalBytes(decoded.value.nodeId, nodeId)) return reject('head-of-other-key')
  return accept({ sequence, tai, digest: digest.slice() })
}
