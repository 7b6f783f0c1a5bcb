/**
 * A stamp made offline: with the next unused vector, signed, naming the one before. And the return: the node's word, once it is online
 * again, of how many it made, the last of them, and what its clock reads now; this is stamped, and with it all before it.
 *
 * Source: seed 003 §6; DESIGN §5.2. Rules P-76 to P-78 in docs/spec/proofs.md. Not promised: the reading in an offline stamp is its node's
 * word; what a quorum vouches for are the drawing before it and the return after it.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission, Tai, TimeInterval } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, encodeData, fixedBytes, text, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { sha3 } from '../crypto/index.ts'
import type { Signer, Verifier } from '../crypto/index.ts'
import { OFFLINE_VECTORS_MAX, offlineTaiField } from './offline-vectors.ts'

export const OFFLINE_STAMP_DOMAIN = 'truechimer/offline-stamp/1'
export const OFFLINE_RETURN_DOMAIN = 'truechimer/offline-return/1'
export const OFFLINE_STAMP_BYTES_MAX = 384
export const OFFLINE_RETURN_BYTES_MAX = 256
/** Longest imprint (SHA-512) and longest name of its algorithm. */
const IMPRINT_BYTES_MAX = 64
const ALGORITHM_LENGTH_MAX = 16

/** What the first offline stamp of a drawing names as the one before. */
export const NO_STAMP: Uint8Array = new Uint8Array(32)

export interface OfflineStampBody {
  /** Id of the drawing, 32 bytes. */
  readonly vectors: Uint8Array
  /** Which of its vectors, from 0. */
  readonly index: number
  /** `vectorValue` of it, 32 bytes. */
  readonly value: Uint8Array
  /** Digest of the offline stamp before, or NO_STAMP. */
  readonly previous: Uint8Array
  readonly algorithm: string
  readonly imprint: Uint8Array
  /** What the node's clock read, TAI ns. */
  readonly reading: TimeInterval
}

export interface OfflineStamp extends OfflineStampBody {
  /** Ed25519 over the body in OFFLINE_STAMP_DOMAIN, 64 bytes. */
  readonly signature: Uint8Array
}

/** With its bytes and their SHA3-256, which the next one names. */
export interface SealedOfflineStamp {
  readonly stamp: OfflineStamp
  readonly bytes: Uint8Array
  readonly digest: Uint8Array
}

export interface OfflineReturnBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Id of the drawing, 32 bytes. */
  readonly vectors: Uint8Array
  /** Stamps that were made. */
  readonly count: number
  /** Digest of the last, or NO_STAMP. */
  readonly last: Uint8Array
  /** What the node's clock, still as it was offline, reads on return, TAI ns. */
  readonly reading: TimeInterval
}

export interface OfflineReturn extends OfflineReturnBody {
  /** Ed25519 over the body in OFFLINE_RETURN_DOMAIN, 64 bytes. */
  readonly signature: Uint8Array
}

/** With its bytes and their SHA3-256, which is what is stamped. */
export interface SealedReturn {
  readonly returned: OfflineReturn
  readonly bytes: Uint8Array
  readonly digest: Uint8Array
}

type Wired<T extends { readonly reading: TimeInterval }> = Omit<T, 'reading'> & {
  readonly form: string
  readonly earliest: Tai
  readonly latest: Tai
}

const stampShape = {
  form: word([OFFLINE_STAMP_DOMAIN]),
  vectors: fixedBytes(32),
  index: uint({ max: OFFLINE_VECTORS_MAX - 1 }),
  value: fixedBytes(32),
  previous: fixedBytes(32),
  algorithm: text(ALGORITHM_LENGTH_MAX),
  imprint: bytes(IMPRINT_BYTES_MAX),
  earliest: offlineTaiField,
  latest: offlineTaiField,
} as const
const stampBody: Field<Wired<OfflineStampBody>> = tuple<Wired<OfflineStampBody>>(stampShape)
const stampCodec = codecOf(
  tuple<Wired<OfflineStampBody> & { readonly signature: Uint8Array }>({ ...stampShape, signature: fixedBytes(64) }),
  OFFLINE_STAMP_BYTES_MAX,
)

const returnShape = {
  form: word([OFFLINE_RETURN_DOMAIN]),
  networkId: fixedBytes(32),
  vectors: fixedBytes(32),
  count: uint({ max: OFFLINE_VECTORS_MAX }),
  last: fixedBytes(32),
  earliest: offlineTaiField,
  latest: offlineTaiField,
} as const
const returnBody: Field<Wired<OfflineReturnBody>> = tuple<Wired<OfflineReturnBody>>(returnShape)
const returnCodec = codecOf(
  tuple<Wired<OfflineReturnBody> & { readonly signature: Uint8Array }>({ ...returnShape, signature: fixedBytes(64) }),
  OFFLINE_RETURN_BYTES_MAX,
)

type OnlySigner = Pick<Signer, 'sign'>

/** Signs an offline stamp. Whoever calls it has put on disk before that the vector is used. Rejects as the signer does. */
export const signOfflineStamp = async (signer: OnlySigner, body: OfflineStampBody): Promise<SealedOfflineStamp> => {
  const { reading, ...rest } = body
  const wire = { form: OFFLINE_STAMP_DOMAIN, ...rest, ...reading }
  const signature = await signer.sign(OFFLINE_STAMP_DOMAIN, encodeData(stampBody.write(wire)))
  const data = stampCodec.encode({ ...wire, signature })
  return { stamp: { ...body, signature }, bytes: data, digest: sha3(data) }
}

/** Signs a return. Rejects as the signer does. */
export const signReturn = async (signer: OnlySigner, body: OfflineReturnBody): Promise<SealedReturn> => {
  const { reading, ...rest } = body
  const wire = { form: OFFLINE_RETURN_DOMAIN, ...rest, ...reading }
  const signature = await signer.sign(OFFLINE_RETURN_DOMAIN, encodeData(returnBody.write(wire)))
  const data = returnCodec.encode({ ...wire, signature })
  return { returned: { ...body, signature }, bytes: data, digest: sha3(data) }
}

export const OFFLINE_STAMP_REASONS = [...CODEC_REASONS, 'offline-reversed', 'bad-signature'] as const
export type OfflineStampReason = (typeof OFFLINE_STAMP_REASONS)[number]

/** An offline stamp from bytes of anybody, well-formed and signed by `node` (whom the drawing names). */
export const openOfflineStamp = (
  data: Uint8Array,
  node: Uint8Array,
  verifier: Verifier,
): Admission<SealedOfflineStamp, OfflineStampReason> => {
  const decoded = stampCodec.decode(data)
  if (decoded.verdict !== 'accept') return decoded
  const { signature, ...wire } = decoded.value
  const { form: _form, earliest, latest, ...rest } = wire
  if (earliest > latest) return reject('offline-reversed')
  const body = encodeData(stampBody.write(wire))
  if (!verifier.verify({ publicKey: node, domain: OFFLINE_STAMP_DOMAIN, body, signature }))
    return reject('bad-signature')
  return accept({ stamp: { ...rest, reading: { earliest, latest }, signature }, bytes: data, digest: sha3(data) })
}

/** A return from bytes of anybody, well-formed and signed by `node`. */
export const openReturn = (
  data: Uint8Array,
  node: Uint8Array,
  verifier: Verifier,
): Admission<SealedReturn, OfflineStampReason> => {
  const decoded = returnCodec.decode(data)
  if (decoded.verdict !== 'accept') return decoded
  const { signature, ...wire } = decoded.value
  const { form: _form, earliest, latest, ...rest } = wire
  if (earliest > latest) return reject('offline-reversed')
  const body = encodeData(returnBody.write(wire))
  if (!verifier.verify({ publicKey: node, domain: OFFLINE_RETURN_DOMAIN, body, signature }))
    return reject('bad-signature')
  return accept({ returned: { ...rest, reading: { earliest, latest }, signature }, bytes: data, digest: sha3(data) })
}
