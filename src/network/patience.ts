/**
 * How much nonsense a node takes from one peer. Every `reject` is one charge; charges are forgiven slowly; a peer that
 * brings more is shut out for a while: its connections are closed and new ones refused. Without it a flood would cost a
 * hash and a remembered message id for each message, for ever.
 *
 * Charges are per peer key, and a key is cheap: a flooder with many keys and addresses is held only by the limit on
 * connections. Verdicts that depend on the receiver's own clock must be `ignore`, or a node with a bad clock would shut
 * out everybody who is right (rule N-9 of docs/spec/network.md).
 */
import { BoundedMap, NS_PER_SEC } from '../base/index.ts'
import { TokenBuckets } from './token-bucket.ts'
import type { PeerId } from './port.ts'
import type { RateLimit } from './token-bucket.ts'

/** 500 charges at once, 20 forgiven a second: a peer that is wrong once in a while is never shut out. */
export const PATIENCE: RateLimit = { ratePerSec: 20, burst: 500 }

/** How long a peer stays shut out, ns. */
export const SHUT_OUT_NS = 60n * NS_PER_SEC

/** Charges and shut-out peers, at most `peersMax` of each. */
export class Patience {
  readonly #charges: TokenBuckets
  readonly #shutOutUntil: BoundedMap<PeerId, bigint>

  constructor(peersMax: number, limit: RateLimit = PATIENCE) {
    this.#charges = new TokenBuckets(limit, peersMax)
    this.#shutOutUntil = new BoundedMap(peersMax)
  }

  /** One charge against `peer`. True exactly when this one shuts it out. */
  charge(peer: PeerId, elapsedNs: bigint): boolean {
    if (this.isShutOut(peer, elapsedNs) || this.#charges.take(peer, elapsedNs)) return false
    this.#shutOutUntil.set(peer, elapsedNs + SHUT_OUT_NS)
    return true
  }

  isShutOut(peer: PeerId, elapsedNs: bigint): boolean {
    const until = this.#shutOutUntil.get(peer)
    return until !== undefined && elapsedNs < until
  }
}
