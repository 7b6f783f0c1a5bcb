/** Real nodes in virtual time, seen through the backend: every view has its documented shape, and says what the node holds. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC, accept, seededRandom } from '../base/index.ts'
import { Discipline, RELEASE_TAI, createAdaptiveFilter, createOscillator } from '../clock/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { createInMemoryHub } from '../network/io/in-memory.ts'
import { readGenesis } from '../node/index.ts'
import type { Chimer } from '../node/index.ts'
import { chimerOver } from '../node/networking.test-kit.ts'
import { ScriptedSource, VirtualWorld } from '../node/virtual-time.test-kit.ts'
import type { Backend } from './backend.ts'
import { openNodeBackend } from './node-backend.ts'
import {
  blockSchema,
  blocksSchema,
  chainStatusSchema,
  clockSchema,
  eventSchema,
  nodeDetailSchema,
  nodesSchema,
  peersSchema,
  proofSchema,
  statusSchema,
  timeSchema,
  validatorsSchema,
} from './schema.ts'
import type { DevnetView, EventView } from './schema.ts'

const NAMES = ['Ada', 'Bede', 'Cyra', 'Dondi']
const LIE_NS = 250n * NS_PER_MS
const world = new VirtualWorld(RELEASE_TAI + 20n * NS_PER_DAY, nextTurn)
const hub = createInMemoryHub(world.time(), { random: seededRandom(1n), delayNs: NS_PER_MS })
const signers = NAMES.map((_, index) => memorySigner({ seed: new Uint8Array(32).fill(index + 1) }))
const ids = signers.map(({ nodeId }) => nodeIdText(nodeId))
const genesis = readGenesis({ name: 'four', members: ids.map((id, index) => ({ id, name: NAMES[index] })) })

interface Running {
  readonly chimer: Chimer
  readonly source: ScriptedSource
  readonly backend: Backend
}

const faultListeners = new Set<(faults: DevnetView['faults']) => void>()
const devnet: NonNullable<Backend['devnet']> = {
  view: () => ({ token: 't', nodes: [], faults: [] }),
  bend: () => Promise.resolve(accept(null)),
  onFaults: (listener) => {
    faultListeners.add(listener)
    return () => void faultListeners.delete(listener)
  },
}

const nodes: Running[] = []
for (const [index, signer] of signers.entries()) {
  const random = seededRandom(BigInt(index + 7))
  const oscillator = createOscillator({ offsetNs: BigInt(index) * NS_PER_MS, driftPpb: 10_000 * index }, random)
  // The host's clock is right, and in UTC as hosts have it.
  const time = world.time(oscillator)
  const source = new ScriptedSource(world, time)
  const network = hub.join(nodeIdText(signer.nodeId))
  const poll = { pollIntervalNs: 250n * NS_PER_MS, pollIntervalMinNs: 250n * NS_PER_MS }
  const discipline = new Discipline(poll, createAdaptiveFilter())
  const { chimer } = chimerOver({ time, random, genesis, signer, network, discipline, sources: [source] })
  const backend = openNodeBackend({ chimer, time, version: '1.2.3', ...(index === 0 ? { devnet } : {}) })
  nodes.push({ chimer, source, backend })
}
const at = (index: number): Running => {
  const node = nodes[index]
  ok(node !== undefined)
  return node
}
const run = (seconds: number): Promise<void> => world.runUntil(world.nowNs + BigInt(seconds) * NS_PER_SEC)

for (const from of ids) for (const to of ids) if (from !== to) hub.setLink(from, to, { loss: 0 })

describe('before the node has the time', () => {
  const { backend } = at(0)
  test('there is none to give', () => equal(backend.time(), undefined))
  test('its status says so, with nothing made up', () => {
    const { clock, slot, verdict, sources, counts } = statusSchema.parse(backend.status())
    const unknown = { uncertaintyNs: null, likely: null, hostOffsetNs: null }
    deepEqual(clock, { status: 'unsynchronised', frequencyPpb: 0, ...unknown })
    deepEqual([slot, verdict], [0, { status: 'unproven', reason: 'never-proved' }])
    deepEqual([counts.proofs, counts.attestations, counts.refused], [0, 0, {}])
    for (const { offsetNs, boundNs, delayNs, ageNs } of sources)
      deepEqual([offsetNs, boundNs, delayNs, ageNs], [null, null, null, null])
  })
  test('its keeping is known, and holds nothing that is not', () => {
    const { uncertaintyNs, likelyUncertaintyNs, sinceMajorityNs, frequency, allan, synchronisations, servers } =
      clockSchema.parse(backend.clock())
    deepEqual([uncertaintyNs, likelyUncertaintyNs, sinceMajorityNs, frequency.sigmaPpb], [null, null, null, null])
    deepEqual([allan, synchronisations.rounds, synchronisations.perDay, servers], [[], 0, null, []])
    ok(frequency.loPpb === -500_000 && frequency.hiPpb === 500_000, 'nothing is known of the counter')
  })
  test('all members are there, and none is proved', () => {
    const { nodes: views } = nodesSchema.parse(backend.nodes())
    deepEqual(
      views.map(({ name, status, self }) => [name, status, self]),
      NAMES.map((name, index) => [name, 'unproven', index === 0]),
    )
  })
})

describe('in good times', () => {
  const heard: EventView[] = []
  let cancel: () => void = () => {}
  before(async () => {
    for (const { chimer } of nodes) await chimer.start()
    cancel = at(0).backend.onEvent((event) => void heard.push(event))
    await run(8)
  })

  test('its time holds the true time', () => {
    const time = at(0).backend.time()
    ok(time !== undefined)
    timeSchema.parse(time)
    ok(BigInt(time.earliest) <= world.trueTai && world.trueTai <= BigInt(time.latest))
    equal(time.status, 'synchronised')
    ok(Math.abs(time.hostOffsetNs) <= time.uncertaintyNs, 'the host’s clock is right here')
  })
  test('its status', () => {
    const status = statusSchema.parse(at(0).backend.status())
    deepEqual([status.version, status.node, status.network.name], ['1.2.3', { id: ids[0], name: 'Ada' }, 'four'])
    deepEqual([status.devnet, at(1).backend.status().devnet], [true, false])
    deepEqual([status.verdict.status, status.peers.length], ['truechimer', 3])
    ok(status.counts.proofs > 0 && status.counts.attestations > 0 && status.uptimeNs > 7e9)
    const [source] = status.sources
    ok(source?.state === 'selected' && source.reach > 0 && Math.abs(source.offsetNs ?? 1e9) < 5e6)
    deepEqual([source.reason, source.explanation, source.suspicion], ['', '', null])
    ok(source.pollNs === 250e6 && (source.dueNs ?? 1e12) <= 250e6)
    equal(status.clock.likely?.uncertaintyNs, at(0).backend.time()?.likely.uncertaintyNs)
  })
  test('its likely range lies within its interval', () => {
    const time = at(0).backend.time()
    ok(time !== undefined && time.likely.uncertaintyNs <= time.uncertaintyNs)
    const order = [time.earliest, time.likely.earliest, time.estimate, time.likely.latest, time.latest].map(BigInt)
    deepEqual(
      order.toSorted((a, b) => (a < b ? -1 : 1)),
      order,
    )
  })
  test('how it is kept', () => {
    const { frequency, synchronisations, sinceMajorityNs } = clockSchema.parse(at(0).backend.clock())
    ok(synchronisations.rounds > 10 && synchronisations.answered > 10)
    ok(synchronisations.coveredNs > 7e9 && synchronisations.perDay === null, 'less than an hour has been seen')
    ok(frequency.loPpb <= frequency.ppb && frequency.ppb <= frequency.hiPpb && (frequency.sigmaPpb ?? 0) > 0)
    ok(sinceMajorityNs !== null && sinceMajorityNs <= 500e6)
  })
  test('its nodes, each as a sentence', () => {
    const { nodes: views, slot } = nodesSchema.parse(at(0).backend.nodes())
    for (const view of views) {
      deepEqual([view.status, view.actionsValid, view.connected], ['truechimer', true, true])
      ok(view.explanation.startsWith('Keeps good time'), view.explanation)
      ok(view.offset !== null && view.offset.loNs <= 5e6 && view.offset.hiNs >= -5e6 && (view.offsetSlot ?? 0) <= slot)
      ok(view.witnesses.agreeing > 0 && view.witnesses.agreeing <= view.witnesses.asked)
    }
  })
  test('one node, with its attestations and its history, newest first', () => {
    const view = at(0).backend.node(ids[1] ?? '')
    ok(view !== undefined)
    const { history, attestations } = nodeDetailSchema.parse(view)
    ok(attestations.length > 0 && history.length > 2)
    deepEqual(
      history.map(({ slot }) => slot),
      history.map(({ slot }) => slot).toSorted((a, b) => b - a),
    )
    equal(at(0).backend.node('nobody'), undefined)
  })
  test('its chain: blocks that hold the true time, who votes and why, and where the next height stands', () => {
    const { chain } = at(0).backend
    ok(chain !== undefined)
    const status = chainStatusSchema.parse(chain.status())
    ok(status.tip !== null && status.tip.height > 3 && status.round.height === status.tip.height + 1)
    ok(status.tipAgeNs !== null && status.tipAgeNs < 5e9 && status.halted === '')
    const { blocks } = blocksSchema.parse(chain.blocks({ from: undefined, limit: 3 }))
    deepEqual(
      blocks.map(({ settled }) => settled),
      [false, true, true],
    )
    const block = blockSchema.parse(chain.block(blocks[1]?.id ?? ''))
    ok(block.time !== null && BigInt(block.time.latest) <= world.trueTai + NS_PER_SEC)
    ok((block.commit?.weight ?? 0) >= (block.commit?.quorum ?? Number.POSITIVE_INFINITY))
    deepEqual(
      block.commit?.signers.every(({ name }) => NAMES.some((known) => known === name)),
      true,
    )
    const { validators } = validatorsSchema.parse(chain.validators(undefined))
    deepEqual(validators.map(({ name }) => name).sort(), [...NAMES].sort())
    ok(validators.every(({ status: is, why }) => is === 'truechimer' && why.includes('of a voice')))
    deepEqual(readGenesis(chain.genesis().genesis).networkId, genesis.networkId)
    const told = heard
      .filter(({ type }) => type === 'block' || type === 'round')
      .map((event) => eventSchema.parse(event))
    ok(
      told.some(({ type }) => type === 'round') &&
        told.some((event) => event.type === 'block' && event.before?.settled),
    )
  })
  test('a proof by its address, and none by another', () => {
    const cid = at(0).backend.nodes().nodes[1]?.proof?.cid ?? ''
    const proof = at(0).backend.proof(cid)
    ok(proof !== undefined)
    deepEqual([proofSchema.parse(proof).nodeId, proof.cid], [ids[1], cid])
    ok(Buffer.from(proof.bytes, 'base64').length > 64)
    for (const other of ['', 'nonsense', `${cid.slice(0, -1)}${cid.endsWith('a') ? 'b' : 'a'}`])
      equal(at(0).backend.proof(other), undefined, other)
  })
  test('its peers: connected by name, their traffic, nobody dropped for nothing, and who has reached whom', () => {
    const view = at(0).backend.peers()
    deepEqual(peersSchema.parse(view), view)
    deepEqual([view.self, view.peers.length], [ids[0], 3])
    ok(view.peers.every(({ connected, shutOut, connections }) => connected && !shutOut && connections.length > 0))
    deepEqual(new Set(view.peers.map(({ name }) => name)), new Set(['Bede', 'Cyra', 'Dondi']))
    ok(view.peers.every(({ messages }) => messages.accepted > 0))
    ok([...view.drops, ...view.peers.flatMap(({ drops }) => drops)].every(({ explanation }) => explanation !== ''))
    for (const witness of ids)
      for (const subject of ids)
        equal(
          view.links.some((link) => link.witness === witness && link.subject === subject && link.roundTripNs > 0),
          witness !== subject,
          `${witness} ${subject}`,
        )
    deepEqual([view.own, view.discovery, view.places.all], [null, null, { used: 3, most: null }])
  })
  test('what went to and fro only grows', async () => {
    const before = at(0).backend.traffic()
    await run(2)
    const now = at(0).backend.traffic()
    ok(before.messages.accepted > 0 && now.messages.accepted > before.messages.accepted)
    ok(now.bytesIn >= before.bytesIn && now.bytesOut >= before.bytesOut)
  })
  test('every event has its documented shape, and every kind came', () => {
    for (const event of heard) deepEqual(eventSchema.parse(event), event)
    const kinds = new Set(heard.map(({ type }) => type))
    for (const kind of ['clock', 'judgement', 'verdict', 'proof', 'attestation'] as const) ok(kinds.has(kind), kind)
  })
  test('faults of a devnet are events, until nobody listens', () => {
    const faults = [{ id: ids[2] ?? '', offsetMs: 250 }]
    for (const listener of faultListeners) listener(faults)
    deepEqual(heard.at(-1), { type: 'fault', faults })
    cancel()
    equal(faultListeners.size, 0)
  })
  test('who no longer listens hears nothing', async () => {
    const count = heard.length
    await run(2)
    equal(heard.length, count)
  })
})

describe('when one lies', () => {
  const verdicts: Extract<EventView, { readonly type: 'verdict' }>[] = []
  before(async () => {
    at(0).backend.onEvent((event) => event.type === 'verdict' && verdicts.push(event))
    at(2).source.lieNs = LIE_NS
    await run(20)
  })

  test('its view says how far it is off, and that its actions do not count', () => {
    const view = at(0).backend.nodes().nodes[2]
    ok(view?.status === 'falseticker' && view.reason === 'ahead' && !view.actionsValid)
    ok((view.offset?.loNs ?? 0) > 200e6 && (view.offset?.hiNs ?? 1e9) < 300e6)
    ok(/^2\d\d ms ahead/.test(view.explanation), view.explanation)
  })
  test('the change was told once, by name', () => {
    deepEqual(
      verdicts.map(({ name, from, to }) => [name, from, to]),
      [['Cyra', 'truechimer', 'falseticker']],
    )
  })
  test('how steady its counter is, once the filter has settled', () => {
    const { allan } = clockSchema.parse(at(0).backend.clock())
    deepEqual(
      allan.slice(0, 3).map(({ tauSec }) => tauSec),
      [0.25, 0.5, 1],
    )
    ok(allan.every(({ deviation }) => deviation < 1e-3))
  })
  test('the others are what they were', () => {
    const others = at(0)
      .backend.nodes()
      .nodes.filter(({ id }) => id !== ids[2])
    ok(others.every(({ status }) => status === 'truechimer'))
  })
  test('the one who lies sees that its own actions do not count', () =>
    equal(at(2).backend.status().verdict.status, 'falseticker'))
})

after(async () => {
  for (const { chimer } of nodes) await chimer[Symbol.asyncDispose]()
})
