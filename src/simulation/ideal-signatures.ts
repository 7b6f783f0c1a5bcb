/**
 * Signatures as a theorem assumes them: nobody but the key's owner can make one, one owner always makes the same one for the
 * same statement, and checking costs next to nothing. A table from public keys to secrets that never leave it; a signature is a
 * keyed digest of 128 bits. It stands in the place of Ed25519 behind crypto's `Verifier`, in a simulation only: there nobody
 * tries to find the secrets, and a flipped bit is found as surely. Rule: docs/spec/simulation.md Z-4.
 *
 * Not promised: anything outside a simulation. The digest is a fast mixing function (MurmurHash3's, Appleby 2011), no hash of
 * cryptography. `--crypto real` runs with Ed25519 instead.
 */
import assert from 'node:assert/strict'
import { equalBytes } from '../base/index.ts'
import { SIGNATURE_BYTES, domainDigest, sign, signingKeyOf, ed25519Verifier } from '../crypto/index.ts'
import type { SigningKey, Verifier } from '../crypto/index.ts'

/** Signs at once, for shells in which nothing waits. */
export interface SignatureScheme extends Verifier {
  /** 64 bytes over `body` in `domain`, by an owner that was admitted; anything else is a bug. */
  sign(publicKey: Uint8Array, domain: string, body: Uint8Array): Uint8Array
}

export const CRYPTO_NAMES = ['ideal', 'real'] as const
export type CryptoName = (typeof CRYPTO_NAMES)[number]

const LANES = 4

/** Words of 32 bits that nobody else knows, one for each lane. */
interface Secret {
  readonly key: Uint8Array
  readonly words: Int32Array
}

/** A key as a number that is quick to make: its first four bytes tell all keys of a run apart. */
const nameOf = (key: Uint8Array): number =>
  (((key[0] ?? 0) << 24) | ((key[1] ?? 0) << 16) | ((key[2] ?? 0) << 8) | (key[3] ?? 0)) >>> 0

const mixed = (value: number): number => {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85_eb_ca_6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2_b2_ae_35)
  return h ^ (h >>> 16)
}

/** One lane of a digest with one word more in it. */
const stirred = (lane: number, k: number): number => {
  const h = lane ^ k
  return Math.imul((h << 13) | (h >>> 19), 5) + 0xe6_54_6b_64
}

const PRIME = 0x01_00_01_93

/** The bytes into all four lanes, which begin with secret words: the bytes are read once. */
const stirIn = (lanes: Int32Array, bytes: Uint8Array): void => {
  let [a, b, c, d] = [lanes[0] ?? 0, lanes[1] ?? 0, lanes[2] ?? 0, lanes[3] ?? 0]
  const { length } = bytes
  let i = 0
  for (; i + 4 <= length; i += 4) {
    const word =
      (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)
    const mixing = Math.imul(word, 0xcc_9e_2d_51)
    const k = Math.imul((mixing << 15) | (mixing >>> 17), 0x1b_87_35_93)
    a = stirred(a, k) | 0
    b = stirred(b, k) | 0
    c = stirred(c, k) | 0
    d = stirred(d, k) | 0
  }
  for (; i < length; i += 1) {
    const byte = bytes[i] ?? 0
    a = Math.imul(a ^ byte, PRIME)
    b = Math.imul(b ^ byte, PRIME)
    c = Math.imul(c ^ byte, PRIME)
    d = Math.imul(d ^ byte, PRIME)
  }
  lanes[0] = mixed(a ^ length)
  lanes[1] = mixed(b ^ length)
  lanes[2] = mixed(c ^ length)
  lanes[3] = mixed(d ^ length)
}

/** Written to again and again. */
const digest = new Int32Array(LANES)

/** Lanes as bytes of a signature, the heaviest first; the rest of it is zeros. */
const isWritten = (lanes: Int32Array, signature: Uint8Array): boolean => {
  for (let i = 0; i < SIGNATURE_BYTES; i += 1) if (signature[i] !== byteAt(lanes, i)) return false
  return true
}

const byteAt = (lanes: Int32Array, i: number): number =>
  i < 4 * LANES ? ((lanes[i >> 2] ?? 0) >>> (24 - 8 * (i & 3))) & 0xff : 0

export class IdealSignatures implements SignatureScheme {
  readonly #secrets = new Map<number, Secret>()
  readonly #domains = new Map<string, number>()

  /** @param owners the 32-byte seeds from which secrets come, with the public keys that they are shown under. */
  constructor(owners: readonly { readonly key: Uint8Array; readonly seed: Uint8Array }[]) {
    for (const { key, seed } of owners) {
      const digest = domainDigest('truechimer/ideal-secret/1', seed)
      const view = new DataView(digest.buffer)
      const words = Int32Array.from({ length: LANES }, (_, lane) => view.getInt32(4 * lane))
      assert(!this.#secrets.has(nameOf(key)), 'two keys of a run begin alike')
      this.#secrets.set(nameOf(key), { key, words })
    }
  }

  sign(publicKey: Uint8Array, domain: string, body: Uint8Array): Uint8Array {
    const secret = this.#secretOf(publicKey)
    assert(secret !== undefined, 'only an owner signs')
    this.#digest(secret, domain, body)
    const signature = new Uint8Array(SIGNATURE_BYTES)
    for (let i = 0; i < 4 * LANES; i += 1) signature[i] = byteAt(digest, i)
    return signature
  }

  verify({ publicKey, domain, body, signature }: Parameters<Verifier['verify']>[0]): boolean {
    const secret = this.#secretOf(publicKey)
    if (secret === undefined || signature.length !== SIGNATURE_BYTES) return false
    this.#digest(secret, domain, body)
    return isWritten(digest, signature)
  }

  #secretOf(publicKey: Uint8Array): Secret | undefined {
    if (publicKey.length !== 32) return undefined
    const secret = this.#secrets.get(nameOf(publicKey))
    return secret !== undefined && equalBytes(secret.key, publicKey) ? secret : undefined
  }

  /** Into `digest`. */
  #digest({ words }: Secret, domain: string, body: Uint8Array): void {
    const apart = this.#domainWord(domain)
    for (let lane = 0; lane < LANES; lane += 1) digest[lane] = mixed((words[lane] ?? 0) ^ Math.imul(apart, lane + 1))
    stirIn(digest, body)
  }

  #domainWord(domain: string): number {
    const known = this.#domains.get(domain)
    if (known !== undefined) return known
    const digest = domainDigest('truechimer/ideal-domain/1', new TextEncoder().encode(domain))
    const word = new DataView(digest.buffer).getInt32(0)
    // Domains are constants of the program: a few dozen.
    this.#domains.set(domain, word)
    return word
  }
}

/** The product's own signatures, signed at once. */
export class RealSignatures implements SignatureScheme {
  readonly #keys = new Map<number, SigningKey>()

  constructor(owners: readonly { readonly key: Uint8Array; readonly seed: Uint8Array }[]) {
    for (const { key, seed } of owners) this.#keys.set(nameOf(key), signingKeyOf(seed))
  }

  sign(publicKey: Uint8Array, domain: string, body: Uint8Array): Uint8Array {
    const key = this.#keys.get(nameOf(publicKey))
    assert(key !== undefined && equalBytes(key.publicKey, publicKey), 'only an owner signs')
    return sign(key, domain, body)
  }

  verify(options: Parameters<Verifier['verify']>[0]): boolean {
    return ed25519Verifier.verify(options)
  }
}
