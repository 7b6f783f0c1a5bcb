/**
 * Several step machines of one height, driven by hand: every delivery, signature, write, timeout, crash and restart is one step that a test
 * chooses. Nothing is signed in earnest; what is said is kept on each node's disk as records of its write-ahead log, and read back
 * from there after a crash.
 */
import assert from 'node:assert/strict'
import { hexOf } from '../base/index.ts'
import type { Block } from './block.ts'
import { makeBlock } from './block-bytes.ts'
import { EMPTY_COMMIT } from './commit.ts'
import type { Evidence } from './evidence.ts'
import { encodeMessage } from './messages.ts'
import type { Message } from './messages.ts'
import { CONSENSUS_DEFAULTS } from './parameters.ts'
import type { WalRecord } from './port.ts'
import type { Proposal } from './proposal.ts'
import type { RoundEffect, RoundInput, Step } from './round-events.ts'
import { restoreRound } from './round-machine-restore.ts'
import { RoundMachine } from './round-machine.ts'
import { NO_TIME } from './tally.ts'
import type { TimeInterval } from '../base/index.ts'
import { ValidatorSet } from './validators.ts'
import type { BlockId } from './validators.ts'
import { encodePolka } from './round-polka.ts'
import type { SignedVote, Vote, VoteKind } from './vote.ts'

export const NETWORK = new Uint8Array(32).fill(7)
export const HEIGHT = 1
const SIGNATURE = new Uint8Array(64)
const RECEIVED: TimeInterval = { earliest: 1000n, latest: 2000n }
const anySignature = { verify: () => true }

const keyOf = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1)

/** Validators whose places in the set are the places of their weights. */
export const validatorsOf = (weights: readonly bigint[]): ValidatorSet =>
  new ValidatorSet(weights.map((weight, index) => ({ id: `v${index}`, key: keyOf(index), weight })))

/** A block that differs from others by `salt`. */
export const blockOf = (round: number, proposer: number, salt = 0): Block =>
  makeBlock({
    header: {
      networkId: NETWORK,
      height: HEIGHT,
      round,
      parent: hexOf(NETWORK),
      time: NO_TIME,
      stateRoot: new Uint8Array(32).fill(salt),
      weightsRoot: new Uint8Array(32),
      availability: [],
      emergency: false,
      proposer: keyOf(proposer),
    },
    body: { lastCommit: EMPTY_COMMIT, transactions: [], witnessed: [], offences: [] },
  })

interface VoteOf {
  readonly by: number
  readonly kind: VoteKind
  readonly round: number
  readonly block: BlockId | null
  readonly validRound?: number
  readonly received?: TimeInterval
}

export const voteOf = ({ by, kind, round, block, validRound = -1, received = RECEIVED }: VoteOf): SignedVote => {
  const place = { networkId: NETWORK, height: HEIGHT, round, author: keyOf(by), signature: SIGNATURE }
  const isTimed = kind === 'precommit' && block !== null
  return { vote: { ...place, kind, block, validRound }, time: isTimed ? { ...place, block, received } : null }
}

export const proposalOf = (
  block: Block,
  {
    by,
    round,
    validRound = -1,
    polka = [],
  }: { by: number; round: number; validRound?: number; polka?: Proposal['polka'] },
): Proposal => {
  const head = { networkId: NETWORK, height: HEIGHT, round, validRound, block: block.id, author: keyOf(by) }
  return { head: { ...head, signature: SIGNATURE }, block, polka }
}

export const machineOf = (
  validators: ValidatorSet,
  self: number | undefined,
  records: readonly WalRecord[] = [],
): RoundMachine =>
  new RoundMachine({
    networkId: NETWORK,
    height: HEIGHT,
    validators,
    parentTime: NO_TIME,
    parameters: CONSENSUS_DEFAULTS,
    self,
    restored: restoreRound(records, {
      networkId: NETWORK,
      height: HEIGHT,
      self: keyOf(self ?? 0),
      blockBytesMax: CONSENSUS_DEFAULTS.blockBytesMax,
      verifier: anySignature,
    }),
  })

/** Whether the block in a proposal may follow; blocks of salt 255 may not. */
const isValid = (block: Block): boolean => block.header.stateRoot[0] !== 255

export const inputOf = (message: Message): RoundInput =>
  message.type === 'vote'
    ? { type: 'vote', vote: message.vote }
    : { type: 'proposal', proposal: message.proposal, isValid: isValid(message.proposal.block) }

/** Something that an effect asks for and that takes a while: each stage is a step of its own, and a crash can fall between any two. */
interface Task {
  readonly records: readonly WalRecord[]
  readonly message: Message | undefined
  stage: 'persist' | 'publish'
}

export class TestNode {
  readonly index: number
  readonly disk: WalRecord[] = []
  readonly offences: Evidence[] = []
  readonly timers: { readonly step: Step; readonly round: number }[] = []
  machine: RoundMachine | undefined
  decided: { readonly round: number; readonly block: Block } | undefined
  #made = 0
  /** Effects that wait to be done, in their order. */
  readonly #tasks: Task[] = []
  readonly #validators: ValidatorSet
  readonly #publish: (message: Message) => void

  constructor(index: number, validators: ValidatorSet, publish: (message: Message) => void) {
    this.index = index
    this.#validators = validators
    this.#publish = publish
  }

  /** Begins, or begins again from what is on the disk; what was said before is said again. */
  start(): void {
    const { index } = this
    this.machine = machineOf(this.#validators, index, this.disk)
    const { proposals, votes } = this.machine.known()
    for (const proposal of proposals) this.#publish({ type: 'proposal', proposal })
    // Beside its own words it has the prevotes that bound it.
    const own = votes.filter(({ vote }) => this.#validators.indexOf(vote.author) === index)
    for (const vote of own) this.#publish({ type: 'vote', vote })
    this.step({ type: 'start' })
  }

  /** Stops without warning. Of what was being written, `written` records are on the disk all the same. */
  crash(written = 0): void {
    const [task] = this.#tasks
    if (task?.stage === 'persist' && this.#mayKeep(task.message)) this.disk.push(...task.records.slice(0, written))
    this.machine = undefined
    this.#tasks.length = 0
    this.timers.length = 0
  }

  get isBusy(): boolean {
    return this.#tasks.length > 0
  }

  step(input: RoundInput): void {
    for (const effect of this.machine?.step(input) ?? []) this.#perform(effect)
  }

  #perform(effect: RoundEffect): void {
    if (effect.type === 'timeout') this.timers.push(effect)
    else if (effect.type === 'offence') this.offences.push(effect.evidence)
    else if (effect.type === 'lock') this.#later([blockRecord(effect.block), polkaRecord(effect.polka)], undefined)
    else if (effect.type === 'vote') this.#vote(effect)
    else if (effect.type === 'propose') this.#propose(effect)
    else if (effect.type === 'decide') {
      assert(this.decided === undefined || this.decided.block.id === effect.block.id, 'decided two blocks')
      assert(effect.tally.isQuorum)
      this.decided = effect
    }
  }

  #vote({ kind, round, block, validRound }: Extract<RoundEffect, { type: 'vote' }>): void {
    const message: Message = { type: 'vote', vote: voteOf({ by: this.index, kind, round, block, validRound }) }
    this.#later([saidRecord(message)], message)
  }

  #propose({ round, validRound, block, polka }: Extract<RoundEffect, { type: 'propose' }>): void {
    // A new block differs at every attempt, as one made anew after a crash would.
    const made = block ?? blockOf(round, this.index, (this.#made += 1) % 200)
    const message: Message = {
      type: 'proposal',
      proposal: proposalOf(made, { by: this.index, round, validRound, polka }),
    }
    this.#later([blockRecord(made), saidRecord(message)], message)
  }

  #later(records: readonly WalRecord[], message: Message | undefined): void {
    this.#tasks.push({ records, message, stage: 'persist' })
  }

  /** One stage of the oldest task: everything is on the disk before it is said. */
  work(): void {
    const [task] = this.#tasks
    if (task === undefined) return
    if (task.stage === 'persist' && this.#mayKeep(task.message)) {
      this.disk.push(...task.records)
      task.stage = 'publish'
      return
    }
    this.#tasks.shift()
    if (task.stage === 'persist' || task.message === undefined) return
    this.#publish(task.message)
    this.step(inputOf(task.message))
  }

  #mayKeep(message: Message | undefined): boolean {
    if (message === undefined) return true
    if (message.type === 'vote') return this.machine?.allows(message.vote.vote) ?? false
    const { head } = message.proposal
    return this.machine?.allowsProposal(head.round, head) ?? false
  }
}

const blockRecord = (block: Block): WalRecord => ({ type: 'block', height: HEIGHT, bytes: block.bytes })
const polkaRecord = (polka: readonly Vote[]): WalRecord => ({
  type: 'polka',
  height: HEIGHT,
  bytes: encodePolka(polka),
})
const saidRecord = (message: Message): WalRecord => ({ type: 'said', height: HEIGHT, bytes: encodeMessage(message) })
