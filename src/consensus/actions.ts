/**
 * What the actions in a block do, once its time is known: transactions change who is a member, proofs and attestations go into
 * the docket. An action without effect is no fault of its block: whether it has one is decided after the block was.
 *
 * Rules B-63 to B-65 in docs/spec/consensus.md; V-10 to V-12.
 */
import type { TimeInterval } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { offsetBetween, slotOf } from '../proofs/index.ts'
import { ACTION_REASONS, actionValidity } from '../validation/index.ts'
import type { WitnessedProof } from './block.ts'
import { newMember } from './chain-state.ts'
import type { ChainMember } from './chain-state.ts'
import { joinFault } from './joining.ts'
import type { StateDraft } from './state-draft.ts'
import type { SealedTransaction, Transaction } from './transaction.ts'

/** Why a transaction in a decided block had no effect: for people. */
export const NO_EFFECT_REASONS = [
  ...ACTION_REASONS,
  'sequence-used',
  'author-unknown',
  'already-member',
  'already-leaving',
  'candidates-full',
  'members-full',
] as const
export type NoEffectReason = (typeof NO_EFFECT_REASONS)[number]

export interface ActionTime {
  /** Height of the block that the actions are in. */
  readonly height: number
  /** The time that the block is for: from its parent's earliest to its own latest. */
  readonly interval: TimeInterval
}

/** Does what a transaction asks, or says why it has no effect. A member's sequence is used up in either case. */
export const actOn = (draft: StateDraft, sealed: SealedTransaction, at: ActionTime): NoEffectReason | undefined => {
  const { transaction } = sealed
  const author = draft.memberOfKey(transaction.author)
  if (author === undefined) return transaction.kind === 'join' ? join(draft, transaction, at) : 'author-unknown'
  if (transaction.sequence <= author.sequence) return 'sequence-used'
  const used = { ...author, sequence: transaction.sequence }
  draft.setMember(used)
  const authorStatus = draft.docket.verdict(author.id).status
  const validity = actionValidity({ authorStatus, acted: transaction.acted, block: at.interval })
  if (validity.verdict !== 'accept') return validity.reason
  return transaction.kind === 'join' ? 'already-member' : transaction.kind === 'leave' ? leave(draft, used) : undefined
}

/** A stranger has no record that it could be judged by: only its time counts. Whoever joins has no stake, also where it had. */
const join = (draft: StateDraft, transaction: Transaction, at: ActionTime): NoEffectReason | undefined => {
  const { acted, author: key, sequence } = transaction
  const validity = actionValidity({ authorStatus: 'truechimer', acted, block: at.interval })
  if (validity.verdict !== 'accept') return validity.reason
  const { members, genesis } = draft
  const fault = joinFault(members, genesis)
  if (fault !== undefined) return fault
  const who = { id: nodeIdText(key), key, role: 'candidate', stake: 0n, since: at.height, sequence } as const
  draft.replaceMembers([...members, newMember(genesis, who)])
  return undefined
}

const leave = (draft: StateDraft, author: ChainMember): NoEffectReason | undefined => {
  if (author.role === 'leaving') return 'already-leaving'
  draft.setMember({ ...author, role: 'leaving' })
  return undefined
}

/** Enters what witnesses measured; what does not count (V-6) is without effect. */
export const witness = (draft: StateDraft, { proof, attestations }: WitnessedProof): void => {
  const subject = draft.memberOfKey(proof.proof.nodeId)
  if (subject === undefined) return
  const { slotNs } = draft.genesis.parameters
  for (const { attestation } of attestations) {
    const by = draft.memberOfKey(attestation.witness)
    if (by === undefined) continue
    const { sentEarliest, receivedLatest } = attestation
    const offset = offsetBetween(proof.proof.tai, { earliest: sentEarliest, latest: receivedLatest })
    draft.docket.record({ subject: subject.id, witness: by.id, slot: slotOf(sentEarliest, slotNs), offset })
  }
}
