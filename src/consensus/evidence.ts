/**
 * Evidence of an offence: two things signed by one key that no honest node signs both. Portable: whoever has the genesis file
 * checks it. It names its author and nobody else.
 */
import type { SealedProof } from '../proofs/index.ts'
import type { TimeAttestation, Vote } from './vote.ts'
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
