/**
 * Cosignatures: a witness says that at a time the largest head of a log that it has seen, consistent with all before, was this one.
 *
 * Source: C2SP tlog-cosignature, `cosignature/v1` with Ed25519. Rules T-65, T-66 in docs/spec/stamps.md. Times are POSIX seconds (UTC without
 * leap seconds) of the witness's own clock.
 */
import assert from 'node:assert/strict'
import { joinBytes } from '../base/index.ts'
import { SIGNATURE_BYTES, verifyMessage } from '../crypto/index.ts'
import { isOfKey, noteSignatureOf } from './signed-note.ts'
import type { NoteKey, NoteSignature, SignedNote } from './signed-note.ts'

const TIME_BYTES = 8
const TIME_MAX = 2n ** 63n - 1n

/** What is signed: a head line, the time, the checkpoint's text. @param timeSec POSIX seconds. */
export const cosignedText = (timeSec: bigint, checkpoint: string): string => {
  assert(timeSec >= 0n && timeSec <= TIME_MAX)
  return `cosignature/v1\ntime ${timeSec}\n${checkpoint}`
}

/** @param signature of `key` over `cosignedText(timeSec, …)`, 64 bytes. */
export const cosignatureOf = (key: NoteKey, timeSec: bigint, signature: Uint8Array): NoteSignature => {
  assert(key.type === 'cosignature' && signature.length === SIGNATURE_BYTES)
  const time = new Uint8Array(TIME_BYTES)
  new DataView(time.buffer).setBigUint64(0, timeSec)
  return noteSignatureOf(key, joinBytes(time, signature))
}

/** When this witness cosigned the text by this line, POSIX seconds; undefined where it did not. Bytes of anybody. */
export const cosignedAt = (key: NoteKey, text: string, line: NoteSignature): bigint | undefined => {
  const { signature: bytes } = line
  if (key.type !== 'cosignature' || !isOfKey(key, line) || bytes.length !== TIME_BYTES + SIGNATURE_BYTES)
    return undefined
  const timeSec = new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES).getBigUint64(0)
  if (timeSec > TIME_MAX) return undefined
  const message = new TextEncoder().encode(cosignedText(timeSec, text))
  const isTheirs = verifyMessage({ publicKey: key.publicKey, message, signature: bytes.subarray(TIME_BYTES) })
  return isTheirs ? timeSec : undefined
}

/** Which of these witnesses have cosigned a note, each once, with when. */
export const cosignersOf = (
  { text, signatures }: SignedNote,
  witnesses: readonly NoteKey[],
): readonly { readonly key: NoteKey; readonly timeSec: bigint; readonly line: NoteSignature }[] =>
  witnesses.flatMap((key) => {
    for (const line of signatures.filter((signature) => isOfKey(key, signature))) {
      const timeSec = cosignedAt(key, text, line)
      if (timeSec !== undefined) return [{ key, timeSec, line }]
    }
    return []
  })
