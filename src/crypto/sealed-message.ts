/**
 * A message that one node signs and another alone can read. Signed first, then encrypted, with network, sender and recipient
 * in what is signed and in what the encryption is bound to: nobody can seal another's words as their own, and a recipient
 * who passes a message on cannot make it look as if it had been meant for somebody else.
 *
 *   outside   [networkId, sender, recipient, enc, ciphertext]           what a node in between sees
 *   inside    [sequence, kind, body, signature]                        signed: [networkId, sender, recipient, sequence, kind, body]
 *
 * Source: RFC 9180; Davis, "Defective Sign & Encrypt" (2001), for what must stand inside the signature.
 * Rules: docs/spec/crypto.md C-18, C-19. Not promised: who talks to whom, when, and how much is not hidden.
 */
import assert from 'node:assert/strict'
import { accept, equalBytes, ignore, reject } from '../base/index.ts'
import type { Admission, Random } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, encodeData, fixedBytes, text, tuple, uint } from '../codec/index.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, verify } from './ed25519.ts'
import { DIGEST_BYTES } from './hash.ts'
import { hpkeOpen, hpkeSeal } from './hpke.ts'
import { AGREEMENT_KEY_BYTES, agreementKeyOf, agreementPublicKey } from './key-agreement.ts'
import type { KeyAgreement } from './key-agreement.ts'
import type { Signer } from './signer.ts'

export const SEALED_MESSAGE_DOMAIN = 'truechimer/sealed-message/1'
/** A whole sealed message, bytes. */
export const SEALED_MESSAGE_BYTES_MAX = 65_536
/** A kind: which handler is meant, `a-z`, digits and hyphens. */
export const MESSAGE_KIND = /^[a-z][a-z0-9-]{0,31}$/
const KIND_LENGTH_MAX = 32
/** What the parts around a body take, at most: 3 of 34 bytes, 34, heads, sequence, kind, signature and tag. */
const FRAME_BYTES = 320
/** A body, bytes. */
export const MESSAGE_BODY_BYTES_MAX = SEALED_MESSAGE_BYTES_MAX - FRAME_BYTES

/** What can be read of it by whoever carries it. */
export interface SealedMessage {
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  /** Ed25519 keys, 32 bytes each. The sender is a claim until the message is opened. */
  readonly sender: Uint8Array
  readonly recipient: Uint8Array
  /** HPKE's ephemeral key, 32 bytes. */
  readonly enc: Uint8Array
  readonly ciphertext: Uint8Array
}

/** What it says, once it is opened. */
export interface OpenedMessage {
  readonly sender: Uint8Array
  /** 1 to 2^53 − 1, above all that the sender used before. */
  readonly sequence: number
  readonly kind: string
  readonly body: Uint8Array
}

interface Inside {
  readonly sequence: number
  readonly kind: string
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

const outsideCodec = codecOf(
  tuple<SealedMessage>({
    networkId: fixedBytes(DIGEST_BYTES),
    sender: fixedBytes(PUBLIC_KEY_BYTES),
    recipient: fixedBytes(PUBLIC_KEY_BYTES),
    enc: fixedBytes(AGREEMENT_KEY_BYTES),
    ciphertext: bytes(SEALED_MESSAGE_BYTES_MAX),
  }),
  SEALED_MESSAGE_BYTES_MAX,
)
const insideCodec = codecOf(
  tuple<Inside>({
    sequence: uint({ min: 1 }),
    kind: text(KIND_LENGTH_MAX),
    body: bytes(MESSAGE_BODY_BYTES_MAX),
    signature: fixedBytes(SIGNATURE_BYTES),
  }),
  SEALED_MESSAGE_BYTES_MAX,
)

/** Network and ends, in this order wherever they are bound. */
type Ends = Pick<SealedMessage, 'networkId' | 'sender' | 'recipient'>

const infoOf = ({ networkId, sender, recipient }: Ends): Uint8Array =>
  encodeData([SEALED_MESSAGE_DOMAIN, networkId, sender, recipient])
const signedBody = ({ networkId, sender, recipient }: Ends, inside: Omit<Inside, 'signature'>): Uint8Array =>
  encodeData([networkId, sender, recipient, inside.sequence, inside.kind, inside.body])
const NO_AAD = new Uint8Array()

/**
 * Signs and encrypts. Undefined where `recipient` is no key of anybody (C-5). A body over `MESSAGE_BODY_BYTES_MAX` and a kind
 * that breaks the grammar are asserted bugs. Rejects as the signer does.
 */
export const sealMessage = async (options: {
  readonly signer: Signer
  readonly random: Random
  readonly networkId: Uint8Array
  readonly recipient: Uint8Array
  readonly sequence: number
  readonly kind: string
  readonly body: Uint8Array
}): Promise<Uint8Array | undefined> => {
  const { signer, random, networkId, recipient, sequence, kind, body } = options
  assert(body.length <= MESSAGE_BODY_BYTES_MAX && MESSAGE_KIND.test(kind))
  const key = agreementPublicKey(recipient)
  if (key === undefined) return undefined
  const ends: Ends = { networkId, sender: signer.nodeId, recipient }
  const signature = await signer.sign(SEALED_MESSAGE_DOMAIN, signedBody(ends, { sequence, kind, body }))
  const ephemeral = agreementKeyOf(random.bytes(AGREEMENT_KEY_BYTES))
  const plaintext = insideCodec.encode({ sequence, kind, body, signature })
  const sealed = hpkeSeal({ recipient: key, ephemeral, info: infoOf(ends), aad: NO_AAD, plaintext })
  return sealed === undefined ? undefined : outsideCodec.encode({ ...ends, ...sealed })
}

/** Why bytes are no message for us, whoever handed them over. */
export const SEALED_MESSAGE_REASONS = [
  ...CODEC_REASONS,
  'other-network',
  'wrong-recipient',
  'not-sealed',
  'forged',
] as const
export type SealedMessageReason = (typeof SEALED_MESSAGE_REASONS)[number]

/** Bytes of anybody to a message that may be carried or opened. Nothing in it is proved yet. */
export const readSealedMessage = (
  given: Uint8Array,
  networkId: Uint8Array,
): Admission<SealedMessage, SealedMessageReason> => {
  const decoded = outsideCodec.decode(given)
  if (decoded.verdict !== 'accept') return decoded
  return equalBytes(decoded.value.networkId, networkId) ? decoded : reject('other-network')
}

/**
 * Decrypts, and looks at the signature. `not-sealed`: altered, or not encrypted to us by whom it claims; anybody on the way can do that,
 * so it is ignored. `forged`: well encrypted, but not signed by its sender; whoever sealed it meant to deceive, and still nobody
 * knows who that was.
 */
export const openSealedMessage = async (
  message: SealedMessage,
  agreement: KeyAgreement,
): Promise<Admission<OpenedMessage, SealedMessageReason>> => {
  if (!equalBytes(message.recipient, agreement.nodeId)) return ignore('wrong-recipient')
  const recipient = agreement.agreementKey
  const plaintext = await hpkeOpen({ recipient, agreement, sealed: message, info: infoOf(message), aad: NO_AAD })
  if (plaintext === undefined) return ignore('not-sealed')
  const inside = insideCodec.decode(plaintext)
  if (inside.verdict !== 'accept' || !MESSAGE_KIND.test(inside.value.kind)) return ignore('forged')
  const { signature, ...said } = inside.value
  const body = signedBody(message, said)
  const isTrue = verify({ publicKey: message.sender, domain: SEALED_MESSAGE_DOMAIN, body, signature })
  return isTrue ? accept({ sender: message.sender, ...said }) : ignore('forged')
}
