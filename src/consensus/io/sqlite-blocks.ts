/**
 * The block store on a disk: one SQLite file that only its owner reads (mode 600), written in WAL mode with synchronous=FULL, so
 * that what `append` has returned from outlives the process and the power. A batch is one transaction: all of it is there
 * afterwards, or nothing. The file is locked by the operating system as long as it is open, so there is no stale lock.
 *
 * Every row carries a checksum (CRC-32), because SQLite does not notice a bit that a disk has turned inside a block. It is for
 * disks and not for forgers: what comes from here is as trustworthy as the file's rights.
 *
 * Source: sqlite.org/wal.html §"Use of WAL Without Shared-Memory", sqlite.org/pragma.html#pragma_synchronous.
 * Not promised: network file systems, which often neither lock nor sync.
 */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { SNAPSHOTS_KEPT_MAX, assertFollow, storedBytes } from '../memory-blocks.ts'
import type { BlockStore, StoredBlock, StoredSnapshot, StoredValidators, ValidatorStore } from '../port.ts'
import { storeDamaged, storeFailure, storeForeign } from './store-failures.ts'

/** "TCBL": tells our files from other programs' SQLite files. */
const APPLICATION_ID = 0x54_43_42_4c
/** Of the tables. Another version's file is refused: its blocks are had from peers. */
const SCHEMA_VERSION = 1
/** SQLite's page, bytes. */
const PAGE_BYTES = 4096
/** What the WAL file is cut back to after it has grown, bytes. */
const WAL_BYTES_KEPT = 16_777_216

const SCHEMA = `
  CREATE TABLE blocks (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, block BLOB NOT NULL, precommits BLOB NOT NULL) STRICT;
  CREATE TABLE snapshots (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE TABLE validators (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

type Row = Readonly<Record<string, SQLOutputValue>>
type Kept = 'snapshots' | 'validators'

export interface SqliteBlocksOptions {
  /** The file does not grow beyond this, bytes: an append that would fails as on a full disk. Without it, the disk is the limit. */
  readonly bytesMax?: number
}

/**
 * Opens the file, made where it is missing. Throws `TC_CONSENSUS_STORE_LOCKED` where it is open already, here or elsewhere, and
 * `TC_CONSENSUS_STORE` where it cannot be used; the message names the file and says what to do.
 */
export const openSqliteBlocks = (path: string, options: SqliteBlocksOptions = {}): SqliteBlocks => {
  let database: DatabaseSync | undefined
  try {
    closeSync(openSync(path, 'a', 0o600))
    database = new DatabaseSync(path)
    prepareFile(database, path)
    if (options.bytesMax !== undefined)
      database.exec(`PRAGMA max_page_count = ${Math.floor(options.bytesMax / PAGE_BYTES)}`)
    return new SqliteBlocks(database, path)
  } catch (cause) {
    database?.close()
    throw storeFailure(path, cause)
  }
}

/** Locks the file, and sees that it is one of ours, or empty. */
const prepareFile = (database: DatabaseSync, path: string): void => {
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}; PRAGMA trusted_schema = OFF`)
  database.exec('BEGIN IMMEDIATE')
  const [id, version] = [pragma(database, 'application_id'), pragma(database, 'user_version')]
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
  if (id === 0 && version === 0 && tables === 0) database.exec(SCHEMA)
  else if (id !== APPLICATION_ID) throw storeForeign(path, 'another program made it')
  else if (version !== SCHEMA_VERSION) throw storeForeign(path, `version ${String(version)} of its tables`)
  database.exec('COMMIT')
}

const pragma = (database: DatabaseSync, name: string): SQLOutputValue | undefined =>
  database.prepare(`PRAGMA ${name}`).get()?.[name]

export class SqliteBlocks implements BlockStore, ValidatorStore, Disposable {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #insertBlock: StatementSync
  readonly #selectBlocks: StatementSync
  #range: { readonly first: number; readonly last: number } | undefined

  /** Of a file that `openSqliteBlocks` has prepared. */
  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
    this.#insertBlock = database.prepare('INSERT INTO blocks VALUES (?, ?, ?, ?)')
    this.#selectBlocks = database.prepare('SELECT * FROM blocks WHERE height >= ? ORDER BY height LIMIT ?')
    const ends = database
      .prepare('SELECT (SELECT min(height) FROM blocks) AS first, (SELECT max(height) FROM blocks) AS last')
      .get()
    const [first, last] = [ends?.['first'], ends?.['last']]
    if (typeof first === 'number' && typeof last === 'number') {
      this.#range = { first, last }
      this.block(last)
    }
  }

  get range(): { readonly first: number; readonly last: number } | undefined {
    return this.#range
  }

  block(height: number): StoredBlock | undefined {
    return this.blocks(height, { countMax: 1, bytesMax: 0 })[0]
  }

  blocks(from: number, limits: { readonly countMax: number; readonly bytesMax: number }): readonly StoredBlock[] {
    if (this.#range === undefined || !(from >= this.#range.first && from <= this.#range.last)) return []
    if (!Number.isSafeInteger(from)) return []
    return this.#attempt(() => {
      const found: StoredBlock[] = []
      let bytes = 0
      for (const row of this.#selectBlocks.iterate(from, limits.countMax)) {
        const stored = this.#readBlock(row, from + found.length)
        bytes += storedBytes(stored)
        if (found.length > 0 && bytes > limits.bytesMax) break
        found.push(stored)
      }
      return found
    })
  }

  append(blocks: readonly StoredBlock[]): void {
    const [first, last] = [blocks[0], blocks.at(-1)]
    if (first === undefined || last === undefined) return
    assertFollow(this.#range?.last, blocks)
    this.#transact(() => {
      for (const { height, block, commit } of blocks)
        this.#insertBlock.run(height, crc32(commit, crc32(block)), block, commit)
    })
    this.#range = { first: this.#range?.first ?? first.height, last: last.height }
  }

  snapshot(heightMax = Number.MAX_SAFE_INTEGER): StoredSnapshot | undefined {
    const kept = this.#newestKept('snapshots', heightMax)
    return kept === undefined ? undefined : { height: kept.height, state: kept.content }
  }

  keepSnapshot({ height, state }: StoredSnapshot): void {
    const forget = `DELETE FROM snapshots WHERE height NOT IN (SELECT height FROM snapshots ORDER BY height DESC LIMIT ${SNAPSHOTS_KEPT_MAX})`
    this.#transact(() => {
      this.#keep('snapshots', height, state)
      this.#database.exec(forget)
    })
  }

  keepValidators({ height, validators }: StoredValidators): void {
    this.#transact(() => this.#keep('validators', height, validators))
  }

  validators(height: number): StoredValidators | undefined {
    const kept = this.#newestKept('validators', height)
    return kept === undefined ? undefined : { height: kept.height, validators: kept.content }
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  #keep(table: Kept, height: number, content: Uint8Array): void {
    this.#database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`).run(height, crc32(content), content)
  }

  #newestKept(table: Kept, heightMax: number): { readonly height: number; readonly content: Uint8Array } | undefined {
    const select = `SELECT * FROM ${table} WHERE height <= ? ORDER BY height DESC LIMIT 1`
    return this.#attempt(() => {
      const row = this.#database.prepare(select).get(heightMax)
      if (row === undefined) return undefined
      const { height, checksum, content } = row
      if (typeof height !== 'number' || !(content instanceof Uint8Array) || crc32(content) !== checksum)
        throw storeDamaged(this.#path, `${table}, height ${String(height)}`)
      return { height, content }
    })
  }

  #readBlock({ height, checksum, block, precommits }: Row, expected: number): StoredBlock {
    const isWhole = height === expected && block instanceof Uint8Array && precommits instanceof Uint8Array
    if (!isWhole || crc32(precommits, crc32(block)) !== checksum)
      throw storeDamaged(this.#path, `block ${expected} is not as it was written`)
    return { height, block, commit: precommits }
  }

  /** All of it, durable, or nothing. */
  #transact(work: () => void): void {
    this.#attempt(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        work()
        this.#database.exec('COMMIT')
      } catch (cause) {
        // SQLite ends the transaction by itself after some failures.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw cause
      }
    })
  }

  #attempt<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw storeFailure(this.#path, cause)
    }
  }
}
