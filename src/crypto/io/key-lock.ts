/**
 * One process per key. The lock is the operating system's own lock on a file, taken through SQLite, so it ends with the process
 * however that ends: there is no stale lock to recover and no number of a dead process to guess about.
 *
 * Source: SQLite, "File Locking and Concurrency" §3 (an EXCLUSIVE transaction that is never ended).
 * Not promised: network file systems often do not lock. Nobody else in this process may open the lock file: closing it would
 * end the lock (POSIX).
 */
import { DatabaseSync } from 'node:sqlite'
import { ChimerError } from '../../base/index.ts'
import { codeOf } from './disk.ts'

/** SQLite's primary result code of a lock that somebody else holds (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5

/**
 * Holds `path` (made if missing, stays empty) until disposed. `TC_KEY_LOCKED` where somebody else holds it; `TC_KEY_LOCK_IO`
 * where it cannot be locked for another reason, such as a full disk.
 */
export const lockKey = (path: string): Disposable => {
  const database = openDatabase(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!isBusy(cause)) throw unusable(path, cause)
    const message = `another process is signing with this key (${path}); two would contradict each other. Stop the other one first`
    throw new ChimerError('TC_KEY_LOCKED', message, { facts: { path }, cause })
  }
  return { [Symbol.dispose]: () => database.close() }
}

const openDatabase = (path: string): DatabaseSync => {
  try {
    return new DatabaseSync(path)
  } catch (cause) {
    throw unusable(path, cause)
  }
}

const isBusy = (cause: unknown): boolean =>
  cause instanceof Error &&
  'errcode' in cause &&
  typeof cause.errcode === 'number' &&
  (cause.errcode & 0xff) === SQLITE_BUSY

const unusable = (path: string, cause: unknown): ChimerError => {
  const why = codeOf(cause)
  const message = `cannot use the lock file ${path} (${why}); check the directory, its rights, and that the disk is not full`
  return new ChimerError('TC_KEY_LOCK_IO', message, { facts: { path, system: why }, cause })
}
