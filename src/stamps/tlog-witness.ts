/**
 * A witness's judgement: may it put its name to a log's checkpoint? Only to one that the log signed and that continues what was cosigned
 * last; the log's owner shows that with a consistency proof. Also the bytes in which a witness is asked.
 *
 * Source: C2SP tlog-witness, `add-checkpoint`. Rules T-69 to T-72 in docs/spec/stamps.md. Pure: whoever calls keeps what was cosigned.
 */
import { accept, base64Of, bytesOfBase64, equalBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CONSISTENCY_PATH_MAX, DIGEST_BYTES, merkleSha256, verifyConsistency } from '../crypto/index.ts'
import { parseCheckpoint, sizeOfText } from './tlog-checkpoint.ts'
import type { LogCheckpoint, LogHead } from './tlog-checkpoint.ts'
import { encodeNote, openNote, verifyNote } from './signed-note.ts'
import type { NoteKey, SignedNote } from './signed-note.ts'

/** Longest question to a witness, bytes: 63 digests, and a checkpoint with the signatures of many. */
export const WITNESS_REQUEST_BYTES_MAX = 65_536

export interface WitnessRequest {
  /** Size that the witness is thought to have cosigned last. */
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  readonly note: SignedNote
  readonly checkpoint: LogCheckpoint
}

export const encodeWitnessRequest = ({ oldSize, proof, note }: Omit<WitnessRequest, 'checkpoint'>): string =>
  `${[`old ${oldSize}`, ...proof.map(base64Of), ''].join('\n')}\n${encodeNote(note)}`

export const WITNESS_REQUEST_REASONS = ['malformed-witness-request'] as const
export type WitnessRequestReason = (typeof WITNESS_REQUEST_REASONS)[number]

/** A body of anybody. Never throws. */
export const openWitnessRequest = (body: string): Admission<WitnessRequest, WitnessRequestReason> => {
  const malformed = reject('malformed-witness-request')
  const split = body.indexOf('\n\n')
  if (body.length > WITNESS_REQUEST_BYTES_MAX || split === -1) return malformed
  const [old = '', ...lines] = body.slice(0, split).split('\n')
  const oldSize = old.startsWith('old ') ? sizeOfText(old.slice(4)) : undefined
  const proof = lines.length > CONSISTENCY_PATH_MAX ? [undefined] : lines.map(digestOfLine)
  const note = openNote(body.slice(split + 2))
  if (oldSize === undefined || note.verdict !== 'accept') return malformed
  const digests = proof.filter((digest) => digest !== undefined)
  const checkpoint = parseCheckpoint(note.value.text)
  if (checkpoint.verdict !== 'accept' || digests.length < proof.length) return malformed
  return accept({ oldSize, proof: digests, note: note.value, checkpoint: checkpoint.value })
}

const digestOfLine = (line: string): Uint8Array | undefined => {
  const digest = bytesOfBase64(line)
  return digest?.length === DIGEST_BYTES ? digest : undefined
}

/** Why a witness does not cosign, with the status of HTTP that the specification gives each. */
export const WITNESS_REASONS = [
  'note-unsigned',
  'wrong-note-signature',
  'old-size-too-large',
  'old-size-differs',
  'wrong-empty-root',
  'wrong-consistency',
  'log-forked',
] as const
export type WitnessReason = (typeof WITNESS_REASONS)[number]

export interface WitnessJudgement {
  /** All but `log-forked` and a forged signature can come of honest haste. */
  readonly outcome: Admission<LogCheckpoint, WitnessReason>
  /** The checkpoint and the last one show that the log has two histories: one size, two roots, both signed. */
  readonly isFork: boolean
}

/**
 * @param last the head of this log that was cosigned last; undefined before the first.
 * @param key the log's.
 */
export const judgeCheckpoint = (
  { oldSize, proof, note, checkpoint }: WitnessRequest,
  { key, last }: { readonly key: NoteKey; readonly last: LogHead | undefined },
): WitnessJudgement => {
  const signed = verifyNote(note, key)
  if (signed.verdict !== 'accept') return { outcome: reject(signed.reason), isFork: false }
  const isFork = last !== undefined && last.size === checkpoint.size && !equalBytes(last.root, checkpoint.root)
  const reason = reasonAgainst({ oldSize, proof, checkpoint, last, isFork })
  return { outcome: reason === undefined ? accept(checkpoint) : reject(reason), isFork }
}

const reasonAgainst = (asked: {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  readonly checkpoint: LogCheckpoint
  readonly last: LogHead | undefined
  readonly isFork: boolean
}): WitnessReason | undefined => {
  const { oldSize, proof, checkpoint, last, isFork } = asked
  if (oldSize > checkpoint.size) return 'old-size-too-large'
  if (oldSize !== (last?.size ?? 0)) return 'old-size-differs'
  if (checkpoint.size === 0 && !equalBytes(checkpoint.root, merkleSha256.empty())) return 'wrong-empty-root'
  if (isFork) return 'log-forked'
  const sizes = { oldSize, newSize: checkpoint.size }
  const roots = { oldRoot: last?.root ?? merkleSha256.empty(), newRoot: checkpoint.root }
  return verifyConsistency(merkleSha256, { ...sizes, ...roots, proof }) ? undefined : 'wrong-consistency'
}
