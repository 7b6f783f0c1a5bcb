/** How a log on a disk refuses: each code says what its operator can do. docs/errors.md, "Log". */
import { ChimerError } from '../../base/index.ts'
import { codeOf } from '../../crypto/io/disk.ts'
import type { LogReason } from '../verification.ts'

/** Of the system, and of SQLite, which locks the log. */
const FULL: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'database or disk is full']

/** The disk refused a write; nothing of the batch is in the log. */
export const unwritable = (path: string, cause: unknown): ChimerError => {
  const system = codeOf(cause)
  const facts = { path, system }
  if (FULL.includes(system)) {
    const message = `the disk is full: ${path} cannot grow (${system}). Make room, or let the log keep less with --log-keep-mb`
    return new ChimerError('TC_LOG_FULL', message, { facts, cause })
  }
  const message = `the log ${path} cannot be written (${system}). Check its rights, and that the disk is whole and not read-only`
  return new ChimerError('TC_LOG_UNWRITABLE', message, { facts, cause })
}

export const unreadable = (path: string, cause: unknown): ChimerError =>
  new ChimerError(
    'TC_LOG_UNREADABLE',
    `the log ${path} cannot be read (${codeOf(cause)}). Check --data and the rights`,
    {
      facts: { path, system: codeOf(cause) },
      cause,
    },
  )

export const noLog = (directory: string): ChimerError =>
  new ChimerError('TC_LOG_UNREADABLE', `there is no log in ${directory}; a node makes one when it runs`, {
    facts: { path: directory },
  })

/** Something is wrong in the middle, where no crash can have left it. */
export const damaged = (at: {
  readonly path: string
  readonly offset: number
  readonly sequence: number
  readonly reason: LogReason
}): ChimerError =>
  new ChimerError(
    'TC_LOG_DAMAGED',
    `the log is damaged at or after entry ${at.sequence} (${at.path}, byte ${at.offset}: ${at.reason}). It is left as it is: ` +
      'truechimer log verify names the entry; move the directory away, and keep it if you may have to show it',
    { facts: at },
  )

export const locked = (directory: string, cause: unknown): ChimerError =>
  new ChimerError('TC_LOG_LOCKED', `another process writes the log in ${directory}; stop that one first`, {
    facts: { path: directory },
    cause,
  })
