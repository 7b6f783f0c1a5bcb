/**
 * Who asks whom in a slot, by a state of the chain: made once for all nodes that stand at the same state, by the product's own
 * drawing. Rule: docs/spec/simulation.md Z-11.
 */
import { BoundedMap } from '../base/index.ts'
import { committeeOf, isWitnessedIn } from '../consensus/index.ts'
import type { ChainState } from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { challengePhaseNs } from '../proofs/index.ts'
import type { SealedProof } from '../proofs/index.ts'
import type { Scenario } from './scenario.ts'

export interface Errand {
  readonly subject: string
  /** The subject's key, 32 bytes. */
  readonly key: Uint8Array
  /** After the slot's beginning, ns. */
  readonly phaseNs: number
}

/** By witness, whom it asks; and by subject, who asks it. */
export interface SlotPlan {
  readonly errands: ReadonlyMap<string, readonly Errand[]>
  readonly askers: ReadonlyMap<string, readonly string[]>
}

const SLOTS_MAX = 8
const AUTHORS_MAX = 65_536
const PHASES_MAX = 4096

export class WitnessPlans {
  readonly #scenario: Scenario
  readonly #plans = new WeakMap<ChainState, BoundedMap<number, SlotPlan>>()
  readonly #authors = new WeakMap<SealedProof, string>()
  readonly #names = new BoundedMap<string, string>(AUTHORS_MAX)
  readonly #phases = new BoundedMap<string, number>(PHASES_MAX)

  constructor(scenario: Scenario) {
    this.#scenario = scenario
  }

  planOf(state: ChainState, slot: number): SlotPlan {
    const bySlot = this.#plans.get(state) ?? new BoundedMap<number, SlotPlan>(SLOTS_MAX)
    const known = bySlot.get(slot)
    if (known !== undefined) return known
    const made = this.#make(state, slot)
    bySlot.set(slot, made)
    this.#plans.set(state, bySlot)
    return made
  }

  /** Id of a proof's author. */
  authorOf(sealed: SealedProof): string {
    const known = this.#authors.get(sealed)
    if (known !== undefined) return known
    const key = sealed.proof.nodeId
    const latin = String.fromCharCode(...key)
    const author = this.#names.get(latin) ?? nodeIdText(key)
    this.#names.set(latin, author)
    this.#authors.set(sealed, author)
    return author
  }

  #make(state: ChainState, slot: number): SlotPlan {
    const errands = new Map<string, Errand[]>()
    const askers = new Map<string, readonly string[]>()
    for (const { id, key } of state.members) {
      if (!isWitnessedIn(id, slot, this.#scenario.witnessEverySlots)) continue
      const committee = committeeOf(state, id, slot)
      if (committee.length === 0) continue
      const errand = { subject: id, key, phaseNs: this.#phaseOf(id, slot) }
      askers.set(
        id,
        committee.map((witness) => witness.id),
      )
      for (const witness of committee) {
        const list = errands.get(witness.id)
        if (list === undefined) errands.set(witness.id, [errand])
        else list.push(errand)
      }
    }
    return { errands, askers }
  }

  #phaseOf(subject: string, slot: number): number {
    const name = `${slot} ${subject}`
    const known = this.#phases.get(name)
    if (known !== undefined) return known
    const made = Number(challengePhaseNs(subject, slot, BigInt(this.#scenario.slotNs)))
    this.#phases.set(name, made)
    return made
  }
}
