/**
 * The attestation: a witness's signed measurement of one proof. "I sent my challenge no earlier than `sentEarliest` and had
 * the answer no later than `receivedLatest`; the proof was made between." Both instants are ends of the witness's own
 * interval, so the statement is true as long as the witness's clock is honest about its bound.
 *
 * Source: DESIGN §5.2. Rules P-12 to P-14 and P-18 in docs/spec/proofs.md.
 */
import type { Admission, Tai } from '../base/index.ts'
import { NS_PER_SEC, TAI_MAX, accept, floorDiv, ignore, reject } from '../base/index.ts'
import { CODEC_REASONS, codecOf, encodeData, fixedBytes, int64, link, tuple, uint } from '../codec/index.ts'
import type { CID, Field } from '../codec/index.ts'
import { cidOf, ed25519Verifier, keySpellingFault } from '../crypto/index.ts'
import type { Signer, Verifier } from '../crypto/index.ts'

export const ATTESTATION_DOMAIN = 'truechimer/attestation/1'
export const ATTESTATION_BYTES_MAX = 224
/** An exchange that took longer than this bounds nothing worth having. */
export const ROUND_TRIP_NS_MAX = 10 * Number(NS_PER_SEC)
/** By how much the witness's interval may be wider than its counter's round trip: twice the largest bound of a clock. */
const WINDOW_NS_MAX = 4n * 10n * NS_PER_SEC
/** The counter that timed the round trip and the clock that gave the window may differ by their rate: 0.1 % is absurdly much. */
const RATE_SLACK = 1000n

export interface AttestationBody {
  /** The proof that was timed. */
  readonly proof: CID
  /** The witness's Ed25519 key, 32 bytes. */
  readonly witness: Uint8Array
  /** Start of the witness's interval just before the challenge left, TAI ns. */
  readonly sentEarliest: Tai
  /** End of the witness's interval just after the answer came, TAI ns. */
  readonly receivedLatest: Tai
  /** Between the two on the witness's counter, ns. */
  readonly roundTripNs: number
}

export interface Attestation extends AttestationBody {
  /** Ed25519, 64 bytes, over the body in the domain ATTESTATION_DOMAIN. */
  readonly signature: Uint8Array
}

export interface SealedAttestation {
  readonly attestation: Attestation
  readonly bytes: Uint8Array
  readonly cid: CID
}

const bodyShape = {
  proof: link,
  witness: fixedBytes(32),
  sentEarliest: int64({ min: 0n, max: TAI_MAX }),
  receivedLatest: int64({ min: 0n, max: TAI_MAX }),
  roundTripNs: uint({ max: ROUND_TRIP_NS_MAX }),
} as const
const bodyField: Field<AttestationBody> = tuple<AttestationBody>(bodyShape)
const attestationCodec = codecOf<Attestation>(
  tuple<Attestation>({ ...bodyShape, signature: fixedBytes(64) }),
  ATTESTATION_BYTES_MAX,
)

export const ATTESTATION_REASONS = [...CODEC_REASONS, 'not-member', 'bad-key', 'bad-window', 'bad-signature'] as const
export type AttestationReason = (typeof ATTESTATION_REASONS)[number]

/** The bytes that are signed. The proof's address binds them to one proof, and so to one network. */
export const encodeAttestationBody = (body: AttestationBody): Uint8Array => encodeData(bodyField.write(body))

export const sealAttestation = (attestation: Attestation): SealedAttestation =>
  sealedOf(attestation, attestationCodec.encode(attestation))

/** Its address is made when it is asked for: a block has attestations by the hundred, and nobody asks for theirs. */
const sealedOf = (attestation: Attestation, bytes: Uint8Array): SealedAttestation => {
  let cid: CID | undefined
  return {
    attestation,
    bytes,
    get cid() {
      return (cid ??= cidOf(bytes))
    },
  }
}

export const signAttestation = async (
  signer: Signer,
  body: Omit<AttestationBody, 'witness'>,
): Promise<SealedAttestation> => {
  const whole: AttestationBody = { ...body, witness: signer.nodeId }
  const signature = await signer.sign(ATTESTATION_DOMAIN, encodeAttestationBody(whole))
  return sealAttestation({ ...whole, signature })
}

/**
 * Bytes of anybody to an attestation with a true signature. Says nothing of whether that witness was asked. `mayWitness` is
 * asked before the signature is looked at; without it, anybody may. `useless` is asked last before the signature: where it
 * gives a reason, the attestation is ignored for that, and no curve arithmetic is spent on what cannot count.
 */
export const openAttestation = <R extends string = never>(
  bytes: Uint8Array,
  mayWitness: (witness: Uint8Array) => boolean = () => true,
  useless: (body: AttestationBody) => R | undefined = () => undefined,
  verifier: Verifier = ed25519Verifier,
): Admission<SealedAttestation, AttestationReason | R> => {
  const decoded = attestationCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const attestation = decoded.value
  if (keySpellingFault(attestation.witness) !== undefined) return reject('bad-key')
  if (!mayWitness(attestation.witness)) return reject('not-member')
  if (!isWindowPossible(attestation)) return reject('bad-window')
  const reason = useless(attestation)
  if (reason !== undefined) return ignore(reason)
  const signed = {
    publicKey: attestation.witness,
    domain: ATTESTATION_DOMAIN,
    signature: attestation.signature,
    // Only where it is looked at: whoever opens a decided block does not.
    get body() {
      return encodeAttestationBody(attestation)
    },
  }
  return verifier.verify(signed) ? accept(sealedOf(attestation, bytes)) : reject('bad-signature')
}

/**
 * A window is at least as long as the round trip inside it, and not longer than honest bounds can make it. A witness whose
 * clock was set during the exchange asks this of its own measurement before it signs.
 */
export const isWindowPossible = (
  window: Pick<AttestationBody, 'sentEarliest' | 'receivedLatest' | 'roundTripNs'>,
): boolean => {
  const { sentEarliest, receivedLatest, roundTripNs } = window
  if (roundTripNs < 0 || roundTripNs > ROUND_TRIP_NS_MAX) return false
  const length = receivedLatest - sentEarliest
  const roundTrip = BigInt(roundTripNs)
  return length >= roundTrip - roundTrip / RATE_SLACK && length <= roundTrip + WINDOW_NS_MAX
}

/** The slot in which the witness asked: floor(sentEarliest / slot length). */
export const slotOf = (tai: Tai, slotNs: bigint): number => Number(floorDiv(tai, slotNs))
