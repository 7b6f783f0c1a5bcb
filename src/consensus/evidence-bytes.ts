/**
 * Evidence as bytes: `[networkId, type, first, second]`, each of the two as it travels in a message, a time proof as its own bytes. Rule B-18
 * in docs/spec/consensus.md.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes as bytesField, decodeData, encodeData, tuple, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { TIME_PROOF_BYTES_MAX, openTimeProof } from '../proofs/index.ts'
import { digestField } from './consensus-fields.ts'
import { EVIDENCE_REASONS, EVIDENCE_TYPES, evidenceFault } from './evidence.ts'
import type { Evidence, EvidenceContext, EvidenceReason, EvidenceType } from './evidence.ts'
import { headWireField } from './proposal.ts'
import { timeWireField, voteWireField } from './vote.ts'

/** Two time proofs are the largest: 808 bytes. */
export const EVIDENCE_BYTES_MAX = 1024

/** Why bytes are no evidence. */
export const EVIDENCE_OPENING_REASONS = [...CODEC_REASONS, 'bad-proof', ...EVIDENCE_REASONS] as const
export type EvidenceOpeningReason = (typeof EVIDENCE_OPENING_REASONS)[number]

interface Envelope {
  readonly networkId: Uint8Array
  readonly type: EvidenceType
  readonly first: unknown
  readonly second: unknown
}
/** What the type tells how to read. */
const laterField: Field<unknown> = { write: (data) => data, read: (data) => data }
const envelopeField = tuple<Envelope>({
  networkId: digestField,
  type: word(EVIDENCE_TYPES),
  first: laterField,
  second: laterField,
})
const proofField = bytesField(TIME_PROOF_BYTES_MAX)

export const encodeEvidence = (evidence: Evidence): Uint8Array => encodeData(envelopeField.write(envelopeOf(evidence)))

const envelopeOf = (evidence: Evidence): Envelope => {
  const { type } = evidence
  switch (evidence.type) {
    case 'votes':
    case 'amnesia':
      return { type, networkId: evidence.first.networkId, ...written(voteWireField, evidence) }
    case 'proposals':
      return { type, networkId: evidence.first.networkId, ...written(headWireField, evidence) }
    case 'times':
      return { type, networkId: evidence.first.networkId, ...written(timeWireField, evidence) }
    case 'proofs':
    default:
      return {
        type,
        networkId: evidence.first.proof.networkId,
        first: evidence.first.bytes,
        second: evidence.second.bytes,
      }
  }
}

interface Pair<T> {
  readonly first: T
  readonly second: T
}
const written = <T>(field: Field<T>, { first, second }: Pair<T>): Pair<unknown> => ({
  first: field.write(first),
  second: field.write(second),
})
const readPair = <T>(field: Field<T>, pair: Pair<unknown>): Pair<T> | undefined => {
  const [first, second] = [field.read(pair.first), field.read(pair.second)]
  return first === undefined || second === undefined ? undefined : { first, second }
}
const within = <T extends object>(networkId: Uint8Array, pair: Pair<T> | undefined) =>
  pair && { first: { networkId, ...pair.first }, second: { networkId, ...pair.second } }

/** Evidence of well-formed things of one network; whether it convicts anybody, `evidenceFault` says. */
export const decodeEvidence = (bytes: Uint8Array): Admission<Evidence, EvidenceOpeningReason> => {
  const decoded = decodeData(bytes, EVIDENCE_BYTES_MAX)
  if (decoded.verdict !== 'accept') return decoded
  const envelope = envelopeField.read(decoded.value)
  if (envelope === undefined) return reject('wrong-shape')
  if (envelope.type === 'proofs') return proofsOf(envelope)
  const evidence = evidenceOf(envelope.type, envelope)
  return evidence === undefined ? reject('wrong-shape') : accept(evidence)
}

const evidenceOf = (type: Exclude<EvidenceType, 'proofs'>, envelope: Envelope): Evidence | undefined => {
  const { networkId } = envelope
  if (type === 'proposals') {
    const heads = within(networkId, readPair(headWireField, envelope))
    return heads && { type, ...heads }
  }
  if (type === 'times') {
    const times = within(networkId, readPair(timeWireField, envelope))
    return times && { type, ...times }
  }
  const votes = within(networkId, readPair(voteWireField, envelope))
  return votes && { type, ...votes }
}

/** Their signatures are looked at with all others', in `evidenceFault`. */
const SHAPE_ONLY = { verify: () => true }

const proofsOf = (envelope: Envelope): Admission<Evidence, EvidenceOpeningReason> => {
  const pair = readPair(proofField, envelope)
  if (pair === undefined) return reject('wrong-shape')
  const open = (bytes: Uint8Array) => openTimeProof(bytes, envelope.networkId, () => true, SHAPE_ONLY)
  const [first, second] = [open(pair.first), open(pair.second)]
  if (first.verdict !== 'accept' || second.verdict !== 'accept') return reject('bad-proof')
  return accept({ type: 'proofs', first: first.value, second: second.value })
}

/** Bytes of anybody to evidence that convicts its author. Every refusal is a `reject`. */
export const openEvidence = (
  bytes: Uint8Array,
  context: EvidenceContext,
): Admission<Evidence, EvidenceOpeningReason> => {
  const decoded = decodeEvidence(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const fault: EvidenceReason | undefined = evidenceFault(decoded.value, context)
  return fault === undefined ? decoded : reject(fault)
}
