/**
 * The block store on a disk: one SQLite file (crypto/io/sqlite-file.ts), so that what `append` has returned from outlives the process and
 * the power. A batch is one transaction: all of it is there afterwards, or nothing.
 *
 * Every row carries a checksum (CRC-32), because SQLite does not notice a bit that a disk has turned inside a block. It is for
 * disks and not for forgers: what comes from here is as trustworthy as the file's rights.
 */
import type { SQLOutputValue, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { openSqliteFile } from '../../crypto/io/sqlite-file.ts'
import type { SqliteFile, SqliteForm } from '../../crypto/io/sqlite-file.ts'
import { SNAPSHOTS_KEPT_MAX, assertFollow, storedBytes } from '../memory-blocks.ts'
import type { BlockStore, StoredBlock, StoredSnapshot, StoredValidators, ValidatorStore } from '../port.ts'
import { storeDamaged, storeFailure, storeForeign } from './store-failures.ts'

const TABLES = `
  CREATE TABLE blocks (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, block BLOB NOT NULL, precommits BLOB NOT NULL) STRICT;
  CREATE TABLE snapshots (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE TABLE validators (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
`
const FORM: SqliteForm = {
  /** "TCBL". */
  applicationId: 0x54_43_42_4c,
  /** Another version's file is refused: its blocks are had from peers. */
  version: 1,
  tables: TABLES,
  failure: storeFailure,
  foreign: storeForeign,
}

type Row = Readonly<Record<string, SQLOutputValue>>
type Kept = 'snapshots' | 'validators'

export type SqliteBlocksOptions = Pick<SqliteForm, 'bytesMax'>

/**
 * Opens the file, made where it is missing. Throws `TC_CONSENSUS_STORE_LOCKED` where it is open already, here or elsewhere, and
 * `TC_CONSENSUS_STORE` where it cannot be used; the message names the file and says what to do.
 */
export const openSqliteBlocks = (path: string, options: SqliteBlocksOptions = {}): SqliteBlocks =>
  openSqliteFile(path, { ...FORM, ...options }, (file) => new SqliteBlocks(file, path))

export class SqliteBlocks implements BlockStore, ValidatorStore, Disposable {
  readonly #file: SqliteFile
  readonly #path: string
  readonly #insertBlock: StatementSync
  readonly #selectBlocks: StatementSync
  #range: { readonly first: number; readonly last: number } | undefined

  constructor(file: SqliteFile, path: string) {
    const { database } = file
    this.#file = file
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
    return this.#file.attempt(() => {
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
    this.#file.transact(() => {
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
    this.#file.transact(() => {
      this.#keep('snapshots', height, state)
      this.#file.database.exec(forget)
    })
  }

  keepValidators({ height, validators }: StoredValidators): void {
    this.#file.transact(() => this.#keep('validators', height, validators))
  }

  validators(height: number): StoredValidators | undefined {
    const kept = this.#newestKept('validators', height)
    return kept === undefined ? undefined : { height: kept.height, validators: kept.content }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
  }

  #keep(table: Kept, height: number, content: Uint8Array): void {
    this.#file.database.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`).run(height, crc32(content), content)
  }

  #newestKept(table: Kept, heightMax: number): { readonly height: number; readonly content: Uint8Array } | undefined {
    const select = `SELECT * FROM ${table} WHERE height <= ? ORDER BY height DESC LIMIT 1`
    return this.#file.attempt(() => {
      const row = this.#file.database.prepare(select).get(heightMax)
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
}
