/**
 * Polkas: a quorum of prevotes of one round for one block, all leaning on the same round. Whoever is bound to a block keeps the polka that bound it
 * on its disk. It may be the only one who ever saw it whole: a validator that signs two prevotes can show each to others. Without the polka
 * a block cannot be put forward again, and a node that is bound to one which nobody may put forward says no for ever.
 *
 * Bytes: round (4, big end first) ‖ validRound + 1 (4) ‖ block (32) ‖ of each vote the author's key (32) and the signature (64).
 * Rules: docs/spec/consensus.md B-41, B-47.
 */
import assert from 'node:assert/strict'
import type { Verifier } from '../crypto/index.ts'
import { blockIdOfBytes, bytesOfBlockId } from './validators.ts'
import type { BlockId, ValidatorSet } from './validators.ts'
import { isSameChoice } from './vote-count.ts'
import { isVoteSigned } from './vote.ts'
import type { Vote } from './vote.ts'

const HEAD_BYTES = 40
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const VOTE_BYTES = KEY_BYTES + SIGNATURE_BYTES

/** Are these prevotes of distinct validators of this set, together a quorum, of one height, round and block, and all leaning on one round? */
export const isPolka = (
  polka: readonly Vote[],
  place: { readonly height: number; readonly round: number; readonly block: BlockId },
  validators: ValidatorSet,
): boolean => {
  const [first] = polka
  if (first === undefined || polka.length > validators.size) return false
  const counted = new Set<number>()
  let weight = 0n
  for (const vote of polka) {
    const { height, round, kind, block, author } = vote
    if (kind !== 'prevote' || height !== place.height || round !== place.round || block !== place.block) return false
    const index = validators.indexOf(author)
    if (index === undefined || counted.has(index) || !isSameChoice(vote, first)) return false
    counted.add(index)
    weight += validators.at(index)?.weight ?? 0n
  }
  return validators.isQuorum(weight)
}

/** The bytes of a polka's record in the write-ahead log. At least one vote, all prevotes for one thing. */
export const encodePolka = (polka: readonly Vote[]): Uint8Array => {
  const [first] = polka
  assert(first !== undefined && first.block !== null)
  const bytes = new Uint8Array(HEAD_BYTES + polka.length * VOTE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, first.round)
  view.setUint32(4, first.validRound + 1)
  bytes.set(bytesOfBlockId(first.block), 8)
  for (const [i, { author, signature }] of polka.entries()) {
    bytes.set(author, HEAD_BYTES + i * VOTE_BYTES)
    bytes.set(signature, HEAD_BYTES + i * VOTE_BYTES + KEY_BYTES)
  }
  return bytes
}

/** The votes of a polka's record, or nothing where these are no bytes of `encodePolka` or a signature is not true. Whether they are a quorum is not asked. */
export const decodePolka = (
  bytes: Uint8Array,
  {
    networkId,
    height,
    verifier,
  }: { readonly networkId: Uint8Array; readonly height: number; readonly verifier: Verifier },
): readonly Vote[] | undefined => {
  const count = (bytes.length - HEAD_BYTES) / VOTE_BYTES
  if (!Number.isInteger(count) || count < 1) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const [round, validRound] = [view.getUint32(0), view.getUint32(4) - 1]
  const block = blockIdOfBytes(bytes.subarray(8, HEAD_BYTES))
  const votes = Array.from({ length: count }, (_, i): Vote => {
    const at = HEAD_BYTES + i * VOTE_BYTES
    const [author, signature] = [bytes.slice(at, at + KEY_BYTES), bytes.slice(at + KEY_BYTES, at + VOTE_BYTES)]
    return { networkId, height, round, kind: 'prevote', block, validRound, author, signature }
  })
  return votes.every((vote) => isVoteSigned(vote, verifier)) ? votes : undefined
}
