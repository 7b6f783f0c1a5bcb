/**
 * What a witness has put its name to, evidence of forks, and the roots of the node's own tiles, in one SQLite file that only its owner reads (mode
 * 600), in WAL mode with synchronous=FULL: a head is on the disk before anything is signed that says so. Locked as long as it is open.
 *
 * Rules T-68, T-70 in docs/spec/stamps.md. Not promised: a file put back from a copy makes the witness forget, and it may then cosign what
 * contradicts it.
 */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue, StatementSync } from 'node:sqlite'
import { hexOf } from '../../base/index.ts'
import { DIGEST_BYTES, sha256 } from '../../crypto/index.ts'
import { COSIGNED_LOGS_MAX, FORKS_PER_LOG_MAX } from '../tlog-port.ts'
import type { CosignedLog, CosignedStore, LogFork } from '../tlog-port.ts'
import { stampStoreDamaged, stampStoreFailure, stampStoreForeign } from './stamp-store-failures.ts'

/** "TCCO": tells our files from other programs' SQLite files. */
const APPLICATION_ID = 0x54_43_43_4f
const SCHEMA_VERSION = 1

const SCHEMA = `
  CREATE TABLE owner (network BLOB NOT NULL, node BLOB NOT NULL) STRICT;
  CREATE TABLE logs (origin TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL) STRICT;
  CREATE TABLE forks (origin TEXT NOT NULL, size INTEGER NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL) STRICT;
  CREATE TABLE tile_roots (level INTEGER NOT NULL, position INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY (level, position)) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

const SQL = {
  last: 'SELECT * FROM logs WHERE origin = ?',
  lastByHash: 'SELECT * FROM logs WHERE hash = ?',
  logs: 'SELECT count(*) AS n FROM logs',
  keep: 'INSERT INTO logs VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note',
  forks: 'SELECT * FROM forks ORDER BY origin, size',
  forksOf: 'SELECT * FROM forks WHERE origin = ?',
  keepFork: 'INSERT INTO forks VALUES (?, ?, ?, ?)',
  count: 'SELECT max(position) AS last FROM tile_roots WHERE level = ?',
  roots: 'SELECT root FROM tile_roots WHERE level = ? AND position >= ? ORDER BY position LIMIT ?',
  keepRoot: 'INSERT INTO tile_roots VALUES (?, ?, ?)',
} as const
type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>
type Row = Readonly<Record<string, SQLOutputValue>>

export interface CosignedOwner {
  readonly networkId: Uint8Array
  readonly node: Uint8Array
}

/** Opens the file, made where it is missing. Throws `TC_STAMP_STORE`; the message names the file and says what to do. */
export const openSqliteCosigned = (path: string, owner: CosignedOwner): CosignedStore => {
  let database: DatabaseSync | undefined
  try {
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path)
    prepare(database, path, owner)
    return new SqliteCosigned(database, path)
  } catch (cause) {
    database?.close()
    throw stampStoreFailure(path, cause)
  }
}

const prepare = (database: DatabaseSync, path: string, { networkId, node }: CosignedOwner): void => {
  database.exec(
    'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF',
  )
  database.exec('BEGIN IMMEDIATE')
  const numberOf = (sql: string, column: string): SQLOutputValue | undefined => database.prepare(sql).get()?.[column]
  const [id, version] = [
    numberOf('PRAGMA application_id', 'application_id'),
    numberOf('PRAGMA user_version', 'user_version'),
  ]
  if (id === 0 && version === 0 && numberOf('SELECT count(*) AS n FROM sqlite_schema', 'n') === 0) {
    database.exec(SCHEMA)
    database.prepare('INSERT INTO owner VALUES (?, ?)').run(networkId, node)
  } else if (id !== APPLICATION_ID) throw stampStoreForeign(path, 'another program made it')
  else if (version !== SCHEMA_VERSION) throw stampStoreForeign(path, `version ${String(version)} of its tables`)
  else if (
    numberOf(
      `SELECT count(*) AS n FROM owner WHERE hex(network) = '${hexOf(networkId).toUpperCase()}' AND hex(node) = '${hexOf(node).toUpperCase()}'`,
      'n',
    ) !== 1
  )
    throw stampStoreForeign(path, 'it is of another node or another network')
  database.exec('COMMIT')
}

class SqliteCosigned implements CosignedStore {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #statements: Statements

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
    this.#statements = {
      last: database.prepare(SQL.last),
      lastByHash: database.prepare(SQL.lastByHash),
      logs: database.prepare(SQL.logs),
      keep: database.prepare(SQL.keep),
      forks: database.prepare(SQL.forks),
      forksOf: database.prepare(SQL.forksOf),
      keepFork: database.prepare(SQL.keepFork),
      count: database.prepare(SQL.count),
      roots: database.prepare(SQL.roots),
      keepRoot: database.prepare(SQL.keepRoot),
    }
  }

  last(origin: string): CosignedLog | undefined {
    return this.#attempt(() => this.#log(this.#statements.last.get(origin)))
  }

  lastByHash(originHash: string): CosignedLog | undefined {
    return this.#attempt(() => this.#log(this.#statements.lastByHash.get(originHash)))
  }

  keep({ origin, size, root, note }: CosignedLog): boolean {
    return this.#attempt(() => {
      const isKnown = this.#statements.last.get(origin) !== undefined
      if (!isKnown && Number(this.#statements.logs.get()?.['n']) >= COSIGNED_LOGS_MAX) return false
      this.#statements.keep.run(origin, hexOf(sha256(new TextEncoder().encode(origin))), size, root, note)
      return true
    })
  }

  keepFork({ origin, size, first, second }: LogFork): void {
    this.#attempt(() => {
      if (this.#statements.forksOf.all(origin).length < FORKS_PER_LOG_MAX)
        this.#statements.keepFork.run(origin, size, first, second)
    })
  }

  forkOf(origin: string): LogFork | undefined {
    return this.#attempt(() => this.#fork(this.#statements.forksOf.get(origin)))
  }

  forks(): readonly LogFork[] {
    return this.#attempt(() => this.#statements.forks.all().flatMap((row) => this.#fork(row) ?? []))
  }

  count(level: number): number {
    return this.#attempt(() => {
      const last = this.#statements.count.get(level)?.['last']
      return typeof last === 'number' ? last + 1 : 0
    })
  }

  roots(level: number, first: number, count: number): readonly Uint8Array[] {
    return this.#attempt(() =>
      this.#statements.roots.all(level, first, count).map(({ root }) => {
        if (root instanceof Uint8Array && root.length === DIGEST_BYTES) return root
        throw stampStoreDamaged(this.#path, 'the root of a tile')
      }),
    )
  }

  keepRoots(level: number, roots: readonly Uint8Array[]): void {
    this.#attempt(() => {
      const first = this.count(level)
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        for (const [i, root] of roots.entries()) this.#statements.keepRoot.run(level, first + i, root)
        this.#database.exec('COMMIT')
      } catch (cause) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw cause
      }
    })
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  #log(row: Row | undefined): CosignedLog | undefined {
    if (row === undefined) return undefined
    const { origin, size, root, note } = row
    if (typeof origin === 'string' && typeof size === 'number' && typeof note === 'string')
      if (root instanceof Uint8Array && root.length === DIGEST_BYTES) return { origin, size, root, note }
    throw stampStoreDamaged(this.#path, 'the head of a log')
  }

  #fork(row: Row | undefined): LogFork | undefined {
    if (row === undefined) return undefined
    const { origin, size, first, second } = row
    if (
      typeof origin === 'string' &&
      typeof size === 'number' &&
      typeof first === 'string' &&
      typeof second === 'string'
    )
      return { origin, size, first, second }
    throw stampStoreDamaged(this.#path, 'a fork')
  }

  #attempt<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw stampStoreFailure(this.#path, cause)
    }
  }
}
