/**
 * The engine: a whole node's consensus without its world. It runs one step machine a height, proposes and votes where its key may, keeps
 * the pools that blocks are made from, applies what was decided, catches up where it is behind, and answers those who are. What has to be done is
 * returned as effects, in their order: what is to be durable comes before what it lets be said.
 *
 * Heights follow each other `paceNs` apart, or at once. A proposal for the next height, by whoever may make it, lets it begin earlier: so nodes
 * that had drifted apart fall into step.
 *
 * Source: DESIGN §5.5; arXiv 1807.04938. Rules B-80 to B-99 in docs/spec/consensus.md. Not promised: that anything is decided while a third of the weight or
 * more is silent; `view` says who is.
 */
import type { Admission } from '../base/index.ts'
import { accept } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { applyBlock } from './apply-block.ts'
import type { ChainGenesis, ChainState } from './chain-state.ts'
import { makeCommit } from './commit.ts'
import type { Commit } from './commit.ts'
import { Answers } from './engine-answers.ts'
import type { AnswerSource, EngineStore } from './engine-answers.ts'
import { CATCH_UP_TIMER, EngineAsking } from './engine-asking.ts'
import type { AskingHost } from './engine-asking.ts'
import type { ConsensusQuestion, EngineEffect, EngineInput, EngineView, Moment } from './engine-events.ts'
import { EngineHeight } from './engine-height.ts'
import { EnginePools } from './engine-pools.ts'
import { EngineVoice } from './engine-voice.ts'
import type { VoiceHost } from './engine-voice.ts'
import { HeldMessages, heightOfMessage, unwantedBy } from './engine-held.ts'
import { viewOfEngine } from './engine-view.ts'
import { offenderOf } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { withKnownPrecommits } from './known-signatures.ts'
import type { UnwantedReason } from './message-reader.ts'
import type { Message } from './messages.ts'
import type { WalRecord } from './port.ts'
import type { SignedProposalHead } from './proposal.ts'
import type { ChainTip } from './restoring.ts'
import type { RoundEffect, Step } from './round-events.ts'
import { restoreRound } from './round-machine-restore.ts'
import type { SealedTransaction } from './transaction.ts'
import type { BlockId } from './validators.ts'
import type { Vote } from './vote.ts'

export type { EngineStore } from './engine-answers.ts'

/** Heights between snapshots: what a restart has to apply again at most. */
export const SNAPSHOT_EVERY_HEIGHTS = 500
/** While a height is not decided, peers are asked after this, then each time a step later, up to the longest. ns. */
const GOSSIP_NS = 1_000_000_000n
const GOSSIP_STEP_NS = 250_000_000n
const GOSSIP_NS_MAX = 3_000_000_000n

const PACE_TIMER = 'pace'
const GOSSIP_TIMER = 'gossip'
const LISTEN_TIMER = 'listen'
/** A node that starts listens no longer than this before it speaks, ns. */
const LISTEN_NS_MAX = 1_500_000_000n

export interface EngineOptions {
  readonly genesis: ChainGenesis
  /** As `restoreChain` gives it, with `tip`. */
  readonly state: ChainState
  readonly tip?: ChainTip
  /** The node's own Ed25519 key where it may vote; without it, it follows. */
  readonly self?: Uint8Array
  /** Everything that the write-ahead log held when it was opened. */
  readonly wal: readonly WalRecord[]
  readonly store: EngineStore
  readonly verifier: Verifier
  /** Was a part of a block, by its content address, verified where the block was read? */
  readonly isKnown?: (key: string) => boolean
  /** From one height's beginning to the next one's, ns >= 0; 0: at once. */
  readonly paceNs: bigint
  /** A block that somebody trusts: where the store is empty, the node begins there and not at the genesis. */
  readonly checkpoint?: { readonly height: number; readonly block: BlockId }
}

/** The height that was decided last, to which late precommits still come. */
interface Decided {
  readonly height: EngineHeight
  readonly round: number
  readonly block: BlockId
}

export class Engine {
  readonly #options: EngineOptions
  readonly #pools: EnginePools
  readonly #voice: EngineVoice
  readonly #asking: EngineAsking
  readonly #answers = new Answers()
  readonly #held = new HeldMessages()
  /** Of the log, what is of heights that are not decided. */
  #wal: readonly WalRecord[]
  #state: ChainState
  #before: ChainState | undefined
  #tip: ChainTip | undefined
  #running: EngineHeight
  #decided: Decided | undefined
  /** When the last height to begin began, ns by the node's counter. */
  #beganNs: bigint | undefined
  /** Of the timeouts that are being waited for. */
  readonly #timeouts = new Map<Step, { readonly height: number; readonly round: number }>()
  #isStarted = false
  /** Until when, at the latest, this node listens before it speaks, ns by its counter; undefined once it may speak. */
  #listensUntilNs: bigint | undefined
  #gossipNs = GOSSIP_NS
  #gossipNews = 0
  #effects: EngineEffect[] = []
  #moment: Moment = { elapsedNs: 0n, reading: undefined }

  /** Throws `TC_CONSENSUS_WAL` where the log holds what this key cannot have said. */
  constructor(options: EngineOptions) {
    const { genesis, state, tip, self, verifier, wal, store, checkpoint } = options
    this.#options = options
    this.#state = state
    this.#tip = tip
    this.#wal = wal
    this.#pools = new EnginePools(genesis.parameters.slotNs)
    const { networkId, parameters } = genesis
    const { blockBytesMax } = parameters
    const host = this.#host()
    this.#voice = new EngineVoice(host, { networkId, blockBytesMax, verifier, self, pools: this.#pools })
    const isEmpty = state.height === 0 && store.range === undefined
    this.#asking = new EngineAsking(host, { genesis, verifier, checkpoint, isEmpty })
    this.#running = this.#nextHeight()
  }

  /** What its parts see of the engine, as it stands when they look. */
  #host(): AskingHost & VoiceHost {
    const state = (): ChainState => this.#state
    const running = (): EngineHeight => this.#running
    const moment = (): Moment => this.#moment
    const lastCommit = (): Commit | undefined => this.#lastCommit()
    return {
      get state() {
        return state()
      },
      get running() {
        return running()
      },
      get moment() {
        return moment()
      },
      get lastCommit() {
        return lastCommit()
      },
      heightAt: (height) => this.#heightAt(height),
      emit: (effect) => void this.#effects.push(effect),
      apply: (decided) => this.#apply(decided),
      adopt: (adopted) => this.#adopt(adopted),
      hear: ({ message }, from) => this.#hearAnswered(from, message),
      resume: () => this.#resume(),
    }
  }

  /** The newest state: that after the last decided block. */
  get state(): ChainState {
    return this.#state
  }

  /** Takes one input and gives what is to be done, in that order. The first is `start`; before it nothing is done. */
  step(input: EngineInput, moment: Moment): readonly EngineEffect[] {
    this.#moment = moment
    if (this.#isStarted) this.#take(input)
    else if (input.type === 'start') this.#start()
    const effects = this.#effects
    if (effects.length > 0) this.#effects = []
    return effects
  }

  #start(): void {
    this.#isStarted = true
    const { self, state } = this.#running
    if (self !== undefined && state.validators.size > 1) {
      this.#listensUntilNs = this.#moment.elapsedNs + LISTEN_NS_MAX
      this.#effects.push({ type: 'schedule', timer: LISTEN_TIMER, delayNs: LISTEN_NS_MAX })
    }
    this.#resume()
  }

  #take(input: EngineInput): void {
    switch (input.type) {
      case 'message':
        return this.#hear(input.from, input.opened.message, input.came ?? this.#moment)
      case 'witnessed':
        return void this.#pools.timeEvidence.add(input.proof, input.attestation)
      case 'transaction':
        return void this.#pools.transactions.add(input.sealed, this.#state, this.#moment.reading)
      case 'offence':
        return this.#offence(input.evidence)
      case 'timer':
        return this.#onTimer(input.timer)
      case 'signed':
        return this.#hearOwn(this.#voice.signed(input.statement, input.signatures))
      case 'answer':
        return this.#asking.answered(input.request, input.bytes)
      case 'peers':
        this.#asking.setPeers(input.peers)
        return this.#resume()
      case 'start':
        return undefined
    }
  }

  /** Messages of the running height are heard at once, of the next one when it begins; of later ones it is only noted that there are such heights. */
  #hear(from: string, message: Message, at: Moment): void {
    const running = this.#running
    const height = heightOfMessage(message)
    if (height === running.height && running.isBegun) return this.#hearNow(message, { at, isLate: false })
    if (height === running.height - 1) return this.#hearLate(message)
    if (height < running.height) return undefined
    const next = running.isBegun ? running.height + 1 : running.height
    if (height === next) {
      this.#hold(from, message, { at, isLate: false })
      if (message.type === 'proposal' && !running.isBegun) this.#resume()
    }
    this.#asking.heardOf(from, height)
  }

  #hold(from: string, message: Message, { at, isLate }: { readonly at: Moment; readonly isLate: boolean }): void {
    const reading = message.type === 'proposal' ? at.reading : undefined
    this.#held.add(from, { message, elapsedNs: at.elapsedNs, reading, isLate })
  }

  #hearAnswered(from: string, message: Message): void {
    if (this.#running.isBegun) this.#hearNow(message, { at: this.#moment, isLate: true })
    else if (heightOfMessage(message) === this.#running.height)
      this.#hold(from, message, { at: this.#moment, isLate: true })
  }

  #hearNow(message: Message, came: { readonly at: Moment; readonly isLate: boolean }): void {
    const running = this.#running
    if (heightOfMessage(message) !== running.height || !running.isBegun) return
    if (message.type === 'vote') this.#perform(running.take({ type: 'vote', vote: message.vote }, this.#moment))
    else this.#perform(running.propose(message.proposal, this.#moment, came))
  }

  /** Of the height decided last: a precommit that the next block can still show, or an offence. */
  #hearLate(message: Message): void {
    const decided = this.#decided
    if (message.type !== 'vote' || decided?.height.height !== message.vote.vote.height) return
    for (const effect of decided.height.take({ type: 'vote', vote: message.vote }, this.#moment))
      if (effect.type === 'offence') this.#offence(effect.evidence)
  }

  #onTimer(timer: string): void {
    if (timer === PACE_TIMER || timer === LISTEN_TIMER) return this.#resume()
    if (timer === GOSSIP_TIMER) return this.#gossip()
    if (timer === CATCH_UP_TIMER) return this.#asking.onTimer()
    for (const [step, { height, round }] of this.#timeouts) {
      if (step !== timer) continue
      this.#timeouts.delete(step)
      if (height === this.#running.height)
        this.#perform(this.#running.take({ type: 'timeout', step, round }, this.#moment))
      return
    }
  }

  /** Begins the height that is due, or sees to it that it begins when it is. */
  #resume(): void {
    const running = this.#running
    if (running.isBegun || this.#asking.isBusy || this.#isListening()) return
    const waitNs = this.#waitNs()
    if (waitNs > 0n) return void this.#effects.push({ type: 'schedule', timer: PACE_TIMER, delayNs: waitNs })
    this.#effects.push({ type: 'cancel', timer: PACE_TIMER })
    this.#begin()
  }

  /**
   * Before its first word a validator asks others what they know of the height, and so hears what its own key had said of it, should its disk not know
   * (B-50). Nobody is waited for longer than a moment: after that others have gone on, or are as new as this node.
   */
  #isListening(): boolean {
    if (this.#listensUntilNs === undefined) return false
    const isOver = this.#running.self === undefined || this.#moment.elapsedNs >= this.#listensUntilNs
    if (!isOver && !this.#asking.listened()) return true
    this.#listensUntilNs = undefined
    this.#effects.push({ type: 'cancel', timer: LISTEN_TIMER })
    return false
  }

  /** How long until the next height is due; half the pace is enough where its proposal is here. */
  #waitNs(): bigint {
    const { paceNs } = this.#options
    if (this.#beganNs === undefined || paceNs === 0n) return 0n
    const { machine } = this.#running
    const isProposed = this.#held
      .proposals()
      .some(({ message }) => message.type === 'proposal' && machine.proposalFault(message.proposal) === undefined)
    return this.#beganNs + (isProposed ? paceNs / 2n : paceNs) - this.#moment.elapsedNs
  }

  #begin(): void {
    const held = this.#held.take()
    this.#beganNs = this.#moment.elapsedNs
    this.#gossipNs = GOSSIP_NS
    this.#gossipNews = 0
    this.#effects.push({ type: 'schedule', timer: GOSSIP_TIMER, delayNs: this.#gossipNs })
    this.#voice.sayAgain(this.#running)
    this.#perform(this.#running.begin(this.#moment))
    for (const { message, elapsedNs, reading, isLate } of held)
      this.#hearNow(message, { at: { elapsedNs, reading }, isLate })
  }

  /** While a height goes on: asks a peer what is missed; and where nothing has come since, says again what this node said in this round. */
  #gossip(): void {
    const running = this.#running
    if (!running.isBegun) return
    this.#voice.goOn(running, running.news === this.#gossipNews)
    this.#gossipNews = running.news
    this.#gossipNs = this.#gossipNs + GOSSIP_STEP_NS < GOSSIP_NS_MAX ? this.#gossipNs + GOSSIP_STEP_NS : GOSSIP_NS_MAX
    this.#effects.push({ type: 'schedule', timer: GOSSIP_TIMER, delayNs: this.#gossipNs })
    this.#asking.askRound()
    this.#asking.pursue()
  }

  #perform(effects: readonly RoundEffect[]): void {
    for (const effect of effects) this.#performOne(effect)
  }

  #performOne(effect: RoundEffect): void {
    const running = this.#running
    const { height } = running
    switch (effect.type) {
      case 'propose':
        return this.#voice.propose(effect)
      case 'vote':
        return this.#voice.vote(effect)
      case 'lock':
        return running.bind(effect)
      case 'timeout':
        this.#timeouts.set(effect.step, { height, round: effect.round })
        return void this.#effects.push({ type: 'schedule', timer: effect.step, delayNs: effect.delayNs })
      case 'step': {
        const { round, step } = effect
        return void this.#effects.push({ type: 'tell', news: { type: 'step', height, round, step } })
      }
      case 'offence':
        return this.#offence(effect.evidence)
      case 'decide':
        return this.#decide(effect)
    }
  }

  /** Of the newest block: with all precommits that have come for it, where this node has counted them itself. */
  #lastCommit(): Commit | undefined {
    const decided = this.#decided
    if (decided === undefined) return this.#tip?.commit
    const { height, round, block } = decided
    const precommits = height.machine.precommitsFor(round, block)
    return makeCommit({ height: height.height, round, block, precommits, validators: height.state.validators })
  }

  #hearOwn(message: Message | undefined): void {
    if (message === undefined) return
    if (heightOfMessage(message) === this.#running.height) this.#hearNow(message, { at: this.#moment, isLate: false })
    else this.#hearLate(message)
  }

  #heightAt(height: number): EngineHeight | undefined {
    if (height === this.#running.height) return this.#running
    return this.#decided?.height.height === height ? this.#decided.height : undefined
  }

  /** True evidence, this node's own or another's: kept and told to everybody, once. */
  #offence(evidence: Evidence): void {
    const bytes = this.#pools.offences.add(evidence, this.#state)
    if (bytes === undefined) return
    const offender = nodeIdText(offenderOf(evidence))
    this.#effects.push({ type: 'publish', channel: 'offences', bytes })
    this.#effects.push({ type: 'tell', news: { type: 'offence', evidence, offender } })
  }

  #decide({ round, block, precommits }: Extract<RoundEffect, { readonly type: 'decide' }>): void {
    const height = this.#running
    const { validators } = height.state
    const commit = makeCommit({ height: height.height, round, block: block.id, precommits, validators })
    this.#advance({ block, commit })
    this.#decided = { height, round, block: block.id }
    this.#resume()
  }

  /** The next block, decided by others as their commit shows. */
  #apply(decided: ChainTip): void {
    // Without having begun it, what is held is of this height.
    if (!this.#running.isBegun) this.#held.take()
    this.#advance(decided)
    this.#decided = undefined
  }

  #advance(tip: ChainTip): void {
    const { block, commit } = tip
    const { state, judged } = applyBlock(this.#state, block)
    this.#before = this.#state
    this.#state = state
    this.#tip = tip
    this.#effects.push({ type: 'commit', block, commit, state, judged })
    this.#voice.decided(state.height)
    if (state.height % SNAPSHOT_EVERY_HEIGHTS === 0) this.#effects.push({ type: 'snapshot', state })
    this.#pools.settle(block, state)
    this.#endTimers()
    this.#running = this.#nextHeight()
  }

  #endTimers(): void {
    for (const step of this.#timeouts.keys()) this.#effects.push({ type: 'cancel', timer: step })
    this.#timeouts.clear()
    if (this.#running.isBegun) this.#effects.push({ type: 'cancel', timer: GOSSIP_TIMER })
  }

  /** Goes on from a state that was fetched: the blocks before it are not held. */
  #adopt(state: ChainState): void {
    this.#state = state
    this.#before = undefined
    this.#tip = undefined
    this.#decided = undefined
    this.#effects.push({ type: 'snapshot', state })
    this.#endTimers()
    this.#running = this.#nextHeight()
  }

  /** The height after the state, with what this node had said of it. */
  #nextHeight(): EngineHeight {
    const height = this.#state.height + 1
    const { genesis, verifier, self } = this.#options
    this.#wal = this.#wal.filter((record) => record.height >= height)
    const voice = self !== undefined && this.#maySpeak(height) ? self : undefined
    const isRestored = voice !== undefined && this.#wal.length > 0
    const { networkId, parameters } = genesis
    const { blockBytesMax } = parameters
    return new EngineHeight({
      state: this.#state,
      self: voice,
      verifier: withKnownPrecommits(verifier, () => this.#lastPrecommits()),
      isKnown: (key) => this.isKnown(key),
      ...(isRestored
        ? { restored: restoreRound(this.#wal, { networkId, height, self: voice, blockBytesMax, verifier }) }
        : {}),
    })
  }

  /** What the log holds of a later height was said when this one was decided: what was said of it then is not known any more. */
  #maySpeak(height: number): boolean {
    return !this.#wal.some(
      (record) => record.height > height || (record.type === 'decided' && record.height === height),
    )
  }

  #lastPrecommits() {
    const decided = this.#decided
    return decided === undefined ? [] : decided.height.machine.precommitsFor(decided.round, decided.block)
  }

  /** Was what has this content address verified when it came? */
  isKnown(key: string): boolean {
    return this.#pools.isKnown(key) || this.#options.isKnown?.(key) === true
  }

  /** Why nothing would follow from such a vote or proposal, or nothing. */
  unwanted(said: Vote | SignedProposalHead): UnwantedReason | undefined {
    return unwantedBy(said, this.#running, this.#held)
  }

  view(): EngineView {
    return viewOfEngine({
      running: this.#running,
      state: this.#state,
      tip: this.#tip,
      behind: this.#asking.behind,
      pendingTransactions: this.#pools.transactions.size,
    })
  }

  /** Answers a peer's question, or says why not; never throws on any bytes. Throws `TC_CONSENSUS_STORE` where the store cannot be read. */
  answer(question: ConsensusQuestion, bytes: Uint8Array, from: string): Admission<Uint8Array> {
    const source: AnswerSource = {
      store: this.#options.store,
      running: this.#running,
      tip: this.#tip,
      before: this.#before,
    }
    if (question === 'blocks') return this.#answers.blocks(bytes, source)
    if (question === 'snapshot') return this.#answers.snapshot(bytes, source)
    const answer = this.#answers.round(bytes, source)
    if (answer.verdict !== 'accept') return answer
    this.#asking.noteHeight(from, answer.value.height)
    return accept(answer.value.bytes)
  }

  /** Would this evidence be kept, and if not, why? */
  admitOffence(evidence: Evidence): Admission<null> {
    return this.#pools.offences.admits(evidence, this.#state)
  }

  /** Would this transaction be kept, and if not, why? */
  admitTransaction(sealed: SealedTransaction): Admission<null> {
    return this.#pools.transactions.admits(sealed, this.#state, this.#moment.reading)
  }
}
