/** Envelopes, proofs and attestations that are signed with a true key and wrong in one chosen way; no two alike. */
import { NS_PER_MS } from '../../src/base/index.ts'
import { taiFromUnixNs } from '../../src/clock/index.ts'
import { cidOfDigest, encodeData } from '../../src/codec/index.ts'
import type { CID } from '../../src/codec/index.ts'
import { sha3, sign } from '../../src/crypto/index.ts'
import {
  ENVELOPE_DOMAIN,
  NONCE_BYTES,
  encodeEnvelope,
  encodeEnvelopeBody,
  sequenceFloor,
} from '../../src/network/index.ts'
import type { EnvelopeBody } from '../../src/network/index.ts'
import { realTime } from '../../src/node/io/real-ports.ts'
import {
  ATTESTATION_DOMAIN,
  TIME_PROOF_DOMAIN,
  ZERO_DIGEST,
  encodeAttestationBody,
  encodeTimeProofBody,
  sealAttestation,
  sealTimeProof,
} from '../../src/proofs/index.ts'
import type { AttestationBody, SealedAttestation, SealedProof, TimeProofBody } from '../../src/proofs/index.ts'
import type { HostileMember } from './stage.ts'

export const nowTai = (): bigint => taiFromUnixNs(realTime.hostUnixNs())

let drawn = 0
/** 32 bytes that were not there before. */
export const fresh = (): Uint8Array => {
  drawn += 1
  return sha3(encodeData(['fresh', drawn]))
}

/** The address of a proof that nobody ever made. */
export const unknownProof = (): CID => cidOfDigest(fresh())

export interface ForgedProof extends Partial<TimeProofBody> {
  readonly signature?: Uint8Array
}

/** By default the first proof of this author, made now. */
export const forgeProof = ({ key }: HostileMember, networkId: Uint8Array, given: ForgedProof = {}): SealedProof => {
  const { signature, ...changed } = given
  const body: TimeProofBody = {
    networkId,
    nodeId: key.publicKey,
    sequence: 1,
    tai: nowTai(),
    uncertaintyNs: Number(NS_PER_MS),
    previous: ZERO_DIGEST,
    beacon: ZERO_DIGEST,
    nonce: fresh(),
    sources: [{ kind: 'host', count: 1 }],
    ...changed,
  }
  return sealTimeProof({ ...body, signature: signature ?? sign(key, TIME_PROOF_DOMAIN, encodeTimeProofBody(body)) })
}

export interface ForgedAttestation extends Partial<AttestationBody> {
  readonly signature?: Uint8Array
}

/** By default of a proof that nobody made, asked now. */
export const forgeAttestation = ({ key }: HostileMember, given: ForgedAttestation = {}): SealedAttestation => {
  const { signature, ...changed } = given
  // A different round trip makes a different message.
  drawn += 1
  const sentEarliest = changed.sentEarliest ?? nowTai()
  const body: AttestationBody = {
    proof: unknownProof(),
    witness: key.publicKey,
    sentEarliest,
    receivedLatest: sentEarliest + 2n * NS_PER_MS,
    roundTripNs: drawn,
    ...changed,
  }
  return sealAttestation({
    ...body,
    signature: signature ?? sign(key, ATTESTATION_DOMAIN, encodeAttestationBody(body)),
  })
}

/** Above every sequence that this file has used, as an honest author's would be. */
let sequence = sequenceFloor(realTime.hostUnixNs())
export const nextSequence = (): number => {
  sequence += 1
  return sequence
}

/** What an envelope is for: where it is published, and what it holds. */
export type Enveloped = Pick<EnvelopeBody, 'networkId' | 'topic' | 'payloads'>
export interface ForgedEnvelope extends Partial<EnvelopeBody> {
  readonly signature?: Uint8Array
}

/** By default one that everybody takes, if they take what is in it. */
export const forgeEnvelope = ({ key }: HostileMember, about: Enveloped, given: ForgedEnvelope = {}): Uint8Array => {
  const { signature, ...changed } = given
  const nonce = fresh().subarray(0, NONCE_BYTES)
  const body: EnvelopeBody = { ...about, sender: key.publicKey, sequence: nextSequence(), nonce, ...changed }
  return encodeEnvelope({ ...body, signature: signature ?? sign(key, ENVELOPE_DOMAIN, encodeEnvelopeBody(body)) })
}

/** Cut off in the middle. */
export const truncated = (bytes: Uint8Array): Uint8Array => bytes.slice(0, bytes.length / 2)

/** The same value with the head of its outermost array written one byte too long. */
export const respelt = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.of(0x98, (bytes[0] ?? 0) & 31, ...bytes.subarray(1))

/** CBOR, canonical, and no message of ours. */
export const otherShape = (): Uint8Array => encodeData(['something else', fresh()])

/** Arrays in arrays, deeper than anybody looks. */
export const deep = (): Uint8Array => Uint8Array.of(...new Uint8Array(200).fill(0x81), 0x58, 32, ...fresh())

/** One bit turned. */
export const flipped = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, index) => (index === 3 ? byte ^ 1 : byte))

/** The identity: a key of order 1, under which anybody can sign. */
export const SMALL_ORDER_KEY: Uint8Array = Uint8Array.of(1, ...new Uint8Array(31))
