/**
 * How the engine speaks: what the step machine asks to be said is signed, opened like everybody's words, kept, and only then said. What does not get
 * its signatures is not said; they are asked for again while the height goes on. (Without that a few signers that fail once in the same step could stop a height for
 * ever: a round ends only when a quorum has spoken.)
 *
 * Rules B-80, B-87, B-88 in docs/spec/consensus.md.
 */
import { equalBytes } from '../base/index.ts'
import type { ChainState } from './chain-state.ts'
import type { Commit } from './commit.ts'
import type { EngineEffect, Moment } from './engine-events.ts'
import type { EngineHeight } from './engine-height.ts'
import type { EnginePools } from './engine-pools.ts'
import { proposedBlock } from './engine-proposing.ts'
import { Speaking, heightOfStatement } from './engine-speaking.ts'
import type { Statement } from './engine-speaking.ts'
import { encodeMessage } from './messages.ts'
import type { Message, MessageContext } from './messages.ts'
import type { WalRecord } from './port.ts'
import type { RoundEffect } from './round-events.ts'

/** Statements without signatures that are asked for again, the newest. */
const UNSIGNED_MAX = 8

/** What speaking needs of the engine. */
export interface VoiceHost {
  readonly state: ChainState
  readonly running: EngineHeight
  readonly moment: Moment
  /** Of the newest block; undefined where it is not known. */
  readonly lastCommit: Commit | undefined
  /** The running height, or the one decided last. */
  heightAt(height: number): EngineHeight | undefined
  emit(effect: EngineEffect): void
}

export interface VoiceOptions extends MessageContext {
  /** The node's own key; without it nothing is ever asked to be said. */
  readonly self: Uint8Array | undefined
  readonly pools: EnginePools
}

export class EngineVoice {
  readonly #host: VoiceHost
  readonly #options: VoiceOptions
  readonly #speaking: Speaking
  /** A decided height that the log does not know of yet: it is told with the next record. */
  #untold: WalRecord | undefined
  /** What the signer gave no true signatures for. */
  #unsigned: readonly Statement[] = []
  /** The last height at which it was told that something was not signed. */
  #unsignedHeight = 0

  constructor(host: VoiceHost, options: VoiceOptions) {
    this.#host = host
    this.#options = options
    this.#speaking = new Speaking(options)
  }

  /** What the log holds of this height and before may be forgotten. */
  decided(height: number): void {
    this.#untold = { type: 'decided', height }
  }

  propose({ round, validRound, block: known, polka }: Extract<RoundEffect, { readonly type: 'propose' }>): void {
    const { self, pools, networkId } = this.#options
    if (self === undefined) return
    const { state, lastCommit, moment, running } = this.#host
    const block = known ?? proposedBlock({ state, lastCommit, pools, round, self, now: moment.reading })
    if (block === undefined) return
    const head = { networkId, height: running.height, round, validRound, block: block.id, author: self }
    this.#ask({ type: 'proposal', head, block, polka })
  }

  vote({ kind, round, block, validRound }: Extract<RoundEffect, { readonly type: 'vote' }>): void {
    const { self, networkId } = this.#options
    if (self === undefined) return
    const { running, moment } = this.#host
    const vote = { networkId, height: running.height, round, kind, block, validRound, author: self }
    const isTimed = kind === 'precommit' && block !== null
    const received = isTimed ? running.received(round, block, () => moment.reading) : null
    this.#ask({ type: 'vote', vote, received })
  }

  #ask(statement: Statement): void {
    this.#host.emit(this.#speaking.ask(statement))
  }

  /** Keeps and says what was signed; gives the message, for this node to hear it too. A word of the height decided last helps the next commit. */
  signed(number: number, signatures: readonly Uint8Array[] | undefined): Message | undefined {
    const statement = this.#speaking.take(number)
    if (statement === undefined) return undefined
    const opened = signatures === undefined ? undefined : this.#speaking.seal(statement, signatures)
    if (opened === undefined) return this.#keepUnsigned(statement)
    const { message, bytes } = opened
    const height = this.#host.heightAt(heightOfStatement(statement))
    if (height === undefined || !height.allows(message)) return undefined
    const untold = this.#untold === undefined ? [] : [this.#untold]
    this.#untold = undefined
    this.#host.emit({ type: 'persist', records: [...untold, ...height.recordsFor(opened)] })
    this.#host.emit({ type: 'publish', channel: message.type === 'vote' ? 'votes' : 'proposals', bytes, opened })
    return message
  }

  #keepUnsigned(statement: Statement): undefined {
    this.#unsigned = [...this.#unsigned, statement].slice(-UNSIGNED_MAX)
    return this.#tellUnsigned(heightOfStatement(statement))
  }

  /** While a height goes on: asks once more for the signatures that were not given; and where all is quiet, says its votes again. */
  goOn(running: EngineHeight, isQuiet: boolean): void {
    const statements = this.#unsigned
    this.#unsigned = []
    for (const statement of statements) if (heightOfStatement(statement) === running.height) this.#ask(statement)
    if (isQuiet) this.sayAgain(running)
  }

  #tellUnsigned(height: number): undefined {
    if (this.#unsignedHeight >= height) return
    this.#unsignedHeight = height
    this.#host.emit({ type: 'tell', news: { type: 'unsigned', height } })
  }

  /**
   * Says this node's votes of the round again. Proposals are not: who gets one by asking knows that it may be old, who heard it on the topic would
   * attest that it is new (B-88).
   */
  sayAgain({ machine, self, state }: EngineHeight): void {
    const key = self === undefined ? undefined : state.validators.at(self)?.key
    if (key === undefined) return
    const { round } = machine
    for (const vote of machine.known().votes)
      if (vote.vote.round === round && equalBytes(vote.vote.author, key))
        this.#host.emit({ type: 'publish', channel: 'votes', bytes: encodeMessage({ type: 'vote', vote }) })
  }
}
