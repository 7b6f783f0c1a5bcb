/**
 * One SQLite file that only its owner reads (mode 600), in WAL mode with synchronous=FULL, so that what `transact` has returned from outlives the
 * process and the power. The operating system locks it as long as it is open, so there is no stale lock. A file that another program or another
 * owner made is refused and left as it is.
 *
 * Source: sqlite.org/wal.html §"Use of WAL Without Shared-Memory", sqlite.org/pragma.html#pragma_synchronous. Not promised: network file systems,
 * which often neither lock nor sync; and noticing a bit that a disk has turned, which rows' own checksums are for.
 */
import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue } from 'node:sqlite'
import { equalBytes } from '../../base/index.ts'
import type { ChimerError } from '../../base/index.ts'

/** SQLite's own page, bytes. */
const PAGE_BYTES = 4096
/** What the WAL file is cut back to after it has grown, bytes. */
const WAL_BYTES_KEPT = 16_777_216
/** How long a connection waits for another, milliseconds: many times what a disk takes to sync. */
const BUSY_MS_MAX = 10_000

/** Whose file it is: one of another network or another key is refused. */
export interface SqliteOwner {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** The node's key, 32 bytes. */
  readonly node: Uint8Array
}

export interface SqliteForm {
  /** Tells our files from other programs' and from each other: four letters. */
  readonly applicationId: number
  /** Of the tables. */
  readonly version: number
  /** SQL that makes them. */
  readonly tables: string
  /** Unless given, anybody's. */
  readonly owner?: SqliteOwner
  /** SQLite's own unless given. */
  readonly pageBytes?: number
  /** Pages that the WAL gathers before they are moved into the file; SQLite's own unless given. */
  readonly walPages?: number
  /** Others of this process may join it (`joinSqliteFile`). Other processes are then kept out by the lock on an empty file beside it, PATH-lock. */
  readonly isShared?: boolean
  /** The file does not grow beyond this, bytes: a write that would fails as on a full disk. Without it, the disk is the limit. */
  readonly bytesMax?: number
  /** What SQLite or the system said, as an error of its reader's; what is one already stays what it is. */
  readonly failure: (path: string, cause: unknown) => ChimerError
  /** It is somebody else's. */
  readonly foreign: (path: string, what: string) => ChimerError
}

/** Opens the file, made where it is missing. Throws what the form makes of it; nothing stays open then, also where `use` throws. */
export const openSqliteFile = <T>(path: string, form: SqliteForm, use: (file: SqliteFile) => T): T => {
  const opened: DatabaseSync[] = []
  try {
    if (form.isShared === true) opened.push(lockBeside(path))
    closeSync(openSync(path, 'a', 0o600))
    const database = new DatabaseSync(path)
    opened.unshift(database)
    prepare(database, path, form)
    return use(new SqliteFile(opened, (cause) => form.failure(path, cause)))
  } catch (cause) {
    for (const database of opened) database.close()
    throw form.failure(path, cause)
  }
}

/** Another connection to a shared file that is open in this process, in another thread for example. Each waits for what the other writes. */
export const joinSqliteFile = (path: string, form: SqliteForm): SqliteFile => {
  const database = new DatabaseSync(path)
  writeDurably(database, form)
  return new SqliteFile([database], (cause) => form.failure(path, cause))
}

/** Locked until it is closed. It stays empty. */
const lockBeside = (path: string): DatabaseSync => {
  const database = new DatabaseSync(`${path}-lock`)
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

export class SqliteFile implements Disposable {
  readonly database: DatabaseSync
  readonly #opened: readonly DatabaseSync[]
  readonly #failure: (cause: unknown) => ChimerError

  /** Of a database that was prepared, and what is closed after it. */
  constructor(opened: readonly DatabaseSync[], failure: (cause: unknown) => ChimerError) {
    const [database] = opened
    assert(database !== undefined)
    this.database = database
    this.#opened = opened
    this.#failure = failure
  }

  /** What fails in it is thrown as the form's failure. */
  attempt<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  /** All of it, durable, or nothing: also where `work` gives false. */
  transact(work: () => unknown): void {
    this.attempt(() => {
      this.database.exec('BEGIN IMMEDIATE')
      try {
        this.database.exec(work() === false ? 'ROLLBACK' : 'COMMIT')
      } catch (cause) {
        // SQLite ends the transaction by itself after some failures.
        if (this.database.isTransaction) this.database.exec('ROLLBACK')
        throw cause
      }
    })
  }

  [Symbol.dispose](): void {
    for (const database of this.#opened) database.close()
  }
}

const OWNER_TABLE = 'CREATE TABLE owner (network BLOB NOT NULL, node BLOB NOT NULL) STRICT'

/** Locks the file, and sees that it is one of the form, or empty. */
const prepare = (database: DatabaseSync, path: string, form: SqliteForm): void => {
  const { applicationId, version, owner, pageBytes = PAGE_BYTES, isShared, bytesMax } = form
  database.exec(`PRAGMA page_size = ${pageBytes}`)
  if (isShared !== true) database.exec('PRAGMA locking_mode = EXCLUSIVE')
  database.exec('PRAGMA journal_mode = WAL')
  writeDurably(database, form)
  database.exec('BEGIN IMMEDIATE')
  const [id, found] = [pragma(database, 'application_id'), pragma(database, 'user_version')]
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
  if (id === 0 && found === 0 && tables === 0) make(database, form)
  else if (id !== applicationId) throw form.foreign(path, 'another program made it')
  else if (found !== version) throw form.foreign(path, `version ${String(found)} of its tables`)
  else if (owner !== undefined && !isOf(database, owner))
    throw form.foreign(path, 'it is of another node or another network')
  database.exec('COMMIT')
  if (bytesMax !== undefined) database.exec(`PRAGMA max_page_count = ${Math.floor(bytesMax / pageBytes)}`)
}

/** What every connection is told. */
const writeDurably = (database: DatabaseSync, { walPages, isShared }: SqliteForm): void => {
  database.exec('PRAGMA synchronous = FULL')
  database.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}; PRAGMA trusted_schema = OFF`)
  if (walPages !== undefined) database.exec(`PRAGMA wal_autocheckpoint = ${walPages}`)
  if (isShared === true) database.exec(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`)
}

const make = (database: DatabaseSync, { applicationId, version, tables, owner }: SqliteForm): void => {
  database.exec(tables)
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`)
  if (owner === undefined) return
  database.exec(OWNER_TABLE)
  database.prepare('INSERT INTO owner VALUES (?, ?)').run(owner.networkId, owner.node)
}

const isOf = (database: DatabaseSync, owner: SqliteOwner): boolean => {
  const row = database.prepare('SELECT * FROM owner').get()
  const [network, node] = [row?.['network'], row?.['node']]
  if (!(network instanceof Uint8Array) || !(node instanceof Uint8Array)) return false
  return equalBytes(network, owner.networkId) && equalBytes(node, owner.node)
}

const pragma = (database: DatabaseSync, name: string): SQLOutputValue | undefined =>
  database.prepare(`PRAGMA ${name}`).get()?.[name]
