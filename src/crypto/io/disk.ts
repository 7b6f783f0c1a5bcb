/** What the files of this room share: a synced directory, and the code in an operating system's error. */
import { open } from 'node:fs/promises'

/**
 * Makes the names in a directory durable. Windows cannot open a directory for this and keeps its names durable by itself, so
 * there nothing is done.
 */
export const syncDirectory = async (path: string): Promise<void> => {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** `ENOENT` and its like, what SQLite says where it is SQLite's error, or `unknown`. */
export const codeOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return 'unknown'
  if ('errstr' in cause && typeof cause.errstr === 'string') return cause.errstr
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown'
}
