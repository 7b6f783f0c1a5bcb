/**
 * Evidence that a node's log has two histories: two log checkpoints, both signed with its key, of one size and with different roots. Two notes
 * are enough for everybody who knows the network's id; nobody needs to be believed.
 *
 * Source: C2SP tlog-checkpoint ("a log must not sign any checkpoint which is inconsistent"). Rule T-73 in docs/spec/stamps.md.
 */
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { openNote, verifyNote } from './signed-note.ts'
import { nodeNoteKey, nodeOfOrigin, parseCheckpoint } from './tlog-checkpoint.ts'
import type { LogCheckpoint } from './tlog-checkpoint.ts'

export const FORK_REASONS = ['malformed-fork', 'fork-wrong-network', 'fork-wrong-signature', 'no-fork'] as const
export type ForkReason = (typeof FORK_REASONS)[number]

/** Whose log has two histories by these two notes of anybody. Never throws. */
export const verifyFork = (
  networkId: Uint8Array,
  notes: { readonly first: string; readonly second: string },
): Admission<{ readonly node: Uint8Array; readonly size: number }, ForkReason> => {
  const [first, second] = [signedCheckpoint(networkId, notes.first), signedCheckpoint(networkId, notes.second)]
  if (first.verdict !== 'accept') return first
  if (second.verdict !== 'accept') return second
  const [a, b] = [first.value.checkpoint, second.value.checkpoint]
  const isFork = a.origin === b.origin && a.size === b.size && !equalBytes(a.root, b.root)
  return isFork ? accept({ node: first.value.node, size: a.size }) : reject('no-fork')
}

const signedCheckpoint = (
  networkId: Uint8Array,
  text: string,
): Admission<{ readonly node: Uint8Array; readonly checkpoint: LogCheckpoint }, ForkReason> => {
  const note = openNote(text)
  if (note.verdict !== 'accept') return reject('malformed-fork')
  const checkpoint = parseCheckpoint(note.value.text)
  if (checkpoint.verdict !== 'accept') return reject('malformed-fork')
  const node = nodeOfOrigin(networkId, checkpoint.value.origin)
  if (node === undefined) return reject('fork-wrong-network')
  const signed = verifyNote(note.value, nodeNoteKey(networkId, node, 'ed25519'))
  return signed.verdict === 'accept' ? accept({ node, checkpoint: checkpoint.value }) : reject('fork-wrong-signature')
}
