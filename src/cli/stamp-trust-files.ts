/** From files to what a stamp is verified with: a genesis or a checkpoint, and the names that people gave the members. */
import { ChimerError, NS_PER_DAY, NS_PER_MS, hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import type { Genesis } from '../consensus/index.ts'
import { chainGenesisOf } from '../consensus/index.ts'
import { taiSpanOfUnixNs } from '../clock/index.ts'
import { genesisPathOf, readJson } from '../node/io/data-directory.ts'
import { readCheckpoint, stampTrustOfGenesis } from '../stamps/index.ts'
import type { StampTrust } from '../stamps/index.ts'
import { knownNetwork, networksDirectory, readGenesisAt } from './known-networks.ts'

export interface TrustOptions {
  /** A genesis file, or what `truechimer genesis --json` prints. */
  readonly genesis?: string
  /** A data directory, whose genesis is meant. */
  readonly data?: string
  readonly checkpoint?: string
  readonly trustDays: number
  /** Where genesis files of networks that were met are kept. */
  readonly networks?: string
}

/** What is trusted, and in words where it is from. */
export interface TrustFound {
  readonly trust: StampTrust
  readonly from: string
}

/** What this machine's clock can mean, TAI. It is nobody's proof: it ages checkpoints and warns. */
export const hostNow = (): TimeInterval => {
  const ms = BigInt(Date.now())
  const { lo, hi } = taiSpanOfUnixNs(ms * NS_PER_MS)
  return { earliest: lo, latest: hi + NS_PER_MS }
}

export const trustOf = (genesis: Genesis): StampTrust =>
  stampTrustOfGenesis(
    chainGenesisOf(genesis),
    new Map(genesis.members.map(({ key, name }): [string, string] => [hexOf(key), name])),
  )

/** The one that was named on the command line; undefined where none was. `TC_USAGE` where two were; errors of reading files besides. */
export const trustNamed = async (options: TrustOptions): Promise<TrustFound | undefined> => {
  const { genesis, data, checkpoint } = options
  const given = [genesis, data, checkpoint].filter((path) => path !== undefined)
  if (given.length > 1)
    throw new ChimerError('TC_USAGE', 'Give one of --genesis, --data and --checkpoint: there is one thing to trust.')
  if (checkpoint !== undefined) return trustInCheckpoint(checkpoint, options.trustDays)
  const path = genesis ?? (data === undefined ? undefined : genesisPathOf(data))
  if (path === undefined) return undefined
  return { trust: trustOf(await readGenesisAt(path)), from: `the genesis ${path}` }
}

/** The genesis of a network that this user has met; undefined for a stranger. */
export const trustKnown = async (
  networks: string | undefined,
  networkId: Uint8Array,
): Promise<TrustFound | undefined> => {
  const directory = networks ?? networksDirectory(process.env)
  const genesis = await knownNetwork(directory, networkId)
  if (genesis === undefined) return undefined
  return { trust: trustOf(genesis), from: `the genesis of network ${genesis.name} as it was kept at the first meeting` }
}

const trustInCheckpoint = async (path: string, trustDays: number): Promise<TrustFound> => {
  const read = readCheckpoint(await readJson(path))
  if (read.verdict !== 'accept')
    throw new ChimerError(
      'TC_CHECKPOINT_INVALID',
      `${path} is no checkpoint that can be used: ${read.reason}. Make one with: truechimer checkpoint save --out FILE`,
      { facts: { path } },
    )
  const period = { now: hostNow(), periodNs: BigInt(trustDays) * NS_PER_DAY }
  return { trust: { ...read.value, period }, from: `the checkpoint ${path}, no older than ${trustDays} days` }
}
