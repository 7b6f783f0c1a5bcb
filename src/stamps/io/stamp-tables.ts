/**
 * The tables of a node's stamps, read and written by one connection: all but the taking itself, which may be another's (sqlite-stamps.ts).
 *
 * An entry's leaf is its own checksum; every other row carries one (CRC-32), since SQLite does not notice a bit that a disk has turned.
 * Rules T-40, T-57 in docs/spec/stamps.md.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { equalBytes } from '../../base/index.ts'
import { blockIdOfBytes } from '../../consensus/index.ts'
import type { SqliteFile } from '../../crypto/io/sqlite-file.ts'
import { IMPRINT_ALGORITHMS, IMPRINT_BYTES, leafOf } from '../entry.ts'
import { decodeBatchRow, decodeGroup, encodeFinal, encodeHanded } from '../stamping-rows.ts'
import type { KeptBatch } from '../stamping-rows.ts'
import type {
  FinalBatch,
  Finality,
  HandedBatch,
  KeptEntry,
  KeptGroup,
  KeptHeader,
  KeptVotes,
  SealedBatch,
  StampStore,
} from '../stamping-port.ts'
import { stampStoreDamaged } from './stamp-store-failures.ts'

type Row = Readonly<Record<string, SQLOutputValue>>

export class StampTables implements Omit<StampStore, 'take'> {
  readonly #file: SqliteFile
  readonly #path: string
  readonly #statements: Statements
  #size: number

  constructor(file: SqliteFile, path: string) {
    const { database } = file
    this.#file = file
    this.#path = path
    this.#statements = prepared(database)
    const last = database.prepare('SELECT max(position) AS last FROM entries').get()?.['last']
    this.#size = typeof last === 'number' ? last + 1 : 0
  }

  get size(): number {
    return this.#size
  }

  /** So many more entries were kept. */
  protected grow(entries: number): void {
    this.#size += entries
  }

  keepBatch(batch: HandedBatch): void {
    const content = encodeHanded(batch)
    this.#file.transact(() => this.#statements.keepBatch.run(batch.first, 0, crc32(content), content))
  }

  keepFinal({ batches, headers, votes }: Finality): void {
    this.#file.transact(() => {
      for (const { height, header } of headers) this.#statements.keepHeader.run(height, crc32(header), header)
      const { height, commit, validators } = votes
      this.#statements.keepVotes.run(height, crc32(validators, crc32(commit)), commit, validators)
      for (const batch of batches) {
        const content = encodeFinal(batch)
        this.#statements.keepBatch.run(batch.first, batch.height, crc32(content), content)
      }
    })
  }

  openBatches(): readonly HandedBatch[] {
    return this.#file.attempt(() =>
      this.#statements.openBatches.all().flatMap((row) => {
        const kept = this.#batch(row)
        return kept.isFinal ? [] : [kept.batch]
      }),
    )
  }

  lastBatch(): SealedBatch | undefined {
    return this.#file.attempt(() => {
      const row = this.#statements.lastBatch.get()
      return row === undefined ? undefined : this.#batch(row).batch
    })
  }

  positionOf(id: Uint8Array): number | undefined {
    return this.#file.attempt(() => {
      const position = this.#statements.findEntry.get(id)?.['position']
      return typeof position === 'number' ? position : undefined
    })
  }

  entries(first: number, count: number): readonly KeptEntry[] {
    return this.#file.attempt(() =>
      this.#statements.entries.all(first, count).map((row, i) => this.#entry(row, first + i)),
    )
  }

  leaves(first: number, count: number): readonly Uint8Array[] {
    return this.#file.attempt(() =>
      this.#statements.leaves.all(first, count).map(({ leaf }) => {
        if (leaf instanceof Uint8Array) return leaf
        throw stampStoreDamaged(this.#path, 'a leaf')
      }),
    )
  }

  groupOf(position: number): KeptGroup | undefined {
    return this.#file.attempt(() => {
      const row = this.#statements.groupOf.get(position)
      if (row === undefined) return undefined
      const group = decodeGroup(this.#content(row, 'group'))
      if (group.verdict !== 'accept') throw stampStoreDamaged(this.#path, `group ${String(row['first'])}`)
      return position < group.value.first + group.value.size ? group.value : undefined
    })
  }

  finalBatchOf(position: number): FinalBatch | undefined {
    return this.#file.attempt(() => {
      const row = this.#statements.batchOf.get(position)
      const kept = row === undefined ? undefined : this.#batch(row)
      return kept?.isFinal === true && position < kept.batch.logSize ? kept.batch : undefined
    })
  }

  headers(from: number, to: number): readonly KeptHeader[] {
    return this.#file.attempt(() =>
      this.#statements.headers.all(from, to).map((row): KeptHeader => {
        const { height } = row
        if (typeof height !== 'number') throw stampStoreDamaged(this.#path, 'a header')
        return { height, header: this.#content(row, `header ${height}`) }
      }),
    )
  }

  votes(height: number): KeptVotes | undefined {
    return this.#file.attempt(() => {
      const row = this.#statements.votes.get(height)
      if (row === undefined) return undefined
      const { commit_bytes: commit, validators, checksum } = row
      const areBytes = commit instanceof Uint8Array && validators instanceof Uint8Array
      if (!areBytes || crc32(validators, crc32(commit)) !== checksum)
        throw stampStoreDamaged(this.#path, `votes of ${height}`)
      return { height, commit, validators }
    })
  }

  #entry(row: Row, expected: number): KeptEntry {
    const { position, id, leaf, algorithm: ordinal, imprint, beacon, beacon_height: beaconHeight } = row
    const algorithm = typeof ordinal === 'number' ? IMPRINT_ALGORITHMS[ordinal] : undefined
    if (
      position === expected &&
      typeof beaconHeight === 'number' &&
      id instanceof Uint8Array &&
      leaf instanceof Uint8Array &&
      imprint instanceof Uint8Array &&
      algorithm !== undefined &&
      imprint.length === IMPRINT_BYTES[algorithm] &&
      (beacon === null || (beacon instanceof Uint8Array && beacon.length === 32))
    ) {
      const entry = { algorithm, imprint, beacon: beacon === null ? null : blockIdOfBytes(beacon) }
      if (equalBytes(leafOf(entry), leaf)) return { position: expected, id, leaf, entry, beaconHeight }
    }
    throw stampStoreDamaged(this.#path, `entry ${expected}`)
  }

  #batch(row: Row): KeptBatch {
    const kept = decodeBatchRow(this.#content(row, 'batch'))
    if (kept.verdict !== 'accept') throw stampStoreDamaged(this.#path, `batch ${String(row['first'])}`)
    return kept.value
  }

  #content({ content, checksum }: Row, what: string): Uint8Array {
    if (content instanceof Uint8Array && crc32(content) === checksum) return content
    throw stampStoreDamaged(this.#path, what)
  }
}

type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>

const SQL = {
  keepBatch:
    'INSERT INTO batches VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET height = excluded.height, checksum = excluded.checksum, content = excluded.content WHERE height = 0',
  keepHeader: 'INSERT INTO headers VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  keepVotes: 'INSERT INTO votes VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  openBatches: 'SELECT * FROM batches WHERE height = 0 ORDER BY first',
  lastBatch: 'SELECT * FROM batches ORDER BY first DESC LIMIT 1',
  batchOf: 'SELECT * FROM batches WHERE first <= ? ORDER BY first DESC LIMIT 1',
  groupOf: 'SELECT * FROM receipt_groups WHERE first <= ? ORDER BY first DESC LIMIT 1',
  findEntry: 'SELECT position FROM entries WHERE id = ?',
  entries: 'SELECT * FROM entries WHERE position >= ? ORDER BY position LIMIT ?',
  leaves: 'SELECT leaf FROM entries WHERE position >= ? ORDER BY position LIMIT ?',
  headers: 'SELECT * FROM headers WHERE height BETWEEN ? AND ? ORDER BY height',
  votes: 'SELECT * FROM votes WHERE height = ?',
} as const

const prepared = (database: DatabaseSync): Statements => ({
  keepBatch: database.prepare(SQL.keepBatch),
  keepHeader: database.prepare(SQL.keepHeader),
  keepVotes: database.prepare(SQL.keepVotes),
  openBatches: database.prepare(SQL.openBatches),
  lastBatch: database.prepare(SQL.lastBatch),
  batchOf: database.prepare(SQL.batchOf),
  groupOf: database.prepare(SQL.groupOf),
  findEntry: database.prepare(SQL.findEntry),
  entries: database.prepare(SQL.entries),
  leaves: database.prepare(SQL.leaves),
  headers: database.prepare(SQL.headers),
  votes: database.prepare(SQL.votes),
})
