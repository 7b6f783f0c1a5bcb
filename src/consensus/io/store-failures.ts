/** How a block store on a disk refuses: each message says what its operator can do. docs/errors.md, "Consensus". */
import { ChimerError } from '../../base/index.ts'
import { codeOf } from '../../crypto/io/disk.ts'

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

const SYNC_AGAIN = 'Stop the node, delete the file, and start again: it gets the blocks from its peers anew'

/** 0, SQLite's "no error", where the error is not SQLite's. */
const primaryCode = (cause: unknown): number =>
  cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode & 0xff : 0

/** What SQLite or the system said, as an error of ours. */
export const storeFailure = (path: string, cause: unknown): ChimerError => {
  if (cause instanceof ChimerError) return cause
  const system = codeOf(cause)
  const facts = { path, system }
  switch (primaryCode(cause)) {
    case SQLITE_BUSY: {
      const message = `another process has the blocks in ${path} open; stop that one first: one data directory, one node`
      return new ChimerError('TC_CONSENSUS_STORE_LOCKED', message, { facts, cause })
    }
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return storeDamaged(path, system, cause)
    case SQLITE_FULL: {
      const message = `the disk is full: the blocks in ${path} cannot grow (${system}). Make room, and start the node again`
      return new ChimerError('TC_CONSENSUS_STORE', message, { facts, cause })
    }
    default: {
      const message = `the blocks in ${path} cannot be read or written (${system}). Check its rights, and that the disk is whole, has room, and is not read-only`
      return new ChimerError('TC_CONSENSUS_STORE', message, { facts, cause })
    }
  }
}

/** The file is not what was written: by the disk's fault or another program's. */
export const storeDamaged = (path: string, what: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_CONSENSUS_STORE', `the blocks in ${path} are damaged (${what}). ${SYNC_AGAIN}`, {
    facts: { path, system: what },
    ...(cause === undefined ? {} : { cause }),
  })

export const storeForeign = (path: string, what: string): ChimerError =>
  new ChimerError('TC_CONSENSUS_STORE', `${path} holds no blocks that this version reads (${what}). ${SYNC_AGAIN}`, {
    facts: { path, system: what },
  })
