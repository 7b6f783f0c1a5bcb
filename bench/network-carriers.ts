/**
 * The two ways in which the network benchmark carries a message: our network with envelopes, queue and scores, and libp2p with
 * gossipsub alone, on the same transports and with the same mesh.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { accept, seededRandom } from '../src/base/index.ts'
import { publicKeyOf } from '../src/crypto/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import { openLibp2pNetwork } from '../src/network/io/libp2p.ts'
import { SignedTopics, countingSequences, encodeEnvelope, sequenceFloor } from '../src/network/index.ts'
import { realRandom, realTime } from '../src/node/io/real-ports.ts'
import type { Attack, Carrier, Transport } from './network-messages.ts'

const TOPIC = 'bench/messages'
/** No topic of ours allows so much: what is measured is the work, not the limit. */
const LIMITS = { messageBytesMax: 65_536, ratePerSec: 1_000_000, burst: 1_000_000 } as const

export interface Carried {
  addresses(): readonly string[]
  /** Resolves when so many others are connected and have joined the topic. */
  meet(addresses: readonly string[], others: number): Promise<void>
  publish(bytes: Uint8Array): void
  connected(): number
  /** Tries to connect again to whom it met, and does not wait. */
  again(): void
}

type Hear = (bytes: Uint8Array) => void
interface Place {
  readonly carrier: Carrier
  readonly transport: Transport
  readonly index: number
}

const LISTEN = { tcp: '/ip4/127.0.0.1/tcp/0', quic: '/ip4/127.0.0.1/udp/0/quic-v1' } as const

/** Dials some addresses again, and does not mind who refuses. */
const againTo = (dial: (address: string) => Promise<unknown>) => {
  let met: readonly string[] = []
  return {
    remember: (addresses: readonly string[]): void => void (met = addresses),
    again: (): void => {
      for (const address of met) void dial(address).catch(() => undefined)
    },
  }
}

export const open = (place: Place, hear: Hear): Promise<Carried> =>
  place.carrier === 'ours' ? openOurs(place, hear) : openBare(place, hear)

const NETWORK_ID = seededRandom(4n).bytes(32)

const openOurs = async ({ transport, index }: Place, hear: Hear): Promise<Carried> => {
  const network = await openLibp2pNetwork({ time: realTime, privateKey: seedOf(index), listen: [LISTEN[transport]] })
  const topics = new SignedTopics({
    network,
    signer: memorySigner({ seed: seedOf(index) }),
    networkId: NETWORK_ID,
    time: realTime,
    random: realRandom,
    sequences: countingSequences(sequenceFloor(realTime.hostUnixNs())),
  })
  topics.subscribe(TOPIC, {
    ...LIMITS,
    priority: 'time',
    validate: ({ bytes }) => {
      hear(bytes)
      return accept(null)
    },
  })
  const dial = (address: string): Promise<unknown> =>
    network.connect({ address }, { signal: AbortSignal.timeout(5000) })
  const { remember, again } = againTo(dial)
  return {
    addresses: () => network.addresses(),
    connected: () => network.peers().length,
    again,
    meet: async (addresses, others) => {
      remember(addresses)
      for (const address of addresses) await dial(address)
      await until(() => network.meshOf(TOPIC).length >= others)
    },
    publish: (bytes) => void topics.publish(TOPIC, bytes),
  }
}

const seedOf = (index: number): Uint8Array => seededRandom(BigInt(1000 + index)).bytes(32)

const openBare = async ({ transport, index }: Place, hear: Hear): Promise<Carried> => {
  const node = await createLibp2p<{ readonly identify: ReturnType<ReturnType<typeof identify>>; pubsub: GossipSub }>({
    privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(index)),
    addresses: { listen: [LISTEN[transport]] },
    transports:
      transport === 'quic'
        ? [(await import('@chainsafe/libp2p-quic')).quic()]
        : [tcp({ dialOpts: { noDelay: true }, listenOpts: { noDelay: true } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: 'StrictNoSign',
        allowPublishToZeroTopicPeers: true,
        emitSelf: false,
        // Without it, gossip's own backlog limit would cut a process off that is short of the processor for a while.
        maxOutboundBufferSize: 64 * 1_048_576,
      }),
    },
  })
  const { pubsub } = node.services
  pubsub.addEventListener('gossipsub:message', ({ detail }) => hear(detail.msg.data))
  const meshed = new Set<string>()
  pubsub.addEventListener('gossipsub:graft', ({ detail }) => void meshed.add(detail.peerId))
  pubsub.subscribe(TOPIC)
  const { remember, again } = againTo((address) => node.dial(multiaddr(address)))
  return {
    addresses: () => node.getMultiaddrs().map(String),
    again,
    meet: async (addresses, others) => {
      remember(addresses)
      for (const address of addresses) await node.dial(multiaddr(address))
      await until(() => meshed.size >= others)
    },
    publish: (bytes) => void pubsub.publish(TOPIC, bytes),
    connected: () => node.getPeers().length,
  }
}

/** Number `count` of what an attacker says: each different, so that none is known already. */
export const nonsense = (kind: Attack, count: number): Uint8Array => {
  const noise = seededRandom(BigInt(count)).bytes(200)
  if (kind === 'garbage') return noise
  return encodeEnvelope({
    networkId: NETWORK_ID,
    sender: publicKeyOf(seedOf(0)),
    sequence: sequenceFloor(realTime.hostUnixNs()) + count,
    nonce: noise.subarray(0, 8),
    topic: TOPIC,
    payloads: [noise],
    signature: noise.subarray(0, 64),
  })
}

/** Looks every 20 ms. A mesh is whole after a heartbeat or two. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
