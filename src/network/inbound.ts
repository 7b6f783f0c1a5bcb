/**
 * The door that all bytes from peers pass before anybody reads them: size, rate, patience, and the counting of what did
 * not pass. Both networks (`io/libp2p.ts`, `io/in-memory.ts`) stand behind this one, so that they refuse alike.
 */
import assert from 'node:assert/strict'
import { accept, reject } from '../base/index.ts'
import type { Admission, Cancel } from '../base/index.ts'
import { Patience } from './patience.ts'
import { TokenBuckets } from './token-bucket.ts'
import { CONNECTION_CHANNEL } from './refusals.ts'
import { FRAME_BYTES_MAX } from './topics.ts'
import type { NetworkReason } from './refusals.ts'
import type { PeerId, RefusalEvent } from './port.ts'
import type { RateLimit } from './token-bucket.ts'

/** Peers remembered by each limit; more than connections can exist at once. */
export const PEERS_REMEMBERED_MAX = 4096
/** Topics and protocols of one node. */
export const CHANNELS_MAX = 1024

/** Calls everybody who listens, in the order in which they came. A listener that throws is a bug of its owner. */
export class Listeners<E> {
  readonly #listeners = new Set<(event: E) => void>()

  add(listener: (event: E) => void): Cancel {
    const entry = (event: E): void => listener(event)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  emit(event: E): void {
    for (const listener of this.#listeners) listener(event)
  }

  clear(): void {
    this.#listeners.clear()
  }
}

interface Channel {
  readonly bytesMax: number
  readonly buckets: TokenBuckets
}

export class Inbound {
  readonly refusals = new Listeners<RefusalEvent>()
  readonly #elapsedNs: () => bigint
  readonly #shutOut: (peer: PeerId) => void
  readonly #channels = new Map<string, Channel>()
  readonly #patience = new Patience(PEERS_REMEMBERED_MAX)

  /** `shutOut` is called once when a peer's charges have used up all patience: close its connections. */
  constructor(options: { readonly elapsedNs: () => bigint; readonly shutOut: (peer: PeerId) => void }) {
    this.#elapsedNs = options.elapsedNs
    this.#shutOut = options.shutOut
  }

  /** Opens a topic or protocol, once. `bytesMax` is of a message or request, at most FRAME_BYTES_MAX. */
  open(channel: string, limits: RateLimit & { readonly bytesMax: number }): void {
    assert(!this.#channels.has(channel), `${channel} is open already`)
    assert(this.#channels.size < CHANNELS_MAX, 'too many topics and protocols')
    assert(limits.bytesMax >= 1 && limits.bytesMax <= FRAME_BYTES_MAX, 'size limit out of range')
    this.#channels.set(channel, {
      bytesMax: limits.bytesMax,
      buckets: new TokenBuckets(limits, PEERS_REMEMBERED_MAX),
    })
  }

  /** The size limit of an open channel, or of any frame where it is not open here. */
  bytesMax(channel: string): number {
    return this.#channels.get(channel)?.bytesMax ?? FRAME_BYTES_MAX
  }

  /** May `from` say this much now? Takes a token; refusals are counted and charged here. */
  admit(channel: string, from: PeerId, bytesLength: number): Admission<null, NetworkReason> {
    const open = this.#channels.get(channel)
    assert(open !== undefined, `${channel} is not open`)
    if (!open.buckets.take(from, this.#elapsedNs())) return this.#refused(channel, from, reject('rate-limited'))
    if (bytesLength > open.bytesMax) return this.#refused(channel, from, reject('too-large'))
    return accept(null)
  }

  /** Reports what was not accepted; a `reject` is charged. Hands the admission back. */
  settle<A extends Admission<unknown>>(channel: string, from: PeerId, admission: A): A {
    if (admission.verdict !== 'accept') this.#refused(channel, from, admission)
    return admission
  }

  isShutOut(peer: PeerId): boolean {
    return this.#patience.isShutOut(peer, this.#elapsedNs())
  }

  #refused<A extends { readonly verdict: 'ignore' | 'reject'; readonly reason: string }>(
    channel: string,
    from: PeerId,
    refusal: A,
  ): A {
    this.refusals.emit({ channel, from, verdict: refusal.verdict, reason: refusal.reason })
    if (refusal.verdict === 'reject' && this.#patience.charge(from, this.#elapsedNs())) {
      this.refusals.emit({ channel: CONNECTION_CHANNEL, from, verdict: 'reject', reason: 'shut-out' })
      this.#shutOut(from)
    }
    return refusal
  }
}
