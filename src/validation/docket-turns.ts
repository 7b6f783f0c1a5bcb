/**
 * In which slots a node is witnessed: one out of so many, at a phase of its own, so that each slot's work is the same. In all
 * other slots nobody asks it, and its silence means nothing. Rule V-13 in docs/spec/validation.md.
 */
import { BoundedMap } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { sha3 } from '../crypto/index.ts'

const PHASES_MAX = 16_384
const phases = new BoundedMap<string, number>(PHASES_MAX)

/** 32 bits of a hash of the node's id. */
const phaseOf = (subject: string): number => {
  const known = phases.get(subject)
  if (known !== undefined) return known
  const digest = sha3(encodeData(['truechimer/turn/1', subject]))
  const phase = new DataView(digest.buffer).getUint32(0)
  phases.set(subject, phase)
  return phase
}

/** Is `subject` (node id as text) witnessed in this slot, where each node is in one out of `everySlots` >= 1? */
export const isWitnessedIn = (subject: string, slot: number, everySlots: number): boolean =>
  everySlots === 1 || (slot + phaseOf(subject)) % everySlots === 0
