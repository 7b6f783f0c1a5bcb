/**
 * Which files a person means by the arguments of `stamp` and `verify`: files, directories with all in them, patterns as `node:fs` knows
 * them, and `-` for standard input. What is said of a directory's inside is in the order of names, so that two runs go alike.
 *
 * Links in a directory are followed to files and not to directories, so a walk ends. Pipes, sockets and devices in a directory are
 * passed over; named by themselves they are read to their end.
 */
import type { Dirent } from 'node:fs'
import { glob, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../crypto/io/disk.ts'
import { reasonOf } from '../node/io/data-directory.ts'

export const STANDARD_INPUT = '-'
/** Ends of names of what this program writes beside files: proofs, records of journeys, older ones of both, evidence, and OpenTimestamps. */
const OURS = /\.(?:(?:chime|offline)(?:\.\d+)?|broken|ots)$/
export const isOurs = (path: string): boolean => OURS.test(path)

export type Found =
  | { readonly type: 'file'; readonly path: string }
  /** Named, and not to be had; the rest goes on. */
  | { readonly type: 'failed'; readonly path: string; readonly why: string }
  /** Passed over, and told so. */
  | { readonly type: 'skipped'; readonly path: string; readonly why: string }

/** @param isWanted which files of a directory or pattern; what is named by itself is always wanted. */
export async function* walkFiles(
  given: readonly string[],
  isWanted: (path: string) => boolean = (path) => !isOurs(path),
): AsyncGenerator<Found> {
  for (const path of given) {
    if (path === STANDARD_INPUT) yield { type: 'file', path }
    else yield* walkOne(path, isWanted)
  }
}

async function* walkOne(path: string, isWanted: (path: string) => boolean): AsyncGenerator<Found> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) yield { type: 'file', path }
    else yield* walkDirectory(path, isWanted)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' && isPattern(path)) yield* walkPattern(path, isWanted)
    else yield { type: 'failed', path, why: reasonOf(cause) }
  }
}

const isPattern = (path: string): boolean => /[*?[{]/.test(path)

async function* walkPattern(pattern: string, isWanted: (path: string) => boolean): AsyncGenerator<Found> {
  const paths: string[] = []
  for await (const path of glob(pattern)) paths.push(path)
  let count = 0
  for (const path of paths.sort()) {
    // What a pattern finds below a directory it finds by itself, so the directory is not walked.
    const found = await kindOf(path)
    if (found === 'directory') continue
    count += 1
    if (isWanted(path)) yield { type: 'file', path }
  }
  if (count === 0) yield { type: 'failed', path: pattern, why: 'no file fits this pattern' }
}

async function* walkDirectory(directory: string, isWanted: (path: string) => boolean): AsyncGenerator<Found> {
  const entries = await entriesOf(directory)
  if (typeof entries === 'string') yield { type: 'failed', path: directory, why: entries }
  else yield* walkEntries(directory, entries, isWanted)
}

async function* walkEntries(
  directory: string,
  entries: readonly Dirent[],
  isWanted: (path: string) => boolean,
): AsyncGenerator<Found> {
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* walkDirectory(path, isWanted)
    else if (!isWanted(path)) continue
    else if (entry.isFile()) yield { type: 'file', path }
    else yield await special(path)
  }
}

/** In the order of their names; or why they cannot be had. */
const entriesOf = async (directory: string): Promise<readonly Dirent[] | string> => {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    return reasonOf(cause)
  }
}

const special = async (path: string): Promise<Found> => {
  const kind = await kindOf(path)
  if (kind === 'file') return { type: 'file', path }
  if (kind === 'gone') return { type: 'failed', path, why: 'the link leads to nothing' }
  const why = kind === 'directory' ? 'a link to a directory is not followed' : 'it is neither a file nor a directory'
  return { type: 'skipped', path, why }
}

/** What a name leads to, links followed. */
export const kindOf = async (path: string): Promise<'file' | 'directory' | 'other' | 'gone'> => {
  try {
    const found = await stat(path)
    return found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other'
  } catch (cause) {
    // A name that went, or a link to nothing: no file either way, and told by the caller.
    return codeOf(cause) === 'unknown' ? 'other' : 'gone'
  }
}
