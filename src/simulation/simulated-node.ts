/**
 * A node in the simulator: a shell over the product's engine, as node/deciding.ts is one over the real world. It feeds the engine
 * what comes and performs its effects in their order, over a simulated clock, disk and network. It holds no rule.
 *
 * It can be crashed before, in and after every write, put to sleep, and told to misbehave on its way out (behaviours.ts).
 * Rules: docs/spec/simulation.md Z-7, Z-9, Z-10.
 */
import { ChimerError } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { encodeState } from '../consensus/index.ts'
import type {
  ChainState,
  ConsensusChannel,
  ConsensusQuestion,
  EngineEffect,
  EngineInput,
  EngineView,
  Message,
  Moment,
  OpenedMessage,
  TransactionKind,
  WalRecord,
} from '../consensus/index.ts'
import { ChanceStream } from './chance-stream.ts'
import type { EngineLike } from './engine-port.ts'
import { flipped } from './packet.ts'
import type { Channel, Packet } from './packet.ts'
import type { Participant } from './participants.ts'
import { SEC } from './scenario.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import type { NodeWorld } from './node-world.ts'
import { Witnessing } from './witnessing.ts'
import { sealed } from './transactions.ts'

/** A question that has no answer by then has none, ns. */
const ANSWER_NS_MAX = 2 * SEC
/** What reaches a sleeping node is kept for its waking, but no more than this. */
const HELD_MAX = 4096
/** A node that cannot keep what it says stops, and tries again after this. */
const FULL_DISK_NS = 2 * SEC

/** Where a crash may strike: `before` a write, in it (`torn`), or right `after` it. */
export const CRASH_PHASES = ['before', 'torn', 'after'] as const
export type CrashPhase = (typeof CRASH_PHASES)[number]

export interface CrashPlan {
  /** At the write so many from now, 1: the next. */
  readonly writes: number
  readonly phase: CrashPhase
  /** Down for so long. */
  readonly downNs: number
}

/** What a false node does to a message on its way out. True: it has seen to the message. */
export type Misbehaviour = (node: SimulatedNode, channel: Channel, bytes: Uint8Array) => boolean

type Effect<T extends EngineEffect['type']> = Extract<EngineEffect, { readonly type: T }>

export class SimulatedNode {
  readonly world: NodeWorld
  /** Place among the run's endpoints. */
  readonly number: number
  readonly participant: Participant
  readonly clock: SimulatedClock
  readonly disk = new SimulatedDisk()
  /** Switched on and off by faults; the first that sees to a message ends the round. */
  readonly misbehaviours = new Set<Misbehaviour>()
  /** What becomes of questions: a false node may answer with bytes of chance, or not at all. */
  answers: 'truly' | 'garbage' | 'nothing' = 'truly'
  /** Of a million signatures that its signer gives back so many have a wrong bit. */
  badSignaturesPerMillion = 0
  readonly chance: ChanceStream
  readonly witnessing: Witnessing
  readonly #timers = new Map<string, number>()
  #engine: EngineLike | undefined
  readonly #votes: boolean
  #life = 0
  #lastTimer = 0
  #effects: EngineEffect[] = []
  #isPerforming = false
  readonly #moment: Moment
  #isAsleep = false
  #isRetired = false
  #held: (() => void)[] = []
  #plan: CrashPlan | undefined
  /** While it follows because its log was damaged: the height from which a new log is safe. */
  #votesAgainFrom: number | undefined

  constructor(
    world: NodeWorld,
    parts: { readonly number: number; readonly participant: Participant; readonly votes: boolean },
  ) {
    this.world = world
    this.number = parts.number
    this.participant = parts.participant
    this.#votes = parts.votes
    const { scenario, queue, transcript } = world
    this.chance = new ChanceStream(scenario.seed, `node ${parts.number}`)
    const chance = new ChanceStream(scenario.seed, `clock ${parts.number}`)
    this.clock = new SimulatedClock({ scenario, number: parts.number, queue, transcript, chance })
    this.#moment = new NodeMoment(this.clock)
    this.witnessing = new Witnessing(this)
  }

  get id(): string {
    return this.participant.id
  }

  /** It went down for good. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  get isUp(): boolean {
    return this.#engine !== undefined
  }

  /** Does it go along without a vote because its log was lost? */
  get isFollowing(): boolean {
    return this.#votesAgainFrom !== undefined
  }

  /** The state that it has come to; nothing while it is down. */
  get state(): ChainState | undefined {
    return this.#engine?.state
  }

  view(): EngineView | undefined {
    return this.#engine?.view()
  }

  /** Takes up the chain where its disk left it, and begins. */
  start(): void {
    if (this.#engine !== undefined || this.#isRetired) return
    const { world, disk } = this
    this.#life += 1
    const reading = disk.openRecords()
    if (reading.tail === 'damaged') this.#followAfterDamage()
    this.#engine = this.#open(reading.tail === 'damaged' ? [] : reading.records)
    world.transcript.note('started', world.queue.nowNs, this.number, this.#engine.state.height)
    world.record.started(this, this.#wordsIn(reading.records))
    this.feed({ type: 'start' })
    this.feed({ type: 'peers', peers: world.peersOf(this) })
    this.witnessing.begin()
  }

  #open(wal: readonly WalRecord[]): EngineLike {
    const { world, disk, participant } = this
    const parts = {
      genesis: world.scenario.isShared ? world.genesis : { ...world.genesis },
      verifier: world.scheme,
      paceNs: BigInt(world.scenario.paceNs),
    }
    const votes = this.#votes && this.#votesAgainFrom === undefined
    try {
      return world.openEngine({ ...parts, store: disk.blocks, wal, ...(votes ? { self: participant.key } : {}) })
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      // Store and log do not fit each other: begin with neither, and follow until what was said cannot matter.
      this.#followAfterDamage()
      disk.forgetBlocks()
      return world.openEngine({ ...parts, store: disk.blocks, wal: [] })
    }
  }

  /** What it has said, by its log. */
  #wordsIn(records: readonly WalRecord[]): readonly Message[] {
    return records.flatMap((record) => {
      const opened = record.type === 'said' ? this.world.packet('votes', record.bytes).open() : undefined
      return opened?.type === 'message' ? [opened.opened.message] : []
    })
  }

  #followAfterDamage(): void {
    this.disk.forgetRecords()
    const last = this.world.record.heightMax
    // It may have spoken at any height that was under way: two further and nobody counts that any more.
    this.#votesAgainFrom = last + 2
  }

  /** Ends at once; what is not durable is gone. Comes back after `downNs`. */
  crash(downNs: number, cut?: { readonly records: readonly WalRecord[]; readonly share: number }): void {
    if (this.#engine === undefined) return
    const { queue, transcript, record } = this.world
    this.#engine = undefined
    this.#life += 1
    this.#effects = []
    this.#held = []
    this.#timers.clear()
    this.#plan = undefined
    this.witnessing.end()
    this.disk.crash(cut)
    transcript.note('crashed', queue.nowNs, this.number, 0)
    record.crashed(this)
    queue.after(downNs, () => this.start())
  }

  /** Goes down and does not come back. */
  retire(): void {
    this.#engine = undefined
    this.#life += 1
    this.#isRetired = true
    this.witnessing.end()
    this.clock.stop()
  }

  get isCrashPlanned(): boolean {
    return this.#plan !== undefined
  }

  /** Undefined: none any more. */
  planCrash(plan: CrashPlan | undefined): void {
    this.#plan = plan
  }

  /** The machine sleeps: nothing runs, its counter stands, and what comes waits. */
  sleep(forNs: number): void {
    if (this.#isAsleep) return
    this.#isAsleep = true
    this.clock.freeze(forNs)
    this.world.queue.after(forNs, () => this.#wake())
  }

  #wake(): void {
    this.#isAsleep = false
    this.clock.compareHost()
    const held = this.#held
    this.#held = []
    for (const run of held) run()
  }

  /** Runs `run` now, when the machine wakes, or never where it has gone down since it was asked for. */
  enter(run: () => void): void {
    if (this.#engine === undefined) return
    if (!this.#isAsleep) run()
    else if (this.#held.length < HELD_MAX) this.#held.push(run)
  }

  /** As `enter`, later, in this life of the node only. */
  later(delayNs: number, run: () => void): void {
    const life = this.#life
    this.world.queue.after(delayNs, () => this.enter(() => (life === this.#life ? run() : undefined)))
  }

  hear(packet: Packet, from: SimulatedNode): void {
    if (this.#isAsleep) this.enter(() => this.#take(packet, from))
    else if (this.#engine !== undefined) this.#take(packet, from)
  }

  #take(packet: Packet, from: SimulatedNode): void {
    const opened = packet.open()
    switch (opened.type) {
      case 'message':
        return this.feed({ type: 'message', from: from.id, opened: opened.opened })
      case 'transaction':
        if (this.#engine?.admitTransaction(opened.sealed).verdict === 'accept')
          this.feed({ type: 'transaction', sealed: opened.sealed })
        return
      case 'offence':
        return this.feed({ type: 'offence', evidence: opened.evidence })
      case 'proof':
        return this.witnessing.takeProof(opened.sealed)
      case 'attestations':
        return this.witnessing.takeAttestations(opened.list)
      case 'refused':
        return this.world.record.refused(this, opened.reason)
    }
  }

  serve(question: ConsensusQuestion, bytes: Uint8Array, from: string): Uint8Array | undefined {
    if (this.answers !== 'truly') return this.answers === 'garbage' ? this.chance.bytes(100) : undefined
    const answer = this.#engine?.answer(question, bytes, from)
    return answer?.verdict === 'accept' ? answer.value : undefined
  }

  /** Signs a transaction by its own clock and hands it in; false where the clock has no time or it is not admitted. */
  submit(kind: TransactionKind, payload: Uint8Array): boolean {
    const acted = this.clock.time()
    if (this.#engine === undefined || this.#isAsleep || acted === undefined) return false
    const transaction = sealed(this.world, this.participant, { kind, payload, acted })
    if (this.#engine.admitTransaction(transaction).verdict !== 'accept') return false
    this.feed({ type: 'transaction', sealed: transaction })
    this.publish('transactions', transaction.bytes)
    return true
  }

  /** Says bytes to everybody, unless a misbehaviour sees to it. */
  publish(channel: Channel, bytes: Uint8Array, opened?: OpenedMessage): void {
    for (const misbehave of this.misbehaviours) if (misbehave(this, channel, bytes)) return
    this.#send(this.world.packet(channel, bytes, opened), () => true)
  }

  /** Says bytes to those endpoints that `isFor` picks. */
  say(channel: Channel, bytes: Uint8Array, isFor: (to: SimulatedNode) => boolean): void {
    this.#send(this.world.packet(channel, bytes), isFor)
  }

  #send(packet: Packet, isFor: (to: SimulatedNode) => boolean): void {
    const { world } = this
    const { channel, bytes } = packet
    world.transcript.note('sent', world.queue.nowNs, this.number, bytes.length, bytes)
    if (channel === 'proposals' || channel === 'votes') world.record.said(this, packet)
    for (const to of world.endpoints) if (to !== this && isFor(to)) this.#carry(packet, to)
  }

  #carry(packet: Packet, to: SimulatedNode): void {
    const { world } = this
    world.links.carry(this.number, to.number, packet.bytes.length, (isFlipped) => {
      const heard =
        isFlipped === true
          ? world.packet(packet.channel, flipped(packet.bytes, world.flips.below(8 * packet.bytes.length)))
          : packet
      to.hear(heard, this)
    })
  }

  feed(input: EngineInput): void {
    const engine = this.#engine
    if (engine === undefined) return
    const effects = engine.step(input, this.#moment)
    if (effects.length === 0) return
    for (const effect of effects) this.#effects.push(effect)
    if (this.#isPerforming) return
    this.#isPerforming = true
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) this.#perform(effect)
    this.#isPerforming = false
  }

  #perform(effect: EngineEffect): void {
    switch (effect.type) {
      case 'sign':
        return this.#sign(effect)
      case 'persist':
        return this.#write(effect.records, () => this.disk.appendRecords(effect.records))
      case 'publish':
        return this.publish(effect.channel satisfies ConsensusChannel, effect.bytes, effect.opened)
      case 'schedule':
        return this.#schedule(effect.timer, Number(effect.delayNs))
      case 'cancel':
        return void this.#timers.delete(effect.timer)
      case 'ask':
        return this.#ask(effect)
      case 'commit':
        return this.#commit(effect)
      case 'snapshot':
        return this.disk.blocks.keepSnapshot({ height: effect.state.height, state: encodeState(effect.state) })
      case 'charge':
        return this.world.record.charged(this, effect.peer, effect.reason)
      case 'tell':
        return this.world.record.told(this, effect.news)
    }
  }

  #sign({ statement, parts }: Effect<'sign'>): void {
    const { scheme } = this.world
    const signatures = parts.map(({ domain, body }) => this.#spoiled(scheme.sign(this.participant.key, domain, body)))
    this.feed({ type: 'signed', statement, signatures })
  }

  #spoiled(signature: Uint8Array): Uint8Array {
    const perMillion = this.badSignaturesPerMillion
    if (perMillion === 0 || !this.chance.happens(perMillion)) return signature
    return flipped(signature, this.chance.below(8 * signature.length))
  }

  /** Every write is a place where a crash may strike. A full disk ends the node: it must not say what it cannot keep. */
  #write(records: readonly WalRecord[], keep: () => boolean): void {
    const { queue, transcript } = this.world
    const phase = this.#strikes()
    const downNs = this.#plan?.downNs ?? 0
    if (phase === 'before') return this.crash(downNs)
    if (phase === 'torn') return this.crash(downNs, { records, share: this.chance.unit() })
    if (!keep()) return this.crash(FULL_DISK_NS)
    transcript.note('kept', queue.nowNs, this.number, records.length)
    if (phase === 'after') this.crash(downNs)
  }

  #strikes(): CrashPhase | undefined {
    const plan = this.#plan
    if (plan === undefined) return undefined
    this.#plan = { ...plan, writes: plan.writes - 1 }
    return plan.writes <= 1 ? plan.phase : undefined
  }

  #commit(effect: Effect<'commit'>): void {
    const { world, disk } = this
    const { block, commit } = effect
    const { height } = block.header
    this.#write([], () => disk.appendBlock(height, block.bytes, commit))
    if (disk.last !== height) return
    world.transcript.note('decided', world.queue.nowNs, this.number, height)
    world.record.decided(this, effect)
    if (this.#votesAgainFrom !== undefined && height >= this.#votesAgainFrom) this.#voteAgain()
  }

  /** Its log was lost and a new one is safe now: it starts again as a validator. */
  #voteAgain(): void {
    this.#votesAgainFrom = undefined
    this.crash(SEC)
  }

  #schedule(timer: string, delayNs: number): void {
    this.#lastTimer += 1
    const mark = this.#lastTimer
    this.#timers.set(timer, mark)
    this.later(delayNs, () => {
      if (this.#timers.get(timer) !== mark) return
      this.#timers.delete(timer)
      this.feed({ type: 'timer', timer })
    })
  }

  #ask({ request, peer, question, bytes }: Effect<'ask'>): void {
    const { world } = this
    const to = world.endpointOf(peer)
    let isOver = false
    const finish = (answer: Uint8Array | undefined): void => {
      if (isOver) return
      isOver = true
      this.feed({ type: 'answer', request, from: peer, bytes: answer })
    }
    this.later(ANSWER_NS_MAX, () => finish(undefined))
    if (to === undefined) return
    const life = this.#life
    const back = (answer: Uint8Array): void =>
      world.links.carry(to.number, this.number, answer.length, () =>
        this.enter(() => (life === this.#life ? finish(answer) : undefined)),
      )
    world.links.carry(this.number, to.number, bytes.length, () =>
      to.enter(() => {
        const answer = to.serve(question, bytes, this.id)
        if (answer !== undefined) back(answer)
      }),
    )
  }
}

/** Now, read only where the engine looks: most votes are counted without a glance at the clock. */
class NodeMoment implements Moment {
  readonly #clock: SimulatedClock

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  get elapsedNs(): bigint {
    return this.#clock.counterNs()
  }

  get reading(): TimeInterval | undefined {
    return this.#clock.time()
  }
}
