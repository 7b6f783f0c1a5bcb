import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, NS_PER_SEC, seededRandom } from '../../base/index.ts'
import { nodeIdText, pickNodes } from '../../crypto/index.ts'
import { memorySigner } from '../../crypto/io/memory-signer.ts'
import { createInMemoryHub } from '../io/in-memory.ts'
import { MovedTime } from '../moved-time.test-kit.ts'
import type { BootstrapFindings } from './bootstrap.ts'
import { Samples, peersAnswerCodec, peersProtocol, peersQuestionCodec } from './exchange.ts'
import { signPeerRecord } from './peer-record.ts'
import type { SealedRecord } from './peer-record.ts'
import type { PeersMemory } from './peers-memory.ts'
import { NETWORK_ID, VirtualNetwork } from './virtual-network.test-kit.ts'

const known: readonly SealedRecord[] = await Promise.all(
  Array.from({ length: 100 }, async (_, i) =>
    signPeerRecord(memorySigner({ seed: new Uint8Array(32).fill(i) }), {
      networkId: NETWORK_ID,
      sequence: 1,
      issuedTai: 0n,
      expiresTai: NS_PER_HOUR,
      addresses: [],
      version: '1.0.0',
      features: [],
      location: null,
    }),
  ),
)
const peersOf = (sealed: readonly SealedRecord[]): readonly string[] => sealed.map(({ peer }) => peer).toSorted()

test('who asks from one group sees the same for an hour, whoever asks; another group sees others', () => {
  const samples = new Samples(seededRandom(1n))
  const take = (group: string, elapsedNs: bigint, of = known): readonly string[] =>
    peersOf(samples.take({ group, known: of, count: 20, elapsedNs }))
  const first = take('a', 0n)
  equal(first.length, 20)
  deepEqual(take('a', NS_PER_HOUR - 1n), first)
  ok(take('b', 0n).join() !== first.join())
  ok(take('a', NS_PER_HOUR).join() !== first.join())
})

test('who is gone is replaced in the sample, and nobody else', () => {
  const samples = new Samples(seededRandom(1n))
  const before = peersOf(samples.take({ group: 'a', known, count: 20, elapsedNs: 0n }))
  const left = known.filter(({ peer }) => peer !== before[0])
  const after = peersOf(samples.take({ group: 'a', known: left, count: 20, elapsedNs: 0n }))
  equal(after.length, 20)
  equal(after.filter((peer) => before.includes(peer)).length, 19)
})

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const open = (): VirtualNetwork => {
  const time = new MovedTime(settle)
  const hub = createInMemoryHub(time, { dialable: true, delayNs: NS_PER_MS })
  return new VirtualNetwork({ time, seed: 1n, hub, signerOf: (seed) => memorySigner({ seed }) })
}

test('three nodes that know one address are a full mesh, hold each other’s records and agree on who is responsible', async () => {
  const net = open()
  const first = await net.join([])
  const nodes = [first, await net.join([first.address]), await net.join([first.address])]
  await net.time.pass(5n * NS_PER_SEC)
  for (const { network, discovery, peer } of nodes) {
    equal(network.peers().length, 2)
    deepEqual(
      discovery
        .records()
        .map(({ nodeId }) => nodeIdText(nodeId))
        .toSorted(),
      nodes
        .map((node) => node.peer)
        .filter((other) => other !== peer)
        .toSorted(),
    )
    const key = new TextEncoder().encode('some key')
    const all = nodes.flatMap((node) => first.discovery.record(node.peer) ?? [])
    const expected = pickNodes({ key, nodes: all.map(({ nodeId }) => ({ id: nodeId, weight: 1n })), count: 2 })
    deepEqual(
      discovery.responsible(key, 2),
      expected.map(({ id }) => nodeIdText(id)),
    )
  }
  await net.close()
})

test('an answer holds whom the asker missed, and rubbish is charged to who sent it', async () => {
  const net = open()
  const first = await net.join([])
  const other = await net.join([first.address])
  await net.time.pass(5n * NS_PER_SEC)
  const protocol = peersProtocol(NETWORK_ID)
  const ask = (body: Uint8Array): Promise<Uint8Array | string> =>
    other.network
      .request(first.peer, protocol, {
        body: () => body,
        responseBytesMax: 200_000,
        signal: new AbortController().signal,
      })
      .catch((error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown'))
  const refusals: string[] = []
  first.network.onRefusal(({ reason }) => refusals.push(reason))
  const good = ask(peersQuestionCodec.encode({ wanted: [new Uint8Array(32)], own: new Uint8Array(0) }))
  await net.time.pass(NS_PER_SEC)
  const answer = await good
  const decoded = peersAnswerCodec.decode(typeof answer === 'string' ? new Uint8Array(0) : answer)
  equal(decoded.verdict === 'accept' ? decoded.value.records.length : 0, 1)
  const bad = ask(Uint8Array.of(1, 2, 3))
  await net.time.pass(NS_PER_SEC)
  equal(await bad, 'TC_NET_REFUSED')
  deepEqual(refusals, ['malformed'])
  await net.close()
})

test('a node that starts again finds its way by what it kept, without any bootstrap', async () => {
  const net = open()
  const kept: PeersMemory[] = []
  const first = await net.join([])
  for (let i = 0; i < 3; i += 1) await net.join([first.address])
  const onMemory = async (memory: PeersMemory): Promise<void> => void kept.push(memory)
  const leaver = await net.join([first.address], { onMemory })
  await net.time.pass(11n * NS_PER_MINUTE)
  await net.leave(leaver)
  const memory = kept.at(-1)
  ok(memory !== undefined && memory.anchors.length > 0 && memory.tried.length > 0)
  const again = await net.join([], { memory })
  await net.time.pass(5n * NS_PER_SEC)
  equal(again.network.peers().length, 4)
  await net.close()
})

test('a node that is alone asks its bootstrap ways every five seconds, and nobody for records', async () => {
  const net = open()
  let rounds = 0
  const find = async (): Promise<BootstrapFindings> => {
    rounds += 1
    return { addresses: [], records: [] }
  }
  const asked: string[] = []
  await net.join([], {
    bootstrap: [{ kind: 'file', name: 'nothing', find }],
    requests: { serve: () => undefined, ask: async (peer) => (asked.push(peer), new Uint8Array(0)) },
  })
  await net.time.pass(10n * NS_PER_MINUTE)
  ok(rounds >= 100 && rounds <= 130, `${rounds} rounds in ten minutes`)
  deepEqual(asked, [])
  await net.close()
})

test('a node without the time keeps records unjudged and makes none of its own', async () => {
  const net = open()
  const first = await net.join([])
  const timeless = await net.join([first.address], { now: () => undefined })
  await net.time.pass(5n * NS_PER_SEC)
  const { records } = timeless.discovery.view()
  deepEqual([records.known, records.isJudged, records.ownExpiresTai], [1, false, undefined])
  equal(first.discovery.record(timeless.peer), undefined)
  await net.close()
})
