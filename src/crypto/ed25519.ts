/**
 * Ed25519, strictly: every signature has one spelling and every key one owner. OpenSSL (through node:crypto) does the curve
 * arithmetic. Which keys and signatures it refuses beyond the equation has changed from version to version, so those checks
 * are made here, over bytes, before it is asked.
 *
 * Source: RFC 8032 §5.1; Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (2020), whose edge cases are test vectors.
 * Rules: docs/spec/crypto.md C-1 to C-6. Verification is cofactorless: R must equal S·B − k·A byte for byte.
 * Not promised: a key with a torsion component (mixed order) is not refused (C-6). Verification is not constant time;
 * all its inputs are public.
 */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, sign as signRaw, verify as verifyRaw } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { BoundedMap } from '../base/index.ts'
import { DIGEST_BYTES, domainDigest } from './hash.ts'
import { faultOfPoint, isBelow, ORDER_BYTES } from './point.ts'

export const SEED_BYTES = 32
export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Why 32 bytes are no key of anybody. */
export const KEY_REASONS = ['key-length', 'key-non-canonical', 'key-small-order', 'key-off-curve'] as const
export type KeyReason = (typeof KEY_REASONS)[number]

/** A private key. The seed is inside OpenSSL's object and is neither printed nor enumerable. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  readonly handle: KeyObject
}

/** DER around the 32 bytes of a key (RFC 8410 §4 and §7). */
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)
const PKCS8_PREFIX = Uint8Array.of(
  0x30,
  0x2e,
  2,
  1,
  0,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
)

const wrap = (prefix: Uint8Array, bytes: Uint8Array): Buffer => Buffer.concat([prefix, bytes])

/** The key pair of a 32-byte seed (RFC 8032's "private key"). The seed must be secret and unpredictable. */
export const signingKeyOf = (seed: Uint8Array): SigningKey => {
  assert.equal(seed.length, SEED_BYTES)
  const der = wrap(PKCS8_PREFIX, seed)
  const handle = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  const spki = createPublicKey(handle).export({ format: 'der', type: 'spki' })
  return { handle, publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX.length)) }
}

/** The 32-byte public key of a 32-byte seed. */
export const publicKeyOf = (seed: Uint8Array): Uint8Array => signingKeyOf(seed).publicKey

/** Ed25519 over a 32-byte digest, 64 bytes. The digest is one of `domainDigest`. */
export const signDigest = (key: SigningKey, digest: Uint8Array): Uint8Array<ArrayBuffer> => {
  assert.equal(digest.length, DIGEST_BYTES)
  return new Uint8Array(signRaw(null, digest, key.handle))
}

/** Ed25519 over bytes as they stand, 64 bytes: for notes alone (note-text.ts), whose shape keeps them from being a digest. */
export const signMessage = (key: SigningKey, message: Uint8Array): Uint8Array<ArrayBuffer> =>
  new Uint8Array(signRaw(null, message, key.handle))

/** Ed25519 over `domainDigest(domain, body)`, 64 bytes. */
export const sign = (key: SigningKey, domain: string, body: Uint8Array): Uint8Array<ArrayBuffer> =>
  signDigest(key, domainDigest(domain, body))

/** Why `bytes` cannot be a public key, or nothing. Costs an exponentiation in the field: about 0.3 ms. */
export const publicKeyFault = (bytes: Uint8Array): KeyReason | undefined => {
  if (bytes.length !== PUBLIC_KEY_BYTES) return 'key-length'
  const fault = faultOfPoint(bytes, 'with-curve')
  return fault === undefined ? undefined : `key-${fault}`
}

/**
 * As `publicKeyFault`, but without asking whether the point is on the curve, which is what costs: for those who verify a
 * signature next, because nothing verifies under a point that is off it.
 */
export const keySpellingFault = (bytes: Uint8Array): KeyReason | undefined => {
  if (bytes.length !== PUBLIC_KEY_BYTES) return 'key-length'
  const fault = faultOfPoint(bytes, 'spelling-only')
  return fault === undefined ? undefined : `key-${fault}`
}

/** Keys of recent signers, most recently used last. Importing one costs about a tenth of a verification. */
const KEYS_CACHED_MAX = 4096
const keys = new BoundedMap<string, KeyObject>(KEYS_CACHED_MAX)

/** OpenSSL's object for a canonical key that is not of small order; undefined for any other. */
const importKey = (publicKey: Uint8Array): KeyObject | undefined => {
  const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1')
  const known = keys.get(name)
  if (known === undefined && faultOfPoint(publicKey, 'spelling-only') !== undefined) return undefined
  const key = known ?? createPublicKey({ key: wrap(SPKI_PREFIX, publicKey), format: 'der', type: 'spki' })
  keys.set(name, key)
  return key
}

/** What the curve is asked once everything about spelling holds. */
export interface CurveQuestion {
  readonly key: KeyObject
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The strict rules before the equation; undefined where they refuse. For shells that let OpenSSL answer in other threads. */
export const curveQuestion = (options: {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}): CurveQuestion | undefined => {
  const { publicKey, message, signature } = options
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return undefined
  if (!isBelow(signature.subarray(32), ORDER_BYTES)) return undefined
  if (faultOfPoint(signature.subarray(0, 32), 'spelling-only') !== undefined) return undefined
  const key = importKey(publicKey)
  return key === undefined ? undefined : { key, message, signature }
}

/**
 * Is `signature` this key's signature over these bytes as they stand, by the strict rules? Bytes of any length and content
 * may be given. `verify` is the one to use; this is its lower half, open for outside vectors.
 */
export const verifyMessage = (options: {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}): boolean => {
  const asked = curveQuestion(options)
  return asked !== undefined && verifyRaw(null, asked.message, asked.key, asked.signature)
}

/**
 * Is `signature` this key's signature over `domainDigest(domain, body)`? Refuses a key or an R that is non-canonical or of
 * small order, an S that is not below the group order, and every wrong length.
 */
export const verify = (options: {
  readonly publicKey: Uint8Array
  readonly domain: string
  readonly body: Uint8Array
  readonly signature: Uint8Array
}): boolean =>
  verifyMessage({
    publicKey: options.publicKey,
    message: domainDigest(options.domain, options.body),
    signature: options.signature,
  })
