/**
 * What is written when stamps are taken, as a few long columns: they pass from thread to thread in the time that a single row would take. And the
 * writing itself, by whichever connection; it imports little, since a thread begins with it. All of a call is kept, durably, or nothing. Rules T-40 to T-42
 * in docs/spec/stamps.md.
 */
import type { StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { SqliteFile } from '../../crypto/io/sqlite-file.ts'
import type { Taken } from '../stamping-port.ts'

const ID_BYTES = 16
const LEAF_BYTES = 32
export const BEACON_BYTES = 32
/** SQLite's code of an id that is there already (SQLITE_CONSTRAINT_UNIQUE, sqlite.org/rescode.html). */
const ID_IS_KNOWN = 2067

/** Entries of following positions, and the groups over them. */
export interface TakenRows {
  readonly first: number
  /** Of each: place of its algorithm in IMPRINT_ALGORITHMS, length of its imprint, height of its beacon, 0 without. */
  readonly entries: readonly { readonly ordinal: number; readonly length: number; readonly beaconHeight: number }[]
  readonly ids: Uint8Array
  readonly leaves: Uint8Array
  readonly imprints: Uint8Array
  /** Zeros where there is none. */
  readonly beacons: Uint8Array
  readonly groups: readonly { readonly first: number; readonly length: number }[]
  readonly contents: Uint8Array
}

export class TakenWriter {
  readonly #file: SqliteFile
  readonly #addEntry: StatementSync
  readonly #addGroup: StatementSync

  constructor(file: SqliteFile) {
    const { database } = file
    this.#file = file
    this.#addEntry = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#addGroup = database.prepare('INSERT INTO receipt_groups VALUES (?, ?, ?)')
  }

  /** Durable on return. Throws the form's failure; then nothing was kept. */
  write(rows: TakenRows): Taken {
    let areNew = false
    this.#file.transact(() => {
      areNew = this.#addEntries(rows)
      if (areNew) this.#addGroups(rows)
      return areNew
    })
    return areNew ? 'kept' : 'known'
  }

  #addGroups({ groups, contents }: TakenRows): void {
    let at = 0
    for (const { first, length } of groups) {
      const content = contents.subarray(at, at + length)
      this.#addGroup.run(first, crc32(content), content)
      at += length
    }
  }

  /** False where an id is there already. */
  #addEntries({ first, entries, ids, leaves, imprints, beacons }: TakenRows): boolean {
    let at = 0
    for (const [i, { ordinal, length, beaconHeight }] of entries.entries()) {
      const id = part(ids, i, ID_BYTES)
      const beacon = beaconHeight === 0 ? null : part(beacons, i, BEACON_BYTES)
      const imprint = imprints.subarray(at, at + length)
      try {
        this.#addEntry.run(first + i, id, part(leaves, i, LEAF_BYTES), ordinal, imprint, beacon, beaconHeight)
      } catch (cause) {
        if (cause instanceof Error && 'errcode' in cause && cause.errcode === ID_IS_KNOWN) return false
        throw cause
      }
      at += length
    }
    return true
  }
}

const part = (column: Uint8Array, index: number, length: number): Uint8Array =>
  column.subarray(index * length, (index + 1) * length)
