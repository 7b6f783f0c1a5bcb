/** What the tests of this room share: fixed keys, and proofs and attestations made with them. */
import { memorySigner } from '../crypto/io/memory-signer.ts'
import type { Signer } from '../crypto/index.ts'
import { ZERO_DIGEST, signTimeProof } from './index.ts'
import type { SealedProof, TimeProofBody } from './index.ts'

/** The signer whose 32 secret bytes are all `byte`. */
export const signerOf = (byte: number): Signer => memorySigner({ seed: new Uint8Array(32).fill(byte) })

export const NETWORK = new Uint8Array(32).fill(0x11)
export const NONCE = new Uint8Array(32).fill(0x22)
/** A round instant in 2026, TAI ns. */
export const TAI = 1_790_000_000_000_000_000n

type Given = Partial<Omit<TimeProofBody, 'nodeId' | 'sequence' | 'previous'>>

/** The signer's next proof, with what is given changed. */
export const proofOf = (signer: Signer, given: Given = {}): Promise<SealedProof> =>
  signTimeProof(signer, {
    networkId: NETWORK,
    tai: TAI,
    uncertaintyNs: 1_000_000,
    beacon: ZERO_DIGEST,
    nonce: NONCE,
    sources: [{ kind: 'ntp', count: 3 }],
    ...given,
  })

/** Bytes with one bit turned. */
export const withFlippedBit = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte))

/** Everything but the accepted value of an admission, as text: `accept`, or verdict and reason. */
export const said = (admission: { readonly verdict: string; readonly reason?: string }): string =>
  admission.reason === undefined ? admission.verdict : `${admission.verdict} ${admission.reason}`
