/**
 * The shelf of an offline desk: one file a drawing, `DIR/offline/<id>.record`, and `<id>.reuse` where there is evidence. Written whole and
 * put in place by renaming, so that a crash leaves the one before.
 */
import { mkdir, open, readFile, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import { codeOf, syncDirectory } from '../../crypto/io/disk.ts'
import type { OfflineShelf } from '../offline-desk.ts'
import { reasonOf } from './data-directory.ts'

export const offlineDirectoryOf = (directory: string): string => join(directory, 'offline')

/** Opens the shelf in a data directory; the folder is made with the first record. */
export const openOfflineShelf = (directory: string): OfflineShelf => {
  const folder = offlineDirectoryOf(directory)
  const at = (name: string): string => join(folder, name)
  return {
    count: async () => (await namesIn(folder)).filter((name) => name.endsWith('.record')).length,
    record: (id) => read(at(`${id}.record`)),
    keepRecord: (id, bytes) => keep(folder, `${id}.record`, bytes),
    evidence: (id) => read(at(`${id}.reuse`)),
    keepEvidence: (id, bytes) => keep(folder, `${id}.reuse`, bytes),
  }
}

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return []
    throw unreadable(folder, cause)
  }
}

const read = async (path: string): Promise<Uint8Array | undefined> => {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw unreadable(path, cause)
  }
}

const keep = async (folder: string, name: string, bytes: Uint8Array): Promise<void> => {
  const path = join(folder, name)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    {
      await using file = await open(`${path}.new`, 'w', 0o600)
      await file.writeFile(bytes)
      await file.sync()
    }
    await rename(`${path}.new`, path)
    await syncDirectory(folder)
  } catch (cause) {
    const say = `Cannot write ${path}: ${reasonOf(cause)}. Nothing was acknowledged.`
    throw new ChimerError('TC_FILE_UNWRITABLE', say, { facts: { path }, cause })
  }
}

const unreadable = (path: string, cause: unknown): ChimerError =>
  new ChimerError('TC_FILE_UNREADABLE', `Cannot read ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
