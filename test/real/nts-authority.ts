/**
 * A certificate authority for one test, and certificates of it: good, expired, not yet valid, for another name.
 * The keys are made anew each time; nothing of it outlives the test.
 */
import { webcrypto } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

const DAY_MS = 86_400_000
const ALGORITHM = { name: 'Ed25519' }

x509.cryptoProvider.set(globalThis.crypto)

export interface CertificateWish {
  /** DNS names and literal addresses that it is for; localhost and 127.0.0.1 where not given. */
  readonly names?: readonly x509.JsonGeneralName[]
  /** Days from now until it begins and ends. */
  readonly fromDays?: number
  readonly toDays?: number
}

/** Files in PEM, as servers take them. */
export interface CertificateFiles {
  readonly certFile: string
  /** Mode 0600. */
  readonly keyFile: string
}

export interface Authority extends AsyncDisposable {
  readonly pem: string
  /** The same, as a file. */
  readonly pemFile: string
  /** The folder of all files; they go at disposal. */
  readonly folder: string
  certify(wish?: CertificateWish): Promise<CertificateFiles>
}

const LOCAL: readonly x509.JsonGeneralName[] = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
]

const makeKeys = async (): Promise<webcrypto.CryptoKeyPair> => {
  const made = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  if (!('publicKey' in made)) throw new TypeError('Ed25519 keys come in pairs')
  return made
}

const daysFromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS)

const keyPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')

/** Makes an authority that nobody trusts who is not told to. */
export const makeAuthority = async (): Promise<Authority> => {
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-authority-'))
  const keys = await makeKeys()
  const subject = 'CN=Authority of one test'
  const root = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: subject,
      notBefore: daysFromNow(-4000),
      notAfter: daysFromNow(4000),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto,
  )
  const pem = root.toString('pem')
  const pemFile = join(folder, 'authority.pem')
  await writeFile(pemFile, `${pem}\n`)
  let made = 1
  const certify = async ({
    names = LOCAL,
    fromDays = -1,
    toDays = 30,
  }: CertificateWish = {}): Promise<CertificateFiles> => {
    made += 1
    const own = await makeKeys()
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: made.toString(16).padStart(2, '0'),
        subject: 'CN=Server of one test',
        issuer: subject,
        notBefore: daysFromNow(fromDays),
        notAfter: daysFromNow(toDays),
        signingAlgorithm: ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.SubjectAlternativeNameExtension([...names]),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        ],
      },
      webcrypto,
    )
    const files = { certFile: join(folder, `${made}.crt`), keyFile: join(folder, `${made}.key`) }
    await writeFile(files.certFile, `${certificate.toString('pem')}\n`)
    await writeFile(files.keyFile, `${await keyPem(own.privateKey)}\n`, { mode: 0o600 })
    return files
  }
  return { pem, pemFile, folder, certify, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}
