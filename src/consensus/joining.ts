/**
 * How many members a network has room for, and whether one more may join. Keys cost nothing, so without a bound strangers could join until
 * blocks cannot hold everybody's evidence, or the commit of their parent: the first would make honest clocks absent, the second stop the chain.
 *
 * Rules B-66, B-79 in docs/spec/consensus.md. Not promised: that a place is kept free for anybody in particular.
 */
import { ATTESTATION_BYTES_MAX, TIME_PROOF_BYTES_MAX } from '../proofs/index.ts'
import { HEADER_BYTES_MAX } from './block-bytes.ts'
import type { ChainGenesis, ChainMember } from './chain-state.ts'
import { COMMIT_ENTRY_BYTES_MAX } from './commit.ts'
import type { ConsensusParameters } from './parameters.ts'
import { VALIDATORS_MAX } from './validators.ts'

/** What stands before each part in a block's lists, bytes at most. */
export const LIST_ITEM_BYTES = 5

/** What a proof and its attestations take in a block, bytes at most, from the bytes of each. */
export const witnessedRoom = (proofBytes: number, attestationsBytes: readonly number[]): number =>
  attestationsBytes.reduce((sum, bytes) => sum + bytes + LIST_ITEM_BYTES, proofBytes + 3 * LIST_ITEM_BYTES)

/**
 * The most members whose entries in a commit, and whose evidence of one slot, witnessed by whole committees, fit into three quarters of a block.
 * 1 to `VALIDATORS_MAX`.
 */
export const membersMax = ({ blockBytesMax, witnessEverySlots, judgement }: ConsensusParameters): number => {
  const room = Math.floor((blockBytesMax * 3) / 4) - HEADER_BYTES_MAX
  const seats = Array.from({ length: judgement.committeeSeats }, () => ATTESTATION_BYTES_MAX)
  const evidence = witnessedRoom(TIME_PROOF_BYTES_MAX, seats)
  const fitting = Math.floor((room * witnessEverySlots) / (COMMIT_ENTRY_BYTES_MAX * witnessEverySlots + evidence))
  return Math.min(VALIDATORS_MAX, Math.max(1, fitting))
}

/** Why nobody can join now, or nothing. */
export const joinFault = (
  members: readonly ChainMember[],
  { parameters }: ChainGenesis,
): 'members-full' | 'candidates-full' | undefined => {
  if (members.length >= membersMax(parameters)) return 'members-full'
  const candidates = members.reduce((count, { role }) => (role === 'candidate' ? count + 1 : count), 0)
  return candidates >= parameters.candidatesMax ? 'candidates-full' : undefined
}
