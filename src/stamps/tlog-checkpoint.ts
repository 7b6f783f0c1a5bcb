/**
 * Log checkpoints: the head of a log as a note (origin, size, root), and how logs and witnesses of this network are called in notes.
 *
 * Source: C2SP tlog-checkpoint v1.0.0. Rules T-60, T-61, T-64 in docs/spec/stamps.md. Extension lines of others are kept and mean nothing.
 */
import assert from 'node:assert/strict'
import { accept, base64Of, bytesOfBase64, bytesOfHex, hexOf, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { DIGEST_BYTES, nodeIdText, parseNodeId } from '../crypto/index.ts'
import { LOG_ENTRIES_MAX } from './stamp-batch.ts'
import type { NoteKey, NoteType } from './signed-note.ts'

/** Longest text of a checkpoint, bytes, extension lines and all. */
export const LOG_CHECKPOINT_BYTES_MAX = 2048

export interface LogHead {
  /** Entries, 0 to LOG_ENTRIES_MAX. */
  readonly size: number
  /** RFC 6962's root over them, 32 bytes. */
  readonly root: Uint8Array
}

export interface LogCheckpoint extends LogHead {
  readonly origin: string
  /** Lines after the third, without newlines. Ours have none. */
  readonly extensions: readonly string[]
}

/** `truechimer/<network id>/<node id>`: the origin of a node's log, and the name of its keys in notes. Not to be fetched from. */
export const logOrigin = (networkId: Uint8Array, node: Uint8Array): string =>
  `truechimer/${hexOf(networkId)}/${nodeIdText(node)}`

/** The key of the node whose log this origin is; undefined where it is none of this network. */
export const nodeOfOrigin = (networkId: Uint8Array, origin: string): Uint8Array | undefined => {
  const [form, network = '', node = '', ...more] = origin.split('/')
  const id = bytesOfHex(network)
  if (form !== 'truechimer' || more.length > 0 || id === undefined || hexOf(networkId) !== network) return undefined
  const key = parseNodeId(node)
  return key.verdict === 'accept' && logOrigin(networkId, key.value) === origin ? key.value : undefined
}

/** A node's key for its own log's notes (`ed25519`), or for those that it cosigns as a witness. */
export const nodeNoteKey = (networkId: Uint8Array, node: Uint8Array, type: NoteType): NoteKey => ({
  name: logOrigin(networkId, node),
  type,
  publicKey: node,
})

/** The text of a note. */
export const checkpointText = ({ origin, size, root, extensions }: LogCheckpoint): string => {
  assert(Number.isSafeInteger(size) && size >= 0 && root.length === DIGEST_BYTES)
  return [origin, String(size), base64Of(root), ...extensions, ''].join('\n')
}

export const LOG_CHECKPOINT_REASONS = ['malformed-checkpoint'] as const
export type LogCheckpointReason = (typeof LOG_CHECKPOINT_REASONS)[number]

/** A size as it must be written: decimal, no zero before it. More than a log of ours may have is none. */
export const sizeOfText = (text: string): number | undefined => {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(text)) return undefined
  const size = Number(text)
  return size <= LOG_ENTRIES_MAX ? size : undefined
}

/** A note's text of anybody. Never throws. */
export const parseCheckpoint = (text: string): Admission<LogCheckpoint, LogCheckpointReason> => {
  if (text.length > LOG_CHECKPOINT_BYTES_MAX) return reject('malformed-checkpoint')
  const lines = text.split('\n')
  const isEnded = lines.pop() === ''
  const [origin = '', sizeText = '', rootText = '', ...extensions] = lines
  const [size, root] = [sizeOfText(sizeText), bytesOfBase64(rootText)]
  if (!isEnded || lines.some((line) => line === '')) return reject('malformed-checkpoint')
  if (size === undefined || root?.length !== DIGEST_BYTES) return reject('malformed-checkpoint')
  return accept({ origin, size, root, extensions })
}
