/** Directed messages over both networks: in memory, and real peers on loopback. */
import assert from 'node:assert/strict'
import { nodeIdText } from '../../crypto/index.ts'
import { memorySigner } from '../../crypto/io/memory-signer.ts'
import { directedConformance } from '../directed.test-suite.ts'
import type { DirectedNode } from '../directed.test-suite.ts'
import { createInMemoryHub } from './in-memory.ts'
import { open, realTime, until } from './libp2p.test-suite.ts'

const SEEDS = [101, 102, 103].map((byte) => new Uint8Array(32).fill(byte))

directedConformance('in memory', {
  time: realTime,
  line: async () => {
    const hub = createInMemoryHub(realTime)
    const [left, middle, right] = SEEDS.map((seed): DirectedNode => {
      const key = memorySigner({ seed })
      return { key, network: hub.join(nodeIdText(key.nodeId), { connectTo: [] }) }
    })
    assert(left !== undefined && middle !== undefined && right !== undefined)
    for (const end of [left, right]) hub.connect(end.network.peerId, middle.network.peerId)
    const close = async (): Promise<void> => {
      for (const { network } of [left, middle, right]) await network[Symbol.asyncDispose]()
    }
    return { nodes: [left, middle, right], close }
  },
})

directedConformance('libp2p', {
  time: realTime,
  line: async () => {
    const [leftSeed, middleSeed, rightSeed] = SEEDS
    assert(leftSeed !== undefined && middleSeed !== undefined && rightSeed !== undefined)
    const middle = await open({ privateKey: middleSeed })
    const meet = middle.addresses()
    const left = await open({ privateKey: leftSeed, meet })
    const right = await open({ privateKey: rightSeed, meet })
    await until(middle, () => middle.peers().length === 2)
    for (const end of [left, right]) await until(end, () => end.peers().length === 1)
    const close = async (): Promise<void> => {
      for (const network of [left, right, middle]) await network[Symbol.asyncDispose]()
    }
    return {
      nodes: [
        { network: left, key: memorySigner({ seed: leftSeed }) },
        { network: middle, key: memorySigner({ seed: middleSeed }) },
        { network: right, key: memorySigner({ seed: rightSeed }) },
      ],
      close,
    }
  },
})
