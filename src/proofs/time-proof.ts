/**
 * The time proof: a node's signed statement "at sequence n my clock reads T ± U", chained to its previous one, naming the
 * newest finalised block (so that it cannot be older; zeros as long as there are no blocks) and the root of the challenges it
 * answers (so that it cannot be precomputed).
 *
 * Source: DESIGN §5.2; seed 000 "Proof Generation Unit". Rules P-1 to P-3 in docs/spec/proofs.md.
 * It does not promise that T is right: that is what witnesses measure.
 */
import type { Admission, Tai } from '../base/index.ts'
import { TAI_MAX, accept, equalBytes, reject } from '../base/index.ts'
import { SOURCE_KINDS } from '../clock/index.ts'
import type { SourceKind } from '../clock/index.ts'
import { CODEC_REASONS, codecOf, encodeData, fixedBytes, int64, list, tuple, uint, word } from '../codec/index.ts'
import type { CID, Field } from '../codec/index.ts'
import { cidOf, keySpellingFault, ed25519Verifier } from '../crypto/index.ts'
import type { Signer, Verifier } from '../crypto/index.ts'

export const TIME_PROOF_DOMAIN = 'truechimer/time-proof/1'
/** A proof with every source kind and the longest integers is 307 bytes; nothing larger is looked at. */
export const TIME_PROOF_BYTES_MAX = 384
/** A claimed uncertainty above ten seconds says nothing about the time of day; such a clock proves nothing. */
export const UNCERTAINTY_NS_MAX = 10_000_000_000
const SOURCE_COUNT_MAX = 64

/** How many sources of one kind stood behind the reading. */
export interface SourceCount {
  readonly kind: SourceKind
  readonly count: number
}

export interface TimeProofBody {
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  /** The author's Ed25519 key, 32 bytes. */
  readonly nodeId: Uint8Array
  /** 1 for a node's first proof, then one more each. */
  readonly sequence: number
  /** What the author's clock read, TAI ns. */
  readonly tai: Tai
  /** Half width of what the author holds possible, ns: 0 to 10^10. */
  readonly uncertaintyNs: number
  /** SHA3-256 of the author's previous proof, 32 bytes; zeros for the first. */
  readonly previous: Uint8Array
  /** Newest finalised block known to the author, 32 bytes; zeros before the first. */
  readonly beacon: Uint8Array
  /** Merkle root of the challenges answered, or 32 random bytes where none was. */
  readonly nonce: Uint8Array
  /** By kind, in the order of SOURCE_KINDS, each kind at most once. */
  readonly sources: readonly SourceCount[]
}

export interface TimeProof extends TimeProofBody {
  /** Ed25519, 64 bytes, over the body in the domain TIME_PROOF_DOMAIN. */
  readonly signature: Uint8Array
}

/** A proof with the bytes that it came as and the address that they have. */
export interface SealedProof {
  readonly proof: TimeProof
  readonly bytes: Uint8Array
  readonly cid: CID
}

const sourceCount: Field<SourceCount> = tuple<SourceCount>({
  kind: word(SOURCE_KINDS),
  count: uint({ min: 1, max: SOURCE_COUNT_MAX }),
})
const bodyShape = {
  networkId: fixedBytes(32),
  nodeId: fixedBytes(32),
  sequence: uint({ min: 1 }),
  tai: int64({ min: 0n, max: TAI_MAX }),
  uncertaintyNs: uint({ max: UNCERTAINTY_NS_MAX }),
  previous: fixedBytes(32),
  beacon: fixedBytes(32),
  nonce: fixedBytes(32),
  sources: list(sourceCount, SOURCE_KINDS.length),
} as const
const bodyField: Field<TimeProofBody> = tuple<TimeProofBody>(bodyShape)
/** The whole proof as a field, for messages that carry one. */
export const timeProofField: Field<TimeProof> = tuple<TimeProof>({ ...bodyShape, signature: fixedBytes(64) })
const proofCodec = codecOf(timeProofField, TIME_PROOF_BYTES_MAX)

export const ZERO_DIGEST: Uint8Array = new Uint8Array(32)

/** Why bytes are not a proof, whoever sent them and whenever. */
export const TIME_PROOF_REASONS = [
  ...CODEC_REASONS,
  'wrong-network',
  'not-member',
  'bad-key',
  'bad-sources',
  'bad-signature',
] as const
export type TimeProofReason = (typeof TIME_PROOF_REASONS)[number]

/** The bytes that are signed: deterministic DAG-CBOR of everything but the signature. */
export const encodeTimeProofBody = (body: TimeProofBody): Uint8Array => encodeData(bodyField.write(body))

export const sealTimeProof = (proof: TimeProof): SealedProof => {
  const bytes = proofCodec.encode(proof)
  return { proof, bytes, cid: cidOf(bytes) }
}

/**
 * Makes and signs the next proof of the signer's chain. Rejects with `TC_SIGNER_BACKWARDS` where the clock stands at or
 * before the last proof: the caller waits, and never bends the time.
 */
export const signTimeProof = async (
  signer: Signer,
  body: Omit<TimeProofBody, 'nodeId' | 'sequence' | 'previous'>,
): Promise<SealedProof> => {
  const { sequence, digest } = signer.head()
  const whole: TimeProofBody = { ...body, nodeId: signer.nodeId, sequence: sequence + 1, previous: digest }
  const signature = await signer.signNext({
    domain: TIME_PROOF_DOMAIN,
    sequence: whole.sequence,
    tai: whole.tai,
    body: encodeTimeProofBody(whole),
    seal: (made) => proofDigest(sealTimeProof({ ...whole, signature: made })),
  })
  return sealTimeProof({ ...whole, signature })
}

/** The 32 bytes that the next proof names as `previous`: the digest inside the CID. */
export const proofDigest = (sealed: SealedProof): Uint8Array => sealed.cid.multihash.digest

/**
 * Bytes of anybody to a proof of this network with a true signature. Says nothing of its place in a chain. `mayProve` is
 * asked before the signature is looked at, so that a stranger's flood costs no curve arithmetic; without it, anybody may.
 */
export const openTimeProof = (
  bytes: Uint8Array,
  networkId: Uint8Array,
  mayProve: (nodeId: Uint8Array) => boolean = () => true,
  verifier: Verifier = ed25519Verifier,
): Admission<SealedProof, TimeProofReason> => {
  const decoded = proofCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const fault = timeProofFault(decoded.value, networkId, mayProve, verifier)
  return fault === undefined ? accept({ proof: decoded.value, bytes, cid: cidOf(bytes) }) : reject(fault)
}

/** What is wrong with a well-formed proof: cheap questions first, the signature last. */
export const timeProofFault = (
  proof: TimeProof,
  networkId: Uint8Array,
  mayProve: (nodeId: Uint8Array) => boolean = () => true,
  verifier: Verifier = ed25519Verifier,
): TimeProofReason | undefined => {
  if (!equalBytes(proof.networkId, networkId)) return 'wrong-network'
  if (keySpellingFault(proof.nodeId) !== undefined) return 'bad-key'
  if (!mayProve(proof.nodeId)) return 'not-member'
  if (!areSourcesOrdered(proof.sources)) return 'bad-sources'
  const signed = {
    publicKey: proof.nodeId,
    domain: TIME_PROOF_DOMAIN,
    signature: proof.signature,
    // Only where it is looked at: whoever opens a decided block does not.
    get body() {
      return encodeTimeProofBody(proof)
    },
  }
  return verifier.verify(signed) ? undefined : 'bad-signature'
}

const areSourcesOrdered = (sources: readonly SourceCount[]): boolean =>
  sources.every(({ kind }, index) => {
    const before = sources[index - 1]
    return before === undefined || SOURCE_KINDS.indexOf(kind) > SOURCE_KINDS.indexOf(before.kind)
  })
