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

/** Holds `path` (made if missing, stays empty) until disposed. `TC_KEY_LOCKED` where somebody else holds it. */
export const lockKey = (path: string): Disposable => {
  const database = openDatabase(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    const message = `another process is signing with this key (${path}); two would contradict each other. Stop the other one first`
    throw new ChimerError('TC_KEY_LOCKED', message, { facts: { path }, cause })
  }
  return { [Symbol.dispose]: () => database.close() }
}

const openDatabase = (path: string): DatabaseSync => {
  try {
    return new DatabaseSync(path)
  } catch (cause) {
    throw new ChimerError('TC_KEY_LOCK_IO', `cannot open the lock file ${path}; check the directory and its rights`, {
      facts: { path },
      cause,
    })
  }
}
