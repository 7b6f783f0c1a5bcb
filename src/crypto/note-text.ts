/**
 * Which texts the node's key may sign as they stand. All that is ours is signed as a digest under a domain, 32 bytes; others' formats (C2SP
 * signed-note, tlog-cosignature) are signed raw. A note that is at least 64 bytes long and has one of two shapes is never a digest, never
 * what libp2p signs to prove a key, and neither shape is the other.
 *
 * Rules: docs/spec/crypto.md C-20.
 */
/** Shortest text that is signed raw, bytes: twice a digest. */
export const NOTE_TEXT_BYTES_MIN = 64
export const NOTE_TEXT_BYTES_MAX = 4096

/** `cosignature/v1`, a time, and a log checkpoint; or a log checkpoint alone: origin, size, root, and no empty line. */
const COSIGNED = /^cosignature\/v1\ntime (?:0|[1-9]\d{0,18})\n/
const CHECKPOINT = /^[^\n\s+]+\n(?:0|[1-9]\d{0,18})\n[A-Za-z0-9+/]{43}=\n(?:[^\n]+\n)*$/

/** The bytes of a text that may be signed raw; undefined where it may not. */
export const noteTextBytes = (text: string): Uint8Array | undefined => {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length < NOTE_TEXT_BYTES_MIN || bytes.length > NOTE_TEXT_BYTES_MAX) return undefined
  return CHECKPOINT.test(text.replace(COSIGNED, '')) ? bytes : undefined
}
