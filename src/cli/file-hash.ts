/**
 * The digest of a file of any size in constant memory. What changes while it is read is refused: its digest would be of bytes that were
 * never the file's at any one time.
 *
 * A change is seen by the file's size, its times of change, and whether the name still leads to it. Not promised: seeing a program that
 * writes and then sets the times back as root.
 */
import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { ChimerError } from '../base/index.ts'
import { reasonOf } from '../node/io/data-directory.ts'
import type { ImprintAlgorithm } from '../stamps/index.ts'
import { STANDARD_INPUT } from './file-walk.ts'

/** Read at once, bytes. */
const PART_BYTES = 1024 * 1024

export interface Hashed {
  readonly digest: Uint8Array
  /** Bytes that were read. */
  readonly size: number
}

export interface HashWish {
  readonly path: string
  readonly algorithm: ImprintAlgorithm
  /** Told after every part. `whole`: bytes in all; undefined where that is not known before the end. */
  readonly onProgress?: (read: { readonly done: number; readonly whole: number | undefined }) => void
  readonly signal?: AbortSignal
}

/** OpenSSL's names of the hashes. */
const NAMES: Readonly<Record<ImprintAlgorithm, string>> = {
  'sha-256': 'sha256',
  'sha-384': 'sha384',
  'sha-512': 'sha512',
  'sha3-256': 'sha3-256',
}

/**
 * `TC_FILE_UNREADABLE` where it cannot be read, `TC_FILE_CHANGING` where it changed meanwhile. Pipes and standard input are read to
 * their end, and nobody can say whether they changed.
 */
export const hashFile = async (wish: HashWish): Promise<Hashed> => {
  const { path } = wish
  if (path === STANDARD_INPUT) return hashStream(process.stdin, wish)
  try {
    await using file = await open(path, 'r')
    const before = await file.stat({ bigint: true })
    const whole = before.isFile() ? Number(before.size) : undefined
    const hashed = await hashHandle(file, wish, whole)
    if (before.isFile()) await refuseChanged({ file, before, path, read: hashed.size })
    return hashed
  } catch (cause) {
    if (cause instanceof ChimerError || wish.signal?.aborted === true) throw cause
    throw new ChimerError('TC_FILE_UNREADABLE', `Cannot read ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
}

const hashHandle = async (
  file: FileHandle,
  { algorithm, onProgress, signal }: HashWish,
  whole: number | undefined,
): Promise<Hashed> => {
  const hash = createHash(NAMES[algorithm])
  const part = Buffer.allocUnsafe(whole === undefined ? PART_BYTES : Math.max(1, Math.min(PART_BYTES, whole + 1)))
  let done = 0
  for (;;) {
    signal?.throwIfAborted()
    const { bytesRead } = await file.read(part, 0, part.length, null)
    if (bytesRead === 0) break
    hash.update(part.subarray(0, bytesRead))
    done += bytesRead
    onProgress?.({ done, whole })
  }
  return { digest: new Uint8Array(hash.digest()), size: done }
}

const hashStream = async (stream: AsyncIterable<unknown>, wish: HashWish): Promise<Hashed> => {
  const hash = createHash(NAMES[wish.algorithm])
  let done = 0
  try {
    for await (const part of stream) {
      wish.signal?.throwIfAborted()
      if (!(part instanceof Uint8Array)) throw new TypeError('standard input gives no bytes')
      hash.update(part)
      done += part.length
      wish.onProgress?.({ done, whole: undefined })
    }
  } catch (cause) {
    if (wish.signal?.aborted === true) throw cause
    throw new ChimerError('TC_FILE_UNREADABLE', `Cannot read standard input: ${reasonOf(cause)}.`, { cause })
  }
  return { digest: new Uint8Array(hash.digest()), size: done }
}

interface Watched {
  readonly file: FileHandle
  readonly before: BigIntStats
  readonly path: string
  readonly read: number
}

const refuseChanged = async ({ file, before, path, read }: Watched): Promise<void> => {
  const after = await file.stat({ bigint: true })
  const isSame =
    after.size === before.size &&
    after.mtimeNs === before.mtimeNs &&
    after.ctimeNs === before.ctimeNs &&
    BigInt(read) === before.size
  if (isSame && (await leadsTo(path, before))) return
  throw new ChimerError(
    'TC_FILE_CHANGING',
    `${path} changed while it was read, so its digest would be of no one thing. Try again when nothing writes to it.`,
    { facts: { path } },
  )
}

/** Does the name still mean the same file? One that was replaced under its name was stamped as something that nobody has any more. */
const leadsTo = async (path: string, { dev, ino }: BigIntStats): Promise<boolean> => {
  const now = await stat(path, { bigint: true })
  return now.dev === dev && now.ino === ino
}
