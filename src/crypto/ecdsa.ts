/**
 * Signatures of others' world: under a key as certificates carry it (SubjectPublicKeyInfo, RFC 5280 §4.1), ECDSA by X9.62 in DER or RSA by
 * PKCS #1, over a named hash. For X.509 and time-stamp tokens (RFC 3161); what is ours is signed with Ed25519. OpenSSL does the work,
 * so a signature holds here exactly where it holds there: an ECDSA signature in any other encoding than DER is refused, its
 * mirror image (r, n − s) is not.
 */
import { createPublicKey, hash, verify } from 'node:crypto'

export interface SpkiClaim {
  /** DER. */
  readonly spki: Uint8Array
  /** As Node names it. */
  readonly hash: string
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Does the signature hold? False too where the key is none, or the hash is not known. Never throws. */
export const verifySpki = ({ spki, hash: name, message, signature }: SpkiClaim): boolean => {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    return verify(name, message, key, signature)
  } catch {
    // OpenSSL threw at the key or the hash: nothing can be signed with it.
    return false
  }
}

/** A digest by a name of Node's; undefined where it knows none of that name. */
export const digestNamed = (name: string, bytes: Uint8Array): Uint8Array | undefined => {
  try {
    return new Uint8Array(hash(name, bytes, 'buffer'))
  } catch {
    // OpenSSL knows no such hash.
    return undefined
  }
}
