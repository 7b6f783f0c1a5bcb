/**
 * What a witness has put its name to, evidence of forks, and the roots of the node's own tiles, in one SQLite file
 * (crypto/io/sqlite-file.ts): a head is on the disk before anything is signed that says so.
 *
 * Rules T-68, T-70 in docs/spec/stamps.md. Not promised: a file put back from a copy makes the witness forget, and it may then cosign what
 * contradicts it.
 */
import type { SQLOutputValue, StatementSync } from 'node:sqlite'
import { hexOf } from '../../base/index.ts'
import { DIGEST_BYTES, sha256 } from '../../crypto/index.ts'
import { openSqliteFile } from '../../crypto/io/sqlite-file.ts'
import type { SqliteFile, SqliteForm, SqliteOwner } from '../../crypto/io/sqlite-file.ts'
import { COSIGNED_LOGS_MAX, FORKS_PER_LOG_MAX } from '../tlog-port.ts'
import type { CosignedLog, CosignedStore, LogFork } from '../tlog-port.ts'
import { stampStoreDamaged, stampStoreFailure, stampStoreForeign } from './stamp-store-failures.ts'

const TABLES = `
  CREATE TABLE logs (origin TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL) STRICT;
  CREATE TABLE forks (origin TEXT NOT NULL, size INTEGER NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL) STRICT;
  CREATE TABLE tile_roots (level INTEGER NOT NULL, position INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY (level, position)) STRICT, WITHOUT ROWID;
`
const FORM: SqliteForm = {
  /** "TCCO". */
  applicationId: 0x54_43_43_4f,
  version: 1,
  tables: TABLES,
  failure: stampStoreFailure,
  foreign: stampStoreForeign,
}

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

/** Opens the file, made where it is missing. Throws `TC_STAMP_STORE`; the message names the file and says what to do. */
export const openSqliteCosigned = (path: string, owner: SqliteOwner): CosignedStore =>
  openSqliteFile(path, { ...FORM, owner }, (file) => new SqliteCosigned(file, path))

class SqliteCosigned implements CosignedStore {
  readonly #file: SqliteFile
  readonly #path: string
  readonly #statements: Statements

  constructor(file: SqliteFile, path: string) {
    const { database } = file
    this.#file = file
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
    return this.#file.attempt(() => this.#log(this.#statements.last.get(origin)))
  }

  lastByHash(originHash: string): CosignedLog | undefined {
    return this.#file.attempt(() => this.#log(this.#statements.lastByHash.get(originHash)))
  }

  keep({ origin, size, root, note }: CosignedLog): boolean {
    return this.#file.attempt(() => {
      const isKnown = this.#statements.last.get(origin) !== undefined
      if (!isKnown && Number(this.#statements.logs.get()?.['n']) >= COSIGNED_LOGS_MAX) return false
      this.#statements.keep.run(origin, hexOf(sha256(new TextEncoder().encode(origin))), size, root, note)
      return true
    })
  }

  keepFork({ origin, size, first, second }: LogFork): void {
    this.#file.attempt(() => {
      if (this.#statements.forksOf.all(origin).length < FORKS_PER_LOG_MAX)
        this.#statements.keepFork.run(origin, size, first, second)
    })
  }

  forkOf(origin: string): LogFork | undefined {
    return this.#file.attempt(() => this.#fork(this.#statements.forksOf.get(origin)))
  }

  forks(): readonly LogFork[] {
    return this.#file.attempt(() => this.#statements.forks.all().flatMap((row) => this.#fork(row) ?? []))
  }

  count(level: number): number {
    return this.#file.attempt(() => {
      const last = this.#statements.count.get(level)?.['last']
      return typeof last === 'number' ? last + 1 : 0
    })
  }

  roots(level: number, first: number, count: number): readonly Uint8Array[] {
    return this.#file.attempt(() =>
      this.#statements.roots.all(level, first, count).map(({ root }) => {
        if (root instanceof Uint8Array && root.length === DIGEST_BYTES) return root
        throw stampStoreDamaged(this.#path, 'the root of a tile')
      }),
    )
  }

  keepRoots(level: number, roots: readonly Uint8Array[]): void {
    this.#file.transact(() => {
      const first = this.count(level)
      for (const [i, root] of roots.entries()) this.#statements.keepRoot.run(level, first + i, root)
    })
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
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
}
