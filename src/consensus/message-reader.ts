/**
 * Reads what voters say, in steps: opens it as far as it is of use to this node, and looks at the signatures inside a proposed block, so
 * that the engine need not do all of that at once. A block of half a megabyte holds some thousand signatures, which take half a second.
 *
 * Of one author no more votes are read than an honest validator can have to say, and no more proposals than would be looked at: whoever
 * holds a validator's key can sign any number of them. Strangers' signatures are not looked at.
 *
 * Rule B-95 in docs/spec/consensus.md. Not promised: that a message which is read has any effect.
 */
import { BoundedMap, NS_PER_SEC, hexOf, ignore, max } from '../base/index.ts'
import type { Admission, Steps } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { verifyingBody } from './block-body.ts'
import type { ChainState } from './chain-state.ts'
import { VOTE_MESSAGE_BYTES_MAX, openingMessage } from './messages.ts'
import type { MessageContext, MessageReason, OpenedMessage } from './messages.ts'
import type { SignedProposalHead } from './proposal.ts'
import { roundAnswerCodec } from './questions.ts'
import { VALIDATORS_MAX } from './validators.ts'
import type { Vote } from './vote.ts'

/** True votes that are read of one author: so many a second over time, and so many at once. An honest one says two in a round. */
export const VOTES_PER_SEC_MAX = 100
export const VOTES_BURST_MAX = 500
/** Parts of proposed blocks that are remembered as verified: those of some full blocks. */
export const VERIFIED_PARTS_MAX = 16_384

/**
 * Why a true message is not used. `height-over`: another block of its height was decided. `height-ahead`: this node is not so far; what is said there
 * is asked for later. `too-many-proposals`, `too-many-votes`: its author says more than one who is honest.
 */
export const UNWANTED_REASONS = ['height-over', 'height-ahead', 'too-many-proposals', 'too-many-votes'] as const
export type UnwantedReason = (typeof UNWANTED_REASONS)[number] | 'wrong-proposer'

/** What the reader asks of the engine. */
export interface ReaderHost {
  readonly state: ChainState
  /** Why nothing would follow from it. */
  unwanted(said: Vote | SignedProposalHead): UnwantedReason | undefined
  /** Was what has this content address verified when it came? */
  isKnown(key: string): boolean
}

export class MessageReader {
  readonly #options: MessageContext
  readonly #host: () => ReaderHost
  readonly #verified = new BoundedMap<string, true>(VERIFIED_PARTS_MAX)
  /** By author, when all its votes would be allowed for, ns by the node's counter. */
  readonly #allowedNs = new BoundedMap<string, bigint>(2 * VALIDATORS_MAX)

  constructor(options: MessageContext, host: () => ReaderHost) {
    this.#options = options
    this.#host = host
  }

  /** Was this part of a proposed block found to be truly signed? */
  isVerified(key: string): boolean {
    return this.#verified.has(key)
  }

  /** @param nowNs by the node's counter. */
  *read(
    bytes: Uint8Array,
    nowNs: bigint,
  ): Steps<Admission<OpenedMessage, MessageReason | UnwantedReason | 'not-validator'>> {
    let isStranger = false
    const { verifier } = this.#options
    const ofVoters: Verifier = {
      verify: (signed) => {
        isStranger ||= !this.#isVoter(signed.publicKey)
        return !isStranger && verifier.verify(signed)
      },
    }
    const unwanted = (said: Vote | SignedProposalHead) => this.#unwanted(said, nowNs)
    const opened = yield* openingMessage(bytes, { ...this.#options, verifier: ofVoters, unwanted })
    // Whoever passes it on may know a later set of validators.
    if (opened.verdict !== 'accept') return isStranger ? ignore('not-validator') : opened
    const { message } = opened.value
    if (message.type === 'vote') this.#noteVote(message.vote.vote, nowNs)
    else yield* this.#verify(message.proposal.block)
    return opened
  }

  #isVoter(key: Uint8Array): boolean {
    const { validators, lastValidators } = this.#host().state
    return validators.indexOf(key) !== undefined || lastValidators.indexOf(key) !== undefined
  }

  #unwanted(said: Vote | SignedProposalHead, nowNs: bigint): UnwantedReason | undefined {
    if ('kind' in said && (this.#allowedNs.get(hexOf(said.author)) ?? nowNs) - nowNs > SLACK_NS) return 'too-many-votes'
    const reason = this.#host().unwanted(said)
    // That there are such heights is worth knowing, if it is signed.
    return 'kind' in said && reason === 'height-ahead' ? undefined : reason
  }

  /** Only votes that are truly signed count against their author. */
  #noteVote({ author }: Vote, nowNs: bigint): void {
    const name = hexOf(author)
    this.#allowedNs.set(name, max(this.#allowedNs.get(name) ?? nowNs, nowNs) + VOTE_NS)
  }

  *#verify(block: Parameters<typeof verifyingBody>[0]): Steps<void> {
    const isKnown = (key: string): boolean => this.#verified.has(key) || this.#host().isKnown(key)
    const note = (key: string): void => void this.#verified.set(key, true)
    yield* verifyingBody(block, { verifier: this.#options.verifier, isKnown, note })
  }

  /** Of an answer to a `round` question only the signatures inside proposed blocks: the engine opens the rest of it. */
  *readAnswered(answer: Uint8Array): Steps<void> {
    const decoded = roundAnswerCodec.decode(answer)
    const messages = decoded.verdict === 'accept' ? decoded.value.messages : []
    for (const bytes of messages) {
      if (bytes.length <= VOTE_MESSAGE_BYTES_MAX) continue
      const read = openingMessage(bytes, { ...this.#options, unwanted: (said) => this.#host().unwanted(said) })
      const opened = yield* read
      if (opened.verdict !== 'accept') return
      if (opened.value.message.type === 'proposal') yield* this.#verify(opened.value.message.proposal.block)
    }
  }
}

const VOTE_NS = NS_PER_SEC / BigInt(VOTES_PER_SEC_MAX)
const SLACK_NS = VOTE_NS * BigInt(VOTES_BURST_MAX - 1)
