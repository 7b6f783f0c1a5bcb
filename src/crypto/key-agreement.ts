/**
 * Agreeing on a secret with a node's key: the Ed25519 key that signs, read as the X25519 key that it maps to. The private half
 * stays behind a port, beside the signer that holds it already: a room hands over somebody's public half and gets the secret.
 *
 * Source: RFC 7748 §4.1 (u = (1 + y) / (1 − y)), §5, §6.1; RFC 8032 §5.1.5 (the private scalar is the first half of SHA-512 of
 * the seed). Using one key for both is argued in Thormarker, "On using the same key pair for Ed25519 and an X25519 based KEM"
 * (2021). Rules: docs/spec/crypto.md C-18. OpenSSL does the curve work; it refuses a secret of all zeros.
 */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { SEED_BYTES } from './ed25519.ts'
import { sha512 } from './hash.ts'
import { faultOfPoint, montgomeryOf } from './point.ts'

export const AGREEMENT_KEY_BYTES = 32

/** The port. `io/` implements it beside each signer. */
export interface KeyAgreement {
  /** The Ed25519 public key, 32 bytes: the node's id. */
  readonly nodeId: Uint8Array
  /** The X25519 public key that it maps to, 32 bytes. */
  readonly agreementKey: Uint8Array
  /**
   * X25519 of our private key and these 32 bytes: a secret of 32 bytes that must be hashed before use; undefined where they
   * are a point of small order. Rejects with `TC_SIGNER_CLOSED`.
   */
  agree(publicKey: Uint8Array): Promise<Uint8Array | undefined>
}

/** A private X25519 key. The scalar is inside OpenSSL's object. */
export interface AgreementKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly handle: KeyObject
}

/** DER around the 32 bytes of a key (RFC 8410 §4 and §7). */
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** The key pair of 32 secret bytes: any, as X25519 clamps them itself. */
export const agreementKeyOf = (secret: Uint8Array): AgreementKey => {
  assert.equal(secret.length, AGREEMENT_KEY_BYTES)
  const der = Buffer.concat([PKCS8_PREFIX, secret])
  const handle = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  const spki = createPublicKey(handle).export({ format: 'der', type: 'spki' })
  return { handle, publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)) }
}

/** The X25519 key pair of the node whose Ed25519 seed this is, 32 bytes. */
export const agreementKeyOfSeed = (seed: Uint8Array): AgreementKey => {
  assert.equal(seed.length, SEED_BYTES)
  const digest = sha512(seed)
  const key = agreementKeyOf(digest.subarray(0, AGREEMENT_KEY_BYTES))
  digest.fill(0)
  return key
}

/** The X25519 public key of the node with this Ed25519 key (32 bytes); undefined for a key that C-5 refuses. About 0.5 ms. */
export const agreementPublicKey = (nodeId: Uint8Array): Uint8Array | undefined =>
  nodeId.length === AGREEMENT_KEY_BYTES && faultOfPoint(nodeId, 'with-curve') === undefined
    ? montgomeryOf(nodeId)
    : undefined

/** X25519 (RFC 7748 §6.1): 32 bytes, or undefined where `publicKey` is a point of small order. */
export const agreeWith = (key: AgreementKey, publicKey: Uint8Array): Uint8Array | undefined => {
  assert.equal(publicKey.length, AGREEMENT_KEY_BYTES)
  const other = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
  try {
    return new Uint8Array(diffieHellman({ privateKey: key.handle, publicKey: other }))
  } catch (error) {
    // The one thing that OpenSSL refuses here: a result of all zeros.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_OSSL_FAILED_DURING_DERIVATION')
      return undefined
    throw error
  }
}
