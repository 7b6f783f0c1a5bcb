/**
 * `node:crypto` for a browser, as far as checking signatures takes it: SHA3-256, SHA-2 and Ed25519 by noble. Which keys and
 * signatures are refused before the curve is asked stays where it is, in src/crypto/ed25519.ts; noble's own `verify` multiplies by
 * the cofactor and would take signatures that OpenSSL does not, so the equation is written out (docs/spec/crypto.md C-1 to C-4).
 * There are no secrets here: what would take one fails.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'

/** A public key as `createPublicKey` makes it of DER: the last 32 bytes are the point. */
export interface KeyObject {
  readonly point: Uint8Array
}

const POINT_BYTES = 32
const HASHES = { 'sha3-256': sha3_256, sha256, sha384, sha512 } as const

export const createPublicKey = ({ key }: { readonly key: Uint8Array }): KeyObject => ({
  point: Uint8Array.from(key.subarray(-POINT_BYTES)),
})

/** As text of one character a byte where `binary` is asked for, else bytes. */
export const hash = (
  algorithm: keyof typeof HASHES,
  bytes: Uint8Array,
  encoding: 'binary' | 'buffer',
): string | Uint8Array => {
  const digest = HASHES[algorithm](Uint8Array.from(bytes))
  return encoding === 'binary' ? String.fromCharCode(...digest) : digest
}

const { Point } = ed25519
const ORDER = Point.Fn.ORDER

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/** Is R = S·B − k·A, byte for byte (RFC 8032 §5.1.7 without the cofactor)? `signature` is 64 bytes, S below the order. Never throws. */
export const verify = (_algorithm: null, message: Uint8Array, key: KeyObject, signature: Uint8Array): boolean => {
  const [r, s] = [signature.subarray(0, POINT_BYTES), signature.subarray(POINT_BYTES)]
  try {
    const a = Point.fromBytes(Uint8Array.from(key.point))
    const challenge = sha512(Uint8Array.of(...r, ...key.point, ...message))
    const k = littleEndian(challenge) % ORDER
    const expected = Point.BASE.multiplyUnsafe(littleEndian(s)).subtract(a.multiplyUnsafe(k)).toBytes()
    return expected.every((byte, i) => byte === r[i])
  } catch {
    // The point is off the curve: nothing verifies under it.
    return false
  }
}

const absent = (name: string) => (): never => {
  throw new TypeError(`node:crypto ${name} has no place in a browser`)
}
export const sign = absent('sign')
export const createPrivateKey = absent('createPrivateKey')
export const createCipheriv = absent('createCipheriv')
export const createDecipheriv = absent('createDecipheriv')
export const createHmac = absent('createHmac')
export const diffieHellman = absent('diffieHellman')
export const scryptSync = absent('scryptSync')
