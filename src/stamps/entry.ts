/**
 * What is stamped: the imprint of some bytes (their hash) and the beacon that was mixed in, as one entry of a node's log of
 * stamps. The entry's bytes are what the log's tree is made over, so that the tree says when the imprint was there and, with a
 * beacon, that the entry was made after the beacon's block.
 *
 * Source: DESIGN §1, §5.5; C2SP tlog-tiles for the tree. Rules T-1 to T-4 in docs/spec/stamps.md. Not promised: who made the bytes, and
 * that the bytes themselves are as young as the beacon. The beacon dates the asking, not the thing.
 */
import assert from 'node:assert/strict'
import { encodeFlat } from '../codec/index.ts'
import { bytesOfBlockId } from '../consensus/index.ts'
import type { BlockId } from '../consensus/index.ts'
import { domainDigest, merkleSha256, sha256, sha3, sha384, sha512 } from '../crypto/index.ts'

/** Hashes that an imprint may be of, as they are called in an entry, in the API and on the command line. */
export const IMPRINT_ALGORITHMS = ['sha-256', 'sha-384', 'sha-512', 'sha3-256'] as const
export type ImprintAlgorithm = (typeof IMPRINT_ALGORITHMS)[number]

/** Length of an imprint, bytes. */
export const IMPRINT_BYTES: Readonly<Record<ImprintAlgorithm, number>> = {
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
  'sha3-256': 32,
}
export const IMPRINT_BYTES_MAX = 64
/** A salt hides what was stamped from who reads the log: 16 to 32 bytes, or none. */
export const SALT_BYTES_MIN = 16
export const SALT_BYTES_MAX = 32

const HASHES: Readonly<Record<ImprintAlgorithm, (bytes: Uint8Array) => Uint8Array>> = {
  'sha-256': sha256,
  'sha-384': sha384,
  'sha-512': sha512,
  'sha3-256': sha3,
}

export const STAMP_ENTRY_FORM = 'truechimer/stamp/1'
const STAMP_ID_DOMAIN = 'truechimer/stamp-id/1'

export interface StampEntry {
  readonly algorithm: ImprintAlgorithm
  /** As long as the algorithm's. */
  readonly imprint: Uint8Array
  /** The newest block that the asker knew; null where none was mixed in. */
  readonly beacon: BlockId | null
}

const NO_BYTES = new Uint8Array(0)

/** The imprint of whole bytes; of a salted digest see `saltedImprint`. */
export const imprintOf = (algorithm: ImprintAlgorithm, bytes: Uint8Array): Uint8Array => HASHES[algorithm](bytes)

/** What is stamped in the place of `digest`: hash(salt ‖ digest), or the digest itself where the salt is empty. */
export const saltedImprint = (algorithm: ImprintAlgorithm, salt: Uint8Array, digest: Uint8Array): Uint8Array => {
  if (salt.length === 0) return digest
  assert(salt.length >= SALT_BYTES_MIN && salt.length <= SALT_BYTES_MAX)
  const salted = new Uint8Array(salt.length + digest.length)
  salted.set(salt)
  salted.set(digest, salt.length)
  return HASHES[algorithm](salted)
}

/** `[form, algorithm, imprint, beacon]`; the beacon has no bytes where there is none. */
export const encodeEntry = ({ algorithm, imprint, beacon }: StampEntry): Uint8Array => {
  assert.equal(imprint.length, IMPRINT_BYTES[algorithm])
  return encodeFlat([STAMP_ENTRY_FORM, algorithm, imprint, beacon === null ? NO_BYTES : bytesOfBlockId(beacon)])
}

/** SHA-256(0x00 ‖ entry), 32 bytes: the leaf of the log's tree and of a batch's. */
export const leafOf = (entry: StampEntry): Uint8Array => merkleSha256.leaf(encodeEntry(entry))

/** Longest client key, characters of printable ASCII. */
export const CLIENT_KEY_LENGTH_MAX = 64

/**
 * The name of a stamp, 16 bytes: one imprint asked for under one client key is one stamp, however often it is asked for and
 * whatever beacon was newest then. Without a key, the beacon stands in its place.
 */
export const stampIdOf = (entry: StampEntry, clientKey: string): Uint8Array => {
  const { algorithm, imprint, beacon } = entry
  const whose = clientKey === '' ? (beacon === null ? NO_BYTES : bytesOfBlockId(beacon)) : clientKey
  return domainDigest(STAMP_ID_DOMAIN, encodeFlat([algorithm, imprint, whose])).subarray(0, 16)
}
