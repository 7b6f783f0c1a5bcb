/**
 * Evidence of offences that waits for a block: each offence once, whoever reports it and with whatever pair of signatures; of one
 * offender no more than it takes to have nothing left. What is punished already, or too old, or of a stranger, is not kept.
 *
 * Rule B-86 in docs/spec/consensus.md. Its signatures were verified before it came here.
 */
import { accept, hexOf, ignore } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { cidOf } from '../crypto/index.ts'
import { BLOCK_OFFENCES_MAX } from './block-body.ts'
import type { Block } from './block.ts'
import type { ChainState } from './chain-state.ts'
import { encodeEvidence } from './evidence-bytes.ts'
import { evidenceKey, offenderOf } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { memberOfKey } from './member-index.ts'
import { ageOf } from './offences.ts'
import { LIST_ITEM_BYTES } from './joining.ts'

/** Offences that wait, of everybody together and of one offender. */
export const OFFENCES_WAITING_MAX = 1024
export const OFFENCES_OF_ONE_MAX = 8

/** Why true evidence is not kept, nor passed on. `offence-without-effect`: of a stranger, too old, or against whom nothing is left to lose. */
export const OFFENCE_POOL_REASONS = ['offence-known', 'offences-full', 'offence-without-effect'] as const
export type OffencePoolReason = (typeof OFFENCE_POOL_REASONS)[number]

interface Waiting {
  readonly evidence: Evidence
  readonly bytes: Uint8Array
  readonly address: string
}

export class OffencePool {
  /** By what was done (evidenceKey), as they came. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #addresses = new Set<string>()
  /** By offender's key as text, how many wait. */
  readonly #counts = new Map<string, number>()

  get size(): number {
    return this.#waiting.size
  }

  /** Is this the content address of evidence that is kept, and so was verified? */
  has(address: string): boolean {
    return this.#addresses.has(address)
  }

  /** Is true evidence worth keeping, so that it is also passed on? */
  admits(evidence: Evidence, state: ChainState): Admission<null, OffencePoolReason> {
    const key = evidenceKey(evidence)
    const isPending = state.pending?.body.offences.some((one) => evidenceKey(one) === key) ?? false
    if (this.#waiting.has(key) || isPending) return ignore('offence-known')
    const isOneTooMany = (this.#counts.get(hexOf(offenderOf(evidence))) ?? 0) >= OFFENCES_OF_ONE_MAX
    if (isOneTooMany || this.#waiting.size >= OFFENCES_WAITING_MAX) return ignore('offences-full')
    return isPunishable(evidence, key, state) ? accept(null) : ignore('offence-without-effect')
  }

  /** Keeps true evidence that is worth it; its bytes if it is new, to be told to everybody once. */
  add(evidence: Evidence, state: ChainState): Uint8Array | undefined {
    if (this.admits(evidence, state).verdict !== 'accept') return undefined
    const key = evidenceKey(evidence)
    const offender = hexOf(offenderOf(evidence))
    const bytes = encodeEvidence(evidence)
    const address = cidOf(bytes).toString()
    this.#waiting.set(key, { evidence, bytes, address })
    this.#addresses.add(address)
    this.#counts.set(offender, (this.#counts.get(offender) ?? 0) + 1)
    return bytes
  }

  /** A block was decided, and `state` is the one after it: what is in it goes, and what can cost nobody anything any more. */
  settle(block: Block, state: ChainState): void {
    if (this.#waiting.size === 0) return
    const committed = new Set(block.body.offences.map(evidenceKey))
    for (const [key, { evidence }] of this.#waiting)
      if (committed.has(key) || !isPunishable(evidence, key, state)) this.#remove(key)
  }

  #remove(key: string): void {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return
    this.#waiting.delete(key)
    this.#addresses.delete(waiting.address)
    const offender = hexOf(offenderOf(waiting.evidence))
    const left = (this.#counts.get(offender) ?? 1) - 1
    if (left === 0) this.#counts.delete(offender)
    else this.#counts.set(offender, left)
  }

  /** For the next block, as they came. */
  take(bytesMax: number): { readonly offences: readonly Evidence[]; readonly bytes: number } {
    const offences: Evidence[] = []
    let bytes = 0
    for (const waiting of this.#waiting.values()) {
      const more = waiting.bytes.length + LIST_ITEM_BYTES
      if (offences.length === BLOCK_OFFENCES_MAX || bytes + more > bytesMax) break
      offences.push(waiting.evidence)
      bytes += more
    }
    return { offences, bytes }
  }
}

const isPunishable = (evidence: Evidence, key: string, state: ChainState): boolean => {
  const { height, genesis, punished, time } = state
  const offender = memberOfKey(state.members, offenderOf(evidence))
  if (offender === undefined || offender.integrity === 0n || punished.has(key)) return false
  return ageOf(evidence, { height, earliest: time.earliest }, genesis) <= genesis.parameters.offenceAgeMax
}
