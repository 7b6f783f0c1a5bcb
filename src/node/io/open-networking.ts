/**
 * A node's network as its configuration says: libp2p on its addresses, the ways to the first peers, and what is kept of peers
 * over restarts. The rules are in network/ and `networking.ts`; here is only what they are opened with.
 */
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import type { Random, Tai, Time } from '../../base/index.ts'
import type { Genesis } from '../../consensus/index.ts'
import type { KeyAgreement, Signer } from '../../crypto/index.ts'
import { PLACES } from '../../network/index.ts'
import type { BootstrapWay, Feature, LocationClaim, PeersMemory, PlacesOptions } from '../../network/index.ts'
import { bootstrapAddresses } from '../../network/io/bootstrap-addresses.ts'
import { bootstrapDns } from '../../network/io/bootstrap-dns.ts'
import { bootstrapFile } from '../../network/io/bootstrap-file.ts'
import { bootstrapMdns } from '../../network/io/bootstrap-mdns.ts'
import { zstdCompression } from '../../network/io/compression.ts'
import { openLibp2pNetwork } from '../../network/io/libp2p.ts'
import type { Libp2pNetwork } from '../../network/io/libp2p.ts'
import type { Config } from '../config.ts'
import { Networking } from '../networking.ts'
import type { Membership, NetworkingOptions } from '../networking.ts'
import { readPeersFile, writePeersFile } from './peers-file.ts'
import { openSequenceFile } from './sequence-file.ts'
import { toldBootstrap } from './told-bootstrap.ts'

export interface OpenNetworkingOptions {
  readonly time: Time
  readonly random: Random
  /** The node's data directory. */
  readonly directory: string
  readonly config: Config
  readonly genesis: Genesis
  readonly signer: Signer & KeyAgreement
  /** The seed of the same key, 32 bytes: libp2p proves it at every connection. */
  readonly seed: Uint8Array
  readonly agent: string
  readonly membership: Membership
  readonly now: () => Tai | undefined
  readonly onRefused: NonNullable<NetworkingOptions['onRefused']>
  /** What does not stop the node and somebody should know. */
  readonly tell: (trouble: { readonly code: string; readonly message: string }) => void
}

export interface OpenedNetworking extends AsyncDisposable {
  readonly networking: Networking
  readonly places: PlacesOptions
}

/** Listens, and has not begun to look for peers: `networking.start` does. Rejects with the codes of the parts. */
export const openNetworking = async (options: OpenNetworkingOptions): Promise<OpenedNetworking> => {
  const { time, random, directory, config, genesis, membership, signer, agent, now, tell } = options
  await using stack = new AsyncDisposableStack()
  const sequences = stack.use(await openSequenceFile(join(directory, 'sequences'), time))
  const places = placesOf(config, genesis)
  const network = stack.use(await listen(options, places))
  const networking = stack.use(
    new Networking({
      time,
      random,
      genesis,
      signer,
      agreement: signer,
      network,
      sequences,
      membership,
      now,
      agent,
      features: featuresOf(network, config),
      compression: zstdCompression,
      onRefused: options.onRefused,
      location: locationOf(config.network.location),
      bootstrap: waysOf(config, { network, genesis }).map((way) => toldBootstrap(way, tell)),
      outboundPeers: config.network.outboundPeers,
      memory: await keptPeers(directory, tell),
      onMemory: (memory) => keepPeers(directory, memory, tell),
    }),
  )
  const opened = stack.move()
  return { networking, places, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const listen = ({ time, config, seed, tell }: OpenNetworkingOptions, places: PlacesOptions): Promise<Libp2pNetwork> => {
  const { announce, relayServer, relayClient, holePunching, autonat } = config.network
  return openLibp2pNetwork({
    time,
    privateKey: seed,
    listen: config.listen,
    announce,
    relayServer,
    relayClient,
    holePunching,
    autonat,
    places,
    onNotice: (message) => tell({ code: 'TC_NET_WITHOUT', message }),
  })
}

/** Twice as many places as the node wants peers of its own choice are out of reach of who comes, up to half of all. */
const placesOf = ({ network }: Config, { members }: Genesis): PlacesOptions => {
  const { connectionsMax, outboundPeers } = network
  const own = Math.min(2 * outboundPeers, Math.floor(connectionsMax / 2))
  const inboundMax = connectionsMax - own
  const ids = new Set(members.map(({ id }) => id))
  return {
    ...PLACES,
    connectionsMax,
    inboundMax,
    reservedMax: Math.min(PLACES.reservedMax, Math.floor(inboundMax / 4)),
    reservedFor: (peer) => ids.has(peer),
  }
}

const featuresOf = ({ carriers }: Libp2pNetwork, { network }: Config): readonly Feature[] => [
  ...(carriers.includes('quic') ? (['quic'] as const) : []),
  ...(network.relayServer ? (['relay'] as const) : []),
  ...(network.holePunching ? (['hole-punching'] as const) : []),
]

/** `52.5163,13.3777` to a tenth of a degree: some 10 km. The form was checked with the configuration. */
const locationOf = (location: string | null): LocationClaim | null => {
  const [latitudeE3 = 0, longitudeE3 = 0] = (location ?? '')
    .split(',')
    .map((degrees) => Math.round(+degrees * 10) * 100)
  return location === null ? null : { latitudeE3, longitudeE3 }
}

const waysOf = (
  { bootstrap, network: { bootstrapDns: names, bootstrapFile: file, mdns } }: Config,
  { network, genesis }: { readonly network: Libp2pNetwork; readonly genesis: Genesis },
): readonly BootstrapWay[] => [
  ...(bootstrap.length === 0 ? [] : [bootstrapAddresses(bootstrap)]),
  ...names.map((name) => bootstrapDns({ target: name })),
  ...(file === null ? [] : [bootstrapFile(file)]),
  ...(mdns ? [bootstrapMdns({ networkId: genesis.networkId, addresses: () => network.addresses() })] : []),
]

type Tell = OpenNetworkingOptions['tell']

/** What cannot be read is told, and the node begins without. */
const keptPeers = async (directory: string, tell: Tell): Promise<PeersMemory | undefined> => {
  try {
    return await readPeersFile(directory)
  } catch (error) {
    if (!(error instanceof ChimerError)) throw error
    tell(error)
    return undefined
  }
}

const keepPeers = async (directory: string, memory: PeersMemory, tell: Tell): Promise<void> => {
  try {
    await writePeersFile(directory, memory)
  } catch (error) {
    if (!(error instanceof ChimerError)) throw error
    tell(error)
  }
}
