/**
 * The text of a key file: a 32-byte seed sealed under a passphrase, or in the clear where somebody asked for that by name.
 * Everything that is readable in the file is bound into the seal, so that no line of it can be exchanged unnoticed.
 *
 * Source: scrypt, RFC 7914 (memory-hard, so that guessing is dear); ChaCha20-Poly1305, RFC 8439; passphrases in Unicode NFC,
 * after RFC 8265 §4.2. Rules: docs/spec/crypto.md C-14 to C-16. Deriving a key takes about half a second and 128 MiB and
 * does not yield: it is done once, before anything is served.
 * Not promised: a short passphrase falls to guessing. Node cannot wipe every copy of a passphrase from its memory.
 */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, scryptSync } from 'node:crypto'
import { z } from 'zod'
import { ChimerError, hexOf } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { domainDigest } from './hash.ts'
import { publicKeyOf, SEED_BYTES } from './ed25519.ts'

/** Cost of a guess: memory is 128 × n × r bytes, time grows with n × r × p. */
export interface ScryptCost {
  /** A power of two, `SCRYPT_N_MIN` to `SCRYPT_N_MAX`. */
  readonly n: number
  readonly r: number
  readonly p: number
}

export const SCRYPT_COST: ScryptCost = { n: 2 ** 17, r: 8, p: 1 }
export const SCRYPT_N_MIN = 2 ** 14
export const SCRYPT_N_MAX = 2 ** 18
const SCRYPT_R_MAX = 8
const SCRYPT_P_MAX = 4
/** Most memory that a file may make its reader use, bytes: 256 MiB. OpenSSL counts a little more than 128·n·r. */
const SCRYPT_MEMORY_MAX = 128 * SCRYPT_N_MAX * SCRYPT_R_MAX + 2 ** 20

/** Largest key file, bytes (UTF-16 units of its text). */
export const KEY_TEXT_MAX = 4096
/** Longest passphrase, bytes of UTF-8. */
export const PASSPHRASE_BYTES_MAX = 1024

const FORMAT = 'truechimer-key/1'
const DOMAIN = 'truechimer/key-file/1'
const ENCRYPTION = 'scrypt-chacha20-poly1305'
const CIPHER = 'chacha20-poly1305'
const SALT_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

const hex = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n))

const sealedSchema = z.strictObject({
  format: z.literal(FORMAT),
  publicKey: hex(32),
  encryption: z.literal(ENCRYPTION),
  kdf: z.strictObject({
    n: z.int().min(SCRYPT_N_MIN).max(SCRYPT_N_MAX).refine(isPowerOfTwo),
    r: z.int().min(1).max(SCRYPT_R_MAX),
    p: z.int().min(1).max(SCRYPT_P_MAX),
    salt: hex(SALT_BYTES),
  }),
  nonce: hex(NONCE_BYTES),
  ciphertext: hex(SEED_BYTES + TAG_BYTES),
})
const plainSchema = z.strictObject({
  format: z.literal(FORMAT),
  publicKey: hex(32),
  encryption: z.literal('none'),
  seed: hex(SEED_BYTES),
})
const envelopeSchema = z.discriminatedUnion('encryption', [sealedSchema, plainSchema])
type SealedHeader = Omit<z.infer<typeof sealedSchema>, 'ciphertext'>

const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

/** What the seal binds beside the seed: every field of the file but the ciphertext, in one fixed order. */
const headerDigest = ({ format, publicKey, encryption, kdf, nonce }: SealedHeader): Uint8Array =>
  domainDigest(
    DOMAIN,
    new TextEncoder().encode(JSON.stringify([format, publicKey, encryption, kdf.n, kdf.r, kdf.p, kdf.salt, nonce])),
  )

const passphraseBytes = (passphrase: string): Buffer => {
  const bytes = Buffer.from(passphrase.normalize('NFC'), 'utf8')
  if (bytes.length >= 1 && bytes.length <= PASSPHRASE_BYTES_MAX) return bytes
  throw new ChimerError('TC_PASSPHRASE_LENGTH', `a passphrase has 1 to ${PASSPHRASE_BYTES_MAX} bytes`)
}

const deriveKey = (passphrase: string, kdf: SealedHeader['kdf']): Buffer => {
  const { n, r, p, salt } = kdf
  return scryptSync(passphraseBytes(passphrase), fromHex(salt), 32, { N: n, r, p, maxmem: SCRYPT_MEMORY_MAX })
}

/**
 * The text of a key file for a 32-byte seed, sealed under `passphrase`. Fresh salt and nonce are drawn from `random`, which
 * must be unpredictable. `TC_PASSPHRASE_LENGTH` where it is empty or too long.
 */
export const sealSeed = (
  random: Random,
  options: { readonly seed: Uint8Array; readonly passphrase: string; readonly cost?: ScryptCost },
): string => {
  const { seed, passphrase, cost = SCRYPT_COST } = options
  assert.equal(seed.length, SEED_BYTES)
  const header: SealedHeader = {
    format: FORMAT,
    publicKey: hexOf(publicKeyOf(seed)),
    encryption: ENCRYPTION,
    kdf: { n: cost.n, r: cost.r, p: cost.p, salt: hexOf(random.bytes(SALT_BYTES)) },
    nonce: hexOf(random.bytes(NONCE_BYTES)),
  }
  const key = deriveKey(passphrase, header.kdf)
  const cipher = createCipheriv(CIPHER, key, fromHex(header.nonce), { authTagLength: TAG_BYTES })
  cipher.setAAD(headerDigest(header), { plaintextLength: SEED_BYTES })
  const sealed = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()])
  key.fill(0)
  const envelope = sealedSchema.parse({ ...header, ciphertext: hexOf(sealed) })
  return `${JSON.stringify(envelope, undefined, 2)}\n`
}

/** The text of a key file with the seed in the clear: whoever reads the file has the key. */
export const plainSeed = (seed: Uint8Array): string => {
  assert.equal(seed.length, SEED_BYTES)
  const envelope = { format: FORMAT, publicKey: hexOf(publicKeyOf(seed)), encryption: 'none', seed: hexOf(seed) }
  return `${JSON.stringify(envelope, undefined, 2)}\n`
}

const malformed = (what: string): ChimerError =>
  new ChimerError('TC_KEY_MALFORMED', `not a key file of this version (${what}); restore it from a backup`)

/** Zod's messages quote no values of the file, but its path is enough: field names only. */
const parseEnvelope = (text: string): z.infer<typeof envelopeSchema> => {
  if (text.length > KEY_TEXT_MAX) throw malformed('too long')
  const parsed = envelopeSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw malformed(`field ${parsed.error.issues[0]?.path.join('.') ?? 'unknown'}`)
}

/** A parser's message may quote the file, so it is not passed on: a seed could be in it. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('no JSON')
  }
}

/** What a key file says of itself without its passphrase. `TC_KEY_MALFORMED` where it is none. */
export const describeKey = (text: string): { readonly publicKey: Uint8Array; readonly encrypted: boolean } => {
  const envelope = parseEnvelope(text)
  return { publicKey: fromHex(envelope.publicKey), encrypted: envelope.encryption !== 'none' }
}

const unseal = (envelope: z.infer<typeof sealedSchema>, passphrase: string): Uint8Array => {
  const sealed = fromHex(envelope.ciphertext)
  const key = deriveKey(passphrase, envelope.kdf)
  const decipher = createDecipheriv(CIPHER, key, fromHex(envelope.nonce), { authTagLength: TAG_BYTES })
  decipher.setAAD(headerDigest(envelope), { plaintextLength: SEED_BYTES })
  decipher.setAuthTag(sealed.subarray(SEED_BYTES))
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, SEED_BYTES)), decipher.final()]))
  } catch (cause) {
    const message = 'the passphrase is wrong, or the key file was altered'
    throw new ChimerError('TC_PASSPHRASE_WRONG', message, { cause })
  } finally {
    key.fill(0)
  }
}

/**
 * The 32-byte seed in a key file. `TC_KEY_MALFORMED`: not such a file, or its public key is not its seed's.
 * `TC_PASSPHRASE_NEEDED`: sealed, and none was given. `TC_PASSPHRASE_WRONG`: the seal does not open.
 * Uses at most 256 MiB, whatever the file says.
 */
export const openSeed = (text: string, passphrase?: string): Uint8Array => {
  const envelope = parseEnvelope(text)
  if (envelope.encryption !== 'none' && passphrase === undefined) {
    throw new ChimerError('TC_PASSPHRASE_NEEDED', 'the key file is encrypted; give its passphrase')
  }
  const seed = envelope.encryption === 'none' ? fromHex(envelope.seed) : unseal(envelope, passphrase ?? '')
  if (hexOf(publicKeyOf(seed)) !== envelope.publicKey) throw malformed('public key and seed do not belong together')
  return seed
}
