/**
 * The envelope of a time-stamp token: TimeStampResp (RFC 3161 §2.4.2) around a SignedData (RFC 5652 §5) of one signer, as they are read.
 * OpenSSL's `ts` reads the latter by the older PKCS #7, so the signer is named by issuer and serial number, and so it is here.
 */
import { hexOf } from '../base/index.ts'
import { BerReader, encodeAny } from './rfc3161-ber.ts'
import type { BerAny } from './rfc3161-ber.ts'
import { readCertificateItem, readCrl } from './rfc3161-certificate.ts'
import type { Certificate } from './rfc3161-certificate.ts'
import { TAG, objectIdOf, sequence, setOf, tagged } from './rfc3161-der.ts'
import { readAlgorithm, readGeneralName, readName } from './rfc3161-names.ts'
import { optionalAlgorithm } from './rfc3161-names.ts'
import type { Algorithm, DistinguishedName, GeneralName } from './rfc3161-names.ts'
import { OID } from './rfc3161-oids.ts'

export interface TokenAttribute {
  readonly id: string
  readonly idBytes: Uint8Array
  readonly values: readonly BerAny[]
}

export interface TokenSigner {
  readonly issuer: DistinguishedName
  /** Of its INTEGER, hexadecimal. */
  readonly serial: string
  readonly digest: Algorithm
  readonly attributes: readonly TokenAttribute[]
  readonly signature: Uint8Array
}

export interface SignedData {
  readonly digests: readonly Algorithm[]
  readonly contentType: string
  /** What is signed; undefined where it is not there, or no OCTET STRING. */
  readonly content: Uint8Array | undefined
  readonly certificates: readonly Certificate[]
  readonly signers: readonly TokenSigner[]
}

const readAttribute = (item: BerReader): TokenAttribute =>
  item.sequence((fields) => {
    const idBytes = fields.primitive(TAG.object)
    return { id: objectIdOf(idBytes), idBytes, values: fields.listOf('set', (value) => value.any()) }
  })

const readSigner = (item: BerReader): TokenSigner =>
  item.sequence((fields) => {
    fields.primitive(TAG.integer)
    const [issuer, serial] = fields.sequence((name) => [readName(name), hexOf(name.primitive(TAG.integer))] as const)
    const digest = readAlgorithm(fields)
    const attributes = fields.optionalListOf('sequence', readAttribute, { context: 0 }) ?? []
    readAlgorithm(fields)
    const signature = fields.primitive(TAG.octets)
    fields.optionalListOf('set', readAttribute, { context: 1 })
    return { issuer, serial, digest, attributes, signature }
  })

const readContent = (item: BerReader): Pick<SignedData, 'contentType' | 'content'> =>
  item.sequence((fields) => {
    const contentType = objectIdOf(fields.primitive(TAG.object))
    const value = fields.optionalExplicit(0, (field) => field.any())
    const isOctets = value !== undefined && value.kind === 0 && value.number === TAG.octets
    return { contentType, content: isOctets ? value.contents : undefined }
  })

const readSignedData = (item: BerReader): SignedData =>
  item.sequence((fields) => {
    fields.primitive(TAG.integer)
    const digests = fields.listOf('set', readAlgorithm)
    const content = readContent(fields)
    const certificates = fields.optionalListOf('sequence', readCertificateItem, { context: 0 }) ?? []
    fields.optionalListOf('set', readCrl, { context: 1 })
    const signers = fields.listOf('set', readSigner)
    return { digests, ...content, certificates, signers }
  })

/** A ContentInfo; undefined where it holds no SignedData. */
const readToken = (item: BerReader): SignedData | undefined =>
  item.sequence((fields) => {
    if (objectIdOf(fields.primitive(TAG.object)) === OID.signedData) return fields.optionalExplicit(0, readSignedData)
    fields.bad()
    return undefined
  })

export interface ReadResponse {
  /** PKIStatus in hexadecimal: `00` granted, `01` granted with changes. */
  readonly status: string
  /** What the authority said in words, each line cut short. */
  readonly texts: readonly string[]
  /** Bits of PKIFailureInfo that are set. */
  readonly failures: readonly number[]
  readonly token: SignedData | undefined
}

const TEXTS_MAX = 8
const TEXT_LENGTH_MAX = 200

const bitsOf = (contents: Uint8Array): readonly number[] =>
  Array.from({ length: Math.min(32, Math.max(0, contents.length - 1) * 8) }, (_, bit) => bit).filter(
    (bit) => ((contents[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0,
  )

const readStatus = (item: BerReader): Omit<ReadResponse, 'token'> =>
  item.sequence((fields) => {
    const status = hexOf(fields.primitive(TAG.integer))
    const texts = fields.optionalListOf('sequence', (one) => one.primitive(TAG.text)) ?? []
    const failures = bitsOf(fields.optionalPrimitive(TAG.bits) ?? new Uint8Array(0))
    const decoder = new TextDecoder()
    const shown = texts.slice(0, TEXTS_MAX).map((text) => decoder.decode(text).slice(0, TEXT_LENGTH_MAX))
    return { status, texts: shown, failures }
  })

/** A TimeStampResp; undefined where the bytes are none. What follows it is not looked at, as with OpenSSL. */
export const readResponse = (bytes: Uint8Array): ReadResponse | undefined => {
  const reader = new BerReader(bytes)
  const response = reader.sequence((fields) => ({
    ...readStatus(fields),
    token: fields.hasMore() ? readToken(fields) : undefined,
  }))
  return reader.isBad ? undefined : response
}

/** A token alone, as others store it; undefined where the bytes are none. */
export const readBareToken = (bytes: Uint8Array): SignedData | undefined => {
  const reader = new BerReader(bytes)
  const token = readToken(reader)
  return reader.isBad ? undefined : token
}

/** The signed attributes as they are signed: a SET in the order in which they stood, each written anew (RFC 5652 §5.4). */
export const encodeAttributes = (attributes: readonly TokenAttribute[]): Uint8Array | undefined => {
  const encoded = attributes.map(({ idBytes, values }) => {
    const all = values.map(encodeAny)
    const known = all.filter((value) => value !== undefined)
    return known.length < all.length ? undefined : sequence(tagged(TAG.object, idBytes), setOf(...known))
  })
  const known = encoded.filter((attribute) => attribute !== undefined)
  return known.length < encoded.length ? undefined : tagged(TAG.set, ...known)
}

/** What ties a token to its signer's certificate: ESSCertID of RFC 2634 (SHA-1), or ESSCertIDv2 of RFC 5035. */
export interface CertificateId {
  /** Undefined: the form's own, SHA-1 or SHA-256. */
  readonly algorithm: Algorithm | undefined
  readonly hash: Uint8Array
  readonly issuer: { readonly names: readonly GeneralName[]; readonly serial: string } | undefined
}

/** The ids of an attribute's value; undefined where it is none of this form. */
export const readCertificateIds = (value: BerAny, version: 1 | 2): readonly CertificateId[] | undefined => {
  const reader = new BerReader(value.contents)
  const ids = reader.sequence((fields) => {
    const list = fields.listOf('sequence', (item) => readCertificateId(item, version))
    fields.optionalListOf('sequence', readPolicy)
    return list
  })
  return reader.isBad ? undefined : ids
}

const CPS = '1.3.6.1.5.5.7.2.1'
const USER_NOTICE = '1.3.6.1.5.5.7.2.2'
const IA5_STRING = 22

/** Policies that an id may come with are read, since they must be well-formed, and used no further. */
const readPolicy = (item: BerReader): void =>
  item.sequence((fields) => {
    fields.primitive(TAG.object)
    fields.optionalListOf('sequence', readQualifier)
  })

const readQualifier = (item: BerReader): void =>
  item.sequence((fields) => {
    const id = objectIdOf(fields.primitive(TAG.object))
    const { kind, number } = fields.any()
    const type = id === CPS ? IA5_STRING : id === USER_NOTICE ? TAG.sequence & 0x1f : number
    if (kind === 0 && number !== type) fields.bad()
  })

const readCertificateId = (item: BerReader, version: 1 | 2): CertificateId =>
  item.sequence((fields) => {
    const algorithm = version === 2 ? optionalAlgorithm(fields) : undefined
    const hash = fields.primitive(TAG.octets)
    const issuer = fields.optionalSequence((one) => ({
      names: one.listOf('sequence', readGeneralName),
      serial: hexOf(one.primitive(TAG.integer)),
    }))
    return { algorithm, hash, issuer }
  })
