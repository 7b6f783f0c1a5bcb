/**
 * Opens the Network port over libp2p: real peers, real sockets. What the open network does stands in `libp2p-peer.ts`,
 * how libp2p is set up in `libp2p-options.ts`.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { cannotListen, cannotListenOnQuic } from '../failures.ts'
import { Inbound, Listeners } from '../inbound.ts'
import { HANDSHAKE_MS_MAX, STREAMS_MAX, createNode } from './libp2p-options.ts'
import { loadQuic } from './libp2p-carriers.ts'
import { Gate } from './libp2p-gate.ts'
import { Libp2pPeer } from './libp2p-peer.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Cancel, Time } from '../../base/index.ts'
import type { InboundOptions } from '../inbound.ts'
import type { Connection, Network, PeerId } from '../port.ts'
import type { CarrierOptions, Transport } from './libp2p-carriers.ts'

const LISTEN_DEFAULT = ['/ip4/127.0.0.1/tcp/0'] as const

export interface Libp2pNetworkOptions extends CarrierOptions {
  readonly time: Time
  /** The node's Ed25519 key: its seed (32 bytes), or as libp2p holds it. */
  readonly privateKey: Uint8Array | PrivateKey
  /** Multiaddrs to listen on; one free port on loopback by default. Empty: listens nowhere, and only dials. */
  readonly listen?: readonly string[]
  /** Multiaddrs to name to others beside those: what a router forwards here. */
  readonly announce?: readonly string[]
  /** How many connections there may be, and from where; what is left out as `places.ts` has it. */
  readonly places?: InboundOptions['places']
  /** A handshake or dial that takes longer is given up, ms; by default 5,000. */
  readonly handshakeMsMax?: number
  /** Told, in one line, what was asked for and cannot be had. */
  readonly onNotice?: (line: string) => void
  /** Gives up the opening. Rejects with its reason. */
  readonly signal?: AbortSignal
}

/** What a node can carry connections by. */
export type Carrier = Exclude<Connection['transport'], 'memory'>

/** What only the real network can say. */
export interface Libp2pNetwork extends Network {
  /** By what this node can be connected: `quic` only where its package was asked for and loads. */
  readonly carriers: readonly Carrier[]
  /** Connected peers that have joined a topic, as far as they have told. */
  subscribers(topic: string): readonly PeerId[]
  /** Those of them to whom this node passes on what it hears: the mesh. It forms within one heartbeat (500 ms). */
  meshOf(topic: string): readonly PeerId[]
  /** Called when a peer has joined or left a topic, or its mesh. */
  onTopicPeer(listener: (event: { readonly peer: PeerId; readonly topic: string }) => void): Cancel
}

/** Listens, and dials nobody by itself. Rejects with `TC_NET_LISTEN` where it cannot listen. */
export const openLibp2pNetwork = async (options: Libp2pNetworkOptions): Promise<Libp2pNetwork> => {
  options.signal?.throwIfAborted()
  const { time, privateKey } = options
  const listen = options.listen ?? LISTEN_DEFAULT
  const hangUps = new Listeners<PeerId>()
  const inbound = new Inbound({
    time,
    shutOut: (peer) => hangUps.emit(peer),
    yieldTurn: (run) => void setImmediate(run),
    ...(options.places === undefined ? {} : { places: options.places }),
  })
  const quicCarrier = await quicOf(options, listen)
  const gate = new Gate({
    elapsedNs: () => time.elapsedNs(),
    place: (candidate, open) => inbound.place(candidate, open),
    isShutOut: (peer) => inbound.isShutOut(peer),
    refuse: (event) => inbound.refusals.emit(event),
  })
  const node = await createNode({
    ...options,
    privateKey: privateKey instanceof Uint8Array ? await generateKeyPairFromSeed('Ed25519', privateKey) : privateKey,
    listen,
    quicCarrier,
    gater: gate.gater(),
    connectionsMax: options.places?.connectionsMax,
    opinion: inbound,
  }).catch((error: unknown) => {
    throw cannotListen(listen.join(', '), error)
  })
  const network = new Libp2pPeer({
    time,
    node,
    inbound,
    carriers: carriersIn(options, quicCarrier),
    dialMsMax: options.handshakeMsMax ?? HANDSHAKE_MS_MAX,
  })
  gate.guard(network)
  hangUps.add((peer) => network.hangUp(peer))
  try {
    await node.start()
  } catch (error) {
    await network[Symbol.asyncDispose]()
    throw cannotListen(listen.join(', '), error)
  }
  if (options.signal?.aborted === true) await network[Symbol.asyncDispose]()
  options.signal?.throwIfAborted()
  return network
}

const carriersIn = ({ relayClient }: CarrierOptions, quic: Transport | undefined): readonly Carrier[] => [
  'tcp',
  ...(quic === undefined ? [] : (['quic'] as const)),
  ...(relayClient === true ? (['relay'] as const) : []),
]

/** QUIC where it was asked for. Rejects with `TC_NET_LISTEN` where it must be listened on and is not to be had. */
const quicOf = async (options: Libp2pNetworkOptions, listen: readonly string[]): Promise<Transport | undefined> => {
  const address = listen.find((text) => text.includes('/quic-v1'))
  if (options.quic !== true && address === undefined) return undefined
  const quic = options.quic === false ? { missing: undefined } : await loadQuic(undefined, STREAMS_MAX)
  if (!('missing' in quic)) return quic
  if (address !== undefined) throw cannotListenOnQuic(address, quic.missing)
  options.onNotice?.('QUIC is not offered: @chainsafe/libp2p-quic is not installed or has no binary for this platform.')
  return undefined
}
