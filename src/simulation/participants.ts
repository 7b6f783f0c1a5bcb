/**
 * Who takes part: keys that are the same in every run, so that a seed alone says everything. Made of public numbers: worth nothing
 * outside a simulation.
 */
import { BoundedMap } from '../base/index.ts'
import { nodeIdText, publicKeyOf, sha3 } from '../crypto/index.ts'

/** Nodes that one run may have: the genesis's, those that join, and second copies. */
export const PARTICIPANTS_MAX = 512

export interface Participant {
  readonly number: number
  /** Node id as text. */
  readonly id: string
  /** Ed25519 key, 32 bytes. */
  readonly key: Uint8Array
  readonly seed: Uint8Array
}

const known = new BoundedMap<number, Participant>(PARTICIPANTS_MAX)

/** The n-th, counted from 0. Making a key costs a tenth of a millisecond, once a process. */
export const participant = (number: number): Participant => {
  const made = known.get(number) ?? make(number)
  known.set(number, made)
  return made
}

const make = (number: number): Participant => {
  const seed = sha3(new TextEncoder().encode(`truechimer/simulated-participant ${number}`))
  const key = publicKeyOf(seed)
  return { number, id: nodeIdText(key), key, seed }
}
