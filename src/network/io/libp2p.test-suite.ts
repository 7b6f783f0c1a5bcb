/** What the tests of the real network share: a real clock, fresh keys, meshes of real peers on loopback, and a rude stranger. */
import assert from 'node:assert/strict'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { Inbox } from './conformance.test-suite.ts'
import { createNode } from './libp2p-options.ts'
import { openLibp2pNetwork } from './libp2p.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, Stream } from '@libp2p/interface'
import type { Time } from '../../base/index.ts'
import type { Harness } from './conformance/meshes.test-suite.ts'
import type { Libp2pNetwork, Libp2pNetworkOptions } from './libp2p.ts'

export const realTime: Time = {
  elapsedNs: () => process.hrtime.bigint(),
  hostUnixNs: () => BigInt(Date.now()) * 1_000_000n,
  schedule: (delayNs, run) => {
    const timer = setTimeout(run, Number(delayNs) / 1e6)
    return () => clearTimeout(timer)
  },
}

const DIAL_MS_MAX = 5000

let seeds = 0
export const freshSeed = (): Uint8Array => {
  seeds += 1
  return new Uint8Array(32).fill(seeds)
}

/** Opened, and connected to whoever is at these addresses. */
export const open = async (
  options: Partial<Libp2pNetworkOptions> & { readonly meet?: readonly string[] } = {},
): Promise<Libp2pNetwork> => {
  const { meet = [], ...rest } = options
  const network = await openLibp2pNetwork({ time: realTime, privateKey: freshSeed(), ...rest })
  for (const address of meet) await network.connect({ address }, { signal: AbortSignal.timeout(DIAL_MS_MAX) })
  return network
}

/** Resolves when `isSo` holds, asked again after every event of the network. */
export const until = async (network: Libp2pNetwork, isSo: () => boolean): Promise<void> => {
  const events = new Inbox<true>()
  const cancels = [network.onPeer(() => events.push(true)), network.onTopicPeer(() => events.push(true))]
  await events.until(isSo)
  for (const cancel of cancels) cancel()
}

export const addressOf = (network: Libp2pNetwork): string => {
  const [address] = network.addresses()
  assert(address !== undefined)
  return address
}

/** Real peers on loopback, opened with `options`: all of them, or each with its own. */
export const libp2pHarness = (options: Partial<Libp2pNetworkOptions>): Harness => ({
  strangerId: '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN',
  build: async (count, edges, own = {}) => {
    const peers: Libp2pNetwork[] = []
    for (let i = 0; i < count; i += 1) {
      const before = edges.flatMap((edge) => (Math.max(...edge) === i ? [peers[Math.min(...edge)]] : []))
      const meet = before.flatMap((peer) => peer?.addresses().slice(0, 1) ?? [])
      peers.push(await open({ ...options, ...own, meet }))
    }
    const links = edges.flatMap(([a, b]) => {
      const [left, right] = [peers[a], peers[b]]
      assert(left !== undefined && right !== undefined)
      return [
        { at: left, other: right.peerId },
        { at: right, other: left.peerId },
      ]
    })
    await Promise.all(links.map(({ at, other }) => until(at, () => at.peers().includes(other))))
    return {
      peers,
      settled: async (topic) => {
        await Promise.all(links.map(({ at, other }) => until(at, () => at.meshOf(topic).includes(other))))
      },
      [Symbol.asyncDispose]: async () => {
        await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()))
      },
    }
  },
})

export interface Stranger extends AsyncDisposable {
  readonly peerId: string
  readonly connection: Connection
  readonly pubsub: GossipSub
  /** Opens a stream and writes to it as it likes; `then` gets the stream. */
  say(protocol: string, bytes: Uint8Array, then: (stream: Stream) => unknown): Promise<void>
}

/** A libp2p node that speaks as it likes, connected to `network`. */
export const stranger = async (
  network: Libp2pNetwork,
  serve: Readonly<Record<string, (stream: Stream) => void>> = {},
): Promise<Stranger> => {
  const node = await createNode({
    privateKey: await generateKeyPairFromSeed('Ed25519', freshSeed()),
    listen: [],
    gater: {},
    opinion: { isShutOut: () => false, score: () => 0 },
  })
  for (const [protocol, answer] of Object.entries(serve)) await node.handle(protocol, answer)
  await node.start()
  const connection = await node.dial(multiaddr(addressOf(network)))
  return {
    connection,
    pubsub: node.services.pubsub,
    say: async (protocol, bytes, then) => {
      const stream = await connection.newStream(protocol, { maxOutboundStreams: 64 })
      stream.send(bytes)
      await then(stream)
    },
    peerId: node.peerId.toString(),
    [Symbol.asyncDispose]: async () => node.stop(),
  }
}
