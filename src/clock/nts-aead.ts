/**
 * AEAD_AES_SIV_CMAC_256, the algorithm that every NTS implementation has. Source: RFC 5297 (SIV; §3 for nonces: the nonce is
 * the last component of associated data); RFC 8915 §5.1; IANA AEAD number 15. The arithmetic is @noble/ciphers'.
 *
 * Pure. A nonce that repeats shows only that the same plaintext was sealed twice; it does not break the key (RFC 5297 §1.2).
 * Does not promise constant time: JavaScript cannot.
 */
import { aessiv } from '@noble/ciphers/aes.js'

/** The number of AES-SIV-CMAC-256 among AEAD algorithms (RFC 5297 §6.1). */
export const AEAD_AES_SIV_CMAC_256 = 15

/** Octets of a key: 128 bits for the code, 128 for the cipher. */
export const NTS_KEY_BYTES = 32

/** Octets that sealing adds, before the ciphertext. */
export const SIV_TAG_BYTES = 16

/** Octets of a nonce that is drawn here (RFC 8915 §5.6: at least 16 where the algorithm takes as many). */
export const SIV_NONCE_BYTES = 16

export interface SivContext {
  /** NTS_KEY_BYTES octets. */
  readonly key: Uint8Array
  /** What is authenticated and not encrypted, part by part, the nonce last; at most 126 parts. */
  readonly associated: readonly Uint8Array[]
}

/** The library takes views of a key by words, so it is given copies that begin at a word. */
const cipherOf = ({ key, associated }: SivContext): ReturnType<typeof aessiv> =>
  aessiv(Uint8Array.from(key), ...associated.map((part) => Uint8Array.from(part)))

/** The tag, then the ciphertext: SIV_TAG_BYTES more than the plaintext. */
export const sealSiv = (context: SivContext, plaintext: Uint8Array): Uint8Array =>
  cipherOf(context).encrypt(Uint8Array.from(plaintext))

/** The plaintext, or undefined where key, associated data or ciphertext is not what was sealed. */
export const openSiv = (context: SivContext, sealed: Uint8Array): Uint8Array | undefined => {
  if (sealed.length < SIV_TAG_BYTES) return undefined
  try {
    return cipherOf(context).decrypt(Uint8Array.from(sealed))
  } catch {
    // The library throws for a wrong tag, and for nothing else that can come this far.
    return undefined
  }
}
