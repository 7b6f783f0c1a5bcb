import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC, accept, drawBelow } from '../../base/index.ts'
import { memorySigner } from '../../crypto/io/memory-signer.ts'
import { createInMemoryHub } from '../io/in-memory.ts'
import { MovedTime } from '../moved-time.test-kit.ts'
import { VirtualNetwork } from './virtual-network.test-kit.ts'
import type { VirtualNode } from './virtual-network.test-kit.ts'

const NODES = 50
const TOPIC = 'truechimer/churn/1'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const open = (seed: bigint): VirtualNetwork => {
  const time = new MovedTime(settle)
  const hub = createInMemoryHub(time, { dialable: true, delayNs: 20n * NS_PER_MS })
  return new VirtualNetwork({ time, seed, hub, signerOf: (key) => memorySigner({ seed: key }) })
}

const listen = (node: VirtualNode, heard: string[]): void =>
  node.network.subscribe(TOPIC, {
    priority: 'ordinary',
    messageBytesMax: 64,
    ratePerSec: 100,
    burst: 100,
    validate: () => {
      heard.push(node.peer)
      return accept(null)
    },
  })

const anyOf = (net: VirtualNetwork): VirtualNode => {
  const nodes = [...net.nodes.values()]
  const node = nodes[drawBelow(net.random, nodes.length)]
  ok(node !== undefined)
  return node
}

for (const seed of [1n, 2n])
  test(`50 nodes that come and go stay one whole, and newcomers are reached within 3 s (seed ${seed})`, async () => {
    const net = open(seed)
    const first = await net.join([])
    for (let i = 1; i < NODES; i += 1) await net.join([first.address])
    await net.time.pass(12n * NS_PER_SEC)
    equal(net.reachable(), NODES)
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 4; i += 1) {
        await net.leave(anyOf(net))
        await net.join([anyOf(net).address, anyOf(net).address])
        await net.time.pass(200n * NS_PER_MS)
      }
      await net.time.pass(5n * NS_PER_SEC)
      equal(net.reachable(), NODES)
    }
    const heard: string[] = []
    for (const node of net.nodes.values()) listen(node, heard)
    const newcomer = await net.join([anyOf(net).address])
    listen(newcomer, heard)
    await net.time.pass(2n * NS_PER_SEC)
    const speaker = anyOf(net)
    await speaker.network.publish(TOPIC, Uint8Array.of(Number(seed)))
    await net.time.pass(NS_PER_SEC)
    deepEqual(heard.toSorted(), [...net.nodes.keys()].filter((peer) => peer !== speaker.peer).toSorted())
    await net.close()
  })
