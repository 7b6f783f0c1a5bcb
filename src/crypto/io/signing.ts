/** What every signer shares: how it refuses, and how a signature becomes the next head. */
import assert from 'node:assert/strict'
import { ChimerError } from '../../base/index.ts'
import type { Tai } from '../../base/index.ts'
import { DIGEST_BYTES } from '../hash.ts'
import type { RatchetReason } from '../ratchet.ts'
import { signMessage } from '../ed25519.ts'
import type { SigningKey } from '../ed25519.ts'
import { noteTextBytes } from '../note-text.ts'
import type { SignerHead, SignNextRequest } from '../signer.ts'

/** `TC_SIGNER_BACKWARDS`; `facts.reason` is one of `RATCHET_REASONS`. */
export const backwards = (
  reason: RatchetReason,
  head: SignerHead,
  request: Pick<SignNextRequest, 'sequence' | 'tai'>,
): ChimerError =>
  new ChimerError(
    'TC_SIGNER_BACKWARDS',
    `the signer refused (${reason}): it signs sequence ${head.sequence + 1} next, at a time later than its last`,
    {
      facts: {
        reason,
        headSequence: head.sequence,
        headTai: String(head.tai),
        sequence: request.sequence,
        tai: String(request.tai),
      },
    },
  )

/** `TC_SIGNER_CLOSED`. */
export const closedSigner = (): ChimerError =>
  new ChimerError('TC_SIGNER_CLOSED', 'this signer was closed; open it again before signing')

/** The head after a thing was sealed; the digest is copied, as its owner may write on. */
export const nextHead = (next: { readonly sequence: number; readonly tai: Tai }, digest: Uint8Array): SignerHead => {
  assert.equal(digest.length, DIGEST_BYTES)
  return { ...next, digest: digest.slice() }
}

/** 64 bytes over a text that may be signed as it stands. */
export const signNote = (key: SigningKey, text: string): Uint8Array => {
  const bytes = noteTextBytes(text)
  assert(bytes !== undefined, 'a note, and no other text')
  return signMessage(key, bytes)
}
