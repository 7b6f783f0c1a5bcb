/**
 * Attestations whose proof has not arrived yet: gossip does not keep order. Each witness has its own room, so that one who
 * names proofs that do not exist fills only that; and nobody waits longer than the slot is open.
 */
import type { Admission } from '../base/index.ts'
import { accept, ignore } from '../base/index.ts'
import type { CID } from '../codec/index.ts'
import type { SealedAttestation } from '../proofs/index.ts'

/** Attestations of one witness that may wait at once. */
export const WAITING_PER_WITNESS_MAX = 64

interface Waiting {
  readonly witness: string
  readonly slot: number
  readonly sealed: SealedAttestation
}

export class WaitingRoom {
  readonly #byProof = new Map<string, Waiting[]>()
  readonly #byWitness = new Map<string, number>()

  get size(): number {
    return [...this.#byWitness.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Lets one wait. Its witness is a member, so there are no more rooms than members. */
  add(waiting: Waiting): Admission<null, 'too-many-waiting'> {
    const count = this.#byWitness.get(waiting.witness) ?? 0
    if (count >= WAITING_PER_WITNESS_MAX) return ignore('too-many-waiting')
    this.#byWitness.set(waiting.witness, count + 1)
    const proof = waiting.sealed.attestation.proof.toString()
    this.#byProof.set(proof, [...(this.#byProof.get(proof) ?? []), waiting])
    return accept(null)
  }

  /** Those that waited for a proof that is here now, in the order that they came. */
  take(proof: CID): readonly SealedAttestation[] {
    const key = proof.toString()
    const waiting = this.#byProof.get(key) ?? []
    this.#byProof.delete(key)
    for (const { witness } of waiting) this.#leave(witness)
    return waiting.map(({ sealed }) => sealed)
  }

  /** Sends away those of `slot` and before it. */
  dropUntil(slot: number): void {
    for (const [proof, waiting] of this.#byProof) {
      const left = waiting.filter((one) => one.slot > slot)
      if (left.length === waiting.length) continue
      for (const one of waiting) if (one.slot <= slot) this.#leave(one.witness)
      if (left.length === 0) this.#byProof.delete(proof)
      else this.#byProof.set(proof, left)
    }
  }

  #leave(witness: string): void {
    const count = (this.#byWitness.get(witness) ?? 0) - 1
    if (count > 0) this.#byWitness.set(witness, count)
    else this.#byWitness.delete(witness)
  }
}
