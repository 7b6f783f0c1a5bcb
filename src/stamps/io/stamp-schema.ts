/** The form of a file of stamps: its tables, and how its pages are laid so that a stamp is written in little time. */
import type { SqliteForm } from '../../crypto/io/sqlite-file.ts'
import { stampStoreFailure, stampStoreForeign } from './stamp-store-failures.ts'

const TABLES = `
  CREATE TABLE entries (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, leaf BLOB NOT NULL, algorithm INTEGER NOT NULL, imprint BLOB NOT NULL, beacon BLOB, beacon_height INTEGER NOT NULL) STRICT;
  CREATE TABLE receipt_groups (first INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE TABLE batches (first INTEGER PRIMARY KEY, height INTEGER NOT NULL, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE INDEX open_batches ON batches (first) WHERE height = 0;
  CREATE TABLE headers (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
  CREATE TABLE votes (height INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, commit_bytes BLOB NOT NULL, validators BLOB NOT NULL) STRICT;
`

export const STAMPS_FORM: SqliteForm = {
  /** "TCST". */
  applicationId: 0x54_43_53_54,
  version: 1,
  tables: TABLES,
  /**
   * An id is a hash, so each new one goes to a page of its own in the index, and each write carries all the pages that it touches: small
   * ones are written in less time.
   */
  pageBytes: 1024,
  /** A page that is touched often is moved once. */
  walPages: 16_000,
  failure: stampStoreFailure,
  foreign: stampStoreForeign,
}

/** With a thread that takes stamps. */
export const SHARED_FORM: SqliteForm = { ...STAMPS_FORM, isShared: true }
