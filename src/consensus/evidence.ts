/**
 * Evidence of an offence: two things signed by one key that no honest node signs both. Portable: whoever has the genesis file
 * checks it. It names its author and nobody else.
 *
 * Source: arXiv 1807.04938 (what a correct process signs); Buchman, Guerraoui, Komatovic, Milosevic, Seredinschi and Xu, "Revisiting
 * Tendermint: Design Tradeoffs, Accountability, and Practical Use" (2022). Rules B-15 to B-20 in docs/spec/consensus.md.
 * Not promised: that every breach of the rules shows in two signatures; silence and withholding never do.
 */
import { equalBytes, hexOf } from '../base/index.ts'
import { timeProofFault } from '../proofs/index.ts'
import type { SealedProof } from '../proofs/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { isTimeSigned, isVoteSigned } from './vote.ts'
import type { TimeAttestation, Vote } from './vote.ts'
import { isHeadSigned } from './proposal.ts'
import type { SignedProposalHead } from './proposal.ts'

export type Evidence =
  /** Two votes of one kind, height and round for different values. */
  | { readonly type: 'votes'; readonly first: Vote; readonly second: Vote }
  /** Precommitted a block, and later prevoted another leaning on no quorum since. */
  | { readonly type: 'amnesia'; readonly first: Vote; readonly second: Vote }
  /** Two proposals of one height and round. */
  | { readonly type: 'proposals'; readonly first: SignedProposalHead; readonly second: SignedProposalHead }
  /** Two time attestations of one height, round and block. */
  | { readonly type: 'times'; readonly first: TimeAttestation; readonly second: TimeAttestation }
  /** Two time proofs with one sequence. */
  | { readonly type: 'proofs'; readonly first: SealedProof; readonly second: SealedProof }

export const EVIDENCE_TYPES = ['votes', 'amnesia', 'proposals', 'times', 'proofs'] as const
export type EvidenceType = (typeof EVIDENCE_TYPES)[number]

/**
 * Why two signed things convict nobody. `different-places`: not of one height, round and kind (for amnesia: of one height), or not of one
 * sequence. `no-conflict`: an honest node may have signed both.
 */
export const EVIDENCE_REASONS = [
  'wrong-network',
  'different-authors',
  'different-places',
  'no-conflict',
  'bad-signature',
] as const
export type EvidenceReason = (typeof EVIDENCE_REASONS)[number]

export interface EvidenceContext {
  readonly networkId: Uint8Array
  readonly verifier: Verifier
}

/** The key of who is convicted, 32 bytes. */
export const offenderOf = (evidence: Evidence): Uint8Array =>
  evidence.type === 'proofs' ? evidence.first.proof.nodeId : evidence.first.author

/** The height of the offence; undefined where it has none (time proofs). */
export const heightOf = (evidence: Evidence): number | undefined =>
  evidence.type === 'proofs' ? undefined : evidence.first.height

/**
 * What was done, where, by whom: the same for every pair that shows it, whoever reports it and in whatever order. So an offence is
 * punished once.
 */
export const evidenceKey = (evidence: Evidence): string =>
  [evidence.type, hexOf(offenderOf(evidence)), ...placeOf(evidence)].join(' ')

const placeOf = (evidence: Evidence): readonly (string | number)[] => {
  switch (evidence.type) {
    case 'votes':
      return [evidence.first.height, evidence.first.round, evidence.first.kind]
    case 'amnesia':
      return [evidence.first.height]
    case 'proposals':
      return [evidence.first.height, evidence.first.round]
    case 'times':
      return [evidence.first.height, evidence.first.round, evidence.first.block]
    case 'proofs':
    default:
      return [evidence.first.proof.sequence]
  }
}

/** What keeps this from convicting anybody, or nothing. Cheap questions first, the two signatures last. */
export const evidenceFault = (evidence: Evidence, context: EvidenceContext): EvidenceReason | undefined => {
  const networks =
    evidence.type === 'proofs'
      ? [evidence.first.proof.networkId, evidence.second.proof.networkId]
      : [evidence.first.networkId, evidence.second.networkId]
  if (!networks.every((networkId) => equalBytes(networkId, context.networkId))) return 'wrong-network'
  const author = evidence.type === 'proofs' ? evidence.second.proof.nodeId : evidence.second.author
  if (!equalBytes(author, offenderOf(evidence))) return 'different-authors'
  if (!areOfOnePlace(evidence)) return 'different-places'
  if (!isConflict(evidence)) return 'no-conflict'
  return areSigned(evidence, context) ? undefined : 'bad-signature'
}

const areOfOnePlace = (evidence: Evidence): boolean => {
  if (evidence.type === 'proofs') return evidence.first.proof.sequence === evidence.second.proof.sequence
  const { first, second } = evidence
  if (first.height !== second.height) return false
  if (evidence.type === 'amnesia') return true
  if (first.round !== second.round) return false
  if (evidence.type === 'votes') return evidence.first.kind === evidence.second.kind
  return evidence.type === 'proposals' || evidence.first.block === evidence.second.block
}

const isConflict = (evidence: Evidence): boolean => {
  switch (evidence.type) {
    case 'votes':
    case 'proposals':
      return evidence.first.block !== evidence.second.block || evidence.first.validRound !== evidence.second.validRound
    case 'amnesia':
      return isForgotten(evidence.first, evidence.second)
    case 'times':
      return (
        evidence.first.received.earliest !== evidence.second.received.earliest ||
        evidence.first.received.latest !== evidence.second.received.latest
      )
    case 'proofs':
    default:
      return !equalBytes(evidence.first.bytes, evidence.second.bytes)
  }
}

/**
 * After precommitting a block in round r an honest node is locked in r or later, and prevotes another block only where a quorum of
 * prevotes since, in round r or later, is leaned on.
 */
export const isForgotten = (precommit: Vote, prevote: Vote): boolean =>
  precommit.kind === 'precommit' &&
  precommit.block !== null &&
  prevote.kind === 'prevote' &&
  prevote.block !== null &&
  prevote.round > precommit.round &&
  prevote.block !== precommit.block &&
  prevote.validRound < precommit.round

const areSigned = (evidence: Evidence, { networkId, verifier }: EvidenceContext): boolean => {
  switch (evidence.type) {
    case 'votes':
    case 'amnesia':
      return isVoteSigned(evidence.first, verifier) && isVoteSigned(evidence.second, verifier)
    case 'proposals':
      return isHeadSigned(evidence.first, verifier) && isHeadSigned(evidence.second, verifier)
    case 'times':
      return isTimeSigned(evidence.first, verifier) && isTimeSigned(evidence.second, verifier)
    case 'proofs':
    default:
      return [evidence.first, evidence.second].every(
        ({ proof }) => timeProofFault(proof, networkId, () => true, verifier) === undefined,
      )
  }
}
