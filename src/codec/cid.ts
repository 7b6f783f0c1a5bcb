/**
 * Content addresses: CIDv1, dag-cbor, SHA3-256, written in base32. The hash is taken over the encoded bytes alone, with no
 * domain: a CID names content, a signature (crypto/) says what the content was signed as.
 *
 * Source: the CID specification (multiformats), multicodec table (dag-cbor 0x71, sha3-256 0x16). The hash function is
 * handed in, because hashing lives one room below in crypto/.
 */
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
