/**
 * Key files on a disk. Written once, never over another, readable by their owner alone, and on the disk before the caller is
 * told so. Their text is `key-envelope.ts`; its contents appear in no error and no log.
 *
 * Not promised: on Windows the mode bits say nothing and are not checked.
 */
import { constants } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import { KEY_TEXT_MAX, openSeed } from '../key-envelope.ts'
import { codeOf, syncDirectory } from './disk.ts'

const OWNER_ONLY = 0o600
const OTHERS_MASK = 0o077

/**
 * Writes the text of a key file (`sealSeed`, `plainSeed`) to `path`, mode 600, synced with its directory.
 * `TC_KEY_FILE_EXISTS` where something is there already; `TC_KEY_FILE_UNWRITABLE` where the disk refuses.
 */
export const createKeyFile = async (path: string, text: string): Promise<void> => {
  const file = await createFile(path)
  try {
    await file.writeFile(text)
    await file.chmod(OWNER_ONLY)
    await file.sync()
    await file.close()
    await syncDirectory(dirname(path))
  } catch (cause) {
    await file.close().catch(() => undefined)
    await unlink(path).catch(() => undefined)
    throw unwritable(path, cause)
  }
}

const createFile = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, 'wx', OWNER_ONLY)
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw unwritable(path, cause)
    const message = `${path} exists; a key is never overwritten. Move it away if you want a new key`
    throw new ChimerError('TC_KEY_FILE_EXISTS', message, { facts: { path }, cause })
  }
}

const unwritable = (path: string, cause: unknown): ChimerError =>
  new ChimerError('TC_KEY_FILE_UNWRITABLE', `cannot write the key file ${path} (${codeOf(cause)})`, {
    facts: { path },
    cause,
  })

/**
 * The text of the key file at `path`. `TC_KEY_FILE_UNREADABLE`: missing, no file, too large or not ours to read.
 * `TC_KEY_FILE_MODE`: group or others may read or write it; the message says `chmod 600 …`.
 */
export const readKeyFile = async (path: string): Promise<string> => {
  const file = await openFile(path)
  try {
    const stat = await file.stat()
    if (!stat.isFile() || stat.size > KEY_TEXT_MAX) throw unreadable(path, 'not a key file')
    if (process.platform !== 'win32' && (stat.mode & OTHERS_MASK) !== 0) throw exposed(path, stat.mode)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** The 32-byte seed of the key file at `path`; errors of `readKeyFile` and of `openSeed`. */
export const readSeed = async (path: string, passphrase?: string): Promise<Uint8Array> =>
  openSeed(await readKeyFile(path), passphrase)

/** Non-blocking, so that a pipe laid in the file's place cannot hold up the start. */
const openFile = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    throw unreadable(path, codeOf(cause), cause)
  }
}

const unreadable = (path: string, why: string, cause?: unknown): ChimerError =>
  new ChimerError(
    'TC_KEY_FILE_UNREADABLE',
    `cannot read the key file ${path} (${why}); check the path and its rights`,
    {
      facts: { path, why },
      cause,
    },
  )

const exposed = (path: string, mode: number): ChimerError => {
  const octal = (mode & 0o777).toString(8)
  const message = `others can reach the key file ${path} (mode ${octal}); run: chmod 600 ${path}`
  return new ChimerError('TC_KEY_FILE_MODE', message, { facts: { path, mode: octal } })
}
