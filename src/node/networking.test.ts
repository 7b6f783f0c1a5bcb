/** Whole networkings over a hub: what passes between them, as the network below sees it. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { NS_PER_DAY, NS_PER_SEC, seededRandom } from '../base/index.ts'
import { RELEASE_TAI } from '../clock/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { compressedProtocol, countingSequences, peersProtocol } from '../network/index.ts'
import type { Compression, Network } from '../network/index.ts'
import { createInMemoryHub } from '../network/io/in-memory.ts'
import { genesisMembership, readGenesis } from './index.ts'
import { Networking } from './networking.ts'
import { VirtualWorld } from './virtual-time.test-kit.ts'

const signers = Array.from({ length: 4 }, (_, i) => memorySigner({ seed: new Uint8Array(32).fill(i + 1) }))
const genesis = readGenesis({
  name: 'four',
  members: signers.map(({ nodeId }, i) => ({ id: nodeIdText(nodeId), name: `n${i}` })),
})
const records = peersProtocol(genesis.networkId)

/** What real nodes use, but at once: virtual time waits for no thread. */
const zstdAtOnce: Compression = {
  deflate: async (bytes) => zstdCompressSync(bytes),
  inflate: async (bytes, maxOutputLength) => new Uint8Array(zstdDecompressSync(bytes, { maxOutputLength })),
}

interface Asked {
  readonly protocol: string
  /** Byte that names the codec of the answer's frame. */
  readonly codec: number | undefined
}

/** The network, with each request that was answered on it written down. */
const watched = (network: Network, asked: Asked[]): Network => {
  const ask = network.request.bind(network)
  network.request = async (peer, protocol, options) => {
    const answer = await ask(peer, protocol, options)
    asked.push({ protocol, codec: answer[0] })
    return answer
  }
  return network
}

test('nodes ask each other for records compressed, from the first time on', async () => {
  const world = new VirtualWorld(RELEASE_TAI + NS_PER_DAY, nextTurn)
  const time = world.time()
  const hub = createInMemoryHub(time)
  const asked: Asked[] = []
  const nodes = signers.map((signer, at) => {
    const network = watched(hub.join(nodeIdText(signer.nodeId), { address: `/ip4/20.${at}.0.1/tcp/7341` }), asked)
    return new Networking({
      time,
      random: seededRandom(BigInt(at)),
      genesis,
      signer,
      network,
      sequences: countingSequences(1),
      membership: genesisMembership(genesis),
      now: () => world.trueTai,
      agent: 'truechimer/test',
      compression: zstdAtOnce,
    })
  })
  for (const node of nodes) await node.start()
  await world.runUntil(120n * NS_PER_SEC)
  for (const { discovery } of nodes) equal(discovery.records().length, signers.length - 1)
  const ofRecords = asked.filter(({ protocol }) => protocol.startsWith(records))
  deepEqual(new Set(ofRecords.map(({ protocol }) => protocol)), new Set([compressedProtocol(records)]))
  ok(ofRecords.length >= signers.length)
  ok(
    ofRecords.some(({ codec }) => codec === 1),
    'no answer was shortened',
  )
  const closing = nodes.map((node) => node[Symbol.asyncDispose]())
  await world.runUntil(180n * NS_PER_SEC)
  await Promise.all(closing)
})
