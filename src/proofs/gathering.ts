/**
 * Gathers the challenges that one proof will answer. Opens with the first, closes when the whole committee has asked, when
 * 64 have, or 20 ms after the first: whichever is soonest. Pure: the caller brings the challenges and keeps the timer.
 *
 * Source: DESIGN §5.2. Rule P-9 in docs/spec/proofs.md.
 */
import type { Admission } from '../base/index.ts'
import { accept, ignore } from '../base/index.ts'
import { merkleTree } from '../crypto/index.ts'
import { CHALLENGES_MAX } from './challenge.ts'

export const GATHERING_REASONS = ['already-asked', 'batch-full'] as const
export type GatheringReason = (typeof GATHERING_REASONS)[number]

/** One challenge's place under the nonce. */
export interface ChallengePlace {
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
}

/** A closed gathering: the nonce of the proof to sign, and each asker's place under it. */
export interface Gathered {
  readonly nonce: Uint8Array
  readonly places: ReadonlyMap<string, ChallengePlace>
}

export class Gathering {
  readonly #challenges = new Map<string, Uint8Array>()

  get size(): number {
    return this.#challenges.size
  }

  /** Takes one challenge of `asker` (one each). The value says whether this was the first. */
  add(asker: string, challenge: Uint8Array): Admission<{ readonly isFirst: boolean }, GatheringReason> {
    if (this.#challenges.has(asker)) return ignore('already-asked')
    if (this.size >= CHALLENGES_MAX) return ignore('batch-full')
    this.#challenges.set(asker, challenge)
    return accept({ isFirst: this.size === 1 })
  }

  /** May it close now? True when every expected witness has asked, or no more fit. */
  isComplete(expected: readonly string[]): boolean {
    return this.size >= CHALLENGES_MAX || (expected.length > 0 && expected.every((id) => this.#challenges.has(id)))
  }

  /** Undefined where nobody asked. The gathering is not to be used after. */
  close(): Gathered | undefined {
    if (this.size === 0) return undefined
    const { root, paths } = merkleTree([...this.#challenges.values()])
    const places = [...this.#challenges.keys()].map(
      (asker, index) => [asker, { index, size: paths.length, path: paths[index] ?? [] }] as const,
    )
    return { nonce: root, places: new Map(places) }
  }
}
