/**
 * A path of certificates from a token's signer to an authority that is trusted, as `openssl ts -verify -CAfile` looks for one: issuers among
 * the trusted before any other, the root self-signed, every certificate within its life at the time of checking, authorities marked as such,
 * and the signer's use time-stamping alone and critical (RFC 3161 §2.3). Source: RFC 5280 §6; rule T-88.
 *
 * Not done, as there: revocation. Stricter than there: a certificate with constraints of names is refused, since these are not evaluated.
 */
import { CERTIFICATE_SIGNATURES, OID } from './rfc3161-oids.ts'
import { equalAny } from './rfc3161-ber.ts'
import { encodeCertificate, usesOf } from './rfc3161-certificate.ts'
import type { Certificate, CertificateUses } from './rfc3161-certificate.ts'
import { hexOf } from '../base/index.ts'

/** How signatures are checked and hashes made: src/crypto/ecdsa.ts, where there is OpenSSL. */
export interface TokenCrypto {
  /** Undefined where it knows no hash of that name. */
  readonly digest: (hash: string, bytes: Uint8Array) => Uint8Array | undefined
  readonly verify: (claim: {
    readonly spki: Uint8Array
    readonly hash: string
    readonly message: Uint8Array
    readonly signature: Uint8Array
  }) => boolean
}

export interface PathOptions {
  readonly signer: Certificate
  readonly trusted: readonly Certificate[]
  readonly untrusted: readonly Certificate[]
  /** When it is checked, Unix ms. */
  readonly atUnixMs: number
  readonly crypto: TokenCrypto
}

export const PATH_REASONS = [
  'token-certificate-issuer',
  'token-certificate-time',
  'token-certificate-use',
  'token-certificate-signature',
] as const
export type PathReason = (typeof PATH_REASONS)[number]

const PATH_LENGTH_MAX = 100
const KEY_CERT_SIGN = 0x04
/** digitalSignature and nonRepudiation: what a time-stamping key may be for. */
const SIGNING = 0x80 | 0x40

/** Extensions that OpenSSL evaluates, so that they may be critical; constraints of names are missing. */
const EVALUATED: readonly string[] = [
  OID.keyUsage,
  OID.subjectAltName,
  OID.basicConstraints,
  OID.extendedKeyUsage,
  '2.5.29.32',
  '2.5.29.31',
  '2.5.29.36',
  '2.5.29.33',
  '2.5.29.54',
  '2.16.840.1.113730.1.1',
  '1.3.6.1.5.5.7.48.1.5',
]
const NAME_CONSTRAINTS = '2.5.29.30'

interface Link {
  readonly certificate: Certificate
  readonly uses: CertificateUses
  readonly encoded: string
  readonly isSelfSigned: boolean
}

const linkOf = (certificate: Certificate): Link => {
  const uses = usesOf(certificate)
  const self = { certificate, uses }
  const isSelfIssued = certificate.subject.key === certificate.issuer.key
  const isSelfSigned = isSelfIssued && isAuthorityOf(self, self)
  return { certificate, uses, encoded: hexOf(encodeCertificate(certificate)), isSelfSigned }
}

type Used = Pick<Link, 'certificate' | 'uses'>

/** Does the issuer fit what the subject says of its issuer's key? */
const isAuthorityOf = ({ certificate, uses }: Used, subject: Used): boolean => {
  const { authority } = subject.uses
  if (authority === undefined) return true
  const isKey =
    authority.keyId === undefined || uses.subjectKeyId === undefined || authority.keyId === uses.subjectKeyId
  const isSerial = authority.serial === undefined || authority.serial === certificate.serial
  return isKey && isSerial && (authority.name === undefined || authority.name.key === certificate.issuer.key)
}

const maySignCertificates = ({ keyUsage }: CertificateUses): boolean =>
  keyUsage === undefined || (keyUsage & KEY_CERT_SIGN) !== 0

const isIssuerOf = (issuer: Link, subject: Link): boolean =>
  issuer.certificate.subject.key === subject.certificate.issuer.key &&
  !issuer.uses.isBroken &&
  isAuthorityOf(issuer, subject) &&
  maySignCertificates(issuer.uses)

/** By whole seconds, of which the last one is over when it begins. */
const isAlive = ({ notBefore, notAfter }: Certificate, atUnixMs: number): boolean => {
  const at = Math.floor(atUnixMs / 1000) * 1000
  return notBefore !== undefined && notAfter !== undefined && notBefore <= at && at < notAfter
}

/** The one that is alive, else the one that lived longest. */
const bestOf = (candidates: readonly Link[], atUnixMs: number): Link | undefined =>
  candidates.find(({ certificate }) => isAlive(certificate, atUnixMs)) ??
  candidates.toSorted((a, b) => (b.certificate.notAfter ?? 0) - (a.certificate.notAfter ?? 0))[0]

/** From the signer up to a self-signed certificate that is trusted; undefined where there is no such path. */
const climb = ({ signer, trusted, untrusted, atUnixMs }: PathOptions): readonly Link[] | undefined => {
  const trustedLinks = trusted.map(linkOf)
  const otherLinks = untrusted.map(linkOf)
  const path = [linkOf(signer)]
  let isTrusted = false
  while (path.length <= PATH_LENGTH_MAX) {
    const last = path.at(-1)
    if (last === undefined) return undefined
    if (last.isSelfSigned)
      return isTrusted || trustedLinks.some(({ encoded }) => encoded === last.encoded) ? path : undefined
    const isNew = (link: Link): boolean => path.every(({ encoded }) => encoded !== link.encoded)
    const among = (links: readonly Link[]): Link | undefined =>
      bestOf(
        links.filter((link) => isIssuerOf(link, last) && isNew(link)),
        atUnixMs,
      )
    const fromTrusted = among(trustedLinks)
    const next = fromTrusted ?? (isTrusted ? undefined : among(otherLinks))
    if (next === undefined) return undefined
    isTrusted ||= fromTrusted !== undefined
    path.push(next)
  }
  return undefined
}

const isAuthority = ({ uses, certificate, isSelfSigned }: Link): boolean => {
  if (!maySignCertificates(uses)) return false
  if (uses.isAuthority !== undefined) return uses.isAuthority
  return isSelfSigned && (certificate.isVersion1 || uses.keyUsage !== undefined)
}

/** RFC 3161 §2.3: time-stamping and nothing else, and critical; if the key's use is told, then signing alone. */
const isForTimeStamps = ({ uses: { keyUsage, extendedKeyUsage } }: Link): boolean => {
  if (keyUsage !== undefined && ((keyUsage & ~SIGNING) !== 0 || (keyUsage & SIGNING) === 0)) return false
  const known = extendedKeyUsage?.ids.filter((id) => KNOWN_USES.includes(id)) ?? []
  const isAlone = known.length > 0 && known.every((id) => id === OID.timeStamping)
  return isAlone && extendedKeyUsage?.isCritical === true
}

/** Uses that OpenSSL has a name for; it passes over others. */
const KNOWN_USES: readonly string[] = [
  ...[1, 2, 3, 4, 8, 9, 10].map((number) => `1.3.6.1.5.5.7.3.${number}`),
  '1.3.6.1.4.1.311.10.3.3',
  '2.16.840.1.113730.4.1',
  '2.5.29.37.0',
]

const hasForeignConstraint = ({ certificate }: Link): boolean =>
  certificate.extensions.some(
    ({ id, isCritical }) => id === NAME_CONSTRAINTS || (isCritical && !EVALUATED.includes(id)),
  )

/** Are uses and lengths of the path in order? Lengths count authorities between, not the self-issued. */
const areUsesGood = (path: readonly Link[]): boolean => {
  let between = 0
  for (const [index, link] of path.entries()) {
    if (link.uses.isBroken || hasForeignConstraint(link)) return false
    if (index === 0 ? !isForTimeStamps(link) : !isAuthority(link)) return false
    const { pathLength } = link.uses
    if (index > 0 && pathLength !== undefined && between > pathLength) return false
    if (index > 0 && link.certificate.subject.key !== link.certificate.issuer.key) between += 1
  }
  return true
}

const isSignedBy = (certificate: Certificate, { spki }: Certificate, crypto: TokenCrypto): boolean => {
  const { algorithm, signedWith, tbs: message, signature, signatureBitsLeft } = certificate
  const hash = CERTIFICATE_SIGNATURES.get(algorithm.id)
  const isSame = algorithm.id === signedWith.id && equalAny(algorithm.parameter, signedWith.parameter)
  return isSame && hash !== undefined && signatureBitsLeft === 0 && crypto.verify({ spki, hash, message, signature })
}

/** The path's certificates, the signer first; or why there is none. A root's own signature proves nothing and is not checked. */
export const findPath = (options: PathOptions): readonly Certificate[] | PathReason => {
  const path = climb(options)
  if (path === undefined) return 'token-certificate-issuer'
  if (!areUsesGood(path)) return 'token-certificate-use'
  const certificates = path.map(({ certificate }) => certificate)
  if (!certificates.every((certificate) => isAlive(certificate, options.atUnixMs))) return 'token-certificate-time'
  const isSigned = certificates.every((certificate, index) => {
    const issuer = certificates[index + 1]
    return issuer === undefined || isSignedBy(certificate, issuer, options.crypto)
  })
  return isSigned ? certificates : 'token-certificate-signature'
}
