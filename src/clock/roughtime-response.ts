/**
 * Roughtime's responses, checked: is this the answer of that key to this very request, and what time does it say?
 * Source: RFC 10049 "Responses", "Validity of Response"; what the older forms do otherwise is in roughtime-dialect.ts.
 *
 * Pure, and needs nothing but the two datagrams and the key, so a report can be checked years later. Until both signatures are
 * seen to be right, anybody may have sent the datagram: such a one is ignored. What is signed and still wrong is rejected, and
 * can be shown to others.
 * Not promised: that the time is right. Validity only says that the server answers for it.
 */
import { accept, equalBytes, ignore, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { verifyMessage } from '../crypto/index.ts'
import { CLASSIC, roughtimeDialectOf, RESPONSE_CONTEXT, ROUGHTIME_VERSIONS_MAX } from './roughtime-dialect.ts'
import type { RoughtimeDialect } from './roughtime-dialect.ts'
import { rootOfPath } from './roughtime-merkle.ts'
import {
  decodeMessage,
  decodePacket,
  isFramed,
  ROUGHTIME_TAG,
  uint32Of,
  uint32sOf,
  uint64Of,
} from './roughtime-message.ts'
import type { RoughtimeMessage, RoughtimeMessageReason } from './roughtime-message.ts'
import { roughtimeOffers } from './roughtime-request.ts'

/** Longest response that is read, bytes; one over a batch of 2^32 has under 1,700 (2,800 in the classic form). */
export const ROUGHTIME_RESPONSE_BYTES_MAX = 4096

/** Why a response is not valid, besides what makes bytes no message. */
export const ROUGHTIME_RESPONSE_REASONS = [
  'roughtime-too-long',
  'roughtime-wrong-form',
  'roughtime-wrong-version',
  'roughtime-wrong-type',
  'roughtime-wrong-nonce',
  'roughtime-missing-tag',
  'roughtime-delegation-signature',
  'roughtime-response-signature',
  'roughtime-not-in-tree',
  'roughtime-versions',
  'roughtime-zero-radius',
  'roughtime-outside-delegation',
] as const
export type RoughtimeResponseReason = (typeof ROUGHTIME_RESPONSE_REASONS)[number] | RoughtimeMessageReason

/** What a valid response says. */
export interface RoughtimeReply {
  readonly dialect: RoughtimeDialect
  /** MIDP and RADI, as Unix ns and ns: true time was within (midpoint − radius, midpoint + radius) by the server's word. */
  readonly midpointUnixNs: bigint
  readonly radiusNs: bigint
}

export interface RoughtimeClaim {
  readonly response: Uint8Array
  /** The datagram that it answers. */
  readonly request: Uint8Array
  /** The server's long-term key, 32 bytes. */
  readonly publicKey: Uint8Array
}

type Judged<T> = Admission<T, RoughtimeResponseReason>

const T = ROUGHTIME_TAG

/** The parts of a response, unchecked but for their being messages. */
interface Parts {
  readonly message: RoughtimeMessage
  readonly srepBytes: Uint8Array
  readonly srep: RoughtimeMessage
  readonly cert: RoughtimeMessage
  readonly deleBytes: Uint8Array
  readonly dele: RoughtimeMessage
}

const child = (message: RoughtimeMessage, tag: number): Judged<readonly [Uint8Array, RoughtimeMessage]> => {
  const bytes = message.get(tag)
  if (bytes === undefined) return ignore('roughtime-missing-tag')
  const decoded = decodeMessage(bytes)
  return decoded.verdict === 'accept' ? accept([bytes, decoded.value]) : decoded
}

const partsOf = (response: Uint8Array): Judged<Parts> => {
  const decoded = decodePacket(response)
  if (decoded.verdict !== 'accept') return decoded
  const message = decoded.value
  const srep = child(message, T.SREP)
  if (srep.verdict !== 'accept') return srep
  const cert = child(message, T.CERT)
  if (cert.verdict !== 'accept') return cert
  const dele = child(cert.value[1], T.DELE)
  if (dele.verdict !== 'accept') return dele
  return accept({
    message,
    srepBytes: srep.value[0],
    srep: srep.value[1],
    cert: cert.value[1],
    deleBytes: dele.value[0],
    dele: dele.value[1],
  })
}

/** The form of a response: what its version says, where that fits the version's place. */
const dialectOf = ({ message, srep }: Parts, framed: boolean): RoughtimeDialect | undefined => {
  if (!framed) return CLASSIC
  const signed = uint32Of(srep.get(T.VER))
  const version = signed ?? uint32Of(message.get(T.VER))
  const dialect = version === undefined ? undefined : roughtimeDialectOf(version)
  return dialect?.versionIn === (signed === undefined ? 'open' : 'signed') ? dialect : undefined
}

/** Does it say that it is a response, to this nonce? */
const envelopeFault = (
  { message }: Parts,
  dialect: RoughtimeDialect,
  nonce: Uint8Array | undefined,
): RoughtimeResponseReason | undefined => {
  const type = message.get(T.TYPE)
  if (type === undefined ? dialect.needsType : uint32Of(type) !== 1) return 'roughtime-wrong-type'
  const echoed = message.get(T.NONC)
  if (nonce === undefined || nonce.length !== dialect.digestBytes) return 'roughtime-wrong-nonce'
  if (echoed === undefined ? dialect.versionIn !== 'nowhere' : !equalBytes(echoed, nonce))
    return 'roughtime-wrong-nonce'
  return undefined
}

const isSigned = (publicKey: Uint8Array, context: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean => {
  const message = new Uint8Array(context.length + bytes.length)
  message.set(context)
  message.set(bytes, context.length)
  // Copies of a plain kind: a Buffer's `slice` is no copy, and who checks a point changes its own.
  return verifyMessage({ publicKey: new Uint8Array(publicKey), message, signature: new Uint8Array(signature) })
}

const NOTHING = new Uint8Array(0)

/** Did the long-term key delegate, and the delegate sign? */
const signatureFault = (
  parts: Parts,
  dialect: RoughtimeDialect,
  publicKey: Uint8Array,
): RoughtimeResponseReason | undefined => {
  const { message, cert, dele, deleBytes, srepBytes } = parts
  const delegated = cert.get(T.SIG) ?? NOTHING
  if (!isSigned(publicKey, dialect.delegationContext, deleBytes, delegated)) return 'roughtime-delegation-signature'
  const delegate = dele.get(T.PUBK) ?? NOTHING
  return isSigned(delegate, RESPONSE_CONTEXT, srepBytes, message.get(T.SIG) ?? NOTHING)
    ? undefined
    : 'roughtime-response-signature'
}

/** Is the request in the tree whose root was signed? */
const isInTree = ({ message, srep }: Parts, dialect: RoughtimeDialect, leaf: Uint8Array): boolean => {
  const index = uint32Of(message.get(T.INDX))
  const path = message.get(T.PATH)
  const root = srep.get(T.ROOT)
  if (index === undefined || path === undefined || root === undefined) return false
  const { digestBytes } = dialect
  const orders = dialect.acceptsReversedNodes ? [false, true] : [false]
  return orders.some((isReversed) => {
    const found = rootOfPath({ leaf, index, path, digestBytes, isReversed })
    return found !== undefined && equalBytes(found, root)
  })
}

/** VERS: ascending, at most 32, and with the version that was used. Only the RFC and its last drafts have it. */
const areVersionsGood = ({ srep }: Parts, { version }: RoughtimeDialect): boolean => {
  const versions = uint32sOf(srep.get(T.VERS), ROUGHTIME_VERSIONS_MAX)
  if (version === undefined || versions === undefined || !versions.includes(version)) return false
  return versions.every((number, i) => i === 0 || number > (versions[i - 1] ?? number))
}

/** What the signed parts say; wrong content under a right signature is the server's own. */
const contentOf = (parts: Parts, dialect: RoughtimeDialect): Judged<RoughtimeReply> => {
  const { srep, dele } = parts
  const midpoint = uint64Of(srep.get(T.MIDP))
  const radius = uint32Of(srep.get(T.RADI))
  const from = uint64Of(dele.get(T.MINT))
  const until = uint64Of(dele.get(T.MAXT))
  if (midpoint === undefined || radius === undefined || from === undefined || until === undefined)
    return reject('roughtime-missing-tag')
  if (dialect.needsType && !areVersionsGood(parts, dialect)) return reject('roughtime-versions')
  if (radius === 0) return reject('roughtime-zero-radius')
  if (midpoint < from || midpoint > until) return reject('roughtime-outside-delegation')
  const { unitNs } = dialect
  return accept({ dialect, midpointUnixNs: midpoint * unitNs, radiusNs: BigInt(radius) * unitNs })
}

/**
 * The verdict on a response. `ignore`: not this key's answer to this request. `reject`: it is, and breaks the standard.
 * All arguments may be anybody's; never throws.
 */
export const verifyRoughtimeResponse = ({ response, request, publicKey }: RoughtimeClaim): Judged<RoughtimeReply> => {
  if (response.length > ROUGHTIME_RESPONSE_BYTES_MAX) return ignore('roughtime-too-long')
  const framed = isFramed(request)
  if (isFramed(response) !== framed) return ignore('roughtime-wrong-form')
  const asked = decodePacket(request)
  if (asked.verdict !== 'accept') return asked
  const judged = partsOf(response)
  if (judged.verdict !== 'accept') return judged
  const parts = judged.value
  const dialect = dialectOf(parts, framed)
  const offered = roughtimeOffers(asked.value, request)
  if (dialect === undefined || offered?.includes(dialect) !== true) return ignore('roughtime-wrong-version')
  const nonce = asked.value.get(T.NONC)
  const fault = envelopeFault(parts, dialect, nonce) ?? signatureFault(parts, dialect, publicKey)
  if (fault !== undefined) return ignore(fault)
  const leaf = dialect.leaf === 'packet' ? request : nonce
  if (leaf === undefined || !isInTree(parts, dialect, leaf)) return ignore('roughtime-not-in-tree')
  return contentOf(parts, dialect)
}
