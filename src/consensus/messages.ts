/**
 * What validators say to each other, opened: decoded, well-formed, of this network, and with true signatures. Only `openMessage`
 * makes one, our own included, so whoever holds one need not ask again.
 */
import type { Proposal } from './proposal.ts'
import type { SignedVote } from './vote.ts'

export type Message =
  | { readonly type: 'proposal'; readonly proposal: Proposal }
  | { readonly type: 'vote'; readonly vote: SignedVote }

/** A message and the bytes that it came in. */
export interface OpenedMessage {
  readonly message: Message
  readonly bytes: Uint8Array
}
