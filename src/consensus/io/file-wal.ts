/**
 * The write-ahead log in a file, mode 600. What `append` has resolved for is on the disk (`fdatasync`). When heights have been decided and the
 * file has grown, what is still needed goes into a new file that takes the name by an atomic rename. After a sync or a
 * rename that failed the disk is not believed again: every later append fails, and so nothing more is said.
 *
 *   <path>        the log (wal-records.ts)
 *   <path>.new    a log that is being made; nothing reads it
 *   <path>.lock   held while open (crypto/io/key-lock.ts)
 *
 * Source: Rebello et al., "Can Applications Recover from fsync Failures?" (2020). Rules: docs/spec/consensus.md B-52 to B-55. Not promised: safety against a
 * file that is put back from a copy; B-50 says what then protects.
 */
import { open, readFile, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import { codeOf, syncDirectory } from '../../crypto/io/disk.ts'
import { lockKey } from '../../crypto/io/key-lock.ts'
import type { Wal, WalRecord } from '../port.ts'
import { encodeWalBatch, readWal, undecided, WAL_START } from '../wal-records.ts'
import type { WalLink, WalReading } from '../wal-records.ts'

const OWNER_ONLY = 0o600
/** A file smaller than this is left to grow when a height is decided, bytes. */
const COMPACT_BYTES = 4 * 2 ** 20
/** Largest file, bytes: weeks of rounds without a decision. */
export const WAL_BYTES_MAX = 256 * 2 ** 20

const FULL: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'database or disk is full']

export interface FileWal extends Wal {
  /** Was something found that an unfinished write had left? It had not been acknowledged, and is gone. */
  readonly tail: 'clean' | 'torn'
  /** How much of it there was, bytes. */
  readonly bytesCut: number
}

/** What `facts.why` of `TC_CONSENSUS_WAL` may be. */
export type WalTrouble = 'disk' | 'full' | 'damaged' | 'locked' | 'too-large'

const trouble = (
  path: string,
  why: WalTrouble,
  options: { readonly message: string; readonly cause?: unknown; readonly at?: number },
): ChimerError => {
  const { message, cause, at } = options
  const facts = { path, why, system: codeOf(cause), ...(at === undefined ? {} : { offset: at }) }
  return new ChimerError('TC_CONSENSUS_WAL', message, { facts, cause })
}

const refused = (path: string, cause: unknown): ChimerError => {
  if (cause instanceof ChimerError) return cause
  const why = FULL.includes(codeOf(cause)) ? 'full' : 'disk'
  const message =
    `the disk refused the write-ahead log ${path} (${codeOf(cause)}), so this validator says nothing more. ` +
    'Make room or mend the disk, and start again'
  return trouble(path, why, { message, cause })
}

const damaged = (path: string, { bytesGood, records }: WalReading): ChimerError => {
  const height = records.at(-1)?.height ?? 0
  const message =
    `the write-ahead log ${path} is damaged at byte ${bytesGood}, in something that was already acted upon (it reads well to height ${height}). ` +
    'A validator that votes without it may contradict itself, so nothing is said. Put the file back as it was at the last stop; or ' +
    'let the node follow the network without voting until blocks are decided well after the last height it voted on, and only then move the file away'
  return trouble(path, 'damaged', { message, at: bytesGood })
}

const lockOf = (path: string): Disposable => {
  try {
    return lockKey(`${path}.lock`)
  } catch (cause) {
    if (!(cause instanceof ChimerError) || cause.code !== 'TC_KEY_LOCKED') throw refused(path, causeOf(cause))
    const message = `another process votes by the write-ahead log ${path}; stop that one first: one key, one validator`
    throw trouble(path, 'locked', { message, cause })
  }
}

/** What lies under an error of the lock. */
const causeOf = (cause: unknown): unknown => (cause instanceof ChimerError ? cause.cause : cause)

/** All of the file; nothing where there is none yet. */
const readAll = async (path: string): Promise<Uint8Array> => {
  try {
    const bytes = await readFile(path)
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return new Uint8Array()
    throw refused(path, cause)
  }
}

/** Writes all of `bytes` at `position`. */
const writeAll = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

interface Opened {
  readonly file: FileHandle
  readonly bytes: number
  readonly link: WalLink
}

/**
 * A new file that holds just `records`, under the name `path`: it is whole and durable before it takes the name. `isNamed` of the error says whether the
 * rename may have happened.
 */
const makeFile = async (path: string, records: readonly WalRecord[]): Promise<Opened> => {
  const { bytes, link } = records.length === 0 ? { bytes: new Uint8Array(), link: WAL_START } : encodeWalBatch(records)
  const file = await open(`${path}.new`, 'w', OWNER_ONLY)
  try {
    await writeAll(file, bytes, 0)
    await file.sync()
    return { file, bytes: bytes.length, link }
  } catch (cause) {
    await file.close()
    throw cause
  }
}

const takeName = async (path: string): Promise<void> => {
  await rename(`${path}.new`, path)
  await syncDirectory(dirname(path))
}

class AppendedFile implements AsyncDisposable {
  readonly #path: string
  readonly #lock: Disposable
  readonly #compactBytes: number
  #opened: Opened
  /** What a new file would hold (`undecided`). */
  #kept: readonly WalRecord[]
  #broken: ChimerError | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    path: string,
    parts: { lock: Disposable; opened: Opened; kept: readonly WalRecord[]; compactBytes: number },
  ) {
    this.#path = path
    this.#lock = parts.lock
    this.#opened = parts.opened
    this.#kept = parts.kept
    this.#compactBytes = parts.compactBytes
  }

  /** One after the other, in the order of the calls. */
  async append(records: readonly WalRecord[]): Promise<void> {
    if (records.length === 0) return
    const turn = this.#turn.then(async () => this.#append(records))
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #append(records: readonly WalRecord[]): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const { file, bytes: before, link } = this.#opened
    const batch = encodeWalBatch(records, link)
    if (before + batch.bytes.length > WAL_BYTES_MAX) throw tooLarge(this.#path)
    await this.#write(file, batch.bytes, before)
    try {
      await file.datasync()
    } catch (cause) {
      throw this.#breakBy(cause)
    }
    this.#opened = { file, bytes: before + batch.bytes.length, link: batch.link }
    this.#kept = undecided([...this.#kept, ...records])
    const isDecided = records.some(({ type }) => type === 'decided')
    if (isDecided && this.#opened.bytes >= this.#compactBytes) await this.#compact()
  }

  /** All of it or nothing: what a full disk took of it is cut off again. */
  async #write(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
    try {
      await writeAll(file, bytes, position)
    } catch (cause) {
      const error = refused(this.#path, cause)
      await file.truncate(position).catch(() => this.#breakBy(cause))
      throw error
    }
  }

  #breakBy(cause: unknown): ChimerError {
    this.#broken ??= refused(this.#path, cause)
    return this.#broken
  }

  /** Begins a new file. One that cannot be made is tried again at the next height; the old one holds all there is to know until then. */
  async #compact(): Promise<void> {
    let made: Opened
    try {
      made = await makeFile(this.#path, this.#kept)
    } catch {
      // Nothing is lost: the file in use is whole. Where the disk is full for good, the next append says so.
      return
    }
    const old = this.#opened.file
    this.#opened = made
    try {
      await takeName(this.#path)
    } catch (cause) {
      // Which of the two files a restart would find is unknown.
      throw this.#breakBy(cause)
    } finally {
      await old.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn
    this.#broken ??= trouble(this.#path, 'disk', { message: `the write-ahead log ${this.#path} is closed` })
    await this.#opened.file.close()
    this.#lock[Symbol.dispose]()
  }
}

const tooLarge = (path: string): ChimerError =>
  trouble(path, 'too-large', {
    message:
      `the write-ahead log ${path} would pass ${WAL_BYTES_MAX} bytes: this height has gone on for very many rounds without a decision. ` +
      'See with truechimer status who is silent; the node can go on once the height is decided',
  })

/**
 * Opens the log at `path`, or makes it in a directory that is there. `TC_CONSENSUS_WAL` where the disk refuses, another process holds it, or it is damaged;
 * `facts.why` says which (`WalTrouble`). `compactBytes`: smallest file that is made anew when a height is decided.
 */
export const openFileWal = async (
  path: string,
  { compactBytes = COMPACT_BYTES }: { readonly compactBytes?: number } = {},
): Promise<FileWal> => {
  const lock = lockOf(path)
  try {
    const bytes = await readAll(path)
    const reading = readWal(bytes)
    const { records, tail } = reading
    if (tail === 'damaged') throw damaged(path, reading)
    const opened = await beginAt(path, bytes, reading)
    const appended = new AppendedFile(path, { lock, opened, kept: records, compactBytes })
    return {
      records,
      tail,
      bytesCut: bytes.length - reading.bytesGood,
      append: async (more) => appended.append(more),
      [Symbol.asyncDispose]: async () => appended[Symbol.asyncDispose](),
    }
  } catch (cause) {
    lock[Symbol.dispose]()
    throw refused(path, cause)
  }
}

/** Goes on in a file that is whole; else, and where there is none, begins a new one with what was read. */
const beginAt = async (path: string, bytes: Uint8Array, { records, tail, link }: WalReading): Promise<Opened> => {
  if (tail === 'clean' && bytes.length > 0) {
    const file = await open(path, 'r+')
    try {
      // What an earlier life wrote and did not sync shall be durable before it is built upon.
      await file.sync()
      return { file, bytes: bytes.length, link }
    } catch (cause) {
      await file.close()
      throw cause
    }
  }
  const made = await makeFile(path, records)
  try {
    await takeName(path)
    return made
  } catch (cause) {
    await made.file.close()
    throw cause
  }
}
