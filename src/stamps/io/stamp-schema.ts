/**
 * The tables of a file of stamps, and whether a file is one of ours: of this version, this network and this node. A file that another
 * program or another node made is refused and left as it is.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { equalBytes } from '../../base/index.ts'
import { stampStoreForeign } from './stamp-store-failures.ts'

/** "TCST": tells our files from other programs' SQLite files. */
const APPLICATION_ID = 0x54_43_53_54
/** Of the tables. */
const SCHEMA_VERSION = 1
/**
 * SQLite's page, bytes. An id is a hash, so each new one goes to a page of its own in the index, and each write carries all the pages that it
 * touches: small ones are written in less time.
 */
export const STAMPS_PAGE_BYTES = 1024
/** Pages that the WAL gathers before they are moved into the file: one that is touched often is then moved once. */
const WAL_PAGES = 16_000
/** What the WAL file is cut back to after it has grown, bytes. */
const WAL_BYTES_KEPT = 16_777_216

const SCHEMA = `
  CREATE TABLE owner (network BLOB NOT NULL, node BLOB NOT NULL) STRICT;
  CREATE TABLE entries (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, leaf BLOB NOT NULL, algorithm INTEGER NOT NULL, imprint BLOB NOT NULL, beacon BLOB, beacon_height INTEGER NOT NULL) STRICT;
  CREATE TABLE receipt_groups (first INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE TABLE batches (first INTEGER PRIMARY KEY, height INTEGER NOT NULL, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE INDEX open_batches ON batches (first) WHERE height = 0;
  CREATE TABLE headers (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE TABLE votes (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, commit_bytes BLOB NOT NULL, validators BLOB NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

export interface StampOwner {
  readonly networkId: Uint8Array
  readonly node: Uint8Array
}

/** Locks the file, and sees that it is the owner's, or empty. Throws what SQLite says, and `TC_STAMP_STORE` where it is another's. */
export const prepareStamps = (database: DatabaseSync, path: string, owner: StampOwner): void => {
  database.exec(`PRAGMA page_size = ${STAMPS_PAGE_BYTES}`)
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec(
    `PRAGMA wal_autocheckpoint = ${WAL_PAGES}; PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}; PRAGMA trusted_schema = OFF`,
  )
  database.exec('BEGIN IMMEDIATE')
  const [id, version] = [pragma(database, 'application_id'), pragma(database, 'user_version')]
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
  if (id === 0 && version === 0 && tables === 0) {
    database.exec(SCHEMA)
    database.prepare('INSERT INTO owner VALUES (?, ?)').run(owner.networkId, owner.node)
  } else if (id !== APPLICATION_ID) throw stampStoreForeign(path, 'another program made it')
  else if (version !== SCHEMA_VERSION) throw stampStoreForeign(path, `version ${String(version)} of its tables`)
  else if (!isOf(database, owner)) throw stampStoreForeign(path, 'it is the log of another node or another network')
  database.exec('COMMIT')
}

const isOf = (database: DatabaseSync, owner: StampOwner): boolean => {
  const row = database.prepare('SELECT * FROM owner').get()
  const [network, node] = [row?.['network'], row?.['node']]
  if (!(network instanceof Uint8Array) || !(node instanceof Uint8Array)) return false
  return equalBytes(network, owner.networkId) && equalBytes(node, owner.node)
}

const pragma = (database: DatabaseSync, name: string): SQLOutputValue | undefined =>
  database.prepare(`PRAGMA ${name}`).get()?.[name]
