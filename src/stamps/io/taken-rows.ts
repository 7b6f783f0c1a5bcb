/**
 * What is written when stamps are taken, as a few long columns: they pass from thread to thread in the time that a single row would take. And the
 * writing itself, by whichever connection. All of a call is kept, durably, or nothing. Rules T-40 to T-42 in docs/spec/stamps.md.
 */
import type { StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { joinBytes } from '../../base/index.ts'
import { bytesOfBlockId } from '../../consensus/index.ts'
import type { SqliteFile } from '../../crypto/io/sqlite-file.ts'
import { IMPRINT_ALGORITHMS, IMPRINT_BYTES } from '../entry.ts'
import { encodeGroup } from '../stamping-rows.ts'
import type { KeptEntry, KeptGroup, Taken } from '../stamping-port.ts'

const ID_BYTES = 16
const LEAF_BYTES = 32
const BEACON_BYTES = 32
/** SQLite's code of an id that is there already (SQLITE_CONSTRAINT_UNIQUE, sqlite.org/rescode.html). */
const ID_IS_KNOWN = 2067

/** Entries of following positions, and the groups over them. */
export interface TakenRows {
  readonly first: number
  /** Of each entry: place in IMPRINT_ALGORITHMS, and the beacon's height, 0 without. */
  readonly ordinals: readonly number[]
  readonly beaconHeights: readonly number[]
  readonly ids: Uint8Array
  readonly leaves: Uint8Array
  readonly imprints: Uint8Array
  /** Zeros where there is none: see `beaconHeights`. */
  readonly beacons: Uint8Array
  readonly groups: readonly { readonly first: number; readonly length: number }[]
  readonly contents: Uint8Array
}

export const packTaken = (entries: readonly KeptEntry[], groups: readonly KeptGroup[]): TakenRows => {
  const beacons = new Uint8Array(BEACON_BYTES * entries.length)
  for (const [i, { entry }] of entries.entries())
    if (entry.beacon !== null) beacons.set(bytesOfBlockId(entry.beacon), i * BEACON_BYTES)
  const contents = groups.map(encodeGroup)
  return {
    first: entries[0]?.position ?? 0,
    ordinals: entries.map(({ entry }) => IMPRINT_ALGORITHMS.indexOf(entry.algorithm)),
    beaconHeights: entries.map(({ beaconHeight }) => beaconHeight),
    ids: joinBytes(...entries.map(({ id }) => id)),
    leaves: joinBytes(...entries.map(({ leaf }) => leaf)),
    imprints: joinBytes(...entries.map(({ entry }) => entry.imprint)),
    beacons,
    groups: groups.map(({ first }, i) => ({ first, length: contents[i]?.length ?? 0 })),
    contents: joinBytes(...contents),
  }
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
  #addEntries({ first, ordinals, beaconHeights, ids, leaves, imprints, beacons }: TakenRows): boolean {
    let at = 0
    for (const [i, ordinal] of ordinals.entries()) {
      const algorithm = IMPRINT_ALGORITHMS[ordinal]
      const length = algorithm === undefined ? 0 : IMPRINT_BYTES[algorithm]
      const id = part(ids, i, ID_BYTES)
      const beaconHeight = beaconHeights[i] ?? 0
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
