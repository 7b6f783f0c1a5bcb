/**
 * Content addresses: CIDv1, dag-cbor, SHA3-256, written in base32. The hash is taken over the encoded bytes alone, with no
 * domain: a CID names content, a signature (crypto/) says what the content was signed as.
 *
 * Source: the CID specification (multiformats), multicodec table (dag-cbor 0x71, sha3-256 0x16). The hash function is
 * handed in, because hashing lives one room below in crypto/.
 */
import assert from 'node:assert/strict'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'

const DAG_CBOR = 0x71
const SHA3_256 = 0x16
const DIGEST_BYTES = 32
/** A CID of ours is 59 characters of base32; nothing longer is looked at. */
const TEXT_LENGTH_MAX = 100

/** The CID whose SHA3-256 digest (32 bytes) is given. */
export const cidOfDigest = (digest: Uint8Array): CID => CID.createV1(DAG_CBOR, create(SHA3_256, digest))

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'
const PREFIX = Uint8Array.of(1, DAG_CBOR, SHA3_256, DIGEST_BYTES)
/** Read from and written to again and again. */
const named = new Uint8Array(PREFIX.length + DIGEST_BYTES)
named.set(PREFIX)

/** `cidOfDigest(digest).toString()`, without making the CID: for names of things by the thousand. */
export const cidTextOfDigest = (digest: Uint8Array): string => {
  assert.equal(digest.length, DIGEST_BYTES)
  named.set(digest, PREFIX.length)
  let [text, bits, count] = ['b', 0, 0]
  for (const byte of named) {
    bits = ((bits << 8) | byte) & 4095
    for (count += 8; count >= 5; count -= 5) text += LETTERS[(bits >> (count - 5)) & 31]
  }
  return text + LETTERS[(bits << (5 - count)) & 31]
}

export const isOurCid = (cid: CID): boolean =>
  cid.version === 1 &&
  cid.code === DAG_CBOR &&
  cid.multihash.code === SHA3_256 &&
  cid.multihash.digest.length === DIGEST_BYTES

/** A CID from text that somebody typed or sent. */
export const parseCid = (input: string): Admission<CID, 'malformed-cid'> => {
  if (input.length > TEXT_LENGTH_MAX) return reject('malformed-cid')
  try {
    const cid = CID.parse(input)
    return isOurCid(cid) ? accept(cid) : reject('malformed-cid')
  } catch {
    return reject('malformed-cid')
  }
}
