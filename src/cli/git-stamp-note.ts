/**
 * The text of a note in `refs/notes/truechimer`: a few lines for people, as `git log --show-notes=truechimer` shows them, and the proof in base64
 * between marks. Only what stands between the marks is read back; the lines above it are no proof of anything. Rule T-97 in
 * docs/spec/stamps.md. Pure.
 */
import { reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { utcDown, utcUp } from './stamp-lines.ts'
import type { VerifiedStamp } from '../stamps/index.ts'
import { openChime } from './chime-file.ts'
import type { Chime } from './chime-file.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { PendingStamp } from '../stamps/index.ts'

const BEGIN = '-----BEGIN TRUECHIMER STAMP-----'
const END = '-----END TRUECHIMER STAMP-----'
const LINE_LENGTH = 64

export const GIT_NOTE_REASONS = ['git-note-malformed', 'git-note-too-large', 'git-wrong-object'] as const

/** A note with a final proof. */
export const proofNote = (subject: string, verified: VerifiedStamp, bytes: Uint8Array): string => {
  const { interval, attestedBy } = verified
  const from = interval.notBefore === undefined ? [] : [`submitted no earlier than ${utcDown(interval.notBefore)}`]
  return noteOf(
    [
      `Truechimer stamp of ${subject}`,
      `existed no later than ${utcUp(interval.notAfter)}`,
      ...from,
      `attested by ${attestedBy.count} of ${attestedBy.of} validators`,
    ],
    bytes,
  )
}

/** A note with a receipt, until the proof is fetched. */
export const receiptNote = (subject: string, { receipt }: PendingStamp, bytes: Uint8Array): string =>
  noteOf(
    [
      `Truechimer receipt for ${subject}: nothing is proved yet`,
      `${nodeIdText(receipt.node)} promises block ${receipt.heightPromised}`,
    ],
    bytes,
  )

const noteOf = (lines: readonly string[], bytes: Uint8Array): string => {
  const armour = Buffer.from(bytes).toString('base64')
  const wrapped = armour.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? []
  return `${[...lines, '', BEGIN, ...wrapped, END].join('\n')}\n`
}

/** What stands in a note of anybody: the first armour in it. Never throws. */
export const openNote = (text: string): Admission<Chime> => {
  const lines = text.split('\n').map((line) => line.trim())
  const begin = lines.indexOf(BEGIN)
  const end = lines.indexOf(END, begin)
  if (begin === -1 || end === -1) return reject('git-note-malformed')
  const armour = lines.slice(begin + 1, end).join('')
  const bytes = Buffer.from(armour, 'base64')
  if (bytes.toString('base64') !== armour) return reject('git-note-malformed')
  return openChime(new Uint8Array(bytes))
}
