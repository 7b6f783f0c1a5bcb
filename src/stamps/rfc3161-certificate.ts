/**
 * X.509 certificates as time-stamp tokens carry them (RFC 5280), read as OpenSSL reads them. Nothing is trusted by reading it; a path to
 * somebody trusted is looked for in rfc3161-path.ts.
 */
import { bytesOfBase64, hexOf } from '../base/index.ts'
import { BerReader, encodeAny, latin1, trimmedBits } from './rfc3161-ber.ts'
import { TAG, objectIdOf, sequence, tagged } from './rfc3161-der.ts'
import { readAlgorithm, readGeneralName, readName } from './rfc3161-names.ts'
import type { Algorithm, DistinguishedName, GeneralName } from './rfc3161-names.ts'
import { OID } from './rfc3161-oids.ts'

export interface CertificateExtension {
  readonly id: string
  readonly isCritical: boolean
  readonly value: Uint8Array
}

export interface Certificate {
  /** What is signed, as it stood. */
  readonly tbs: Uint8Array
  readonly isVersion1: boolean
  /** Of its INTEGER, hexadecimal. */
  readonly serial: string
  readonly issuer: DistinguishedName
  /** Both as they stand, with their headers. */
  readonly issuerBytes: Uint8Array
  readonly serialBytes: Uint8Array
  readonly subject: DistinguishedName
  /** Unix ms; undefined where it is no time. */
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  readonly signedWith: Algorithm
  readonly algorithm: Algorithm
  readonly signature: Uint8Array
  /** Bits left over in the last byte of the signature; 0 in any that holds. */
  readonly signatureBitsLeft: number
  readonly extensions: readonly CertificateExtension[]
}

const UTC_TIME = /^(\d\d)(\d{10})Z$/
const GENERALIZED_TIME = /^(\d{14})Z$/

/** RFC 5280 §4.1.2.5: whole seconds in UTC, in two digits of a year from 1950 to 2049. */
const readTime = (item: BerReader): number | undefined => {
  const { kind, number, contents } = item.any()
  if (kind !== 0 || (number !== TAG.utcTime && number !== TAG.generalizedTime)) item.bad()
  const text = latin1(contents)
  if (number === TAG.generalizedTime) return unixMsOf(GENERALIZED_TIME.exec(text)?.[1])
  const [, year = '', rest = ''] = UTC_TIME.exec(text) ?? []
  return unixMsOf(year === '' ? undefined : `${Number(year) < 50 ? '20' : '19'}${year}${rest}`)
}

/** `YYYYMMDDHHMMSS` as Unix ms; undefined where there is no such day or time. */
export const unixMsOf = (digits: string | undefined): number | undefined => {
  if (digits === undefined) return undefined
  const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6.000Z')
  const ms = Date.parse(iso)
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? undefined : ms
}

const readExtension = (item: BerReader): CertificateExtension =>
  item.sequence((fields) => {
    const id = objectIdOf(fields.primitive(TAG.object))
    const isCritical = (fields.optionalPrimitive(TAG.boolean)?.[0] ?? 0) !== 0
    return { id, isCritical, value: fields.primitive(TAG.octets) }
  })

const readSpki = (item: BerReader): Uint8Array =>
  item.rawOf((field) =>
    field.sequence((fields) => {
      readAlgorithm(fields)
      fields.primitive(TAG.bits)
    }),
  ).raw

type Tbs = Omit<Certificate, 'tbs' | 'algorithm' | 'signature' | 'signatureBitsLeft'>

const readTbs = (item: BerReader): Tbs =>
  item.sequence((fields) => {
    const version = fields.optionalExplicit(0, (field) => field.primitive(TAG.integer))
    const { value: serial, raw: serialBytes } = fields.rawOf((field) => hexOf(field.primitive(TAG.integer)))
    const signedWith = readAlgorithm(fields)
    const { value: issuer, raw: issuerBytes } = fields.rawOf(readName)
    const [notBefore, notAfter] = fields.sequence((times) => [readTime(times), readTime(times)] as const)
    const subject = readName(fields)
    const spki = readSpki(fields)
    fields.optionalPrimitive(TAG.bits, { context: 1 })
    fields.optionalPrimitive(TAG.bits, { context: 2 })
    const extensions = fields.optionalExplicit(3, (field) => field.listOf('sequence', readExtension)) ?? []
    const isVersion1 = version === undefined || hexOf(version) === '00'
    return {
      isVersion1,
      serial,
      serialBytes,
      signedWith,
      issuer,
      issuerBytes,
      notBefore,
      notAfter,
      subject,
      spki,
      extensions,
    }
  })

export const readCertificateItem = (item: BerReader): Certificate =>
  item.sequence((fields) => {
    const { value, raw: tbs } = fields.rawOf(readTbs)
    const algorithm = readAlgorithm(fields)
    const bits = fields.primitive(TAG.bits)
    return { ...value, tbs, algorithm, signature: bits.subarray(1), signatureBitsLeft: bits[0] ?? 0 }
  })

/** A certificate from its DER; undefined where it is none. What follows it is not looked at. */
export const readCertificate = (bytes: Uint8Array): Certificate | undefined => {
  const reader = new BerReader(bytes)
  const certificate = readCertificateItem(reader)
  return reader.isBad ? undefined : certificate
}

/** All certificates of a PEM text, in order; undefined where one of them is none, or there is none. */
export const readCertificates = (pem: string): readonly Certificate[] | undefined => {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g)]
  const read = blocks.map(([, text = '']) =>
    readCertificate(bytesOfBase64(text.replaceAll(/\s/g, '')) ?? new Uint8Array(0)),
  )
  const good = read.filter((certificate) => certificate !== undefined)
  return good.length === 0 || good.length < read.length ? undefined : good
}

/** A list of CRLs is read and not used: RFC 3161 leaves revocation to who verifies, and OpenSSL's `ts -verify` looks at none. */
export const readCrl = (item: BerReader): void =>
  item.sequence((fields) => {
    fields.sequence((list) => {
      list.optionalPrimitive(TAG.integer)
      readAlgorithm(list)
      readName(list)
      readTime(list)
      if (list.nextIs(0, TAG.utcTime) || list.nextIs(0, TAG.generalizedTime)) readTime(list)
      list.optionalListOf('sequence', readRevoked)
      list.optionalExplicit(0, (field) => field.listOf('sequence', readExtension))
    })
    readAlgorithm(fields)
    fields.primitive(TAG.bits)
  })

const readRevoked = (item: BerReader): void =>
  item.sequence((fields) => {
    fields.primitive(TAG.integer)
    readTime(fields)
    fields.optionalListOf('sequence', readExtension)
  })

/** The certificate as it is hashed in a token's attributes: what was signed as it stood, what is around it in DER. */
export const encodeCertificate = ({ tbs, algorithm, signature, signatureBitsLeft }: Certificate): Uint8Array => {
  const { idBytes, parameter } = algorithm
  const parameters = parameter === undefined ? [] : [encodeAny(parameter) ?? new Uint8Array(0)]
  const bits = trimmedBits(Uint8Array.of(signatureBitsLeft, ...signature))
  return sequence(tbs, sequence(tagged(TAG.object, idBytes), ...parameters), tagged(TAG.bits, bits))
}

const extensionOf = (certificate: Certificate, id: string): CertificateExtension | undefined =>
  certificate.extensions.find((extension) => extension.id === id)

/** What a certificate says by its extensions; `isBroken` where one of them cannot be read or is there twice. */
export interface CertificateUses {
  readonly isBroken: boolean
  /** Undefined where it does not say. */
  readonly isAuthority: boolean | undefined
  readonly pathLength: number | undefined
  /** Bits of keyUsage, the first byte in the low eight. */
  readonly keyUsage: number | undefined
  readonly extendedKeyUsage: { readonly ids: readonly string[]; readonly isCritical: boolean } | undefined
  /** Hexadecimal. */
  readonly subjectKeyId: string | undefined
  readonly authority: Authority | undefined
  readonly alternativeNames: readonly GeneralName[]
}

interface Authority {
  readonly keyId: string | undefined
  readonly name: DistinguishedName | undefined
  readonly serial: string | undefined
}

export const usesOf = (certificate: Certificate): CertificateUses => {
  let isBroken = certificate.extensions.some(
    ({ id }, index) => READ_IDS.includes(id) && certificate.extensions.findIndex((one) => one.id === id) !== index,
  )
  const read = <T>(id: string, how: (reader: BerReader) => T): T | undefined => {
    const extension = extensionOf(certificate, id)
    if (extension === undefined) return undefined
    const reader = new BerReader(extension.value)
    const value = how(reader)
    isBroken ||= reader.isBad
    return value
  }
  const constraints = read(OID.basicConstraints, readConstraints)
  const keyUsage = read(OID.keyUsage, (reader) => keyUsageOf(reader.primitive(TAG.bits)))
  const ids = read(OID.extendedKeyUsage, (reader) =>
    reader.listOf('sequence', (item) => objectIdOf(item.primitive(TAG.object))),
  )
  const isCritical = extensionOf(certificate, OID.extendedKeyUsage)?.isCritical ?? false
  const subjectKeyId = read(OID.subjectKeyId, (reader) => hexOf(reader.primitive(TAG.octets)))
  const authority = read(OID.authorityKeyId, readAuthority)
  const alternativeNames = read(OID.subjectAltName, (reader) => reader.listOf('sequence', readGeneralName)) ?? []
  return {
    isBroken: isBroken || keyUsage === 0,
    isAuthority: constraints?.isAuthority,
    pathLength: constraints?.pathLength,
    keyUsage,
    extendedKeyUsage: ids === undefined ? undefined : { ids, isCritical },
    subjectKeyId,
    authority,
    alternativeNames,
  }
}

const READ_IDS: readonly string[] = [
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectKeyId,
  OID.authorityKeyId,
  OID.subjectAltName,
]

const readConstraints = (
  reader: BerReader,
): { readonly isAuthority: boolean; readonly pathLength: number | undefined } =>
  reader.sequence((fields) => {
    const isAuthority = (fields.optionalPrimitive(TAG.boolean)?.[0] ?? 0) !== 0
    const length = fields.optionalPrimitive(TAG.integer)
    if (length !== undefined && (length[0] ?? 0) >= 0x80) fields.bad()
    const pathLength = length?.reduce((sum, byte) => sum * 256 + byte, 0)
    return { isAuthority, pathLength }
  })

const keyUsageOf = (contents: Uint8Array): number => {
  const [, first = 0, second = 0] = trimmedBits(contents)
  return first | (second << 8)
}

const readAuthority = (reader: BerReader): Authority =>
  reader.sequence((fields) => {
    const keyId = fields.optionalPrimitive(TAG.octets, { context: 0 })
    const names = fields.optionalListOf('sequence', readGeneralName, { context: 1 }) ?? []
    const serial = fields.optionalPrimitive(TAG.integer, { context: 2 })
    const directory = names.find((one) => 'name' in one)
    return {
      keyId: keyId === undefined ? undefined : hexOf(keyId),
      name: directory !== undefined && 'name' in directory ? directory.name : undefined,
      serial: serial === undefined ? undefined : hexOf(serial),
    }
  })
