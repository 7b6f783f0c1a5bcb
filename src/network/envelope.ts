/**
 * What a message on a topic travels in: one signature of its author over one or more payloads, with the network, the topic
 * and the author's sequence inside what is signed. So a message cannot be moved to another network or topic, be claimed by
 * another, or be told twice (replay-window.ts).
 *
 * Source: seed 004, "Replay Protection" and "Peer Authentication" of its security considerations.
 * Rules N-70 to N-73 in docs/spec/network.md.
 * It does not promise that a message is young: who has never heard an author can be told its old messages. The payload's own
 * time guards against that.
 */
import assert from 'node:assert/strict'
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, encodeData, fixedBytes, list, text, tuple, uint } from '../codec/index.ts'
import { SIGNATURE_BYTES, verify } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { FRAME_BYTES_MAX, TOPIC_LENGTH_MAX } from './topics.ts'

export const ENVELOPE_DOMAIN = 'truechimer/envelope/1'
/** Drawn anew at every start of the author: tells its starts apart. */
export const NONCE_BYTES = 8
/** Payloads of one envelope. A verification costs as much as hashing some 50 kB, so beyond this little is to be gained. */
export const PAYLOADS_MAX = 64
/** Lists longer than this are not even read. */
const PAYLOADS_READ_MAX = 1024

export interface EnvelopeBody {
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  /** The author's Ed25519 key, 32 bytes. */
  readonly sender: Uint8Array
  /** Above all that the author has used before: 1 to 2^53 − 1. */
  readonly sequence: number
  /** 8 bytes, the same for all envelopes of one start of the author. */
  readonly nonce: Uint8Array
  /** The topic that it is published on; ASCII, at most 128 characters. */
  readonly topic: string
  /** 1 to 64 messages of the topic, in the order in which they were published. */
  readonly payloads: readonly Uint8Array[]
}

export interface Envelope extends EnvelopeBody {
  /** Ed25519, 64 bytes, over the body in the domain ENVELOPE_DOMAIN. */
  readonly signature: Uint8Array
}

const bodyShape = {
  networkId: fixedBytes(32),
  sender: fixedBytes(32),
  sequence: uint({ min: 1 }),
  nonce: fixedBytes(NONCE_BYTES),
  topic: text(TOPIC_LENGTH_MAX),
  payloads: list(bytes(FRAME_BYTES_MAX), PAYLOADS_READ_MAX),
} as const
const bodyField = tuple<EnvelopeBody>(bodyShape)
const envelopeCodec = codecOf(
  tuple<Envelope>({ ...bodyShape, signature: fixedBytes(SIGNATURE_BYTES) }),
  FRAME_BYTES_MAX,
)

/** Bytes that an envelope is longer than its payloads with their heads (`payloadBytes`), at most; `topic` in ASCII. */
export const envelopeOverheadBytes = (topic: string): number => 1 + 34 + 34 + 9 + 9 + (2 + topic.length) + 3 + 66

/** Bytes that a payload takes in an envelope: itself and the head that says its length. */
export const payloadBytes = (payload: Uint8Array): number => {
  const { length } = payload
  if (length < 24) return 1 + length
  if (length < 256) return 2 + length
  return (length < 65_536 ? 3 : 5) + length
}

/** The bytes that are signed: deterministic DAG-CBOR of everything but the signature. */
export const encodeEnvelopeBody = (body: EnvelopeBody): Uint8Array<ArrayBuffer> => encodeData(bodyField.write(body))

export const encodeEnvelope = (envelope: Envelope): Uint8Array<ArrayBuffer> => envelopeCodec.encode(envelope)

/** Signs and encodes. Rejects as the signer does. The caller sees to the limits of `EnvelopeBody`. */
export const sealEnvelope = async (
  signer: Signer,
  body: Omit<EnvelopeBody, 'sender'>,
): Promise<Uint8Array<ArrayBuffer>> => {
  assert(body.payloads.length >= 1 && body.payloads.length <= PAYLOADS_MAX && body.topic.length <= TOPIC_LENGTH_MAX)
  const whole: EnvelopeBody = { ...body, sender: signer.nodeId }
  const signature = await signer.sign(ENVELOPE_DOMAIN, encodeEnvelopeBody(whole))
  return encodeEnvelope({ ...whole, signature })
}

/** Why bytes are not an envelope for this topic, whoever sent them and whenever. */
export const ENVELOPE_REASONS = [
  ...CODEC_REASONS,
  'other-network',
  'wrong-topic',
  'no-payloads',
  'too-many-payloads',
  'payload-too-large',
] as const
export type EnvelopeReason = (typeof ENVELOPE_REASONS)[number]

/** What the receiver's topic allows; `envelopeBytesMax` of the whole, at most FRAME_BYTES_MAX. */
export interface Expected {
  readonly networkId: Uint8Array
  readonly topic: string
  readonly envelopeBytesMax: number
  readonly payloadBytesMax: number
}

/** Bytes of anybody to an envelope for this topic. The signature is not looked at: `isSignedTruly` does that. */
export const openEnvelope = (given: Uint8Array, expected: Expected): Admission<Envelope, EnvelopeReason> => {
  if (given.length > expected.envelopeBytesMax) return reject('too-large')
  const decoded = envelopeCodec.decode(given)
  if (decoded.verdict !== 'accept') return decoded
  const fault = faultOf(decoded.value, expected)
  return fault === undefined ? accept(decoded.value) : reject(fault)
}

const faultOf = (
  { networkId, topic, payloads }: EnvelopeBody,
  expected: Expected,
): Exclude<EnvelopeReason, 'too-large'> | undefined => {
  if (!equalBytes(networkId, expected.networkId)) return 'other-network'
  if (topic !== expected.topic) return 'wrong-topic'
  if (payloads.length === 0) return 'no-payloads'
  if (payloads.length > PAYLOADS_MAX) return 'too-many-payloads'
  return payloads.some(({ length }) => length > expected.payloadBytesMax) ? 'payload-too-large' : undefined
}

/** Head of an array of six, which the body is, and of seven, which the envelope is. */
const BODY_HEAD = 0x86
/** The signature at the end of an envelope: a head of two bytes and itself. */
const SIGNATURE_FIELD_BYTES = 2 + SIGNATURE_BYTES

/**
 * Is this the sender's signature over the rest? `given` are the bytes that the envelope was opened from. Their spelling is
 * the only one, so the body's bytes are theirs, without the signature and with the head of a list that is one shorter.
 */
export const isSignedTruly = ({ sender, signature }: Envelope, given: Uint8Array): boolean => {
  const body = given.slice(0, -SIGNATURE_FIELD_BYTES)
  body[0] = BODY_HEAD
  return verify({ publicKey: sender, domain: ENVELOPE_DOMAIN, body, signature })
}
