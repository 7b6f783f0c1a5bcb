/**
 * Keeps what peers do from filling the log: of entries that they can cause at will only so many a second are written, and
 * the others are counted and told in the next one. What is refused is not written singly at all, but summed by reason.
 *
 * Rules: docs/spec/log.md L-17. Not promised: which of many equal entries are written; the first ones are.
 */
import { BoundedMap, NS_PER_SEC } from '../base/index.ts'
import type { Plain } from './payload.ts'

/** Entries a second that peers can cause, and how many at once after a pause. */
export const NOISY_PER_SECOND = 5
export const NOISY_AT_ONCE_MAX = 50
/** Sums that are kept apart; further ones share a name. */
export const SUMS_MAX = 24
const OTHER = 'other'

const EACH_NS = NS_PER_SEC / BigInt(NOISY_PER_SECOND)

/** A token bucket that remembers how many it turned away. */
export class NoiseGate {
  /** Elapsed ns at which the bucket is full again. */
  #fullAtNs: bigint | undefined
  #untold = 0

  /** May one more be written? If so, how many were not since the last one that was. */
  pass(elapsedNs: bigint): { readonly untold: number } | undefined {
    const fullAtNs = this.#fullAtNs === undefined || this.#fullAtNs < elapsedNs ? elapsedNs : this.#fullAtNs
    if (fullAtNs - elapsedNs > EACH_NS * BigInt(NOISY_AT_ONCE_MAX - 1)) {
      this.#untold += 1
      return undefined
    }
    this.#fullAtNs = fullAtNs + EACH_NS
    const untold = this.#untold
    this.#untold = 0
    return { untold }
  }
}

/** Counts by name, to be told all at once. */
export class Sums {
  readonly #counts = new BoundedMap<string, number>(SUMS_MAX + 1)

  add(name: string): void {
    const known = this.#counts.has(name) || this.#counts.size < SUMS_MAX ? name : OTHER
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1)
  }

  /** What was counted since the last time, by name; undefined where nothing was. */
  take(): Readonly<Record<string, Plain>> | undefined {
    if (this.#counts.size === 0) return undefined
    const counts = Object.fromEntries(this.#counts)
    for (const name of Object.keys(counts)) this.#counts.delete(name)
    return counts
  }
}
