/**
 * What the engine asks others: once in a while what it lacks of the running height; decided blocks where it is behind; and, where it begins from a
 * checkpoint, a state. One question of a kind at a time, peers in turn. Whoever answers what no honest node would is charged and left alone.
 *
 * Rules B-89, B-91, B-94, B-96 in docs/spec/consensus.md.
 */
import { BoundedMap, NS_PER_SEC } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { BEHIND_MIN, CatchingUp, LIE_NS, PAUSE_NS, SILENCE_NS } from './catching-up.ts'
import { SnapshotSync } from './catching-up-snapshot.ts'
import type { ChainGenesis, ChainState } from './chain-state.ts'
import type { ConsensusQuestion, EngineEffect, Moment } from './engine-events.ts'
import type { EngineHeight } from './engine-height.ts'
import { openMessage } from './messages.ts'
import type { OpenedMessage } from './messages.ts'
import type { StoredBlock } from './port.ts'
import {
  ANSWER_MESSAGES_MAX,
  blocksAnswerCodec,
  blocksQuestionCodec,
  roundAnswerCodec,
  roundQuestionCodec,
  roundQuestionOf,
  snapshotAnswerCodec,
  snapshotQuestionCodec,
} from './questions.ts'
import type { RoundAnswer } from './questions.ts'
import type { ChainTip } from './restoring.ts'
import { chunkHeightMax, verifyChunk } from './sync-verification.ts'
import type { SyncReason } from './sync-verification.ts'
import type { BlockId } from './validators.ts'

/** Timer of catching up. */
export const CATCH_UP_TIMER = 'catch-up'
/** After blocks have come, the next ones are waited for so long before this node decides by itself, ns. */
const PATIENCE_NS = NS_PER_SEC
/** Peers that are asked about a height before anything is said of it. */
export const LISTEN_PEERS_MAX = 8
/** `round` questions whose answers are waited for, at most. */
const ROUND_QUESTIONS_MAX = 16
/** Empty answers of each peer after which a state is not to be had. */
const EMPTY_ANSWERS_MAX = 3

/** Why a peer is charged, beside what is wrong with the messages, blocks or state that it sent. */
export const ASKING_REASONS = ['bad-answer', 'against-checkpoint'] as const
export type AskingReason = (typeof ASKING_REASONS)[number]

/** What asking needs of the engine. */
export interface AskingHost {
  readonly state: ChainState
  readonly running: EngineHeight
  readonly moment: Moment
  emit(effect: EngineEffect): void
  /** The next block, decided. */
  apply(decided: ChainTip): void
  /** Another beginning than the genesis. */
  adopt(state: ChainState): void
  /** A message of the running height, got by asking a peer. */
  hear(opened: OpenedMessage, from: string): void
  /** Nothing more is to be caught up with. */
  resume(): void
}

export interface AskingOptions {
  readonly genesis: ChainGenesis
  readonly verifier: Verifier
  readonly checkpoint: { readonly height: number; readonly block: BlockId } | undefined
  /** Whether to begin from the checkpoint: there is nothing else to begin from. */
  readonly isEmpty: boolean
}

export class EngineAsking {
  readonly #host: AskingHost
  readonly #options: AskingOptions
  readonly #catchingUp = new CatchingUp()
  readonly #rounds = new BoundedMap<number, { readonly peer: string; readonly height: number }>(ROUND_QUESTIONS_MAX)
  #snapshot: SnapshotSync | undefined
  #emptyAnswers = 0
  #peersCount = 0
  #isActive = false
  #isSliceDue = false
  /** When blocks of others were applied last, in the running pursuit. */
  #cameNs: bigint | undefined
  #lastRequest = 0
  /** The height that was asked about before anything is said of it, and of how many peers an answer is still to come. */
  #listening = { height: 0, left: 0 }

  constructor(host: AskingHost, options: AskingOptions) {
    this.#host = host
    this.#options = options
    const { genesis, verifier, checkpoint, isEmpty } = options
    if (checkpoint !== undefined && isEmpty) this.#snapshot = new SnapshotSync({ genesis, checkpoint, verifier })
  }

  /**
   * Is there something to be fetched before this node decides anything? A claim to be ahead holds nobody up: only blocks do that have
   * come, for as long as more of them keep coming.
   */
  get isBusy(): boolean {
    if (this.#snapshot !== undefined) return true
    if (!this.#isActive) return false
    const { elapsedNs } = this.#host.moment
    return this.#catchingUp.waiting > 0 || (this.#cameNs !== undefined && elapsedNs < this.#cameNs + PATIENCE_NS)
  }

  /** How many heights others are ahead. */
  get behind(): number {
    const { state, moment } = this.#host
    return Math.max(0, this.#catchingUp.newest(moment.elapsedNs) - state.height)
  }

  setPeers(peers: readonly string[]): void {
    const others = [...new Set(peers)]
    this.#peersCount = others.length
    this.#catchingUp.setPeers(others)
    this.pursue()
  }

  /** A peer speaks of a height that nobody comes to who has not decided the one before. */
  heardOf(peer: string, height: number): void {
    if (this.#catchingUp.heard(peer, height - 1)) this.pursue()
  }

  /** As `heardOf`, outside a step: it is looked into at the next. */
  noteHeight(peer: string, height: number): void {
    this.#catchingUp.heard(peer, height - 1)
  }

  #ask(peer: string, question: ConsensusQuestion, bytes: Uint8Array): number {
    this.#lastRequest += 1
    this.#host.emit({ type: 'ask', request: this.#lastRequest, peer, question, bytes })
    return this.#lastRequest
  }

  /** Asks the next peer what this node lacks of the running height: rather one that has decided it. */
  askRound(): void {
    const { running, moment } = this.#host
    const hasDecided = (id: string): boolean => this.#catchingUp.heightOf(id) >= running.height
    const { elapsedNs } = moment
    const peer = this.#catchingUp.nextPeer(elapsedNs, hasDecided) ?? this.#catchingUp.nextPeer(elapsedNs)
    if (peer !== undefined) this.#askRound(peer)
  }

  /**
   * Asks several peers what they know of the running height, once. True when all have answered or will not: then a word of this node's own that they
   * know of has come back.
   */
  listened(): boolean {
    const { running, moment } = this.#host
    const { height } = running
    if (this.#listening.height === height) return this.#listening.left === 0
    const peers = new Set<string>()
    for (let i = 0; i < LISTEN_PEERS_MAX; i += 1) {
      const peer = this.#catchingUp.nextPeer(moment.elapsedNs, (id) => !peers.has(id))
      if (peer === undefined) break
      peers.add(peer)
    }
    if (peers.size > 0) this.#listening = { height, left: peers.size }
    for (const peer of peers) this.#askRound(peer)
    return false
  }

  #askRound(peer: string): void {
    const { running } = this.#host
    const { validators } = running.state
    const { round } = running.machine.view()
    const question = roundQuestionOf({ height: running.height, round, validators }, running.machine.known())
    const request = this.#ask(peer, 'round', roundQuestionCodec.encode(question))
    this.#rounds.set(request, { peer, height: running.height })
  }

  /** Goes on with catching up, or begins, or ends it. */
  pursue(): void {
    if (this.#snapshot !== undefined) return this.#pursueSnapshot(this.#snapshot)
    const { state, moment } = this.#host
    const newest = this.#catchingUp.newest(moment.elapsedNs)
    if (!this.#isActive) {
      if (newest < state.height + BEHIND_MIN) return
      this.#isActive = true
      this.#host.emit({ type: 'tell', news: { type: 'catching-up', from: state.height + 1, to: newest } })
    }
    const ask = this.#catchingUp.toAsk(state.height, moment.elapsedNs)
    if (ask !== undefined)
      this.#catchingUp.asking(this.#ask(ask.peer, 'blocks', blocksQuestionCodec.encode({ from: ask.from })), ask)
    if (this.#catchingUp.waiting > 0) return this.#scheduleSlice()
    if (this.#catchingUp.isAsking) return this.#waitOrResume()
    this.#isActive = false
    this.#cameNs = undefined
    this.#host.emit({ type: 'tell', news: { type: 'caught-up', height: state.height } })
    this.#host.resume()
  }

  /** Somebody has been asked, and may never answer: what can be decided meanwhile is. */
  #waitOrResume(): void {
    if (this.isBusy) this.#host.emit({ type: 'schedule', timer: CATCH_UP_TIMER, delayNs: PATIENCE_NS })
    else this.#host.resume()
  }

  #scheduleSlice(): void {
    if (this.#isSliceDue) return
    this.#isSliceDue = true
    this.#host.emit({ type: 'schedule', timer: CATCH_UP_TIMER, delayNs: 0n })
  }

  /** Verifies and applies some of what has arrived. */
  onTimer(): void {
    this.#isSliceDue = false
    const { state } = this.#host
    const slice = this.#snapshot === undefined ? this.#catchingUp.slice(state.height, chunkHeightMax(state)) : []
    const [first] = slice
    if (first !== undefined) {
      const reason = this.#applyAll(slice.map(({ stored }) => stored))
      if (reason !== undefined) {
        this.#blame(first.from, reason)
        this.#catchingUp.drop()
      }
    }
    this.pursue()
  }

  /** Applies decided blocks that follow the state, or says what is wrong with them. */
  #applyAll(chunk: readonly StoredBlock[]): SyncReason | AskingReason | undefined {
    const { verifier, checkpoint } = this.#options
    const verified = verifyChunk(this.#host.state, chunk, { verifier })
    if (verified.verdict !== 'accept') return verified.reason
    const trusted = verified.value.find(({ block }) => block.header.height === checkpoint?.height)
    if (trusted !== undefined && trusted.block.id !== checkpoint?.block) return 'against-checkpoint'
    for (const { block, commit } of verified.value) this.#host.apply({ block, commit })
    if (this.#isActive) this.#cameNs = this.#host.moment.elapsedNs
    return undefined
  }

  /** That our state, or what we trust, is another than the chain's may be nobody else's fault. */
  #blame(peer: string, reason: string): void {
    const { moment } = this.#host
    const isOurs = reason === 'sync-other-state' || reason === 'against-checkpoint'
    this.#catchingUp.rest(peer, moment.elapsedNs, isOurs ? SILENCE_NS : LIE_NS)
    if (!isOurs) this.#host.emit({ type: 'charge', peer, reason })
  }

  /** An answer to whatever question; undefined where there was none. */
  answered(request: number, bytes: Uint8Array | undefined): void {
    const round = this.#rounds.get(request)
    if (round !== undefined) {
      this.#rounds.delete(request)
      this.#takeRound(round, bytes)
      return this.#host.resume()
    }
    const blocks = this.#catchingUp.answered(request)
    if (blocks !== undefined) return this.#takeBlocks(blocks, bytes)
    const peer = this.#snapshot?.answered(request)
    if (peer !== undefined && this.#snapshot !== undefined) this.#takeSnapshot(this.#snapshot, peer, bytes)
  }

  #unanswered(peer: string): void {
    this.#catchingUp.restSilent(peer, this.#host.moment.elapsedNs)
  }

  #takeRound(asked: { readonly peer: string; readonly height: number }, bytes: Uint8Array | undefined): void {
    const { peer, height } = asked
    if (this.#listening.height === height && this.#listening.left > 0) this.#listening.left -= 1
    // Nothing depends on this answer alone, and who has nothing to say to one question may well answer another.
    if (bytes === undefined) return
    const answer = roundAnswerCodec.decode(bytes)
    if (answer.verdict !== 'accept') return this.#blame(peer, 'bad-answer')
    this.#catchingUp.heard(peer, answer.value.height - 1)
    this.#takeDecided(peer, height, answer.value)
    if (!this.#takeMessages(peer, height, answer.value)) return
    if (answer.value.messages.length >= ANSWER_MESSAGES_MAX - 1 && this.#host.running.height === height) this.askRound()
    this.pursue()
  }

  #takeDecided(peer: string, height: number, { decided }: RoundAnswer): void {
    const [block] = decided
    if (block === undefined || this.#host.state.height + 1 !== height || this.#snapshot !== undefined) return
    const reason = this.#applyAll([{ height, ...block }])
    if (reason !== undefined) this.#blame(peer, reason)
  }

  /** False where one of them is none. */
  #takeMessages(peer: string, height: number, { messages }: RoundAnswer): boolean {
    const { genesis, verifier } = this.#options
    const { networkId, parameters } = genesis
    for (const bytes of messages) {
      const { running } = this.#host
      if (running.height !== height) return true
      const { validators } = running.state
      const opened = openMessage(bytes, {
        networkId,
        blockBytesMax: parameters.blockBytesMax,
        verifier: { verify: (asked) => validators.indexOf(asked.publicKey) !== undefined && verifier.verify(asked) },
      })
      if (opened.verdict !== 'accept') {
        this.#blame(peer, opened.reason)
        return false
      }
      this.#host.hear(opened.value, peer)
    }
    return true
  }

  #takeBlocks(asked: { readonly peer: string; readonly from: number }, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#unanswered(asked.peer)
    else {
      const answer = blocksAnswerCodec.decode(bytes)
      if (answer.verdict === 'accept') this.#catchingUp.take(asked, answer.value, this.#host.moment.elapsedNs)
      else this.#blame(asked.peer, 'bad-answer')
    }
    this.pursue()
  }

  #pursueSnapshot(snapshot: SnapshotSync): void {
    if (snapshot.isAsking) return
    const peer = snapshot.peer ?? this.#catchingUp.nextPeer(this.#host.moment.elapsedNs)
    if (peer !== undefined) {
      snapshot.asking(this.#ask(peer, 'snapshot', snapshotQuestionCodec.encode(snapshot.question())), peer)
      return
    }
    if (this.#peersCount > 0) this.#host.emit({ type: 'schedule', timer: CATCH_UP_TIMER, delayNs: PAUSE_NS })
  }

  #takeSnapshot(snapshot: SnapshotSync, peer: string, bytes: Uint8Array | undefined): void {
    const { elapsedNs } = this.#host.moment
    const answer = bytes === undefined ? undefined : snapshotAnswerCodec.decode(bytes)
    if (answer === undefined || answer.verdict !== 'accept') {
      snapshot.giveUp()
      if (answer === undefined) this.#unanswered(peer)
      else this.#blame(peer, 'bad-answer')
      return this.pursue()
    }
    const taken = snapshot.take(peer, answer.value)
    if (taken.verdict !== 'accept') this.#blame(peer, taken.reason)
    else if (taken.value !== undefined) {
      this.#snapshot = undefined
      this.#host.adopt(taken.value)
      this.#catchingUp.heard(peer, taken.value.height + 1)
    } else if (snapshot.peer === undefined) {
      this.#catchingUp.rest(peer, elapsedNs, PAUSE_NS)
      this.#emptyAnswers += 1
      // Nobody has one: the way from the genesis leads past the checkpoint too.
      if (this.#emptyAnswers >= EMPTY_ANSWERS_MAX * this.#peersCount) this.#snapshot = undefined
    }
    this.pursue()
    this.#host.resume()
  }
}
