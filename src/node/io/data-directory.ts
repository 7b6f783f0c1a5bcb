/**
 * A node's data directory: `config.json`, `genesis.json`, and `keys/` with the key and what it last signed. Made once by
 * `init`, read at every start; nothing is ever overwritten by accident.
 */
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import type { Random } from '../../base/index.ts'
import { nodeIdText, plainSeed, sealSeed } from '../../crypto/index.ts'
import { createFileSigner } from '../../crypto/io/file-signer.ts'
import { syncDirectory } from '../../crypto/io/disk.ts'
import type { ConfigFile } from '../config.ts'
import { readGenesis } from '../genesis.ts'
import type { Genesis, GenesisFile } from '../genesis.ts'

/** No file of ours that people write is larger than this. */
const FILE_BYTES_MAX = 4_194_304

export const keysDirectoryOf = (directory: string): string => join(directory, 'keys')
export const configPathOf = (directory: string): string => join(directory, 'config.json')
export const genesisPathOf = (directory: string): string => join(directory, 'genesis.json')

/** JSON from a file that a person may have written. `TC_FILE_UNREADABLE` or `TC_FILE_MALFORMED` say which and what to do. */
export const readJson = async (path: string): Promise<unknown> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const say = `Cannot read ${path}: ${reasonOf(cause)}. Make a node with: truechimer init --data DIRECTORY`
    throw new ChimerError('TC_FILE_UNREADABLE', say, { facts: { path }, cause })
  }
  try {
    if (text.length > FILE_BYTES_MAX) throw new RangeError(`larger than ${FILE_BYTES_MAX} bytes`)
    return JSON.parse(text)
  } catch (cause) {
    throw new ChimerError('TC_FILE_MALFORMED', `${path} is no JSON: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
}

/** Writes a new file, durably. `TC_FILE_EXISTS` where there is one: nothing is overwritten. */
export const writeNewJson = async (path: string, data: unknown): Promise<void> => {
  try {
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(`${JSON.stringify(data, undefined, 2)}\n`)
    await file.sync()
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const code = exists ? 'TC_FILE_EXISTS' : 'TC_FILE_UNWRITABLE'
    const say = exists ? `${path} is there already, and nothing is overwritten` : `Cannot write ${path}: ${reasonOf(cause)}`
    throw new ChimerError(code, `${say}. Choose another --data directory, or remove it.`, { facts: { path }, cause })
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

/** Makes the directory with a new key in it. Returns the node's id. Errors as `createFileSigner`. */
export const makeKey = async ({ random, directory, passphrase }: NewKey): Promise<string> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const seed = random.bytes(32)
  const keyText = passphrase === undefined ? plainSeed(seed) : sealSeed(random, { seed, passphrase })
  return nodeIdText(await createFileSigner({ directory: keysDirectoryOf(directory), keyText }))
}

/** Writes the two files beside the key, after a check that they can be read back. */
export const writeSettings = async (
  directory: string,
  settings: { readonly config: ConfigFile; readonly genesis: GenesisFile },
): Promise<void> => {
  readGenesis(settings.genesis)
  await writeNewJson(genesisPathOf(directory), settings.genesis)
  await writeNewJson(configPathOf(directory), settings.config)
  await syncDirectory(directory)
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
