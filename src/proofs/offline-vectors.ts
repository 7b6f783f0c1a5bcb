/**
 * One-time vectors, drawn while a node is online for the time when it will not be. The node signs how many it wants, until when they
 * hold, what its clock read and how fast that clock may drift; the statement is stamped, so that a quorum vouches for a network
 * interval and for a block whose id nobody knew before. From that id each vector's value follows.
 *
 * Source: seed 003 §6 ("pre-shared initialization vectors"), DESIGN §5.2. Rules P-70 to P-73 in docs/spec/proofs.md. Not promised: that the
 * node's clock drifts no faster than it says; that is checked on return (offline-check.ts).
 */
import { TAI_MAX, accept, reject } from '../base/index.ts'
import type { Admission, Tai, TimeInterval } from '../base/index.ts'
import { CODEC_REASONS, codecOf, encodeData, encodeFlat, fixedBytes, int64, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { domainDigest, ed25519Verifier, keySpellingFault, sha3 } from '../crypto/index.ts'
import type { Signer, Verifier } from '../crypto/index.ts'

export const OFFLINE_VECTORS_DOMAIN = 'truechimer/offline-vectors/1'
const OFFLINE_VECTOR_DOMAIN = 'truechimer/offline-vector/1'
/** Vectors of one drawing at most. */
export const OFFLINE_VECTORS_MAX = 4096
/** A clock that may drift by more than this is none, parts per billion: a thousandth. */
export const OFFLINE_DRIFT_PPB_MAX = 1_000_000
/** The largest statement, bytes. */
export const OFFLINE_VECTORS_BYTES_MAX = 256

export interface OfflineVectorsBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Ed25519 key of who will stamp, 32 bytes. */
  readonly node: Uint8Array
  /** 1 to OFFLINE_VECTORS_MAX. */
  readonly count: number
  /** Nothing is stamped with them that may be later, TAI ns. */
  readonly expires: Tai
  /** What the node's clock read when it drew them, TAI ns. */
  readonly drawn: TimeInterval
  /** From then on the clock gains or loses at most this, parts per billion, 0 to OFFLINE_DRIFT_PPB_MAX. */
  readonly driftPpb: number
}

export interface OfflineVectors extends OfflineVectorsBody {
  /** Ed25519 over the body in OFFLINE_VECTORS_DOMAIN, 64 bytes. */
  readonly signature: Uint8Array
}

/** The statement, its bytes, and its digest: SHA3-256 of the bytes, which is what is stamped. */
export interface SealedVectors {
  readonly vectors: OfflineVectors
  readonly bytes: Uint8Array
  readonly id: Uint8Array
}

export const offlineTaiField: Field<Tai> = int64({ min: 0n, max: TAI_MAX })

interface Wire extends Omit<OfflineVectorsBody, 'drawn'> {
  readonly form: typeof OFFLINE_VECTORS_DOMAIN
  readonly earliest: Tai
  readonly latest: Tai
}
const shape = {
  form: word([OFFLINE_VECTORS_DOMAIN]),
  networkId: fixedBytes(32),
  node: fixedBytes(32),
  count: uint({ min: 1, max: OFFLINE_VECTORS_MAX }),
  expires: offlineTaiField,
  earliest: offlineTaiField,
  latest: offlineTaiField,
  driftPpb: uint({ max: OFFLINE_DRIFT_PPB_MAX }),
} as const
const bodyField: Field<Wire> = tuple<Wire>(shape)
const codec = codecOf(
  tuple<Wire & { readonly signature: Uint8Array }>({ ...shape, signature: fixedBytes(64) }),
  OFFLINE_VECTORS_BYTES_MAX,
)

const wireOf = ({ drawn, ...rest }: OfflineVectorsBody): Wire => ({
  form: OFFLINE_VECTORS_DOMAIN,
  networkId: rest.networkId,
  node: rest.node,
  count: rest.count,
  expires: rest.expires,
  ...drawn,
  driftPpb: rest.driftPpb,
})

const sealed = (vectors: OfflineVectors, bytes: Uint8Array): SealedVectors => ({ vectors, bytes, id: sha3(bytes) })

/** Draws vectors with the signer's key. Rejects as the signer does. */
export const drawVectors = async (
  signer: Pick<Signer, 'nodeId' | 'sign'>,
  wanted: Omit<OfflineVectorsBody, 'node'>,
): Promise<SealedVectors> => {
  const body: OfflineVectorsBody = { ...wanted, node: signer.nodeId }
  const wire = wireOf(body)
  const signature = await signer.sign(OFFLINE_VECTORS_DOMAIN, encodeData(bodyField.write(wire)))
  return sealed({ ...body, signature }, codec.encode({ ...wire, signature }))
}

/** Why bytes are no statement. `offline-reversed`: it ends before it begins, or its interval does. */
export const OFFLINE_VECTORS_REASONS = [...CODEC_REASONS, 'offline-reversed', 'bad-key', 'bad-signature'] as const
export type OfflineVectorsReason = (typeof OFFLINE_VECTORS_REASONS)[number]

/** A statement from bytes of anybody, well-formed and signed. Whether it was stamped is asked by `checkOffline`. */
export const openVectors = (
  bytes: Uint8Array,
  verifier: Verifier = ed25519Verifier,
): Admission<SealedVectors, OfflineVectorsReason> => {
  const decoded = codec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const { signature, ...wire } = decoded.value
  const { form: _form, earliest, latest, ...rest } = wire
  if (earliest > latest || rest.expires <= latest) return reject('offline-reversed')
  if (keySpellingFault(rest.node) !== undefined) return reject('bad-key')
  const body = encodeData(bodyField.write(wire))
  if (!verifier.verify({ publicKey: rest.node, domain: OFFLINE_VECTORS_DOMAIN, body, signature }))
    return reject('bad-signature')
  return accept(sealed({ ...rest, drawn: { earliest, latest }, signature }, bytes))
}

/** The value of vector `index`, 32 bytes: known to nobody before the block that has the statement's stamp. `block` is its id, 32 bytes. */
export const vectorValue = (of: {
  readonly id: Uint8Array
  readonly block: Uint8Array
  readonly index: number
}): Uint8Array => domainDigest(OFFLINE_VECTOR_DOMAIN, encodeFlat([of.id, of.block, of.index]))
