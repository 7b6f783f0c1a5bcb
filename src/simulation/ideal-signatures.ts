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

/** A key as text that is quick to make: its first eleven characters of Latin-1 tell all keys of a run apart. */
const nameOf = (key: Uint8Array): number => new DataView(key.buffer, key.byteOffset, key.length).getUint32(0)

const mixed = (value: number): number => {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85_eb_ca_6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2_b2_ae_35)
  return h ^ (h >>> 16)
}

/** One lane's digest of the bytes, begun with a secret word. */
const laneOf = (begin: number, bytes: Uint8Array): number => {
  let h = begin
  let i = 0
  for (; i + 4 <= bytes.length; i += 4) {
    const word =
      (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)
    const k = Math.imul(word, 0xcc_9e_2d_51)
    h ^= Math.imul((k << 15) | (k >>> 17), 0x1b_87_35_93)
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6_54_6b_64
  }
  for (; i < bytes.length; i += 1) h = Math.imul(h ^ (bytes[i] ?? 0), 0x01_00_01_93)
  return mixed(h ^ bytes.length)
}

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
    return this.#made(secret, domain, body)
  }

  verify({ publicKey, domain, body, signature }: Parameters<Verifier['verify']>[0]): boolean {
    const secret = this.#secretOf(publicKey)
    if (secret === undefined || signature.length !== SIGNATURE_BYTES) return false
    return equalBytes(this.#made(secret, domain, body), signature)
  }

  #secretOf(publicKey: Uint8Array): Secret | undefined {
    if (publicKey.length !== 32) return undefined
    const secret = this.#secrets.get(nameOf(publicKey))
    return secret !== undefined && equalBytes(secret.key, publicKey) ? secret : undefined
  }

  #made({ words }: Secret, domain: string, body: Uint8Array): Uint8Array {
    const signature = new Uint8Array(SIGNATURE_BYTES)
    const view = new DataView(signature.buffer)
    const apart = this.#domainWord(domain)
    for (let lane = 0; lane < LANES; lane += 1)
      view.setInt32(4 * lane, laneOf(mixed((words[lane] ?? 0) ^ Math.imul(apart, lane + 1)), body))
    return signature
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
