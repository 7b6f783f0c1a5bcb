/**
 * A node's data directory: `config.json`, `genesis.json`, and `keys/` with the key and what it last signed. Made once by
 * `init`, read at every start; nothing is ever overwritten by accident.
 */
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import type { Genesis } from '../../consensus/index.ts'
import { readGenesis } from '../../consensus/index.ts'
import { nodeIdText, plainSeed, publicKeyOf, sealSeed } from '../../crypto/index.ts'
import { createFileSigner } from '../../crypto/io/file-signer.ts'
import { codeOf, syncDirectory } from '../../crypto/io/disk.ts'
import type { ConfigFile } from '../config.ts'

/** No file of ours that people write is larger than this. */
const FILE_BYTES_MAX = 4_194_304

export const keysDirectoryOf = (directory: string): string => join(directory, 'keys')
export const configPathOf = (directory: string): string => join(directory, 'config.json')
export const genesisPathOf = (directory: string): string => join(directory, 'genesis.json')

/**
 * JSON from a file, or a pipe, that a person may have written. `TC_FILE_UNREADABLE` or `TC_FILE_MALFORMED` say which and what
 * to do.
 */
export const readJson = async (path: string): Promise<unknown> => {
  const text = await readText(path)
  try {
    if (text.length > FILE_BYTES_MAX) throw new RangeError(`larger than ${FILE_BYTES_MAX} bytes`)
    return JSON.parse(text)
  } catch (cause) {
    // The parser quotes the file, which may be anybody's: nothing in it reaches a terminal but letters and signs.
    const why = reasonOf(cause).replace(/\p{C}/gu, '·')
    throw new ChimerError('TC_FILE_MALFORMED', `${path} is no JSON: ${why}.`, { facts: { path }, cause })
  }
}

/** At most one byte more than a file may have: what has no end is not read to its end. */
const readText = async (path: string): Promise<string> => {
  try {
    const parts: Buffer[] = []
    for await (const part of createReadStream(path, { end: FILE_BYTES_MAX })) parts.push(part)
    return Buffer.concat(parts).toString('utf8')
  } catch (cause) {
    throw new ChimerError('TC_FILE_UNREADABLE', `Cannot read ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
}

/** The settings as they stand in the file. `TC_FILE_UNREADABLE` tells where there is no node yet how to make one. */
export const readConfigFile = async (directory: string): Promise<unknown> => {
  const path = configPathOf(directory)
  if (existsSync(path)) return readJson(path)
  const advice = `${directory} is no data directory: it has no config.json. Make one with: truechimer init --data ${directory}`
  throw new ChimerError('TC_FILE_UNREADABLE', advice, { facts: { path } })
}

/** Writes a new file, durably. `TC_FILE_EXISTS` where there is one: nothing is overwritten. `advice` ends the message. */
export const writeNewJson = async (
  path: string,
  data: unknown,
  advice = 'Choose another --data directory.',
): Promise<void> => {
  try {
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(data, undefined, 2)}\n`)
    await file.sync()
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const code = exists ? 'TC_FILE_EXISTS' : 'TC_FILE_UNWRITABLE'
    const say = exists
      ? `${path} is there already, and nothing is overwritten`
      : `Cannot write ${path}: ${reasonOf(cause)}`
    throw new ChimerError(code, `${say}. ${advice}`, { facts: { path }, cause })
  }
}

export const readGenesisFile = async (directory: string): Promise<Genesis> =>
  readGenesis(await readJson(genesisPathOf(directory)))

export interface NewKey {
  readonly random: Random
  readonly directory: string
  /** Undefined: the key lies open in its file (mode 600). Only when asked for. */
  readonly passphrase: string | undefined
}

/**
 * Makes the directory with a new key in it. Returns the node's id. Errors as `createFileSigner`, and `TC_FILE_UNWRITABLE` where
 * the directory cannot be made.
 */
export const makeKey = async ({ random, directory, passphrase }: NewKey): Promise<string> => {
  await makeDirectory(directory)
  const seed = random.bytes(32)
  const keyText = passphrase === undefined ? plainSeed(seed) : sealSeed(random, { seed, passphrase })
  return nodeIdText(await createFileSigner({ directory: keysDirectoryOf(directory), keyText }))
}

/** Returns the topmost directory that had to be made, or undefined where it was there. */
const makeDirectory = async (path: string): Promise<string | undefined> => {
  try {
    return await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const say = `Cannot make the directory ${path}: ${reasonOf(cause)}. Choose another --data directory.`
    throw new ChimerError('TC_FILE_UNWRITABLE', say, { facts: { path }, cause })
  }
}

/** Writes the two files beside the key, after a check that they can be read back. */
export const writeSettings = async (
  directory: string,
  settings: { readonly config: ConfigFile; readonly genesis: unknown },
): Promise<void> => {
  readGenesis(settings.genesis)
  await writeNewJson(genesisPathOf(directory), settings.genesis)
  await writeNewJson(configPathOf(directory), settings.config)
  await syncDirectory(directory)
}

export interface NewDataDirectory extends NewKey {
  /** The genesis for the new node's id; checked before anything is written. */
  readonly genesisOf: (id: string) => unknown
}

/**
 * Key, genesis and settings, or nothing: what was made before a failure is taken away again, so that one may try once more.
 * A directory that holds any of them already is left as it is: `TC_FILE_EXISTS`. Other errors as `makeKey`, `writeSettings` and
 * `readGenesis`.
 */
export const layDataDirectory = async (
  options: NewDataDirectory,
): Promise<{ readonly id: string; readonly isMember: boolean }> => {
  const { directory, genesisOf } = options
  // A genesis that is given does not depend on the id; one that is made is checked with some other id in its place.
  readGenesis(genesisOf(nodeIdText(publicKeyOf(new Uint8Array(32)))))
  refuseLaid(directory)
  const made = await makeDirectory(directory)
  try {
    const id = await makeKey(options)
    const genesis = genesisOf(id)
    await writeSettings(directory, { config: {}, genesis })
    return { id, isMember: readGenesis(genesis).members.some((member) => member.id === id) }
  } catch (cause) {
    await unmake(directory, made)
    throw cause
  }
}

const refuseLaid = (directory: string): void => {
  const path = [keysDirectoryOf(directory), genesisPathOf(directory), configPathOf(directory)].find(existsSync)
  if (path === undefined) return
  const say = `${path} is there already: ${directory} holds a node, and nothing is overwritten. Choose another --data directory.`
  throw new ChimerError('TC_FILE_EXISTS', say, { facts: { path } })
}

/** Nothing of a node was there before (`refuseLaid`), so all that is there is ours. */
const unmake = async (directory: string, made: string | undefined): Promise<void> => {
  const paths = [keysDirectoryOf(directory), genesisPathOf(directory), configPathOf(directory)]
  for (const path of made === undefined ? paths : [made]) await rm(path, { recursive: true, force: true })
}

/** Why the system refused a file, in words where they are known. */
export const reasonOf = (cause: unknown): string => {
  const code = codeOf(cause)
  return REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\s+/g, ' ')
}

/** What the operating system's commonest refusals mean. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EEXIST: 'there is a file of that name',
  EACCES: 'this user may not (check its rights)',
  EPERM: 'this user may not (check its rights)',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
}
