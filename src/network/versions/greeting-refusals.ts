/**
 * What is remembered of peers that this node and they would not talk: why, who said so, and until when they are not dialled.
 * The pause doubles with each refusal and ends at once where a later greeting succeeds, since a node may have been upgraded.
 * Rule: docs/spec/network.md N-95. Bounded; who is forgotten is dialled like a stranger.
 */
import { BoundedMap, NS_PER_HOUR, NS_PER_SEC } from '../../base/index.ts'
import type { PeerId } from '../port.ts'
import type { IncompatibilityReason } from './compatibility.ts'
import type { GreetingRefusal } from './greeting.ts'

/** Why a greeting came to nothing, besides INCOMPATIBILITY_REASONS. `not-greeted`: what came from such a peer all the same. */
export const GREETINGS_REASONS = [
  'no-greeting',
  'bad-greeting',
  'greeting-changed',
  'refused-by-peer',
  'not-greeted',
] as const
export type RefusedReason = IncompatibilityReason | Exclude<(typeof GREETINGS_REASONS)[number], 'not-greeted'>

/** Peers remembered. */
export const REFUSED_PEERS_MAX = 1024
/** Pause after the first refusal, and the longest, ns. */
export const REFUSED_PAUSE_NS_MIN = 10n * NS_PER_SEC
export const REFUSED_PAUSE_NS_MAX = NS_PER_HOUR

export interface Refused extends GreetingRefusal {
  readonly reason: RefusedReason
  /** Who would not: this node, or the peer. */
  readonly by: 'own' | 'peer'
  /** What `by` said to the other. */
  readonly text: string
}

export interface RememberedRefusal extends Refused {
  /** How often in a row. */
  readonly times: number
  /** Elapsed ns until which the peer is not dialled. */
  readonly untilNs: bigint
}

export class GreetingRefusals {
  readonly #refused = new BoundedMap<PeerId, RememberedRefusal>(REFUSED_PEERS_MAX)

  note(peer: PeerId, refused: Refused, elapsedNs: bigint): void {
    const times = (this.#refused.get(peer)?.times ?? 0) + 1
    this.#refused.set(peer, { ...refused, times, untilNs: elapsedNs + pauseNs(times) })
  }

  forget(peer: PeerId): void {
    this.#refused.delete(peer)
  }

  get(peer: PeerId): RememberedRefusal | undefined {
    return this.#refused.get(peer)
  }

  isPaused(peer: PeerId, elapsedNs: bigint): boolean {
    return elapsedNs < (this.#refused.get(peer)?.untilNs ?? elapsedNs)
  }
}

/** Pause after so many refusals in a row (1 or more), ns. */
export const pauseNs = (times: number): bigint => {
  const doubled = REFUSED_PAUSE_NS_MIN << BigInt(Math.min(times - 1, 16))
  return doubled < REFUSED_PAUSE_NS_MAX ? doubled : REFUSED_PAUSE_NS_MAX
}
