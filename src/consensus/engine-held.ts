/**
 * Messages of the height after the one that is running, kept until it begins: others may be a little ahead. Bounded in all and for each
 * peer, so that none keeps the others' out; what does not fit is asked for later.
 *
 * Rule B-81 in docs/spec/consensus.md.
 */
import { equalBytes } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import type { EngineHeight } from './engine-height.ts'
import type { UnwantedReason } from './message-reader.ts'
import type { Message } from './messages.ts'
import type { SignedProposalHead } from './proposal.ts'
import type { Vote } from './vote.ts'

/** Votes held of one peer: two of each of 1,024 validators. Of all peers together. */
export const HELD_VOTES_OF_PEER_MAX = 2048
export const HELD_VOTES_MAX = 16_384
/** Proposals, which are large, held of one peer and of all. */
export const HELD_PROPOSALS_OF_PEER_MAX = 2
export const HELD_PROPOSALS_MAX = 16

export interface HeldMessage {
  readonly message: Message
  /** When it came, by the node's counter and by its clock. */
  readonly elapsedNs: bigint
  readonly reading: TimeInterval | undefined
  /** It was got by asking: it may be much older. */
  readonly isLate: boolean
}

type Counts = { [K in Message['type']]: number }
const NOTHING: Counts = { vote: 0, proposal: 0 }
const OF_PEER_MAX: Counts = { vote: HELD_VOTES_OF_PEER_MAX, proposal: HELD_PROPOSALS_OF_PEER_MAX }
const OF_ALL_MAX: Counts = { vote: HELD_VOTES_MAX, proposal: HELD_PROPOSALS_MAX }

export class HeldMessages {
  #messages: HeldMessage[] = []
  #all: Counts = { ...NOTHING }
  readonly #peers = new Map<string, Counts>()

  get size(): number {
    return this.#messages.length
  }

  /** False where there is no room for it. */
  add(from: string, held: HeldMessage): boolean {
    const { type } = held.message
    const peer = this.#peers.get(from) ?? { ...NOTHING }
    if (peer[type] >= OF_PEER_MAX[type] || this.#all[type] >= OF_ALL_MAX[type]) return false
    peer[type] += 1
    this.#all[type] += 1
    this.#peers.set(from, peer)
    this.#messages.push(held)
    return true
  }

  /** All of them, as they came; none are held then. */
  take(): readonly HeldMessage[] {
    const messages = this.#messages
    if (messages.length === 0) return messages
    this.#messages = []
    this.#all = { ...NOTHING }
    this.#peers.clear()
    return messages
  }

  /** How many proposals of one author are held. */
  proposalsBy(author: Uint8Array): number {
    return this.proposals().filter(
      ({ message }) => message.type === 'proposal' && equalBytes(message.proposal.head.author, author),
    ).length
  }

  proposals(): readonly HeldMessage[] {
    return this.#messages.filter(({ message }) => message.type === 'proposal')
  }
}

export const heightOfMessage = (message: Message): number =>
  message.type === 'vote' ? message.vote.vote.height : message.proposal.head.height

/** Why nothing would follow from a vote or proposal, asked before it is looked at closely (B-95); `running` is the height that is being decided. */
export const unwantedBy = (
  said: Vote | SignedProposalHead,
  running: EngineHeight,
  held: HeldMessages,
): UnwantedReason | undefined => {
  const { height } = running
  const isVote = 'kind' in said
  if (said.height < height - Number(isVote)) return 'height-over'
  if (said.height > height + 1) return 'height-ahead'
  if (isVote) return undefined
  const fault = said.height === height ? running.unwanted(said) : undefined
  return fault ?? (held.proposalsBy(said.author) < HELD_PROPOSALS_OF_PEER_MAX ? undefined : 'too-many-proposals')
}
