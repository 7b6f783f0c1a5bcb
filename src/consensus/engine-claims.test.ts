/** Peers that claim to be far ahead and have nothing: nobody waits for them (B-94). */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { CatchingUp, SLICE_BYTES_MAX } from './catching-up.ts'
import { SEC, World } from './engine.test-kit.ts'
import { roundQuestionCodec } from './questions.ts'

test('any number of silent peers that claim great heights hold no validator up', () => {
  const world = new World({ validators: 4 })
  world.start()
  ok(world.reach(2, 10n * SEC))
  const claim = roundQuestionCodec.encode({ height: 2 ** 52, round: 0, proposals: [], votes: [] })
  // Each costs half a second until it is given up, and they are asked one after the other.
  const ghosts = Array.from({ length: 40 }, (_, i) => `ghost ${i}`)
  for (const node of world.nodes) {
    const others = world.nodes.filter((one) => one !== node).map(({ id }) => id)
    const input = { type: 'peers', peers: [...ghosts, ...others] } as const
    node.feed(input)
    for (const ghost of ghosts) equal(node.engine.answer('round', claim, ghost).verdict, 'accept')
    node.feed(input)
  }
  ok(world.reach(12, 15n * SEC))
  ok(world.node(0).news.some(({ type }) => type === 'catching-up'))
  world.agreed()
})

test('who does not answer rests longer each time; who does again is asked as before', () => {
  const catching = new CatchingUp()
  catching.setPeers(['a'])
  catching.heard('a', 100)
  const rests: bigint[] = []
  let nowNs = 0n
  for (let i = 0; i < 8; i += 1) {
    catching.restSilent('a', nowNs)
    const fromNs = nowNs
    while (catching.nextPeer(nowNs) === undefined) nowNs += SEC
    rests.push((nowNs - fromNs) / SEC)
  }
  deepEqual(rests, [10n, 20n, 40n, 80n, 160n, 320n, 320n, 320n])
  const block = { block: new Uint8Array(1), commit: new Uint8Array(0) }
  catching.take({ peer: 'a', from: 1 }, { last: 100, blocks: [block] }, nowNs)
  catching.restSilent('a', nowNs)
  ok(catching.nextPeer(nowNs + 10n * SEC) === 'a')
})

test('large blocks are looked at one at a time, small ones many', () => {
  const sliceOf = (blockBytes: number): number => {
    const catching = new CatchingUp()
    catching.setPeers(['a'])
    const block = { block: new Uint8Array(blockBytes), commit: new Uint8Array(0) }
    catching.take({ peer: 'a', from: 1 }, { last: 100, blocks: Array.from({ length: 100 }, () => block) }, 0n)
    return catching.slice(0, 1000).length
  }
  deepEqual([sliceOf(SLICE_BYTES_MAX + 1), sliceOf(SLICE_BYTES_MAX / 4), sliceOf(100)], [1, 4, 64])
})
