/** Whole nodes in one process, in virtual time: who is found, who is taken back, and that nobody else is ever struck off. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC, drawBelow, seededRandom } from '../base/index.ts'
import { Discipline, RELEASE_TAI, createAdaptiveFilter, createOscillator } from '../clock/index.ts'
import { memorySigner } from '../crypto/io/memory-signer.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { createInMemoryHub } from '../network/io/in-memory.ts'
import type { InMemoryHub } from '../network/io/in-memory.ts'
import type { Network } from '../network/index.ts'
import type { NodeStatus } from '../validation/index.ts'
import { signAttestation } from '../proofs/index.ts'
import { readGenesis } from './index.ts'
import type { Chimer, Genesis, Networking } from './index.ts'
import { chimerOver } from './networking.test-kit.ts'
import { ScriptedSource, VirtualWorld } from './virtual-time.test-kit.ts'

const ORIGIN = RELEASE_TAI + 20n * NS_PER_DAY
const LIE_NS = 250n * NS_PER_MS
const NAMES = ['a', 'b', 'c', 'd', 'e'] as const
/** Waits that suit links of 2 ms, so that a round that fails costs little. */
const CONSENSUS = {
  epochSlots: 10,
  proposalDelayNs: 50_000_000,
  timeoutProposeNs: 400_000_000,
  timeoutPrevoteNs: 200_000_000,
  timeoutPrecommitNs: 200_000_000,
  timeoutStepNs: 100_000_000,
}

interface Member {
  readonly id: string
  readonly signer: Signer
}

interface Running {
  readonly chimer: Chimer
  readonly networking: Networking
  readonly network: Network
  readonly source: ScriptedSource
}

/** Five nodes, all neighbours, their oscillators off by up to 200 ppm and started at different counts. */
class Five implements AsyncDisposable {
  readonly world = new VirtualWorld(ORIGIN, nextTurn)
  readonly hub: InMemoryHub
  readonly members: readonly Member[]
  readonly genesis: Genesis
  readonly nodes = new Map<string, Running>()
  /** Every status that anybody gave anybody, in order: who, whom, what. */
  readonly changes: { readonly by: string; readonly of: string; readonly to: NodeStatus; readonly atNs: bigint }[] = []
  /** By height, the true time at which whoever proposed it first was to. TAI ns. */
  readonly proposed = new Map<number, bigint>()
  readonly #seed: bigint

  constructor(seed: bigint, options: { readonly loss?: number } = {}) {
    this.#seed = seed
    this.hub = createInMemoryHub(this.world.time(), { random: seededRandom(seed), delayNs: 2n * NS_PER_MS })
    this.members = NAMES.map((_, i) => {
      const signer = memorySigner({ seed: new Uint8Array(32).fill(i + 1) })
      return { id: nodeIdText(signer.nodeId), signer }
    })
    this.genesis = readGenesis({
      name: 'five',
      parameters: { absentAfterSlots: 3, consensus: CONSENSUS },
      members: this.members.map(({ id }, i) => ({ id, name: NAMES[i] })),
    })
    for (const { id: from } of this.members)
      for (const { id: to } of this.members) if (from !== to) this.hub.setLink(from, to, { loss: options.loss ?? 0 })
  }

  id(index: number): string {
    const member = this.members[index]
    ok(member !== undefined)
    return member.id
  }

  signer(index: number): Signer {
    const member = this.members[index]
    ok(member !== undefined)
    return member.signer
  }

  node(index: number): Running {
    const node = this.nodes.get(this.id(index))
    ok(node !== undefined)
    return node
  }

  async start(index: number): Promise<void> {
    const id = this.id(index)
    const signer = this.signer(index)
    const random = seededRandom(this.#seed * 100n + BigInt(index))
    const driftPpb = drawBelow(random, 400_000) - 200_000
    const offsetNs = BigInt(drawBelow(random, 1_000_000_000))
    const time = this.world.time(createOscillator({ offsetNs, driftPpb }, random))
    const source = new ScriptedSource(this.world, time)
    const network = this.hub.join(id)
    const poll = { pollIntervalNs: 250n * NS_PER_MS, pollIntervalMinNs: 250n * NS_PER_MS }
    const discipline = new Discipline(poll, createAdaptiveFilter())
    const clock = { discipline, sources: [source] }
    const { chimer, networking } = chimerOver({ time, random, genesis: this.genesis, signer, network, ...clock })
    chimer.events.listen((event) => {
      if (event.type === 'consensus' && event.news.type === 'step' && event.news.step === 'propose')
        this.#noteProposal(chimer, event.news.height)
      if (event.type !== 'judgement') return
      for (const { id: of, before, verdict } of event.judgements)
        if (before !== verdict.status) this.changes.push({ by: id, of, to: verdict.status, atNs: this.world.nowNs })
    })
    this.nodes.set(id, { chimer, networking, network, source })
    await chimer.start()
  }

  /** Only who proposes matters, and only the first to come to it; the others begin a little later. */
  #noteProposal(chimer: Chimer, height: number): void {
    if (chimer.deciding.view().proposer === chimer.id && !this.proposed.has(height))
      this.proposed.set(height, this.world.trueTai)
  }

  async stop(index: number): Promise<void> {
    const { chimer, networking, network } = this.node(index)
    await chimer[Symbol.asyncDispose]()
    await networking[Symbol.asyncDispose]()
    await network[Symbol.asyncDispose]()
    this.nodes.delete(this.id(index))
  }

  /** Nothing passes between two any more, and their connection is gone; or it may pass again, and they find each other. */
  cut(links: readonly (readonly [string, string])[], isCut: boolean): void {
    for (const [a, b] of links) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        this.hub.setLink(from, to, { loss: isCut ? 1 : 0 })
      if (isCut) this.hub.disconnect(a, b)
    }
  }

  async startAll(): Promise<void> {
    for (const index of NAMES.keys()) await this.start(index)
  }

  run(seconds: number): Promise<void> {
    return this.world.runUntil(this.world.nowNs + BigInt(Math.round(seconds * 1000)) * NS_PER_MS)
  }

  /** Runs to this part of the slot after the next, true time: what happened a third of a second ago is in the same slot. */
  runToSlotPart(part: number): Promise<void> {
    const slotSec = Number(this.genesis.slotNs) / 1e9
    const into = (Number((ORIGIN + this.world.nowNs) % this.genesis.slotNs) / 1e9 / slotSec) % 1
    return this.run((2 - into + part) * slotSec)
  }

  /** Runs until everybody who runs holds this of `index`; fails where they do not within so many seconds. */
  async runUntilAgreed(index: number, status: NodeStatus, secondsMax: number): Promise<void> {
    for (let waited = 0; waited < secondsMax && !this.agreeOn(index, status); waited += 0.25) await this.run(0.25)
    ok(this.agreeOn(index, status), `${NAMES[index]} is ${this.held(index).join()}`)
  }

  async runUntilAllAgreed(secondsMax: number): Promise<void> {
    for (const index of NAMES.keys()) await this.runUntilAgreed(index, 'truechimer', secondsMax)
  }

  /** What all running nodes hold `index` to be. */
  held(index: number): readonly (NodeStatus | undefined)[] {
    return [...this.nodes.values()].map(({ chimer }) => chimer.judging.verdict(this.id(index)).status)
  }

  /** Does everybody who runs hold this? */
  agreeOn(index: number, status: NodeStatus): boolean {
    return this.held(index).every((held) => held === status)
  }

  /** Names of those whom anybody ever held to be a falseticker. */
  struckOff(): readonly string[] {
    const struck = new Set(this.changes.filter(({ to }) => to === 'falseticker').map(({ of }) => of))
    return NAMES.filter((_, i) => struck.has(this.id(i)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [index, { id }] of this.members.entries()) if (this.nodes.has(id)) await this.stop(index)
  }
}

const lieAndRepent = async (five: Five): Promise<void> => {
  await five.startAll()
  await five.runUntilAllAgreed(8)
  five.node(2).source.lieNs = LIE_NS
  await five.runUntilAgreed(2, 'falseticker', 10)
}

for (const seed of [1n, 2n]) {
  test(`five become truechimers; the one that lies is found and taken back, nobody else is framed (seed ${seed})`, async () => {
    await using five = new Five(seed)
    await lieAndRepent(five)
    // Committees stand fixed some slots ahead; after those it has no seat any more.
    await five.run(8)
    await five.runToSlotPart(0.9)
    // What the liar says of others does not count; it knows that, and no longer asks: so it is said for it.
    const head = five.node(0).chimer.judging.chains.head(five.id(1))
    ok(head !== undefined)
    const sentEarliest = ORIGIN + five.world.nowNs - 300n * NS_PER_MS
    const window = { sentEarliest, receivedLatest: sentEarliest + NS_PER_MS, roundTripNs: 1_000_000 }
    const said = await signAttestation(five.signer(2), { proof: head.cid, ...window })
    const { judging } = five.node(0).chimer
    deepEqual(judging.takeAttestation(said.bytes), { verdict: 'ignore', reason: 'author-falseticker' })
    equal(judging.attestationsOf(five.id(1))[0]?.reason, 'author-falseticker')
    five.node(2).source.lieNs = 0n
    await five.runUntilAgreed(2, 'truechimer', 10)
    deepEqual(five.struckOff(), ['c'])
    for (const { chimer } of five.nodes.values()) deepEqual(chimer.judging.chains.equivocations(), [])
  })
}

test('the same with one message in ten lost', async () => {
  await using five = new Five(3n, { loss: 0.1 })
  await lieAndRepent(five)
  five.node(2).source.lieNs = 0n
  await five.runUntilAgreed(2, 'truechimer', 15)
  deepEqual(five.struckOff(), ['c'])
})

test('all hold the same blocks, whose intervals hold the time at which they were proposed', async () => {
  await using five = new Five(7n)
  await five.startAll()
  await five.run(12)
  const [first] = five.nodes.values()
  ok(first !== undefined)
  const { height } = first.chimer.deciding.state
  ok(height >= 8, `${height} blocks`)
  for (let at = 2; at < height; at += 1) {
    const blocks = [...five.nodes.values()].map(({ chimer }) => chimer.deciding.block(at)?.block)
    equal(new Set(blocks.map((block) => block?.id)).size, 1)
    const { time } = blocks[0]?.header ?? { time: undefined }
    const proposedNs = five.proposed.get(at - 1)
    ok(time !== undefined && proposedNs !== undefined)
    ok(time.earliest <= proposedNs && proposedNs <= time.latest, `block ${at - 1}`)
  }
})

test('the liar loses actions at once and weight at the end of the epoch', async () => {
  await using five = new Five(8n)
  await five.startAll()
  await five.runUntilAllAgreed(8)
  const weightOf = (): bigint =>
    five
      .node(0)
      .chimer.members()
      .find(({ id }) => id === five.id(2))?.weight ?? 0n
  const before = weightOf()
  five.node(2).source.lieNs = LIE_NS
  await five.runUntilAgreed(2, 'falseticker', 10)
  await five.run(25)
  ok(weightOf() < before)
  for (const other of [0, 1, 3, 4]) ok(five.agreeOn(other, 'truechimer'))
})

test('a node that stops is absent, and comes back; without a quorum nothing is decided, until the parts meet again', async () => {
  await using five = new Five(4n)
  await five.startAll()
  await five.runUntilAllAgreed(8)
  await five.stop(4)
  await five.runUntilAgreed(4, 'absent', 15)
  await five.start(4)
  await five.runUntilAgreed(4, 'truechimer', 15)

  const links = [0, 1, 2].flatMap((left) => [3, 4].map((right) => [five.id(left), five.id(right)] as const))
  five.cut(links, true)
  await five.run(1)
  const heights = (): readonly number[] => [...five.nodes.values()].map(({ chimer }) => chimer.deciding.state.height)
  const before = heights()
  await five.run(5)
  ok(
    heights().every((height, i) => height <= (before[i] ?? 0) + 1),
    'three of five decide nothing',
  )
  five.cut(links, false)
  await five.run(30)
  ok(heights().every((height) => height > Math.max(...before) + 5))
  await five.runUntilAllAgreed(15)
  deepEqual(five.struckOff(), [])
})

test('a clock that was far ahead for a while moves neither the chain nor its verdicts on others', async () => {
  await using five = new Five(5n)
  await five.startAll()
  await five.runUntilAllAgreed(8)
  five.node(0).source.lieNs = 30n * NS_PER_SEC
  await five.run(4)
  for (const { chimer } of five.nodes.values())
    ok(chimer.deciding.state.time.latest < five.world.trueTai + NS_PER_SEC, 'the chain keeps the time')
  five.node(0).source.lieNs = 0n
  // It has signed proofs of half a minute ahead, and signs no earlier ones.
  await five.runUntilAgreed(0, 'truechimer', 50)
  for (const other of NAMES.slice(1)) ok(!five.struckOff().includes(other))
})

test('a node that is closed leaves no timer behind', async () => {
  const five = new Five(6n)
  await five.startAll()
  await five.run(1.2)
  ok(five.world.pending > 0)
  await five[Symbol.asyncDispose]()
  await five.run(20)
  equal(five.world.pending, 0)
})
