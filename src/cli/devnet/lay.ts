/**
 * Lays down a devnet: a data directory for each node with its own key, simulated oscillator and addresses, and one genesis
 * for all. A directory that has been laid before is taken up again, keys and all.
 */
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { ConfigFile, GenesisFile } from '../../node/index.ts'
import { readConfig, splitHostPort } from '../../node/index.ts'
import { configPathOf, makeKey, readGenesisFile, writeSettings } from '../../node/io/data-directory.ts'
import { realRandom, realTime } from '../../node/io/real-ports.ts'
import { ChimerError } from '../../base/index.ts'
import { tsaDirectoryOf } from '../../services/tsa-keys.ts'

/** What the nodes of a devnet are called; beyond these by number. */
const NAMES = ['Ada', 'Bede', 'Cyra', 'Dondi', 'Elma', 'Finn', 'Gaia', 'Huygens', 'Ibn', 'Jost']

/** Their oscillators: starting error, ms, and drift, ppb. Quartz of every temper. */
const OSCILLATORS = [
  { offsetMs: 0, driftPpb: 12_000 },
  { offsetMs: 300, driftPpb: -31_000 },
  { offsetMs: -120, driftPpb: 47_000 },
  { offsetMs: 1500, driftPpb: -8000 },
  { offsetMs: -900, driftPpb: 3000 },
] as const

export interface LaidNode {
  readonly index: number
  readonly name: string
  readonly directory: string
  readonly id: string
  /** `host:port` of its HTTP API. */
  readonly api: string
  readonly listen: string
  /** Directory of the devnet's own time-stamp authority, which every node signs tokens by. */
  readonly tsa: string
}

export interface LayOptions {
  readonly directory: string
  readonly nodes: number
  /** The first node's; the others follow on the next ports. */
  readonly api: string
  readonly ntp: readonly string[]
  readonly gpsd: readonly string[]
}

const PORT_MAX = 65_535

/** Refuses addresses that no node could use, before any node is started: `TC_CONFIG_INVALID` or `TC_USAGE`. */
export const checkAddresses = (
  addresses: Omit<LayOptions, 'directory'> & { readonly ntpServe?: string | undefined },
): void => {
  const { api, nodes, ntp, gpsd, ntpServe = null } = addresses
  readConfig({}, { api, 'sources.ntp': ntp, 'sources.gpsd': gpsd, 'serve.ntp': ntpServe })
  const { port } = splitHostPort(api)
  if (port === 0 || port + nodes - 1 <= PORT_MAX) return
  const say = `--api ${api} leaves no room: ${nodes} nodes take as many ports, one after the other, and the last is ${PORT_MAX}.`
  throw new ChimerError('TC_USAGE', say)
}

export const layDevnet = async (options: LayOptions): Promise<readonly LaidNode[]> => {
  const directories = Array.from({ length: options.nodes }, (_, index) => join(options.directory, `node-${index + 1}`))
  const isLaid = directories.map((directory) => existsSync(configPathOf(directory)))
  if (isLaid.some((laid) => laid !== isLaid[0]) || existsSync(join(options.directory, `node-${options.nodes + 1}`)))
    throw new ChimerError(
      'TC_DEVNET_MIXED',
      `${options.directory} holds a devnet of another size. Choose its --nodes, or another --data.`,
    )
  const ids = isLaid[0] === true ? await readIds(directories) : await layKeys(directories)
  const ports = await freePorts(options.nodes)
  const tsa = await layTsa(options.directory)
  const nodes = directories.map((directory, index): LaidNode => ({
    index,
    name: nameOf(index),
    directory,
    id: ids[index] ?? '',
    api: nthAddress(options.api, index),
    listen: `/ip4/127.0.0.1/tcp/${ports[index] ?? 0}`,
    tsa,
  }))
  if (isLaid[0] !== true) await laySettings(nodes)
  return nodes
}

/** Made anew with every devnet, or taken up with its directory. */
const layTsa = async (directory: string): Promise<string> => {
  const place = tsaDirectoryOf(directory)
  if (existsSync(place)) return place
  const { TSA_DAYS_DEFAULT, makeTsa } = await import('../../services/tsa-making.ts')
  await makeTsa({ time: realTime, random: realRandom }, { directory: place, name: 'devnet', days: TSA_DAYS_DEFAULT })
  return place
}

const nameOf = (index: number): string => NAMES[index] ?? `Node ${index + 1}`

const nthAddress = (first: string, index: number): string => {
  const { port } = splitHostPort(first)
  return `${first.slice(0, first.lastIndexOf(':'))}:${port === 0 ? 0 : port + index}`
}

const layKeys = (directories: readonly string[]): Promise<string[]> =>
  Promise.all(directories.map((directory) => makeKey({ random: realRandom, directory, passphrase: undefined })))

const readIds = async (directories: readonly string[]): Promise<string[]> => {
  const { members } = await readGenesisFile(directories[0] ?? '')
  return members.map(({ id }) => id)
}

/** On one machine messages take a few milliseconds; and a short epoch shows within half a minute what weights do. */
const MS = 1_000_000
const parameters: GenesisFile['parameters'] = {
  consensus: {
    epochSlots: 30,
    proposalDelayNs: 100 * MS,
    timeoutProposeNs: 1000 * MS,
    timeoutPrevoteNs: 500 * MS,
    timeoutPrecommitNs: 500 * MS,
    timeoutStepNs: 250 * MS,
  },
}

const laySettings = async (nodes: readonly LaidNode[]): Promise<void> => {
  const genesis: GenesisFile = { name: 'devnet', parameters, members: nodes.map(({ id, name }) => ({ id, name })) }
  for (const { directory, index } of nodes) await writeSettings(directory, { config: configOf(index), genesis })
}

const configOf = (index: number): ConfigFile => {
  const { offsetMs, driftPpb } = OSCILLATORS[index % OSCILLATORS.length] ?? OSCILLATORS[0]
  return {
    sources: { pollIntervalMs: 500 },
    oscillator: { offsetNs: offsetMs * 1_000_000, driftPpb, walkPpb: 1, seed: index + 1 },
  }
}

/** Ports that were free a moment ago, all different. */
const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere))
  const ports = servers.map(({ port }) => port)
  await Promise.all(servers.map(({ close }) => close()))
  return ports
}

const listenAnywhere = (): Promise<{ readonly port: number; readonly close: () => Promise<void> }> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      resolve({ port, close: () => new Promise((closed) => void server.close(() => closed())) })
    })
  })
