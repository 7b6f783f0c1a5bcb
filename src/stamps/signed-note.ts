/**
 * Signed notes: a text and under it lines of signatures, each naming its key. Others' tools write and read them, so what is checked here is
 * their format and nothing of ours.
 *
 * Source: C2SP signed-note v1.0.0; for cosignatures (type 0x04) C2SP tlog-cosignature. Rules T-62, T-63 in docs/spec/stamps.md. Of the
 * types of signatures there are two here: a note's own (0x01) and a cosignature; others are unknown, and passed by.
 */
import assert from 'node:assert/strict'
import { accept, base64Of, bytesOfBase64, bytesOfHex, equalBytes, hexOf, joinBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, sha256, verifyMessage } from '../crypto/index.ts'

/** Longest note, bytes, and most signatures of one: the specification asks for 16, a network may have 200 members. */
export const NOTE_BYTES_MAX = 65_536
export const NOTE_SIGNATURES_MAX = 256
export const NOTE_NAME_LENGTH_MAX = 255
const NOTE_ID_BYTES = 4

/** Ed25519 over the text; Ed25519 over a time and the text. */
export const NOTE_TYPES = { ed25519: 0x01, cosignature: 0x04 } as const
export type NoteType = keyof typeof NOTE_TYPES

/** Who signs notes: together, name and id tell one key and one way of signing from all others. */
export interface NoteKey {
  readonly name: string
  readonly type: NoteType
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
}

export interface NoteSignature {
  readonly name: string
  /** 4 bytes. */
  readonly id: Uint8Array
  /** What stands after the id: 64 bytes for a note's own, 8 more before them for a cosignature. */
  readonly signature: Uint8Array
}

export interface SignedNote {
  /** Ends in a newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Not empty, no space of Unicode's, no plus, no control character. */
const NAME = /^[^\s+\p{Cc}]+$/u
const isName = (name: string): boolean => name.length <= NOTE_NAME_LENGTH_MAX && NAME.test(name)

/** SHA-256(name ‖ newline ‖ type ‖ key), cut to 4 bytes. */
export const noteKeyId = ({ name, type, publicKey }: NoteKey): Uint8Array => {
  assert(isName(name) && publicKey.length === PUBLIC_KEY_BYTES)
  const head = new TextEncoder().encode(`${name}\n`)
  return sha256(joinBytes(head, Uint8Array.of(NOTE_TYPES[type]), publicKey)).subarray(0, NOTE_ID_BYTES)
}

/** `name+id+key`, the line by which a verifier is told of a key. */
export const verifierKeyText = (key: NoteKey): string =>
  `${key.name}+${hexOf(noteKeyId(key))}+${base64Of(joinBytes(Uint8Array.of(NOTE_TYPES[key.type]), key.publicKey))}`

export const VERIFIER_KEY_REASONS = ['malformed-verifier-key', 'unknown-note-type', 'wrong-note-key-id'] as const
export type VerifierKeyReason = (typeof VERIFIER_KEY_REASONS)[number]

/** A line of anybody. Never throws. */
export const parseVerifierKey = (line: string): Admission<NoteKey, VerifierKeyReason> => {
  const [name = '', id = '', ...rest] = line.length > 2 * NOTE_NAME_LENGTH_MAX ? [] : line.split('+')
  // The base64 may have a plus of its own.
  const encoded = bytesOfBase64(rest.join('+'))
  const idBytes = bytesOfHex(id)
  if (!isName(name) || idBytes?.length !== NOTE_ID_BYTES || encoded === undefined)
    return reject('malformed-verifier-key')
  const type = typeOf(encoded[0])
  if (type === undefined) return reject('unknown-note-type')
  if (encoded.length !== 1 + PUBLIC_KEY_BYTES) return reject('malformed-verifier-key')
  const key = { name, type, publicKey: encoded.subarray(1) }
  return equalBytes(noteKeyId(key), idBytes) ? accept(key) : reject('wrong-note-key-id')
}

const typeOf = (byte: number | undefined): NoteType | undefined => {
  if (byte === NOTE_TYPES.ed25519) return 'ed25519'
  return byte === NOTE_TYPES.cosignature ? 'cosignature' : undefined
}

/** One line, with its newline. */
export const signatureLine = ({ name, id, signature }: NoteSignature): string => {
  assert(isName(name) && id.length === NOTE_ID_BYTES)
  return `— ${name} ${base64Of(joinBytes(id, signature))}\n`
}

/** @param key whose `signature` it is: 64 bytes, or 72 for a cosignature. */
export const noteSignatureOf = (key: NoteKey, signature: Uint8Array): NoteSignature => ({
  name: key.name,
  id: noteKeyId(key),
  signature,
})

export const encodeNote = ({ text, signatures }: SignedNote): string => {
  assert(text.endsWith('\n') && signatures.length > 0)
  return `${text}\n${signatures.map(signatureLine).join('')}`
}

export const NOTE_REASONS = ['malformed-note', 'note-too-large'] as const
export type NoteReason = (typeof NOTE_REASONS)[number]

/** Half of a surrogate pair, which UTF-8 cannot say. */
const HALF = /\p{Cs}/u
const NEWLINE = 0x0a
const CONTROLS_END = 0x20

/** May this be said in a note: no control character but newlines, and all of it Unicode? */
const isNoteText = (text: string): boolean => {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code < CONTROLS_END && code !== NEWLINE) return false
  }
  return !HALF.test(text)
}

/** A note of anybody, as text; nothing of it is signed yet (`verifyNote`). Never throws. */
export const openNote = (note: string): Admission<SignedNote, NoteReason> => {
  if (note.length > NOTE_BYTES_MAX) return reject('note-too-large')
  const split = note.lastIndexOf('\n\n')
  if (split === -1 || !note.endsWith('\n') || !isNoteText(note)) return reject('malformed-note')
  const signatures = openSignatureLines(note.slice(split + 2))
  return signatures.verdict === 'accept'
    ? accept({ text: note.slice(0, split + 1), signatures: signatures.value })
    : signatures
}

/** Lines of signatures alone, one or more, as a witness answers. */
export const openSignatureLines = (text: string): Admission<readonly NoteSignature[], NoteReason> => {
  if (text.length > NOTE_BYTES_MAX) return reject('note-too-large')
  const lines = text.split('\n')
  if (lines.pop() !== '' || lines.length === 0) return reject('malformed-note')
  if (lines.length > NOTE_SIGNATURES_MAX) return reject('note-too-large')
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const [dash, name = '', encoded = '', ...more] = line.split(' ')
    const bytes = bytesOfBase64(encoded)
    const isLine = dash === '—' && isName(name) && more.length === 0
    if (!isLine || bytes === undefined || bytes.length <= NOTE_ID_BYTES) return reject('malformed-note')
    signatures.push({ name, id: bytes.subarray(0, NOTE_ID_BYTES), signature: bytes.subarray(NOTE_ID_BYTES) })
  }
  return accept(signatures)
}

/** Is this line one of this key's, whatever it is worth? */
export const isOfKey = (key: NoteKey, { name, id }: NoteSignature): boolean =>
  name === key.name && equalBytes(id, noteKeyId(key))

/** A key's lines, each once however often it was copied: copies say nothing, cost a check each, and would go into every note made of this one. */
export const ownLines = (key: NoteKey, lines: readonly NoteSignature[]): readonly NoteSignature[] => [
  ...new Map(
    lines.filter((line) => isOfKey(key, line)).map((line): [string, NoteSignature] => [hexOf(line.signature), line]),
  ).values(),
]

export const NOTE_SIGNATURE_REASONS = ['note-unsigned', 'wrong-note-signature'] as const
export type NoteSignatureReason = (typeof NOTE_SIGNATURE_REASONS)[number]

/** Has this key of type `ed25519` signed the note? A line that names the key and is not its signature spoils the note. */
export const verifyNote = ({ text, signatures }: SignedNote, key: NoteKey): Admission<null, NoteSignatureReason> => {
  assert(key.type === 'ed25519')
  const own = ownLines(key, signatures)
  if (own.length === 0) return reject('note-unsigned')
  const message = new TextEncoder().encode(text)
  const holds = own.every(
    ({ signature }) =>
      signature.length === SIGNATURE_BYTES && verifyMessage({ publicKey: key.publicKey, message, signature }),
  )
  return holds ? accept(null) : reject('wrong-note-signature')
}
