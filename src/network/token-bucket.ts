/**
 * How often one peer may speak on one channel. A token bucket for every peer, kept as one instant instead of a level: the
 * generic cell rate algorithm (ITU-T I.371 Annex A, virtual scheduling), which needs integers only and no timer.
 *
 * Time is passed in, so equal calls give equal answers everywhere. Promises nothing about a peer that it has forgotten:
 * when more than `peersMax` are known, the one longest silent starts again with a full bucket.
 */
import assert from 'node:assert/strict'
import { BoundedMap, NS_PER_SEC, max } from '../base/index.ts'
import type { PeerId } from './port.ts'

/** `ratePerSec` > 0 over time, fractions allowed; `burst` >= 1 at once, a whole number. */
export interface RateLimit {
  readonly ratePerSec: number
  readonly burst: number
}

/** Slowest and fastest rate that a bucket can keep, a second. */
export const RATE_PER_SEC_MIN = 0.001
export const RATE_PER_SEC_MAX = 1_000_000

/** Buckets of one channel. Memory: one small entry a peer, at most `peersMax`. */
export class TokenBuckets {
  readonly #tokenNs: bigint
  readonly #slackNs: bigint
  /** When the bucket of a peer would be full again, elapsed ns. */
  readonly #fullAt: BoundedMap<PeerId, bigint>

  constructor(limit: RateLimit, peersMax: number) {
    assert(limit.ratePerSec >= RATE_PER_SEC_MIN && limit.ratePerSec <= RATE_PER_SEC_MAX, 'rate out of range')
    assert(Number.isSafeInteger(limit.burst) && limit.burst >= 1, 'a burst is a whole number of at least 1')
    this.#tokenNs = BigInt(Math.ceil(Number(NS_PER_SEC) / limit.ratePerSec))
    this.#slackNs = this.#tokenNs * BigInt(limit.burst - 1)
    this.#fullAt = new BoundedMap(peersMax)
  }

  /** Peers remembered. */
  get size(): number {
    return this.#fullAt.size
  }

  /** Takes one token of `peer` at `elapsedNs` (monotonic). False, and nothing is taken, where there is none. */
  take(peer: PeerId, elapsedNs: bigint): boolean {
    const fullAt = max(this.#fullAt.get(peer) ?? elapsedNs, elapsedNs)
    if (fullAt - elapsedNs > this.#slackNs) return false
    this.#fullAt.set(peer, fullAt + this.#tokenNs)
    return true
  }
}
