/**
 * The stamps of a node on a disk: one SQLite file (crypto/io/sqlite-file.ts says what it outlives), which says whose log it is.
 *
 * There are two ways to take stamps: by the connection that does everything else, and by a thread with one of its own, so that the event loop
 * goes on while the disk syncs. Rules T-40, T-57, T-58 in docs/spec/stamps.md.
 */
import { openSqliteFile } from '../../crypto/io/sqlite-file.ts'
import type { SqliteFile, SqliteOwner } from '../../crypto/io/sqlite-file.ts'
import type { KeptEntry, KeptGroup, StampStore, Taken } from '../stamping-port.ts'
import { SHARED_FORM, STAMPS_FORM } from './stamp-schema.ts'
import { StampTables } from './stamp-tables.ts'
import { packTaken } from './taken-packing.ts'
import { TakenWriter } from './taken-rows.ts'
import { WritingThread } from './writing-thread.ts'

/** And whose log it is. */
export interface SqliteStampsOptions extends SqliteOwner {
  /** The file does not grow beyond this, bytes: a call that would fails as on a full disk. Without it, the disk is the limit. */
  readonly bytesMax?: number
}

/** Opens the file, made where it is missing. Throws `TC_STAMP_STORE`; the message names the file and says what to do. */
export const openSqliteStamps = (path: string, { bytesMax, ...owner }: SqliteStampsOptions): SqliteStamps => {
  const form = { ...STAMPS_FORM, owner, ...(bytesMax === undefined ? {} : { bytesMax }) }
  return openSqliteFile(path, form, (file) => new SqliteStamps(file, path))
}

export class SqliteStamps extends StampTables implements StampStore, Disposable {
  readonly #file: SqliteFile
  readonly #writer: TakenWriter

  constructor(file: SqliteFile, path: string) {
    super(file, path)
    this.#file = file
    this.#writer = new TakenWriter(file)
  }

  take(entries: readonly KeptEntry[], groups: readonly KeptGroup[]): Taken {
    const taken = this.#writer.write(packTaken(entries, groups))
    if (taken === 'kept') this.grow(entries.length)
    return taken
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
  }
}

/** As `openSqliteStamps`, with a thread that takes. */
export const openThreadedStamps = (path: string, owner: SqliteOwner): ThreadedStamps =>
  openSqliteFile(path, { ...SHARED_FORM, owner }, (file) => new ThreadedStamps(file, path))

export class ThreadedStamps extends StampTables implements StampStore, AsyncDisposable {
  readonly #file: SqliteFile
  readonly #thread: WritingThread

  constructor(file: SqliteFile, path: string) {
    super(file, path)
    this.#file = file
    this.#thread = new WritingThread(path)
  }

  async take(entries: readonly KeptEntry[], groups: readonly KeptGroup[]): Promise<Taken> {
    const taken = await this.#thread.write(packTaken(entries, groups))
    if (taken === 'kept') this.grow(entries.length)
    return taken
  }

  /** Nothing more is taken; all else goes on. */
  async endThread(): Promise<void> {
    await this.#thread[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endThread()
    this.#file[Symbol.dispose]()
  }
}
