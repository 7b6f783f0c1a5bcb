/**
 * The files of a time-stamp authority, as a node reads them. It needs `tsa.pem`, `tsa-key.pem` and `ca.pem`; `ca-key.pem` is for
 * certificates to come, and better kept off the machine. tsa-making.ts makes them. Rules: T-80, T-81 in docs/spec/stamps.md.
 */
import { X509Certificate, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ChimerError, NS_PER_MS, equalBytes } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { digestNamed, verifySpki } from '../crypto/index.ts'
import { readKeyFile } from '../crypto/io/key-file.ts'
import { findPath, readCertificate } from '../stamps/index.ts'
import type { Certificate, TokenCrypto, TokenIssuer } from '../stamps/index.ts'

export const TSA_FILES = {
  authority: 'ca.pem',
  authorityKey: 'ca-key.pem',
  certificate: 'tsa.pem',
  key: 'tsa-key.pem',
} as const

/** Where an authority stands in a node's data directory, unless another place is set. */
export const tsaDirectoryOf = (data: string): string => join(data, 'tsa')

/** Signatures and hashes by OpenSSL, for checking tokens. */
export const NODE_TOKEN_CRYPTO: TokenCrypto = { digest: digestNamed, verify: verifySpki }

/** What a node signs tokens with. */
export interface TsaKeys {
  readonly issuer: TokenIssuer
  readonly certificate: Certificate
  readonly authority: Certificate
  readonly authorityPem: string
  readonly certificatePem: string
  /** Why clients will refuse the certificate at the host's time; undefined: they will not. */
  readonly trouble: string | undefined
}

const refusal = (directory: string, why: string, cause?: unknown): ChimerError =>
  new ChimerError(
    'TC_TSA_FILES',
    `The time-stamp authority in ${directory} cannot be used: ${why}. truechimer tsa init makes one.`,
    {
      facts: { directory },
      cause,
    },
  )

interface ReadPem {
  readonly pem: string
  readonly der: Uint8Array
  readonly certificate: Certificate
}

const readPem = async (directory: string, file: string): Promise<ReadPem> => {
  try {
    const pem = await readFile(join(directory, file), 'utf8')
    const der = new Uint8Array(new X509Certificate(pem).raw)
    const certificate = readCertificate(der)
    if (certificate !== undefined) return { pem, der, certificate }
  } catch (cause) {
    throw refusal(directory, `${file} cannot be read as a certificate in PEM`, cause)
  }
  throw refusal(directory, `${file} is no certificate in PEM`)
}

const readSigningKey = async (directory: string, { spki }: Certificate): Promise<KeyObject> => {
  const text = await readKeyFile(join(directory, TSA_FILES.key))
  try {
    const key = createPrivateKey(text)
    const own = createPublicKey(key).export({ format: 'der', type: 'spki' })
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1' && equalBytes(own, spki)) return key
  } catch (cause) {
    throw refusal(directory, `${TSA_FILES.key} is no key in PEM, or an encrypted one`, cause)
  }
  throw refusal(directory, `${TSA_FILES.key} is not the key of ${TSA_FILES.certificate}, on prime256v1`)
}

const signAside = promisify(sign)

/**
 * Reads an authority and checks that what it signs will be believed under its `ca.pem`. `TC_TSA_FILES` where it will not; codes of
 * `readKeyFile` where the key cannot be read or others can read it. A certificate that the host's clock finds too old or too young is
 * `trouble`, and no error: that clock may be wrong.
 */
export const openTsaKeys = async (time: Time, directory: string): Promise<TsaKeys> => {
  const authority = await readPem(directory, TSA_FILES.authority)
  const own = await readPem(directory, TSA_FILES.certificate)
  const key = await readSigningKey(directory, own.certificate)
  const atUnixMs = Number(time.hostUnixNs() / NS_PER_MS)
  const path = findPath({
    signer: own.certificate,
    trusted: [authority.certificate],
    untrusted: [],
    atUnixMs,
    crypto: NODE_TOKEN_CRYPTO,
  })
  if (typeof path === 'string' && path !== 'token-certificate-time')
    throw refusal(
      directory,
      `${TSA_FILES.certificate} is no time-stamping certificate under ${TSA_FILES.authority} (${path})`,
    )
  const trouble =
    typeof path === 'string'
      ? `a certificate in ${directory} is too old or too young by the host's clock: tokens are refused by whoever checks them`
      : undefined
  const { issuerBytes: issuerName, serialBytes: serialNumber } = own.certificate
  return {
    issuer: { certificate: own.der, issuerName, serialNumber, sign: (message) => signAside('sha256', message, key) },
    certificate: own.certificate,
    authority: authority.certificate,
    authorityPem: authority.pem,
    certificatePem: own.pem,
    trouble,
  }
}
