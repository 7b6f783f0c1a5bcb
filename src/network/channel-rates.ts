/**
 * How much one channel takes from whom. Three token buckets stand behind one another: of the peer; of the group of addresses
 * that it comes from; and, for topics, of what no honest relay can reach.
 *
 * An honest relay hands on what others wrote. It takes at most one rate from each of its neighbours, and has at most
 * RELAYED_NEIGHBOURS_MAX of them, so what it hands on can exceed the rate of one peer without any fault of its own: it is
 * dropped and costs next to nothing (`rate-limited`, ignore). Beyond the rates of all neighbours together it is no relaying any
 * more (`flooding`, reject). What one author may say in all is the concern of the signed topics, which every relay applies.
 * Rules: docs/spec/network.md N-50, N-52. Promises nothing about peers that are forgotten (`token-bucket.ts`).
 */
import { ignore, reject } from '../base/index.ts'
import { RATE_PER_SEC_MAX, TokenBuckets } from './token-bucket.ts'
import type { PeerId } from './port.ts'
import type { NetworkReason } from './refusals.ts'
import type { RateLimit } from './token-bucket.ts'

/** Neighbours whose messages one relay may hand on: as many as a node has connections, unless its operator chose more. */
export const RELAYED_NEIGHBOURS_MAX = 64
/** All peers of one group of addresses together may say as much as so many of them. */
export const GROUP_PEERS = 8

export type RateRefusal = { readonly verdict: 'ignore' | 'reject'; readonly reason: NetworkReason }

const times = ({ ratePerSec, burst }: RateLimit, factor: number): RateLimit => ({
  ratePerSec: Math.min(ratePerSec * factor, RATE_PER_SEC_MAX),
  burst: burst * factor,
})

/** The rates of one channel. `isRelayed`: a topic, where peers hand on what others said; a protocol otherwise. */
export class ChannelRates {
  readonly #peers: TokenBuckets
  readonly #groups: TokenBuckets
  readonly #excess: TokenBuckets | undefined

  constructor(limit: RateLimit, options: { readonly isRelayed: boolean; readonly peersMax: number }) {
    this.#peers = new TokenBuckets(limit, options.peersMax)
    this.#groups = new TokenBuckets(times(limit, GROUP_PEERS), options.peersMax)
    this.#excess = options.isRelayed
      ? new TokenBuckets(times(limit, RELAYED_NEIGHBOURS_MAX - 1), options.peersMax)
      : undefined
  }

  /** Takes what one message costs at `elapsedNs`. Undefined where it may pass. `group` undefined: shares no rate. */
  take(peer: PeerId, group: string | undefined, elapsedNs: bigint): RateRefusal | undefined {
    if (!this.#peers.take(peer, elapsedNs)) return this.#refusal(peer, elapsedNs)
    if (group === undefined || this.#groups.take(group, elapsedNs)) return undefined
    return ignore('group-rate-limited')
  }

  #refusal(peer: PeerId, elapsedNs: bigint): RateRefusal {
    if (this.#excess === undefined) return reject('rate-limited')
    return this.#excess.take(peer, elapsedNs) ? ignore('rate-limited') : reject('flooding')
  }
}
