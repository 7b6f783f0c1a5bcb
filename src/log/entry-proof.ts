/**
 * One entry shown to somebody who has nothing else of the log: its bytes, the path to a root, and the checkpoint that the node
 * signed over that root. A few hundred bytes, checked without a network, with only the node's id.
 *
 * EntryProof = [kind, 1, entry, path, checkpoint], at most `ENTRY_PROOF_BYTES_MAX`. Rules: docs/spec/log.md L-14.
 * Not promised: that the entry is true, nor its time better than the node's own word.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { bytes, codecOf, fixedBytes, list, tuple, uint, word } from '../codec/index.ts'
import type { CodecReason } from '../codec/index.ts'
import { DIGEST_BYTES, MERKLE_PATH_MAX, verifyMerklePath } from '../crypto/index.ts'
import { CHECKPOINT_BYTES_MAX, checkpointField, isSignedCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { ENTRY_BYTES_MAX, openEntry } from './entry.ts'
import type { SealedEntry } from './entry.ts'

export const ENTRY_PROOF_BYTES_MAX = 64 + ENTRY_BYTES_MAX + MERKLE_PATH_MAX * (DIGEST_BYTES + 2) + CHECKPOINT_BYTES_MAX

/** Why a proof shows nothing. */
export const ENTRY_PROOF_REASONS = ['bad-signature', 'not-in-log'] as const
export type EntryProofReason = CodecReason | (typeof ENTRY_PROOF_REASONS)[number]

interface EntryProof {
  readonly kind: 'truechimer-log-entry'
  readonly version: number
  readonly entry: Uint8Array
  readonly path: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
}

const proofCodec = codecOf(
  tuple<EntryProof>({
    kind: word(['truechimer-log-entry']),
    version: uint({ min: 1, max: 1 }),
    entry: bytes(ENTRY_BYTES_MAX),
    path: list(fixedBytes(DIGEST_BYTES), MERKLE_PATH_MAX),
    checkpoint: checkpointField,
  }),
  ENTRY_PROOF_BYTES_MAX,
)

export const encodeEntryProof = (parts: Pick<EntryProof, 'entry' | 'path' | 'checkpoint'>): Uint8Array<ArrayBuffer> =>
  proofCodec.encode({ kind: 'truechimer-log-entry', version: 1, ...parts })

/** What a proof shows, from anybody's bytes: this entry is in the log that `checkpoint.nodeId` signed. */
export const openEntryProof = (
  proof: Uint8Array,
): Admission<{ readonly sealed: SealedEntry; readonly checkpoint: Checkpoint }, EntryProofReason> => {
  const decoded = proofCodec.decode(proof)
  if (decoded.verdict !== 'accept') return decoded
  const { entry, path, checkpoint } = decoded.value
  const opened = openEntry(entry)
  if (opened.verdict !== 'accept') return opened
  if (!isSignedCheckpoint(checkpoint)) return reject('bad-signature')
  const { size, root } = checkpoint
  const claim = { leaf: opened.value.digest, index: opened.value.entry.sequence, size, path, root }
  return verifyMerklePath(claim) ? accept({ sealed: opened.value, checkpoint }) : reject('not-in-log')
}
