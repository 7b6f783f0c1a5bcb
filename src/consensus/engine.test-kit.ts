/**
 * Whole engines on a virtual network: time that only events move, links that a test cuts, disks that outlive their nodes, signatures
 * that are hashes under the public key (or true ones). Every effect of an engine is performed in its order; nothing waits for the world.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, NS_PER_SEC, equalBytes } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { domainDigest, ed25519Verifier, sha3, sign } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { scriptMember, scriptParameters } from './chain-script.test-kit.ts'
import type { ScriptMember } from './chain-script.test-kit.ts'
import type { ChainGenesis, ChainState } from './chain-state.ts'
import type { ConsensusQuestion, EngineEffect, EngineInput, EngineNews } from './engine-events.ts'
import { Engine } from './engine.ts'
import type { EngineOptions } from './engine.ts'
import { openEvidence } from './evidence-bytes.ts'
import { keepBeginning, keepDecided, keepState } from './keeping.ts'
import { MemoryBlocks } from './memory-blocks.ts'
import { openMessage } from './messages.ts'
import type { OpenedMessage } from './messages.ts'
import type { ConsensusParameters } from './parameters.ts'
import type { WalRecord } from './port.ts'
import { restoreChain } from './restoring.ts'
import { openTransaction, sealTransaction, transactionPart } from './transaction.ts'
import type { SealedTransaction, TransactionBody, TransactionKind } from './transaction.ts'
import type { SignedPart } from './vote.ts'
import { undecided } from './wal-records.ts'

export const MS = NS_PER_MS
export const SEC = NS_PER_SEC
/** Where worlds begin, TAI ns. */
export const WORLD_START = 1_800_000_000n * SEC
/** From one node to another. */
const LATENCY_NS = 10n * MS
/** Half the width of what a clock reads. */
const BOUND_NS = 2n * MS
/** A question that was not answered by then was not answered. */
const ANSWER_NS_MAX = 500n * MS

const signatureOf = (key: Uint8Array, { domain, body }: SignedPart): Uint8Array => {
  const half = sha3(Uint8Array.of(...key, ...domainDigest(domain, body)))
  return Uint8Array.of(...half, ...half)
}

/** Nobody in these tests forges a hash. */
const hashVerifier: Verifier = {
  verify: ({ publicKey, signature, ...part }) => equalBytes(signature, signatureOf(publicKey, part)),
}

export interface WorldOptions {
  /** Validators of the genesis, named `v0`, `v1`, …. */
  readonly validators: number
  readonly paceNs?: bigint
  readonly parameters?: Partial<ConsensusParameters>
  /** Ed25519 instead of hashes. */
  readonly isSigned?: boolean
  readonly stakes?: readonly bigint[]
}

interface Event {
  readonly atNs: bigint
  readonly order: number
  readonly run: () => void
}

type Effect<T extends EngineEffect['type']> = Extract<EngineEffect, { readonly type: T }>

export class World {
  readonly genesis: ChainGenesis
  readonly verifier: Verifier
  readonly paceNs: bigint
  readonly nodes: WorldNode[] = []
  /** Since the beginning, ns. */
  nowNs = 0n
  /** Says whether something may travel from one node to another. */
  isLinked: (from: WorldNode, to: WorldNode, what: string) => boolean = () => true
  readonly isSigned: boolean
  #events: Event[] = []
  #order = 0
  #opened = new WeakMap<Uint8Array, OpenedMessage | undefined>()

  constructor({ validators, paceNs = SEC, parameters = {}, isSigned = false, stakes = [] }: WorldOptions) {
    const members = Array.from({ length: validators }, (_, i) => scriptMember(`v${i}`))
    this.isSigned = isSigned
    this.verifier = isSigned ? ed25519Verifier : hashVerifier
    this.paceNs = paceNs
    this.genesis = {
      networkId: sha3(new TextEncoder().encode('engines')),
      parameters: scriptParameters(parameters),
      members: members.map(({ id, key }, i) => ({ id, key, stake: stakes[i] ?? 1n })),
    }
    for (const member of members) this.add(member)
  }

  /** Another node; `votes`: with its own key where it may. */
  add(member: ScriptMember, options: WorldNodeOptions = {}): WorldNode {
    const node = new WorldNode(this, member, options)
    this.nodes.push(node)
    return node
  }

  node(place: number): WorldNode {
    const node = this.nodes[place]
    assert(node !== undefined)
    return node
  }

  /** Starts everybody who does not run. */
  start(): void {
    for (const node of this.nodes) if (!node.isUp) node.start()
  }

  after(delayNs: bigint, run: () => void): void {
    this.#order += 1
    const event = { atNs: this.nowNs + delayNs, order: this.#order, run }
    const place = this.#events.findLastIndex((one) => one.atNs <= event.atNs)
    this.#events.splice(place + 1, 0, event)
  }

  /** Lets time go on until nothing is left to do by then, or `isOver`. */
  run(forNs: bigint, isOver: () => boolean = () => false): void {
    const untilNs = this.nowNs + forNs
    for (let steps = 0; !isOver(); steps += 1) {
      assert(steps < 1_000_000, 'a world that never rests')
      const [event] = this.#events
      if (event === undefined || event.atNs > untilNs) break
      this.#events.shift()
      this.nowNs = event.atNs
      event.run()
    }
    if (!isOver()) this.nowNs = untilNs
  }

  /** Until these nodes have decided a height; false where they have not within the time. */
  reach(height: number, withinNs: bigint, nodes: readonly WorldNode[] = this.nodes): boolean {
    const isThere = (): boolean => nodes.every((node) => node.isUp && node.state.height >= height)
    this.run(withinNs, isThere)
    return isThere()
  }

  /** What everybody has decided is one chain; the heights that were compared. */
  agreed(): number {
    const chains = this.nodes.map(({ store }) => store)
    const last = Math.max(...chains.map(({ range }) => range?.last ?? 0))
    for (let height = 1; height <= last; height += 1) {
      const blocks = chains.map((store) => store.block(height)?.block).filter((block) => block !== undefined)
      const [first] = blocks
      assert(first !== undefined && blocks.every((block) => equalBytes(block, first)), `two blocks at ${height}`)
    }
    return last
  }

  sign(member: ScriptMember, { domain, body }: SignedPart): Uint8Array {
    return this.isSigned ? sign(member.signing, domain, body) : signatureOf(member.key, { domain, body })
  }

  open(bytes: Uint8Array): OpenedMessage | undefined {
    if (!this.#opened.has(bytes)) {
      const { networkId, parameters } = this.genesis
      const { blockBytesMax } = parameters
      const opened = openMessage(bytes, { networkId, blockBytesMax, verifier: this.verifier })
      this.#opened.set(bytes, opened.verdict === 'accept' ? opened.value : undefined)
    }
    return this.#opened.get(bytes)
  }

  transaction(member: ScriptMember, kind: TransactionKind, sequence: number, mark = 0): SealedTransaction {
    const at = WORLD_START + this.nowNs
    const body: TransactionBody = {
      networkId: this.genesis.networkId,
      author: member.key,
      sequence,
      acted: { earliest: at - BOUND_NS, latest: at + BOUND_NS },
      kind,
      payload: kind === 'mark' ? new Uint8Array(32).fill(mark) : new Uint8Array(0),
    }
    return sealTransaction({ ...body, signature: this.sign(member, transactionPart(body)) })
  }
}

export interface WorldNodeOptions {
  /** Without its key it follows. */
  readonly votes?: boolean
  readonly checkpoint?: EngineOptions['checkpoint']
}

export class WorldNode {
  readonly member: ScriptMember
  readonly world: World
  store = new MemoryBlocks()
  wal: WalRecord[] = []
  readonly news: EngineNews[] = []
  /** When a height began here, ns. */
  readonly beganNs = new Map<number, bigint>()
  readonly charges: { readonly peer: string; readonly reason: string }[] = []
  /** Bytes that it said on each channel. */
  readonly said: { readonly channel: string; readonly bytes: Uint8Array }[] = []
  /** Has no time where false. */
  hasTime = true
  /** Refuses to sign where true. */
  isMute = false
  /** Called at every write, before it; may crash the node. */
  onWrite: () => void = () => undefined
  /** What it does with bytes on their way out; undefined where they are kept back. */
  outgoing: (channel: string, bytes: Uint8Array, to: WorldNode) => Uint8Array | undefined = (_, bytes) => bytes
  readonly #options: WorldNodeOptions
  #engine: Engine | undefined
  #life = 0
  #timers = new Map<string, number>()
  #timer = 0
  #effects: EngineEffect[] = []
  #isPerforming = false

  constructor(world: World, member: ScriptMember, options: WorldNodeOptions) {
    this.world = world
    this.member = member
    this.#options = options
  }

  get id(): string {
    return this.member.id
  }

  get isUp(): boolean {
    return this.#engine !== undefined
  }

  get engine(): Engine {
    assert(this.#engine !== undefined, 'the node is down')
    return this.#engine
  }

  get state(): ChainState {
    return this.engine.state
  }

  start(): void {
    const { genesis, verifier, paceNs } = this.world
    const { votes = true, checkpoint } = this.#options
    this.#life += 1
    const restored = restoreChain(genesis, this.store)
    keepBeginning(this.store, restored.state)
    this.#engine = new Engine({
      ...restored,
      genesis,
      store: this.store,
      wal: [...this.wal],
      verifier,
      paceNs,
      ...(votes ? { self: this.member.key } : {}),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    })
    this.feed({ type: 'start' })
    this.feed({ type: 'peers', peers: this.world.nodes.filter((node) => node !== this).map(({ id }) => id) })
  }

  /** Everything that is not on its disk is gone. */
  crash(): void {
    this.#life += 1
    this.#engine = undefined
    this.#effects = []
    this.#timers.clear()
  }

  reading(): TimeInterval | undefined {
    const now = WORLD_START + this.world.nowNs
    return this.hasTime ? { earliest: now - BOUND_NS, latest: now + BOUND_NS } : undefined
  }

  feed(input: EngineInput): void {
    if (this.#engine === undefined) return
    const { nowNs } = this.world
    this.#effects.push(...this.#engine.step(input, { elapsedNs: nowNs, reading: this.reading() }))
    if (this.#isPerforming) return
    this.#isPerforming = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift())
        this.#perform(effect)
    } finally {
      this.#isPerforming = false
    }
  }

  #later(delayNs: bigint, run: () => void): void {
    const life = this.#life
    this.world.after(delayNs, () => {
      if (life === this.#life) run()
    })
  }

  #perform(effect: EngineEffect): void {
    switch (effect.type) {
      case 'sign':
        return this.#sign(effect)
      case 'persist':
        return this.#keep(effect)
      case 'publish':
        return this.say(effect.channel, effect.bytes)
      case 'schedule':
        return this.#schedule(effect)
      case 'cancel':
        return void this.#timers.delete(effect.timer)
      case 'ask':
        return this.#ask(effect)
      case 'commit':
        return this.#commit(effect)
      case 'snapshot':
        return keepState(this.store, effect.state)
      case 'charge':
        return void this.charges.push(effect)
      case 'tell':
        return this.#note(effect.news)
    }
  }

  #note(news: EngineNews): void {
    this.news.push(news)
    if (news.type === 'step' && news.round === 0 && news.step === 'propose')
      this.beganNs.set(news.height, this.world.nowNs)
  }

  #sign({ statement, parts }: Effect<'sign'>): void {
    const signatures = this.isMute ? undefined : parts.map((part) => this.world.sign(this.member, part))
    this.#later(0n, () => this.feed({ type: 'signed', statement, signatures }))
  }

  #keep({ records }: Effect<'persist'>): void {
    this.onWrite()
    if (!this.isUp) return
    this.wal = undecided([...this.wal, ...records])
  }

  #commit(decided: Effect<'commit'>): void {
    this.onWrite()
    if (this.isUp) keepDecided(this.store, decided)
  }

  #schedule({ timer, delayNs }: Effect<'schedule'>): void {
    this.#timer += 1
    const mark = this.#timer
    this.#timers.set(timer, mark)
    this.#later(delayNs, () => {
      if (this.#timers.get(timer) !== mark) return
      this.#timers.delete(timer)
      this.feed({ type: 'timer', timer })
    })
  }

  /** Says bytes to everybody who is linked. */
  say(channel: string, bytes: Uint8Array): void {
    this.said.push({ channel, bytes })
    for (const to of this.world.nodes) if (to !== this) this.sayTo(to, channel, bytes)
  }

  sayTo(to: WorldNode, channel: string, bytes: Uint8Array): void {
    const out = this.outgoing(channel, bytes, to)
    if (out === undefined || !this.world.isLinked(this, to, channel)) return
    this.world.after(LATENCY_NS, () => to.hear(this, channel, out))
  }

  hear(from: WorldNode, channel: string, bytes: Uint8Array): void {
    if (!this.isUp) return
    const { genesis, verifier } = this.world
    const { networkId } = genesis
    if (channel === 'transactions') {
      const opened = openTransaction(bytes, { networkId, verifier })
      if (opened.verdict === 'accept') this.feed({ type: 'transaction', sealed: opened.value })
    } else if (channel === 'offences') {
      const opened = openEvidence(bytes, { networkId, verifier })
      if (opened.verdict === 'accept') this.feed({ type: 'offence', evidence: opened.value })
    } else {
      const opened = this.world.open(bytes)
      if (opened !== undefined) this.feed({ type: 'message', from: from.id, opened })
    }
  }

  /** Signs a transaction and hands it to everybody. */
  submit(kind: TransactionKind, sequence: number, mark = 0): void {
    const sealed = this.world.transaction(this.member, kind, sequence, mark)
    this.feed({ type: 'transaction', sealed })
    this.say('transactions', sealed.bytes)
  }

  #ask({ request, peer, question, bytes }: Effect<'ask'>): void {
    const to = this.world.nodes.find(({ id }) => id === peer)
    let isOver = false
    const finish = (answer: Uint8Array | undefined): void => {
      if (isOver) return
      isOver = true
      this.feed({ type: 'answer', request, from: peer, bytes: answer })
    }
    this.#later(ANSWER_NS_MAX, () => finish(undefined))
    if (to === undefined || !this.world.isLinked(this, to, question)) return
    this.#later(LATENCY_NS, () => {
      const answer = to.answer(question, bytes, this)
      if (answer === undefined || !this.world.isLinked(to, this, question)) return
      this.#later(LATENCY_NS, () => finish(answer))
    })
  }

  /** May be replaced by a test, to answer falsely. */
  answer(question: ConsensusQuestion, bytes: Uint8Array, from: WorldNode): Uint8Array | undefined {
    if (!this.isUp) return undefined
    const answer = this.engine.answer(question, bytes, from.id)
    return answer.verdict === 'accept' ? answer.value : undefined
  }
}

/** Nobody said two things that exclude each other, and nobody was accused of it. */
export const saidOnce = (world: World): void => {
  for (const node of world.nodes) {
    const words = new Map<string, string>()
    for (const { channel, bytes } of node.said) {
      if (channel !== 'votes' && channel !== 'proposals') continue
      const message = world.open(bytes)?.message
      assert(message !== undefined, 'said what does not open')
      const { height, round, block, validRound } = message.type === 'vote' ? message.vote.vote : message.proposal.head
      const place = `${height} ${round} ${message.type === 'vote' ? message.vote.vote.kind : 'proposal'}`
      const word = `${block} ${validRound}`
      assert.equal(words.get(place) ?? word, word, `${node.id} said two things at ${place}`)
      words.set(place, word)
    }
    assert(node.news.every(({ type }) => type !== 'offence'))
  }
}
