/**
 * Checking a time-stamp token: is it what `openssl ts -verify` would call "Verification: OK" with the same question, the same authorities and
 * the same clock? As strict as that, and no stricter (rule T-87; how it is known stands in test/tsa-mutations.test.ts). Source: RFC 3161 §2.2,
 * §2.4.2; RFC 5816; RFC 5652 §5.6.
 *
 * Not asked, as there: whether a certificate was revoked, and whether the authority deserves its trust.
 */
import { accept, equalBytes, hexOf, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { encodeCertificate, usesOf } from './rfc3161-certificate.ts'
import type { Certificate } from './rfc3161-certificate.ts'
import { hasNoParameter } from './rfc3161-names.ts'
import type { GeneralName } from './rfc3161-names.ts'
import { HASH_NAMES, OID, hashNamed, isKnownHash } from './rfc3161-oids.ts'
import { PATH_REASONS, findPath } from './rfc3161-path.ts'
import type { TokenCrypto } from './rfc3161-path.ts'
import type { TsRequest } from './rfc3161-request.ts'
import { encodeAttributes, readBareToken, readCertificateIds, readResponse } from './rfc3161-signed-data.ts'
import type { CertificateId, SignedData, TokenSigner } from './rfc3161-signed-data.ts'
import { readTstInfo } from './rfc3161-tst-info.ts'
import type { MessageImprint, ReadTstInfo } from './rfc3161-tst-info.ts'

/** Why a token is not to be believed, in the order of the checks. */
export const TOKEN_REASONS = [
  'token-malformed',
  'token-not-granted',
  'token-signers',
  'token-certificate-missing',
  ...PATH_REASONS,
  'token-certificate-id',
  'token-digest',
  'token-signature',
  'token-version',
  'token-policy',
  'token-imprint',
  'token-nonce',
  'token-name',
] as const
export type TokenReason = (typeof TOKEN_REASONS)[number]

/** A token may be no longer than this, bytes. */
export const TOKEN_BYTES_MAX = 65_536

/** What the token is to be for: a hash, or the whole question. */
export type TokenWanted = { readonly imprint: MessageImprint } | { readonly query: TsRequest }

export interface TokenTrust {
  /** Authorities that are trusted, each self-signed. */
  readonly trusted: readonly Certificate[]
  /** Certificates that may help, such as the signer's, which a token need not carry. */
  readonly untrusted?: readonly Certificate[]
  /** When it is checked, Unix ms. Certificates must be alive then. */
  readonly atUnixMs: number
  readonly crypto: TokenCrypto
}

export interface VerifiedToken {
  /** Unix ns; undefined where the authority wrote no time that can be read. */
  readonly genUnixNs: bigint | undefined
  /** As it stands in the token. */
  readonly genTime: string
  /** The true time lies so far from `genUnixNs` at most, by the authority's word; undefined where it gave none. */
  readonly accuracyNs: bigint | undefined
  /** Hexadecimal. */
  readonly serial: string
  readonly policy: string
  readonly nonce: string | undefined
  /** The signer's subject, for people. */
  readonly signer: string
}

/** A token, or a response with one in it: what it says, nothing checked. */
export interface OpenedToken {
  readonly signed: SignedData
  readonly info: ReadTstInfo
}

const GRANTED: readonly string[] = ['00', '01']

/** From the bytes of a response (`.tsr`) or of a token alone. */
export const openToken = (bytes: Uint8Array): Admission<OpenedToken, TokenReason> => {
  if (bytes.length > TOKEN_BYTES_MAX) return reject('token-malformed')
  const response = readResponse(bytes)
  if (response !== undefined && !GRANTED.includes(response.status))
    return reject(response.token === undefined ? 'token-not-granted' : 'token-malformed')
  const signed = response === undefined ? readBareToken(bytes) : response.token
  if (signed?.content === undefined || signed.contentType !== OID.tstInfo) return reject('token-malformed')
  const info = readTstInfo(signed.content)
  return info === undefined ? reject('token-malformed') : accept({ signed, info })
}

/** The whole check. Bytes of anybody; never throws. */
export const verifyToken = (
  bytes: Uint8Array,
  wanted: TokenWanted,
  trust: TokenTrust,
): Admission<VerifiedToken, TokenReason> => {
  const opened = openToken(bytes)
  if (opened.verdict !== 'accept') return opened
  const { signed, info } = opened.value
  const signer = judgeSigner(signed, trust)
  if (typeof signer === 'string') return reject(signer)
  const refusal = infoRefusal(info, wanted, signer)
  if (refusal !== undefined) return reject(refusal)
  const { genUnixNs, genTime, accuracyNs, serial, policy, nonce } = info
  return accept({ genUnixNs, genTime, accuracyNs, serial, policy, nonce, signer: signer.subject.text })
}

/** The certificate by which the signature holds; or why there is none. */
const judgeSigner = (signed: SignedData, trust: TokenTrust): Certificate | TokenReason => {
  const [signer, second] = signed.signers
  if (signer === undefined || second !== undefined) return 'token-signers'
  const untrusted = [...(trust.untrusted ?? []), ...signed.certificates]
  const certificate = untrusted.find(
    ({ issuer, serial }) => issuer.key === signer.issuer.key && serial === signer.serial,
  )
  if (certificate === undefined) return 'token-certificate-missing'
  const path = findPath({ ...trust, signer: certificate, untrusted })
  if (typeof path === 'string') return path
  if (!areIdsGood(signer, path, trust.crypto)) return 'token-certificate-id'
  return signatureRefusal(signed, signer, { certificate, crypto: trust.crypto }) ?? certificate
}

/** The first value of the first attribute of this kind. */
const attributeOf = (
  { attributes }: TokenSigner,
  id: string,
): TokenSigner['attributes'][number]['values'][number] | undefined =>
  attributes.find((attribute) => attribute.id === id)?.values[0]

/** Certificates that the token names by their hashes: the signer first, all of them on the path (RFC 5035 §4). */
const areIdsGood = (signer: TokenSigner, path: readonly Certificate[], crypto: TokenCrypto): boolean => {
  const lists = ([1, 2] as const).map((version) => {
    const value = attributeOf(signer, version === 1 ? OID.signingCertificate : OID.signingCertificateV2)
    return { version, ids: value === undefined ? undefined : readCertificateIds(value, version) }
  })
  const there = lists.flatMap(({ version, ids }) => (ids === undefined ? [] : [{ version, ids }]))
  return (
    there.length > 0 &&
    there.every(
      ({ version, ids }) =>
        ids.length > 0 &&
        ids.every((id, index) => {
          const place = placeOf(id, path, { version, crypto })
          return place >= 0 && (place === 0) === (index === 0)
        }),
    )
  )
}

/** Where on the path the certificate stands that an id names; -1 where none does. */
const placeOf = (
  { algorithm, hash, issuer }: CertificateId,
  path: readonly Certificate[],
  { version, crypto }: { readonly version: 1 | 2; readonly crypto: TokenCrypto },
): number => {
  const own = version === 1 ? 'sha1' : 'sha256'
  const name = algorithm === undefined ? own : hashNamed(algorithm.id)
  if (name === undefined) return -1
  return path.findIndex((certificate) => {
    const digest = crypto.digest(name, encodeCertificate(certificate))
    return digest !== undefined && equalBytes(digest, hash) && (issuer === undefined || isIssuer(issuer, certificate))
  })
}

const isIssuer = (
  { names, serial }: { readonly names: readonly GeneralName[]; readonly serial: string },
  certificate: Certificate,
): boolean => {
  const [first, second] = names
  const isNamed = first !== undefined && second === undefined && 'name' in first
  return isNamed && first.name.key === certificate.issuer.key && serial === certificate.serial
}

const OCTET_STRING = 4

const signatureRefusal = (
  { digests, content = new Uint8Array(0) }: SignedData,
  signer: TokenSigner,
  { certificate, crypto }: { readonly certificate: Certificate; readonly crypto: TokenCrypto },
): TokenReason | undefined => {
  const hash = HASH_NAMES.get(signer.digest.id)
  if (hash === undefined || !digests.every(({ id }) => isKnownHash(id))) return 'token-digest'
  if (!digests.some(({ id }) => hashNamed(id) === hash)) return 'token-digest'
  const said = attributeOf(signer, OID.messageDigest)
  const digest = crypto.digest(hash, content)
  const isString = said !== undefined && !said.isWhole && said.kind === 0 && said.number === OCTET_STRING
  if (!isString || digest === undefined || !equalBytes(said.contents, digest)) return 'token-digest'
  const message = encodeAttributes(signer.attributes)
  const { spki } = certificate
  const holds = message !== undefined && crypto.verify({ spki, hash, message, signature: signer.signature })
  return holds ? undefined : 'token-signature'
}

const infoRefusal = (info: ReadTstInfo, wanted: TokenWanted, signer: Certificate): TokenReason | undefined => {
  if (info.version !== '01') return 'token-version'
  const imprint = 'query' in wanted ? wanted.query.imprint : wanted.imprint
  const isSame = info.algorithm.id === imprint.algorithm && equalBytes(info.imprint, imprint.imprint)
  if ('query' in wanted && wanted.query.policy !== undefined && wanted.query.policy !== info.policy)
    return 'token-policy'
  if (!isSame || !hasNoParameter(info.algorithm)) return 'token-imprint'
  const nonce = 'query' in wanted ? wanted.query.nonce : undefined
  if (nonce !== undefined && info.nonce !== hexOf(nonce)) return 'token-nonce'
  return info.tsa === undefined || isNameOf(info.tsa, signer) ? undefined : 'token-name'
}

/** A name that the authority gave itself must be its certificate's subject, or one of its other names. */
const isNameOf = (name: GeneralName, signer: Certificate): boolean => {
  if ('name' in name && name.name.key === signer.subject.key) return true
  return usesOf(signer).alternativeNames.some((other) =>
    'name' in name
      ? 'name' in other && other.name.key === name.name.key
      : 'other' in other && other.other === name.other,
  )
}
