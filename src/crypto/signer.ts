/**
 * The port through which everything is signed. The key stays behind it: a room hands over a domain and a body and gets a
 * signature, and never sees the key. Three doors: `sign` for what may be said often (attestations, messages), `signNext`
 * for what must never run backwards (time proofs), and `signNote` for others' formats (note-text.ts).
 *
 * Implementations: `io/file-signer.ts` (key file and ratchet on disk), and whatever a test hands in.
 */
import type { Tai } from '../base/index.ts'

/** What the signer last put its name to. Sequence starts at 1; the head of a fresh signer is sequence 0. */
export interface SignerHead {
  readonly sequence: number
  readonly tai: Tai
  /** SHA3-256 of the last sealed thing, 32 bytes; zeros before the first. */
  readonly digest: Uint8Array
}

export interface SignNextRequest {
  /** For example `truechimer/time-proof/1`. */
  readonly domain: string
  readonly sequence: number
  readonly tai: Tai
  /** The deterministic encoding of everything but the signature. */
  readonly body: Uint8Array
  /** SHA3-256 (32 bytes) of the finished thing, given its signature: becomes the head's digest. Pure. */
  readonly seal: (signature: Uint8Array) => Uint8Array
}

export interface Signer extends AsyncDisposable {
  /** The Ed25519 public key, 32 bytes: the node's id. */
  readonly nodeId: Uint8Array
  /** Ed25519 over `domainDigest(domain, body)`, 64 bytes. */
  sign(domain: string, body: Uint8Array): Promise<Uint8Array>
  /** Ed25519 over a note as it stands, for others' formats, 64 bytes. A text that `noteTextBytes` does not take is an asserted bug. */
  signNote(text: string): Promise<Uint8Array>
  /**
   * As `sign`, once per sequence and only forwards; the new head is on disk before the signature is returned.
   * Rejects with `TC_SIGNER_BACKWARDS` where `sequence` or `tai` would not grow, and signs nothing.
   */
  signNext(request: SignNextRequest): Promise<Uint8Array>
  head(): SignerHead
}
