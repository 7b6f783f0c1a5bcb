/**
 * Opens the Network port over libp2p: real peers, real sockets. What the open network does stands in `libp2p-peer.ts`,
 * how libp2p is set up in `libp2p-options.ts`.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { cannotListen } from '../failures.ts'
import { Inbound, Listeners } from '../inbound.ts'
import { Libp2pPeer } from './libp2p-peer.ts'
import { createNode } from './libp2p-options.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Cancel, Time } from '../../base/index.ts'
import type { Network, PeerId } from '../port.ts'

const LISTEN_DEFAULT = ['/ip4/127.0.0.1/tcp/0'] as const

export interface Libp2pNetworkOptions {
  readonly time: Time
  /** The node's Ed25519 key: its seed (32 bytes), or as libp2p holds it. */
  readonly privateKey: Uint8Array | PrivateKey
  /** Multiaddrs to listen on; one free port on loopback by default. Empty: listens nowhere, and only dials. */
  readonly listen?: readonly string[]
  /** Multiaddrs of peers to stay connected to, `/p2p/…` at the end. The node's own address among them is left out. */
  readonly bootstrap?: readonly string[]
  /** Gives up the opening. Rejects with its reason. */
  readonly signal?: AbortSignal
}

/** What only the real network can say. */
export interface Libp2pNetwork extends Network {
  /** Connected peers that have joined a topic, as far as they have told. */
  subscribers(topic: string): readonly PeerId[]
  /** Those of them to whom this node passes on what it hears: the mesh. It forms within one heartbeat (500 ms). */
  meshOf(topic: string): readonly PeerId[]
  /** Called when a peer has joined or left a topic, or its mesh. */
  onTopicPeer(listener: (event: { readonly peer: PeerId; readonly topic: string }) => void): Cancel
}

/** Listens and starts to dial. Rejects with `TC_NET_LISTEN` where it cannot listen. */
export const openLibp2pNetwork = async (options: Libp2pNetworkOptions): Promise<Libp2pNetwork> => {
  options.signal?.throwIfAborted()
  const { privateKey } = options
  const listen = options.listen ?? LISTEN_DEFAULT
  const hangUps = new Listeners<PeerId>()
  const inbound = new Inbound({
    elapsedNs: () => options.time.elapsedNs(),
    shutOut: (peer) => hangUps.emit(peer),
  })
  const node = await createNode({
    privateKey: privateKey instanceof Uint8Array ? await generateKeyPairFromSeed('Ed25519', privateKey) : privateKey,
    listen,
    isShutOut: (peer) => inbound.isShutOut(peer),
  }).catch((error: unknown) => {
    throw cannotListen(listen.join(', '), error)
  })
  const network = new Libp2pPeer(options.time, node, inbound)
  hangUps.add((peer) => network.hangUp(peer))
  try {
    await node.start()
  } catch (error) {
    await node.stop()
    throw cannotListen(listen.join(', '), error)
  }
  if (options.signal?.aborted === true) await node.stop()
  options.signal?.throwIfAborted()
  network.stayConnected(options.bootstrap ?? [])
  return network
}
