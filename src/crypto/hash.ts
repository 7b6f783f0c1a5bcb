/**
 * The one hash, SHA3-256, and the one way to hash what gets signed: under a domain, so that a signature over one kind of
 * thing can never be shown as a signature over another. Content addresses hash the encoded bytes alone.
 *
 * Source: FIPS 202; DESIGN rule "Signed bytes". Rules: docs/spec/encoding.md E-6, E-7. The length of a domain is limited so
 * that a domain's preimage is never an encoding (E-6): a content address and a signed digest cannot share a preimage.
 */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { BoundedMap } from '../base/index.ts'
import { cidOfDigest } from '../codec/index.ts'
import type { CID } from '../codec/index.ts'

export const DIGEST_BYTES = 32
/** Longest domain, in ASCII characters: its length byte then reads as a CBOR integer, which nothing may follow. */
export const DOMAIN_LENGTH_MAX = 59

const DOMAIN = /^truechimer\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*\/[1-9][0-9]{0,3}$/

/** As text of one character a byte a digest comes out of Node in half the time of a buffer. */
const digestOf = (characters: string): Uint8Array<ArrayBuffer> => {
  const digest = new Uint8Array(DIGEST_BYTES)
  for (let i = 0; i < DIGEST_BYTES; i += 1) digest[i] = characters.charCodeAt(i)
  return digest
}

/** SHA3-256 of `bytes`: 32 fresh bytes. */
export const sha3 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => digestOf(hash('sha3-256', bytes, 'binary'))

/** SHA-256 of `bytes`, 32 fresh bytes: for outside protocols that name it. What is ours is hashed with `sha3`. */
export const sha256 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => digestOf(hash('sha256', bytes, 'binary'))

/** SHA-384 of `bytes`, 48 fresh bytes: as `sha256`. */
export const sha384 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(hash('sha384', bytes, 'buffer'))

/** SHA-512 of `bytes`, 64 fresh bytes: for outside protocols that name it. What is ours is hashed with `sha3`. */
export const sha512 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(hash('sha512', bytes, 'buffer'))

/** Is this `truechimer/<type>/<version>`, in lower case, at most `DOMAIN_LENGTH_MAX` long, version 1 to 9999? */
export const isDomain = (domain: string): boolean => domain.length <= DOMAIN_LENGTH_MAX && DOMAIN.test(domain)

/** Domains are constants of the program, so this never holds more than a few dozen. */
const prefixes = new BoundedMap<string, Uint8Array>(256)

const prefixOf = (domain: string): Uint8Array => {
  const known = prefixes.get(domain)
  if (known !== undefined) return known
  assert(isDomain(domain), `not a domain: ${domain}`)
  const prefix = new TextEncoder().encode(String.fromCodePoint(domain.length) + domain)
  prefixes.set(domain, prefix)
  return prefix
}

/**
 * SHA3-256(length of `domain` as one byte ‖ `domain` in ASCII ‖ `body`), 32 bytes.
 * A domain that breaks the grammar is an asserted bug: domains are constants, never input.
 */
export const domainDigest = (domain: string, body: Uint8Array): Uint8Array<ArrayBuffer> => {
  const prefix = prefixOf(domain)
  const preimage = new Uint8Array(prefix.length + body.length)
  preimage.set(prefix)
  preimage.set(body, prefix.length)
  return sha3(preimage)
}

/** The content address of encoded bytes: CIDv1, dag-cbor, SHA3-256. */
export const cidOf = (bytes: Uint8Array): CID => cidOfDigest(sha3(bytes))
