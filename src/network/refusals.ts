/**
 * What was refused, counted by channel and reason: enough for a metric or a person, and of bounded size whatever peers do.
 * The bytes themselves are never kept. What finds no room is counted under `other`, so the total stays true.
 */
import { BoundedMap } from '../base/index.ts'
import type { RefusalEvent } from './port.ts'

/**
 * Reasons that the network gives by itself; validators and handlers add their own. What each means and what to do stands in
 * docs/spec/network.md.
 */
export const NETWORK_REASONS = [
  'too-large',
  'rate-limited',
  'group-rate-limited',
  'flooding',
  'queue-full',
  'malformed',
  'busy',
  'abandoned',
  'timed-out',
  'handler-failed',
  'unknown-topic',
  'shut-out',
] as const
export type NetworkReason = (typeof NETWORK_REASONS)[number]

/** The channel under which things are refused that belong to no topic and no protocol. */
export const CONNECTION_CHANNEL = 'connection'

/** Distinct (channel, reason) pairs counted apart. */
export const REFUSAL_KINDS_MAX = 1024

export interface RefusalCount {
  readonly channel: string
  readonly reason: string
  readonly count: number
}

/** Counters that only grow, at most `kindsMax` pairs of channel and reason plus one for the rest. */
export class RefusalCounters {
  readonly #kindsMax: number
  readonly #counts: BoundedMap<string, RefusalCount>
  #others = 0

  constructor(kindsMax: number = REFUSAL_KINDS_MAX) {
    this.#kindsMax = kindsMax
    this.#counts = new BoundedMap(kindsMax)
  }

  /** Adds one. */
  count({ channel, reason }: Pick<RefusalEvent, 'channel' | 'reason'>): void {
    const key = JSON.stringify([channel, reason])
    const known = this.#counts.get(key)
    if (known === undefined && this.#counts.size >= this.#kindsMax) this.#others += 1
    else this.#counts.set(key, { channel, reason, count: (known?.count ?? 0) + 1 })
  }

  /** All counters, by channel and then reason; `other`/`other` last, where it is not zero. */
  entries(): readonly RefusalCount[] {
    const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
    const counts = [...this.#counts.values()].toSorted(
      (a, b) => compare(a.channel, b.channel) || compare(a.reason, b.reason),
    )
    return this.#others === 0 ? counts : [...counts, { channel: 'other', reason: 'other', count: this.#others }]
  }

  /** Everything ever counted. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, { count }) => sum + count, this.#others)
  }
}
