/**
 * The deciding half of a node: feeds the consensus engine what comes from network, clock and pools, and performs its effects in
 * their order over the real log, store, signer and network. Rules live in consensus/; here is only who hears what, and that
 * nothing is said before it is durable (docs/spec/node.md G-19 to G-22).
 *
 * Where the disk will not keep what was said, this half stops: a validator that forgets is worse than one that is silent.
 */
import type { Admission, Cancel, TimeInterval, Time } from '../base/index.ts'
import { ChimerError, NS_PER_SEC, abortAfter, accept, ignore } from '../base/index.ts'
import {
  Engine,
  MessageReader,
  keepBeginning,
  keepDecided,
  keepState,
  openBlock,
  openCommit,
  openEvidence,
  openTransaction,
  restoreChain,
} from '../consensus/index.ts'
import type {
  Block,
  BlockId,
  BlockStore,
  ChainGenesis,
  ChainState,
  Commit,
  ConsensusQuestion,
  EngineEffect,
  EngineInput,
  EngineNews,
  EngineView,
  Evidence,
  Moment,
  OpenedMessage,
  ValidatorStore,
  Wal,
} from '../consensus/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { CONSENSUS_LIMITS, CONSENSUS_QUESTIONS, TOPICS, consensusProtocol, consensusTopic } from '../network/index.ts'
import type { ConsensusTopic, MessageValidator, Network } from '../network/index.ts'
import type { SealedAttestation, SealedProof } from '../proofs/index.ts'
import type { Judgement } from '../validation/index.ts'
import { Turns } from './turns.ts'

export const DECIDING_REASONS = ['not-validator', 'consensus-halted'] as const

/** A question that is not answered within this is put to another, ns. */
const ANSWER_NS_MAX = 5n * NS_PER_SEC

/** What a node needs to keep a chain. */
export interface ChainOptions {
  /** Durable before it answers; closed by whoever opened it. */
  readonly store: BlockStore & ValidatorStore
  readonly wal: Wal
  /** Propose and vote with the signer's key. */
  readonly isValidator: boolean
  /** From one block's beginning to the next, ns; a slot where absent. */
  readonly paceNs?: bigint | undefined
  readonly checkpoint?: { readonly height: number; readonly block: BlockId } | undefined
}

/** A decided block, and what closing slots with it said of everybody. */
export interface DecidedBlock {
  readonly block: Block
  readonly commit: Commit
  readonly judged: readonly { readonly slot: number; readonly judgements: readonly Judgement[] }[]
}

export interface DecidingOptions extends ChainOptions {
  readonly time: Time
  readonly signer: Signer
  readonly network: Network
  readonly genesis: ChainGenesis
  /** What the node's clock says now; undefined without the time. */
  readonly read: () => TimeInterval | undefined
  readonly onDecided: (decided: DecidedBlock) => void
  readonly onNews: (news: EngineNews) => void
  readonly onTrouble: (error: ChimerError) => void
}

export class Deciding implements AsyncDisposable {
  readonly #options: DecidingOptions
  readonly #engine: Engine
  readonly #timers = new Map<string, Cancel>()
  readonly #closing = new AbortController()
  readonly #turns: Turns
  readonly #reader: MessageReader
  #effects: EngineEffect[] = []
  #performing: Promise<void> | undefined
  #isPerforming = false
  #halted: ChimerError | undefined
  #isBegun = false

  /** Takes up the chain where store and log left it. Throws `TC_CONSENSUS_STORE` where they contradict each other. */
  constructor(options: DecidingOptions) {
    this.#options = options
    const { genesis, store, wal, signer, isValidator, checkpoint } = options
    const { networkId, parameters } = genesis
    const { blockBytesMax } = parameters
    this.#turns = new Turns(options.time)
    this.#reader = new MessageReader({ networkId, blockBytesMax, verifier: ed25519Verifier }, () => this.#engine)
    const restored = restoreChain(genesis, store)
    keepBeginning(store, restored.state)
    this.#engine = new Engine({
      ...restored,
      genesis,
      store,
      wal: wal.records,
      verifier: ed25519Verifier,
      isKnown: (key) => this.#reader.isVerified(key),
      paceNs: options.paceNs ?? genesis.parameters.slotNs,
      ...(isValidator ? { self: signer.nodeId } : {}),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    })
  }

  get state(): ChainState {
    return this.#engine.state
  }

  /** Why this half has stopped, or nothing. */
  get halted(): ChimerError | undefined {
    return this.#halted
  }

  view(): EngineView {
    return this.#engine.view()
  }

  range(): BlockStore['range'] {
    return this.#options.store.range
  }

  /** A decided block with the commit that decided it, from the store. */
  block(height: number): { readonly block: Block; readonly commit: Commit } | undefined {
    const { store, genesis } = this.#options
    const stored = store.block(height)
    if (stored === undefined) return undefined
    const block = openBlock(stored.block, {
      networkId: genesis.networkId,
      bytesMax: genesis.parameters.blockBytesMax,
    })
    const commit = openCommit(stored.commit)
    if (block.verdict === 'accept' && commit.verdict === 'accept') return { block: block.value, commit: commit.value }
    throw new ChimerError(
      'TC_CONSENSUS_STORE',
      `Block ${height} in the store cannot be read. Stop the node, remove blocks.sqlite, and start it: it gets its blocks again from its peers.`,
      { facts: { height } },
    )
  }

  /** Joins topics and serves questions. What is heard before `begin` is ignored. */
  join(): void {
    const { network, genesis } = this.#options
    const { networkId } = genesis
    const validators: Readonly<Record<ConsensusTopic, MessageValidator>> = {
      proposals: ({ from, bytes }) => this.#takeMessage(from, bytes),
      votes: ({ from, bytes }) => this.#takeMessage(from, bytes),
      transactions: ({ bytes }) => this.#takeTransaction(bytes),
      offences: ({ bytes }) => this.#takeOffence(bytes),
    }
    for (const topic of ['proposals', 'votes', 'transactions', 'offences'] as const)
      network.subscribe(consensusTopic(topic, networkId), { ...TOPICS[topic], validate: validators[topic] })
    for (const question of CONSENSUS_QUESTIONS)
      network.serve(consensusProtocol(question, networkId), {
        ...CONSENSUS_LIMITS[question],
        // Making one takes some milliseconds, and a hundred questions may come in one turn.
        handle: ({ from, bytes }) => this.#turns.later(() => this.#engine.answer(question, bytes, from)),
      })
    network.onPeer(() => this.#feed({ type: 'peers', peers: network.peers() }))
  }

  /** Begins to follow and, as a validator, to decide. Does nothing the second time. */
  begin(): void {
    if (this.#isBegun) return
    this.#isBegun = true
    this.#tellSilence()
    this.#feed({ type: 'start' })
    this.#feed({ type: 'peers', peers: this.#options.network.peers() })
  }

  /** A validator whose blocks end before what it has said is silent until it is past that: its operator is told why, once somebody listens. */
  #tellSilence(): void {
    const { isValidator, wal, onTrouble, time } = this.#options
    const { height } = this.#engine.state
    const said = Math.max(0, ...wal.records.map((record) => record.height))
    if (!isValidator || said <= height + 1) return
    const message = `This validator has spoken at height ${said}, and its blocks end at ${height}. It follows its peers and says nothing until it is past that height. Where no peer has those blocks, put blocks.sqlite back from a copy.`
    const tell = (): void => onTrouble(new ChimerError('TC_CONSENSUS_WAL', message, { facts: { said, height } }))
    this.#timers.set('silence', time.schedule(NS_PER_SEC, tell))
  }

  /** A transaction from this node's own door: kept, and told to everybody. */
  submit(bytes: Uint8Array): Admission<null> {
    const taken = this.#takeTransaction(bytes)
    if (taken.verdict === 'accept') this.#publish('transactions', bytes)
    return taken
  }

  /** An attestation and the proof that it measured, for a block to come. Both have true signatures. */
  witnessed(proof: SealedProof, attestation: SealedAttestation): void {
    this.#feed({ type: 'witnessed', proof, attestation })
  }

  /** Evidence that this node has found itself. */
  offence(evidence: Evidence): void {
    this.#feed({ type: 'offence', evidence })
  }

  /** Stops, and waits for what is being written. Network, store and log belong to whoever opened them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#effects = []
    await this.#performing
  }

  #takeMessage(from: string, bytes: Uint8Array): Admission<null> | Promise<Admission<null>> {
    if (!this.#isBegun) return ignore('clock-not-ready')
    if (this.#halted !== undefined) return ignore('consensus-halted')
    const came = this.#moment()
    const read = this.#turns.run(this.#reader.read(bytes, came.elapsedNs))
    return read instanceof Promise
      ? read.then((later) => this.#takeRead(from, later, came))
      : this.#takeRead(from, read, came)
  }

  #takeRead(from: string, read: Admission<OpenedMessage>, came: Moment): Admission<null> {
    if (read.verdict !== 'accept') return read
    const { message } = read.value
    // Where a height ended while it was read, and where it is noted only that there are such heights, it is not passed on.
    const unwanted = this.#engine.unwanted(message.type === 'vote' ? message.vote.vote : message.proposal.head)
    this.#feed({ type: 'message', from, opened: read.value, came })
    return unwanted === undefined ? accept(null) : ignore(unwanted)
  }

  #takeTransaction(bytes: Uint8Array): Admission<null> {
    const { networkId } = this.#options.genesis
    const opened = openTransaction(bytes, { networkId, verifier: ed25519Verifier })
    if (opened.verdict !== 'accept') return opened
    const admitted = this.#engine.admitTransaction(opened.value)
    if (admitted.verdict === 'accept') this.#feed({ type: 'transaction', sealed: opened.value })
    return admitted
  }

  #takeOffence(bytes: Uint8Array): Admission<null> {
    const { networkId } = this.#options.genesis
    const opened = openEvidence(bytes, { networkId, verifier: ed25519Verifier })
    if (opened.verdict !== 'accept') return opened
    const admitted = this.#engine.admitOffence(opened.value)
    if (admitted.verdict === 'accept') this.#feed({ type: 'offence', evidence: opened.value })
    return admitted
  }

  #moment(): Moment {
    const { time, read } = this.#options
    return { elapsedNs: time.elapsedNs(), reading: read() }
  }

  #feed(input: EngineInput): void {
    if (!this.#isBegun || this.#halted !== undefined || this.#closing.signal.aborted) return
    const effects = this.#engine.step(input, this.#moment())
    this.#effects.push(...effects)
    if (!this.#isPerforming) this.#performing = this.#perform()
  }

  /** One effect after the other: what comes after a write waits for it. What is fed once it has ended begins anew at once. */
  async #perform(): Promise<void> {
    this.#isPerforming = true
    try {
      for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift())
        if (effect.type === 'persist') await this.#options.wal.append(effect.records)
        else this.#performAtOnce(effect)
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      this.#halt(error)
    } finally {
      this.#isPerforming = false
    }
  }

  #performAtOnce(effect: Exclude<EngineEffect, { readonly type: 'persist' }>): void {
    const { store, network, onNews } = this.#options
    switch (effect.type) {
      case 'sign':
        return void this.#sign(effect)
      case 'publish':
        return this.#publish(effect.channel, effect.bytes)
      case 'schedule':
        return this.#schedule(effect.timer, effect.delayNs)
      case 'cancel':
        this.#timers.get(effect.timer)?.()
        return void this.#timers.delete(effect.timer)
      case 'ask':
        return void this.#ask(effect)
      case 'commit':
        return this.#commit(effect)
      case 'snapshot':
        return keepState(store, effect.state)
      case 'charge':
        return network.charge(effect.peer, { channel: 'consensus', reason: effect.reason })
      case 'tell':
        return onNews(effect.news)
    }
  }

  #commit(decided: Extract<EngineEffect, { readonly type: 'commit' }>): void {
    const { store, onDecided } = this.#options
    keepDecided(store, decided)
    onDecided(decided)
  }

  async #sign({ statement, parts }: Extract<EngineEffect, { readonly type: 'sign' }>): Promise<void> {
    const { signer, onTrouble } = this.#options
    let signatures: readonly Uint8Array[] | undefined
    try {
      signatures = await Promise.all(parts.map(({ domain, body }) => signer.sign(domain, body)))
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      onTrouble(error)
    }
    this.#feed({ type: 'signed', statement, signatures })
  }

  #schedule(timer: string, delayNs: bigint): void {
    this.#timers.get(timer)?.()
    const cancel = this.#options.time.schedule(delayNs > 0n ? delayNs : 0n, () => {
      this.#timers.delete(timer)
      this.#feed({ type: 'timer', timer })
    })
    this.#timers.set(timer, cancel)
  }

  async #ask({ request, peer, question, bytes }: Extract<EngineEffect, { readonly type: 'ask' }>): Promise<void> {
    const answer = await this.#request(peer, question, bytes)
    if (question === 'round' && answer !== undefined) await this.#turns.run(this.#reader.readAnswered(answer))
    this.#feed({ type: 'answer', request, from: peer, bytes: answer })
  }

  async #request(peer: string, question: ConsensusQuestion, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const { time, network, genesis } = this.#options
    const deadline = abortAfter(time, ANSWER_NS_MAX)
    try {
      return await network.request(peer, consensusProtocol(question, genesis.networkId), {
        body: () => bytes,
        responseBytesMax: CONSENSUS_LIMITS[question].responseBytesMax,
        signal: AbortSignal.any([deadline.signal, this.#closing.signal]),
      })
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      // Whom the engine asks next is its own affair: silence is an answer.
      return undefined
    } finally {
      deadline.cancel()
    }
  }

  #publish(topic: ConsensusTopic, bytes: Uint8Array): void {
    const { network, genesis, onTrouble } = this.#options
    network.publish(consensusTopic(topic, genesis.networkId), bytes).catch((error: unknown) => {
      if (!(error instanceof ChimerError)) throw error
      if (!this.#closing.signal.aborted) onTrouble(error)
    })
  }

  #halt(error: ChimerError): void {
    this.#halted = error
    this.#effects = []
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#options.onTrouble(error)
  }
}
