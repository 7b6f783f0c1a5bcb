/**
 * The port through which signatures are checked, for rooms that also run in the simulator: there an ideal scheme, a table
 * that cannot be forged, may stand in the place of Ed25519 and cost nothing.
 */
import { verify } from './ed25519.ts'

/** Is `signature` (64 bytes) that of `publicKey` (32 bytes) over `body` in `domain`? Never throws, whatever the bytes. */
export interface Verifier {
  verify(options: {
    readonly publicKey: Uint8Array
    readonly domain: string
    readonly body: Uint8Array
    readonly signature: Uint8Array
  }): boolean
  /** Where this one only spares another work: the one whose answers it gives, always. */
  readonly spares?: Verifier
}

/** The strict Ed25519 of ed25519.ts. */
export const ed25519Verifier: Verifier = { verify }
