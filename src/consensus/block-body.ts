/**
 * The body of a block: `[lastCommit, transactions, witnessed, offences]`. What is signed by others stands in it as its own bytes, so that it
 * keeps its address. Opening one asks for shapes; signatures are asked for by `bodyFault`, which skips what was verified before.
 * Rules B-22 to B-26 in docs/spec/consensus.md.
 */
import { accept, equalBytes, finish, reject } from '../base/index.ts'
import type { Admission, Steps } from '../base/index.ts'
import { bytes as bytesField, encodeData, list, tuple } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { cidOf, merkleNode, merkleRoot } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import {
  ATTESTATION_BYTES_MAX,
  ATTESTATION_DOMAIN,
  TIME_PROOF_BYTES_MAX,
  encodeAttestationBody,
  openAttestation,
  openTimeProof,
  timeProofFault,
} from '../proofs/index.ts'
import type { SealedAttestation } from '../proofs/index.ts'
import type { Block, Body, Header, WitnessedProof } from './block.ts'
import { commitDigest, commitField } from './commit.ts'
import type { Commit } from './commit.ts'
import { EVIDENCE_BYTES_MAX, decodeEvidence, encodeEvidence } from './evidence-bytes.ts'
import { evidenceFault, evidenceKey } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { TRANSACTION_BYTES_MAX, decodeTransaction, isTransactionSigned } from './transaction.ts'
import type { SealedTransaction } from './transaction.ts'

/** A block's bytes are bounded by the genesis (`blockBytesMax`); these bound the number of its parts. */
export const BLOCK_TRANSACTIONS_MAX = 4096
export const BLOCK_WITNESSED_MAX = 1024
/** Attestations of one proof in a block. */
export const PROOF_ATTESTATIONS_MAX = 64
export const BLOCK_OFFENCES_MAX = 32

/** A body before its parts are opened. */
export interface RawBody {
  readonly lastCommit: Commit
  readonly transactions: readonly Uint8Array[]
  readonly witnessed: readonly RawWitnessed[]
  readonly offences: readonly Uint8Array[]
}
interface RawWitnessed {
  readonly proof: Uint8Array
  readonly attestations: readonly Uint8Array[]
}
const witnessedField = tuple<RawWitnessed>({
  proof: bytesField(TIME_PROOF_BYTES_MAX),
  attestations: list(bytesField(ATTESTATION_BYTES_MAX), PROOF_ATTESTATIONS_MAX),
})
export const bodyField: Field<RawBody> = tuple<RawBody>({
  lastCommit: commitField,
  transactions: list(bytesField(TRANSACTION_BYTES_MAX), BLOCK_TRANSACTIONS_MAX),
  witnessed: list(witnessedField, BLOCK_WITNESSED_MAX),
  offences: list(bytesField(EVIDENCE_BYTES_MAX), BLOCK_OFFENCES_MAX),
})

export const rawBodyOf = (body: Body): RawBody => ({
  lastCommit: body.lastCommit,
  transactions: body.transactions.map(({ bytes }) => bytes),
  witnessed: body.witnessed.map(({ proof, attestations }) => ({
    proof: proof.bytes,
    attestations: attestations.map(({ bytes }) => bytes),
  })),
  offences: body.offences.map(encodeEvidence),
})

/** What a header says of its body: B-23. */
export const rootsOf = (body: RawBody): Pick<Header, 'commitRoot' | 'transactionsRoot' | 'evidenceRoot'> => ({
  commitRoot: commitDigest(body.lastCommit),
  transactionsRoot: merkleRoot(body.transactions),
  evidenceRoot: merkleNode({
    left: merkleRoot(body.witnessed.map((one) => encodeData(witnessedField.write(one)))),
    right: merkleRoot(body.offences),
  }),
})

/** What is wrong with a part of a body: its shape, its network, or its signature. `wrong-proof`: an attestation of another proof than the one it stands with. */
export const PART_REASONS = ['bad-transaction', 'bad-proof', 'bad-attestation', 'wrong-proof', 'bad-offence'] as const
export type PartReason = (typeof PART_REASONS)[number]

/** Signatures are looked at where it is known which of them were verified before. */
const SHAPE_ONLY: Verifier = { verify: () => true }

/** Bytes opened, and signatures looked at, in one step: some hundred microseconds. */
const OPENED_A_STEP = 16
const VERIFIED_A_STEP = 4

export const openBody = (raw: RawBody, networkId: Uint8Array): Admission<Body, PartReason> =>
  finish(openingBody(raw, networkId))

/** As `openBody`, in steps. */
export const openingBody = function* (raw: RawBody, networkId: Uint8Array): Steps<Admission<Body, PartReason>> {
  const transactions: SealedTransaction[] = []
  for (const bytes of raw.transactions) {
    const opened = decodeTransaction(bytes, networkId)
    if (opened.verdict !== 'accept') return reject('bad-transaction')
    transactions.push(opened.value)
    if (transactions.length % OPENED_A_STEP === 0) yield
  }
  const witnessed: WitnessedProof[] = []
  let parts = 0
  for (const one of raw.witnessed) {
    const opened = openWitnessed(one, networkId)
    if (opened.verdict !== 'accept') return opened
    witnessed.push(opened.value)
    parts += 1 + one.attestations.length
    if (parts < OPENED_A_STEP) continue
    parts = 0
    yield
  }
  const offences: Evidence[] = []
  for (const bytes of raw.offences) {
    const opened = decodeEvidence(bytes)
    if (opened.verdict !== 'accept') return reject('bad-offence')
    offences.push(opened.value)
  }
  return accept({ lastCommit: raw.lastCommit, transactions, witnessed, offences })
}

const openWitnessed = (raw: RawWitnessed, networkId: Uint8Array): Admission<WitnessedProof, PartReason> => {
  const proof = openTimeProof(raw.proof, networkId, () => true, SHAPE_ONLY)
  if (proof.verdict !== 'accept') return reject('bad-proof')
  const attestations: SealedAttestation[] = []
  for (const bytes of raw.attestations) {
    const opened = openAttestation(
      bytes,
      () => true,
      () => undefined,
      SHAPE_ONLY,
    )
    if (opened.verdict !== 'accept') return reject('bad-attestation')
    if (!opened.value.attestation.proof.equals(proof.value.cid)) return reject('wrong-proof')
    attestations.push(opened.value)
  }
  return attestations.length === 0 ? reject('bad-proof') : accept({ proof: proof.value, attestations })
}

/** Does anything stand in it twice: a transaction, a proof, a witness of one proof, an offence? */
export const isRepeating = ({ transactions, witnessed, offences }: Body): boolean =>
  hasTwice(transactions.map(({ key }) => key)) ||
  hasTwice(witnessed.map(({ proof }) => proof.cid.toString())) ||
  witnessed.some(({ attestations }) => hasWitnessTwice(attestations)) ||
  hasTwice(offences.map(evidenceKey))

/** Of the few of one proof, each with those before it: two keys mostly differ in their first byte. */
const hasWitnessTwice = (attestations: readonly SealedAttestation[]): boolean =>
  attestations.some(({ attestation: { witness } }, i) => {
    for (let before = 0; before < i; before += 1) {
      const other = attestations[before]?.attestation.witness
      if (other !== undefined && equalBytes(other, witness)) return true
    }
    return false
  })

const hasTwice = (names: readonly string[]): boolean => new Set(names).size < names.length

export interface BodyContext {
  readonly verifier: Verifier
  /** Was what has this content address (as text) verified before? Asked of transactions, proofs, attestations and evidence. */
  readonly isKnown: (key: string) => boolean
}

/** One signature in a body (of evidence, two), what it is known by once it has been found true, and what is wrong where it is not. */
interface SignedBodyPart {
  readonly key: string
  readonly reason: PartReason
  readonly isTrue: (verifier: Verifier) => boolean
}

const signedPartsOf = function* ({ header, body }: Block): Generator<SignedBodyPart, void, undefined> {
  const { networkId } = header
  for (const { key, transaction } of body.transactions)
    yield { key, reason: 'bad-transaction', isTrue: (verifier) => isTransactionSigned(transaction, verifier) }
  for (const { proof, attestations } of body.witnessed) {
    const isTrue = (verifier: Verifier): boolean =>
      timeProofFault(proof.proof, networkId, () => true, verifier) === undefined
    yield { key: proof.cid.toString(), reason: 'bad-proof', isTrue }
    for (const sealed of attestations) {
      const isSigned = (verifier: Verifier): boolean => isAttestationSigned(sealed, verifier)
      yield { key: sealed.cid.toString(), reason: 'bad-attestation', isTrue: isSigned }
    }
  }
  for (const offence of body.offences) {
    const isTrue = (verifier: Verifier): boolean => evidenceFault(offence, { networkId, verifier }) === undefined
    yield { key: cidOf(encodeEvidence(offence)).toString(), reason: 'bad-offence', isTrue }
  }
}

/** The first part of an opened block's body whose signature is not true, or evidence that convicts nobody. The commit is not looked at. */
export const bodyFault = (block: Block, { verifier, isKnown }: BodyContext): PartReason | undefined => {
  for (const { key, reason, isTrue } of signedPartsOf(block)) if (!isKnown(key) && !isTrue(verifier)) return reason
  return undefined
}

/**
 * Looks at the same signatures in steps, and says of each true one that was not known what it is to be known by. Ends at the first that is not
 * true: finding out what is wrong is left to `bodyFault`.
 */
export const verifyingBody = function* (
  block: Block,
  { verifier, isKnown, note }: BodyContext & { readonly note: (key: string) => void },
): Steps<void> {
  let verified = 0
  for (const { key, isTrue } of signedPartsOf(block)) {
    if (isKnown(key)) continue
    if (!isTrue(verifier)) return
    note(key)
    verified += 1
    if (verified % VERIFIED_A_STEP === 0) yield
  }
}

const isAttestationSigned = ({ attestation }: SealedAttestation, verifier: Verifier): boolean =>
  verifier.verify({
    publicKey: attestation.witness,
    domain: ATTESTATION_DOMAIN,
    body: encodeAttestationBody(attestation),
    signature: attestation.signature,
  })
