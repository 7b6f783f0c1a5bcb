/**
 * The networks that this user has met: one genesis file each, in a directory of the user's own. `stamp` keeps there the genesis of a
 * network that it meets for the first time, as the asked node gives it; `verify` reads there and asks nobody.
 *
 * So the first meeting is taken on trust, as ssh does with the keys of hosts, and said aloud. A genesis that lies beside a proof is not
 * used unasked: whoever made the proof up may have made the genesis up too.
 */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ChimerError, hexOf } from '../base/index.ts'
import type { Genesis } from '../consensus/index.ts'
import { readGenesis } from '../consensus/index.ts'
import { CHECKPOINT_FORM } from '../stamps/index.ts'
import { readJson, reasonOf } from '../node/io/data-directory.ts'
import { writeDurably } from './chime-file.ts'

/** Where they are kept unless told otherwise, by the XDG base directories. */
export const networksDirectory = (environment: Readonly<Record<string, string | undefined>>): string => {
  const { XDG_DATA_HOME: data = '' } = environment
  return join(data.startsWith('/') ? data : join(homedir(), '.local', 'share'), 'truechimer', 'networks')
}

const pathOf = (directory: string, networkId: Uint8Array): string => join(directory, `${hexOf(networkId)}.json`)

/**
 * A genesis from JSON: the file itself, or what `truechimer genesis --json` prints, whose id must then be the one of its genesis.
 * `TC_GENESIS_INVALID` where it is neither.
 */
export const genesisFrom = (json: unknown): Genesis => {
  const view = viewOf(json)
  if (isCheckpoint(json))
    throw new ChimerError('TC_GENESIS_INVALID', 'This is a checkpoint and no genesis: give it with --checkpoint.')
  if (view === undefined) return readGenesis(json)
  const genesis = readGenesis(view.genesis)
  if (hexOf(genesis.networkId) === view.networkId) return genesis
  throw new ChimerError(
    'TC_GENESIS_INVALID',
    `The genesis cannot be used: it says that its network is ${String(view.networkId)}, and it is ${hexOf(genesis.networkId)}. Get it again from a member.`,
  )
}

/** The two are easily taken for each other, and what a genesis lacks would be a long list. */
const isCheckpoint = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'form' in json && json.form === CHECKPOINT_FORM

const viewOf = (json: unknown): { readonly networkId: unknown; readonly genesis: unknown } | undefined =>
  typeof json === 'object' && json !== null && 'networkId' in json && 'genesis' in json ? json : undefined

/** `TC_FILE_UNREADABLE`, `TC_FILE_MALFORMED` and `TC_GENESIS_INVALID` as `readJson` and `genesisFrom`. */
export const readGenesisAt = async (path: string): Promise<Genesis> => genesisFrom(await readJson(path))

/** The genesis of a network that was met before. A file that does not hold the network of its name is an error, not a stranger. */
export const knownNetwork = async (directory: string, networkId: Uint8Array): Promise<Genesis | undefined> => {
  const path = pathOf(directory, networkId)
  if (!existsSync(path)) return undefined
  const genesis = await readGenesisAt(path)
  if (hexOf(genesis.networkId) === hexOf(networkId)) return genesis
  throw new ChimerError(
    'TC_GENESIS_INVALID',
    `${path} holds the genesis of another network than its name says. Delete it and get it again from a member you trust.`,
    { facts: { path } },
  )
}

/** Keeps it, and says where. `TC_FILE_UNWRITABLE` where that cannot be. */
export const keepNetwork = async (directory: string, genesis: Genesis, file: unknown): Promise<string> => {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const say = `Cannot make ${directory}: ${reasonOf(cause)}. Choose another with --networks.`
    throw new ChimerError('TC_FILE_UNWRITABLE', say, { facts: { directory }, cause })
  }
  const path = pathOf(directory, genesis.networkId)
  await writeDurably(path, new TextEncoder().encode(`${JSON.stringify(file, undefined, 2)}\n`))
  return path
}
