/**
 * Encryption to a public key, one message at a time: HPKE in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
 * ChaCha20-Poly1305. Written out because the private key stays behind a port that agrees and does nothing else.
 *
 * Source: RFC 9180 §4 (LabeledExtract, LabeledExpand), §4.1 (DHKEM), §5.1 (key schedule), §5.2 and §6.1 (one message);
 * HKDF is RFC 5869. Vectors: appendix A.2.1. Rules: docs/spec/crypto.md C-18.
 * Not promised: base mode says nothing of who sent, and whoever gets the recipient's key later can read what was sent earlier.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { AGREEMENT_KEY_BYTES, agreeWith } from './key-agreement.ts'
import type { AgreementKey, KeyAgreement } from './key-agreement.ts'

/** Bytes that a ciphertext is longer than its plaintext. */
export const HPKE_TAG_BYTES = 16
const KEY_BYTES = 32
const NONCE_BYTES = 12
const SECRET_BYTES = 32
const CIPHER = 'chacha20-poly1305'
const MODE_BASE = 0

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const VERSION = ascii('HPKE-v1')
/** KEM 0x0020, and with KDF 0x0001 and AEAD 0x0003 the whole suite. */
const KEM_SUITE = Buffer.concat([ascii('KEM'), Uint8Array.of(0x00, 0x20)])
const HPKE_SUITE = Buffer.concat([ascii('HPKE'), Uint8Array.of(0x00, 0x20, 0x00, 0x01, 0x00, 0x03)])
const EMPTY = new Uint8Array()

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
  createHmac('sha256', key).update(Buffer.concat(parts)).digest()

const labeledExtract = (
  suite: Uint8Array,
  salt: Uint8Array,
  labeled: { readonly label: string; readonly ikm: Uint8Array },
): Uint8Array => hmac(salt, VERSION, suite, ascii(labeled.label), labeled.ikm)

/** At most 32 bytes, so that HKDF-Expand is one block. */
const labeledExpand = (
  suite: Uint8Array,
  prk: Uint8Array,
  labeled: { readonly label: string; readonly info: Uint8Array; readonly length: number },
): Uint8Array => {
  const { label, info, length } = labeled
  const head = Uint8Array.of(0, length)
  return hmac(prk, head, VERSION, suite, ascii(label), info, Uint8Array.of(1)).subarray(0, length)
}

interface Keys {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

/** From what X25519 gave to the key and nonce of the first message. */
const scheduleKeys = (dh: Uint8Array, kemContext: Uint8Array, info: Uint8Array): Keys => {
  const eaePrk = labeledExtract(KEM_SUITE, EMPTY, { label: 'eae_prk', ikm: dh })
  const shared = labeledExpand(KEM_SUITE, eaePrk, { label: 'shared_secret', info: kemContext, length: SECRET_BYTES })
  const context = Buffer.concat([
    Uint8Array.of(MODE_BASE),
    labeledExtract(HPKE_SUITE, EMPTY, { label: 'psk_id_hash', ikm: EMPTY }),
    labeledExtract(HPKE_SUITE, EMPTY, { label: 'info_hash', ikm: info }),
  ])
  const secret = labeledExtract(HPKE_SUITE, shared, { label: 'secret', ikm: EMPTY })
  return {
    key: labeledExpand(HPKE_SUITE, secret, { label: 'key', info: context, length: KEY_BYTES }),
    nonce: labeledExpand(HPKE_SUITE, secret, { label: 'base_nonce', info: context, length: NONCE_BYTES }),
  }
}

/** What is encrypted for whom, and what both sides must agree on. */
export interface HpkeSealed {
  /** The ephemeral public key, 32 bytes. */
  readonly enc: Uint8Array
  /** As long as the plaintext and `HPKE_TAG_BYTES`. */
  readonly ciphertext: Uint8Array
}

/** Encrypts to an X25519 public key with a fresh key pair; undefined where `recipient` is a point of small order. */
export const hpkeSeal = (options: {
  readonly recipient: Uint8Array
  /** Used once, then never again. */
  readonly ephemeral: AgreementKey
  readonly info: Uint8Array
  readonly aad: Uint8Array
  readonly plaintext: Uint8Array
}): HpkeSealed | undefined => {
  const { recipient, ephemeral, info, aad, plaintext } = options
  const dh = agreeWith(ephemeral, recipient)
  if (dh === undefined) return undefined
  const { key, nonce } = scheduleKeys(dh, Buffer.concat([ephemeral.publicKey, recipient]), info)
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: HPKE_TAG_BYTES })
  cipher.setAAD(aad, { plaintextLength: plaintext.length })
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { enc: ephemeral.publicKey, ciphertext: new Uint8Array(Buffer.concat([body, cipher.getAuthTag()])) }
}

/** The plaintext, or undefined where these bytes were not encrypted to `recipient` under this `info` and `aad`. */
export const hpkeOpen = async (options: {
  /** The recipient's X25519 public key, and its private half. */
  readonly recipient: Uint8Array
  readonly agreement: Pick<KeyAgreement, 'agree'>
  readonly sealed: HpkeSealed
  readonly info: Uint8Array
  readonly aad: Uint8Array
}): Promise<Uint8Array | undefined> => {
  const { recipient, agreement, sealed, info, aad } = options
  const { enc, ciphertext } = sealed
  if (enc.length !== AGREEMENT_KEY_BYTES || ciphertext.length < HPKE_TAG_BYTES) return undefined
  const dh = await agreement.agree(enc)
  if (dh === undefined) return undefined
  const { key, nonce } = scheduleKeys(dh, Buffer.concat([enc, recipient]), info)
  const end = ciphertext.length - HPKE_TAG_BYTES
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: HPKE_TAG_BYTES })
  decipher.setAAD(aad, { plaintextLength: end })
  decipher.setAuthTag(ciphertext.subarray(end))
  const body = decipher.update(ciphertext.subarray(0, end))
  try {
    decipher.final()
  } catch {
    // The tag does not fit: bytes of others, not a fault of ours.
    return undefined
  }
  return new Uint8Array(body)
}
