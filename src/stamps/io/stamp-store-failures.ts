/** How a store of stamps on a disk refuses: `TC_STAMP_STORE`, with a message that says what its operator can do. docs/errors.md. */
import { ChimerError } from '../../base/index.ts'
import { codeOf } from '../../crypto/io/disk.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

const PUT_BACK =
  'Stop the node and put the file back from a copy. Without one, move it away and start again: the node begins a new log, and what this one promised is lost'

/** 0, SQLite's "no error", where the error is not SQLite's. */
const primaryCode = (cause: unknown): number =>
  cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode & 0xff : 0

const WHAT: Readonly<Record<number, (path: string, system: string) => string>> = {
  [SQLITE_BUSY]: (path) =>
    `another process has the stamps in ${path} open. Stop that one first: one data directory, one node`,
  [SQLITE_READONLY]: (path) =>
    `the stamps in ${path} cannot be written: the file, its directory or the disk is read-only. Set its rights right, and start the node again`,
  [SQLITE_FULL]: (path, system) =>
    `the disk is full: the stamps in ${path} cannot grow (${system}), and nothing is acknowledged. Make room; the node takes stamps again by itself`,
  [SQLITE_CANTOPEN]: (path) =>
    `the stamps in ${path} cannot be opened. Check that the directory is there and that this user may write it`,
}

/** What SQLite or the system said, as an error of ours. */
export const stampStoreFailure = (path: string, cause: unknown): ChimerError => {
  if (cause instanceof ChimerError) return cause
  const system = codeOf(cause)
  const code = primaryCode(cause)
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return stampStoreDamaged(path, system, cause)
  const message =
    WHAT[code]?.(path, system) ??
    `the stamps in ${path} cannot be read or written (${system}). Check its rights, and that the disk is whole, has room, and is not read-only`
  return new ChimerError('TC_STAMP_STORE', message, { facts: { path, system }, cause })
}

/** The file is not what was written: by the disk's fault or another program's. */
export const stampStoreDamaged = (path: string, what: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_STAMP_STORE', `the stamps in ${path} are damaged (${what}). ${PUT_BACK}`, {
    facts: { path, system: what },
    ...(cause === undefined ? {} : { cause }),
  })

/** A whole file, but of another version, node or network: putting back a copy may be no help. */
export const stampStoreForeign = (path: string, what: string): ChimerError =>
  new ChimerError(
    'TC_STAMP_STORE',
    `${path} holds no stamps that this node can use (${what}), and is left as it is. If a newer version wrote it, run that version; if it is another node's, put this node's own back. ` +
      'Only where there is none, move it away and start again: the node then begins a new log',
    { facts: { path, system: what } },
  )

/** Nothing is taken any more; what was taken is kept. */
export const stampThreadEnded = (path: string, cause: unknown): ChimerError =>
  new ChimerError(
    'TC_STAMP_STORE',
    `the thread that writes stamps to ${path} has ended (${codeOf(cause)}), so nothing is acknowledged. Look at the memory that the node may use, and start it again`,
    { facts: { path, system: codeOf(cause) }, cause },
  )
