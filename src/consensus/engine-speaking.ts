/**
 * What this node is about to say: statements that wait for their signatures, and the messages that they become. A message of our own is opened
 * like everybody's, so that a signer which signs wrongly is found out before anything is kept or said.
 *
 * Rule B-80 in docs/spec/consensus.md.
 */
import { BoundedMap } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import type { Block } from './block.ts'
import type { EngineEffect } from './engine-events.ts'
import { encodeMessage, openMessage } from './messages.ts'
import type { Message, MessageContext, OpenedMessage } from './messages.ts'
import { proposalPart } from './proposal.ts'
import type { Proposal, ProposalHead } from './proposal.ts'
import { timePart, votePart } from './vote.ts'
import type { SignedPart, TimeAttestationBody, Vote, VoteBody } from './vote.ts'

/** Statements that wait for a signer, the newest. */
export const STATEMENTS_MAX = 64

/** A statement without its signatures. */
export type Statement =
  | { readonly type: 'vote'; readonly vote: VoteBody; readonly received: TimeInterval | null }
  | { readonly type: 'proposal'; readonly head: ProposalHead; readonly block: Block; readonly polka: readonly Vote[] }

export const heightOfStatement = (statement: Statement): number =>
  statement.type === 'vote' ? statement.vote.height : statement.head.height

const timeBodyOf = (vote: VoteBody, received: TimeInterval | null): TimeAttestationBody | undefined => {
  const { networkId, height, round, block, author } = vote
  return received === null || block === null ? undefined : { networkId, height, round, block, received, author }
}

const partsOf = (statement: Statement): readonly SignedPart[] => {
  if (statement.type === 'proposal') return [proposalPart(statement.head)]
  const time = timeBodyOf(statement.vote, statement.received)
  return time === undefined ? [votePart(statement.vote)] : [votePart(statement.vote), timePart(time)]
}

const messageOf = (statement: Statement, [signature, timeSignature]: readonly Uint8Array[]): Message | undefined => {
  if (signature === undefined) return undefined
  if (statement.type === 'proposal') {
    const { head, block, polka } = statement
    const proposal: Proposal = { head: { ...head, signature }, block, polka }
    return { type: 'proposal', proposal }
  }
  const time = timeBodyOf(statement.vote, statement.received)
  if (time === undefined) return { type: 'vote', vote: { vote: { ...statement.vote, signature }, time: null } }
  if (timeSignature === undefined) return undefined
  const vote = { ...statement.vote, signature }
  return { type: 'vote', vote: { vote, time: { ...time, signature: timeSignature } } }
}

export class Speaking {
  readonly #context: MessageContext
  readonly #waiting = new BoundedMap<number, Statement>(STATEMENTS_MAX)
  #last = 0

  constructor(context: MessageContext) {
    this.#context = context
  }

  /** Asks for the signatures of a statement. */
  ask(statement: Statement): Extract<EngineEffect, { readonly type: 'sign' }> {
    this.#last += 1
    this.#waiting.set(this.#last, statement)
    return { type: 'sign', statement: this.#last, parts: partsOf(statement) }
  }

  /** The statement that a number names, which waits no longer. */
  take(number: number): Statement | undefined {
    const statement = this.#waiting.get(number)
    this.#waiting.delete(number)
    return statement
  }

  /** The statement with its signatures; undefined where one is missing or not true. */
  seal(statement: Statement, signatures: readonly Uint8Array[]): OpenedMessage | undefined {
    const message = messageOf(statement, signatures)
    if (message === undefined) return undefined
    const opened = openMessage(encodeMessage(message), this.#context)
    return opened.verdict === 'accept' ? opened.value : undefined
  }
}
