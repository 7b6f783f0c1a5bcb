/**
 * Makes a time-stamp authority: an authority of the operator's own (a self-signed certificate with its key) and the certificate and
 * key that sign tokens. ECDSA on prime256v1. Keys are private files, made once and never over others. Rules: T-80, T-81 in docs/spec/stamps.md.
 *
 * Loads a library of X.509 that running nodes do without, so it stands apart from what reads the files (tsa-keys.ts).
 */
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { ChimerError, NS_PER_DAY, NS_PER_MS } from '../base/index.ts'
import type { Random, Time } from '../base/index.ts'
import { createKeyFile } from '../crypto/io/key-file.ts'
import { TSA_FILES } from './tsa-keys.ts'

/** How long the authority's own certificate lives, days. */
const AUTHORITY_DAYS = 7300
export const TSA_DAYS_DEFAULT = 3650
export const TSA_DAYS_MAX = AUTHORITY_DAYS
/** A common name has 64 characters at most (RFC 5280, appendix A), and ours add some. */
export const TSA_NAME_LENGTH_MAX = 40
const SERIAL_BYTES = 16
const CURVE_BITS = 256
const CURVE = { name: 'ECDSA', namedCurve: `P-${CURVE_BITS}` }
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' }

export interface TsaWish {
  readonly directory: string
  /** What the authority is called, in both certificates; TSA_NAME_LENGTH_MAX characters at most. */
  readonly name: string
  /** How long the signing certificate lives, 1 to TSA_DAYS_MAX. */
  readonly days: number
}

interface Keys {
  readonly publicKey: webcrypto.CryptoKey
  readonly privateKey: webcrypto.CryptoKey
}

const makeKeys = async (): Promise<Keys> => {
  const made = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  if (!('publicKey' in made)) throw new TypeError('ECDSA keys come in pairs')
  return made
}

const pemOf = async ({ privateKey }: Keys): Promise<string> =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')}\n`

/** From a day ago, since the host's clock may be set right later. */
const lifeOf = (time: Time, days: number): { readonly notBefore: Date; readonly notAfter: Date } => {
  const nowMs = Number(time.hostUnixNs() / NS_PER_MS)
  const dayMs = Number(NS_PER_DAY / NS_PER_MS)
  return { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + days * dayMs) }
}

/** 127 bits of chance, positive and never zero. */
const serialOf = (random: Random): string => {
  const bytes = Buffer.from(random.bytes(SERIAL_BYTES))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** As UTF-8, so that no character means anything. */
const nameOf = (text: string): x509.Name => new x509.Name([{ CN: [{ utf8String: text }] }])

interface Ports {
  readonly time: Time
  readonly random: Random
}

const makeAuthority = async ({ time, random }: Ports, { name }: TsaWish, keys: Keys): Promise<x509.X509Certificate> =>
  x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialOf(random),
      name: nameOf(`${name} time-stamp CA`),
      ...lifeOf(time, AUTHORITY_DAYS),
      signingAlgorithm: SIGNING,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )

const makeCertificate = async (
  { time, random }: Ports,
  { name, days }: TsaWish,
  {
    authority,
    authorityKeys,
    keys,
  }: { readonly authority: x509.X509Certificate; readonly authorityKeys: Keys; readonly keys: Keys },
): Promise<x509.X509Certificate> =>
  x509.X509CertificateGenerator.create(
    {
      serialNumber: serialOf(random),
      subject: nameOf(`${name} time-stamps`),
      issuer: authority.subjectName,
      ...lifeOf(time, days),
      signingAlgorithm: SIGNING,
      publicKey: keys.publicKey,
      signingKey: authorityKeys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.timeStamping], true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )

const writeNew = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o644 })
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    if (isThere)
      throw new ChimerError('TC_FILE_EXISTS', `${path} exists and is not overwritten. Choose another directory.`, {
        cause,
      })
    throw new ChimerError('TC_FILE_UNWRITABLE', `Cannot write ${path}. Check its rights and the disk.`, { cause })
  }
}

const makeDirectory = async (directory: string): Promise<void> => {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new ChimerError('TC_FILE_UNWRITABLE', `Cannot make the directory ${directory}. Check its rights.`, { cause })
  }
}

/**
 * Makes an authority in a directory (mode 0700; keys 0600). `TC_KEY_FILE_EXISTS`, `TC_FILE_EXISTS` where there is one; nothing is ever
 * overwritten. `TC_FILE_UNWRITABLE`, `TC_KEY_FILE_UNWRITABLE` where the disk refuses.
 */
export const makeTsa = async (ports: Ports, wish: TsaWish): Promise<void> => {
  const { directory } = wish
  assert(wish.name.length <= TSA_NAME_LENGTH_MAX && wish.days >= 1 && wish.days <= TSA_DAYS_MAX)
  const authorityKeys = await makeKeys()
  const keys = await makeKeys()
  const authority = await makeAuthority(ports, wish, authorityKeys)
  const certificate = await makeCertificate(ports, wish, { authority, authorityKeys, keys })
  await makeDirectory(directory)
  // Keys first: where one is there already, nothing else is touched.
  await createKeyFile(join(directory, TSA_FILES.key), await pemOf(keys))
  await createKeyFile(join(directory, TSA_FILES.authorityKey), await pemOf(authorityKeys))
  await writeNew(join(directory, TSA_FILES.authority), `${authority.toString('pem')}\n`)
  await writeNew(join(directory, TSA_FILES.certificate), `${certificate.toString('pem')}\n`)
}
