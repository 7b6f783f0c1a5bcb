/**
 * What is said of registers on the topics `register/…`: proofs in zero knowledge, states and what changed them, new
 * registers, nullifiers, commitments to resources. Only the shapes: whether a proof is true, a hash fits its content or an
 * operation is allowed is not asked here.
 *
 * Source: seed 004 "Message Formats" (ProofMessage, RegisterStateMessage, RegisterDelta) and "Register Topics". Heights are
 * of the chain whose block holds the statement. Rules: docs/spec/network.md N-80 to N-82.
 */
import { hexOf } from '../base/index.ts'
import { bytes, link, list, text, tuple, word } from '../codec/index.ts'
import type { CID, Field } from '../codec/index.ts'
import { ascending, digest, height, messageCodecOf, optional, someOf } from './message-fields.ts'
import type { MessageCodec } from './message-fields.ts'

/** Longest text of a metadata key, characters; longest value, bytes; and how many. */
export const METADATA_KEY_LENGTH_MAX = 64
export const METADATA_VALUE_BYTES_MAX = 1024
export const METADATA_MAX = 32
/** Public inputs of one proof, and bytes of one. */
export const PUBLIC_INPUTS_MAX = 256
export const PUBLIC_INPUT_BYTES_MAX = 64
/** Groth16 needs 128 bytes; the largest systems in use some tens of thousands. */
export const PROOF_DATA_BYTES_MAX = 65_536
export const OPERATIONS_MAX = 256
export const OPERATION_BYTES_MAX = 16_384
/** What is longer is asked for by request, not sent to everybody. */
export const REGISTER_CONTENTS_BYTES_MAX = 65_536

export interface Metadata {
  readonly key: string
  readonly value: Uint8Array
}

/** A proof in zero knowledge, and what it is a proof of. */
export interface ProofMessage {
  readonly proofId: CID
  readonly verificationKeyId: CID
  /** In the order of the circuit; 1 to 64 bytes each, the field element as its system writes it. */
  readonly publicInputs: readonly Uint8Array[]
  readonly proofData: Uint8Array
  /** By key, ascending, each once. */
  readonly metadata: readonly Metadata[]
}

export const OPERATION_KINDS = ['create', 'update', 'transfer', 'lock', 'unlock', 'consume'] as const

export interface RegisterOperation {
  readonly kind: (typeof OPERATION_KINDS)[number]
  /** What it does it with: bytes of the register's own kind. */
  readonly argument: Uint8Array
}

export interface RegisterDelta {
  /** In the order in which they are applied; at least one. */
  readonly operations: readonly RegisterOperation[]
  readonly previousStateHash: Uint8Array
}

export interface RegisterStateMessage {
  readonly registerId: CID
  readonly stateHash: Uint8Array
  readonly lastUpdated: number
  readonly delta: RegisterDelta | 'none'
  readonly fullState: Uint8Array | 'none'
  readonly proof: CID | 'none'
}

export interface RegisterCreationMessage {
  readonly chainId: Uint8Array
  readonly registerId: CID
  /** Ed25519 key, 32 bytes. */
  readonly owner: Uint8Array
  readonly stateHash: Uint8Array
  readonly height: number
  readonly proof: CID | 'none'
}

/** Something was consumed, and what it was is not said. */
export interface NullifierMessage {
  readonly chainId: Uint8Array
  readonly nullifier: Uint8Array
  readonly height: number
  readonly proof: CID | 'none'
}

export interface ResourceCommitmentMessage {
  readonly resourceId: CID
  readonly commitment: Uint8Array
  readonly height: number
  readonly proof: CID | 'none'
}

const publicInput: Field<Uint8Array> = {
  write: (value) => value,
  read: (data) => {
    const value = bytes(PUBLIC_INPUT_BYTES_MAX).read(data)
    return value === undefined || value.length === 0 ? undefined : value
  },
}
const metadata = tuple<Metadata>({ key: text(METADATA_KEY_LENGTH_MAX), value: bytes(METADATA_VALUE_BYTES_MAX) })
const proof = optional(link)

/** Of `register/proof/{verification_key_id}`. */
export const proofMessageCodec: MessageCodec<ProofMessage> = messageCodecOf(
  1,
  tuple<ProofMessage>({
    proofId: link,
    verificationKeyId: link,
    publicInputs: list(publicInput, PUBLIC_INPUTS_MAX),
    proofData: bytes(PROOF_DATA_BYTES_MAX),
    // Compared as bytes of UTF-8 would be, which JavaScript's own order is not.
    metadata: ascending(metadata, METADATA_MAX, ({ key }) => hexOf(new TextEncoder().encode(key))),
  }),
  131_072,
)

const operation = tuple<RegisterOperation>({ kind: word(OPERATION_KINDS), argument: bytes(OPERATION_BYTES_MAX) })
const delta = tuple<RegisterDelta>({ operations: someOf(operation, OPERATIONS_MAX), previousStateHash: digest })

/** Of `register/update/{register_id}`. */
export const registerStateCodec: MessageCodec<RegisterStateMessage> = messageCodecOf(
  1,
  tuple<RegisterStateMessage>({
    registerId: link,
    stateHash: digest,
    lastUpdated: height,
    delta: optional(delta),
    fullState: optional(bytes(REGISTER_CONTENTS_BYTES_MAX)),
    proof,
  }),
  131_072,
)

/** Of `register/creation/{chain_id}`. */
export const registerCreationCodec: MessageCodec<RegisterCreationMessage> = messageCodecOf(
  1,
  tuple<RegisterCreationMessage>({
    chainId: digest,
    registerId: link,
    owner: digest,
    stateHash: digest,
    height,
    proof,
  }),
  512,
)

/** Of `register/nullifier/{chain_id}`. */
export const nullifierCodec: MessageCodec<NullifierMessage> = messageCodecOf(
  1,
  tuple<NullifierMessage>({ chainId: digest, nullifier: digest, height, proof }),
  256,
)

/** Of `register/commitment/{resource_id}`. */
export const resourceCommitmentCodec: MessageCodec<ResourceCommitmentMessage> = messageCodecOf(
  1,
  tuple<ResourceCommitmentMessage>({ resourceId: link, commitment: digest, height, proof }),
  256,
)
