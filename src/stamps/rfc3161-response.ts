/**
 * What a time-stamping authority answers, in DER: a token in a SignedData of version 3 with one signer, ECDSA over SHA-256, and ESSCertIDv2
 * (RFC 3161 §2.4.2, RFC 5816, RFC 5652 §5); or a refusal. Same contents, same bytes, but for what the signature draws by chance.
 */
import { contextTag, integer, object, octets, oneBit, sequence, setOf, tagged, text, TAG } from './rfc3161-der.ts'
import { OID } from './rfc3161-oids.ts'
import { TS_REFUSALS } from './rfc3161-request.ts'
import type { TsRequestReason } from './rfc3161-request.ts'
import { encodeTstInfo } from './rfc3161-tst-info.ts'
import type { TstInfo } from './rfc3161-tst-info.ts'
import { sha256 } from '../crypto/index.ts'

/** Who signs: its certificate, what of it a signature names, and the key behind a function. */
export interface TokenIssuer {
  /** DER of the certificate. */
  readonly certificate: Uint8Array
  /** DER of its issuer's name. */
  readonly issuerName: Uint8Array
  /** DER of its serial number. */
  readonly serialNumber: Uint8Array
  /** ECDSA with SHA-256 over the message, in DER. */
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>
}

const GRANTED = 0
const REJECTION = 2
const SIGNED_DATA_VERSION = 3

/** SHA-256 and ECDSA with it have no parameters (RFC 5754 §2, RFC 5758 §3.2). */
const algorithm = (id: string): Uint8Array => sequence(object(id))

const attribute = (id: string, value: Uint8Array): Uint8Array => sequence(object(id), setOf(value))

/** Which certificate signed, by its SHA-256, issuer and serial number. The hash is the form's own, so it is not named (RFC 5035 §4). */
const signingCertificate = ({ certificate, issuerName, serialNumber }: TokenIssuer): Uint8Array => {
  const directoryName = tagged(contextTag(4), issuerName)
  const issuerSerial = sequence(sequence(directoryName), serialNumber)
  return sequence(sequence(sequence(octets(sha256(certificate)), issuerSerial)))
}

const attributesOf = (content: Uint8Array, issuer: TokenIssuer): Uint8Array =>
  setOf(
    attribute(OID.contentType, object(OID.tstInfo)),
    attribute(OID.messageDigest, octets(sha256(content))),
    attribute(OID.signingCertificateV2, signingCertificate(issuer)),
  )

/** An IMPLICIT tag in the place of a value's own, which is one byte. */
const retagged = (tag: number, value: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(value)
  copy[0] = tag
  return copy
}

export interface TokenWish {
  readonly info: TstInfo
  readonly withCertificate: boolean
}

/** A granted response with its token. */
export const makeResponse = async ({ info, withCertificate }: TokenWish, issuer: TokenIssuer): Promise<Uint8Array> => {
  const content = encodeTstInfo(info)
  const attributes = attributesOf(content, issuer)
  const signature = await issuer.sign(attributes)
  const signerInfo = sequence(
    integer(1),
    sequence(issuer.issuerName, issuer.serialNumber),
    algorithm(OID.sha256),
    retagged(contextTag(0), attributes),
    algorithm(OID.ecdsaWithSha256),
    octets(signature),
  )
  const signedData = sequence(
    integer(SIGNED_DATA_VERSION),
    setOf(algorithm(OID.sha256)),
    sequence(object(OID.tstInfo), tagged(contextTag(0), octets(content))),
    ...(withCertificate ? [tagged(contextTag(0), issuer.certificate)] : []),
    setOf(signerInfo),
  )
  const token = sequence(object(OID.signedData), tagged(contextTag(0), signedData))
  return sequence(sequence(integer(GRANTED)), token)
}

/** A refusal, with its reason as a bit and in words. */
export const encodeRefusal = (reason: TsRequestReason): Uint8Array => {
  const { bit, text: words } = TS_REFUSALS[reason]
  return sequence(sequence(integer(REJECTION), tagged(TAG.sequence, text(words)), oneBit(bit)))
}
