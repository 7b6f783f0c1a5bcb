/**
 * What waits to be said on one topic. Everything that is published in one turn, or within 4 ms of the envelope before, goes
 * into one envelope: a signature and its verification cost more than all else, and so are shared by whatever comes together.
 * A message that comes alone waits for nobody; one that follows another closely waits 4 ms at most (as Nagle has it, RFC 896).
 */
import { BoundedQueue, ChimerError, NS_PER_MS } from '../base/index.ts'
import type { Cancel, Time } from '../base/index.ts'
import { PAYLOADS_MAX, payloadBytes } from './envelope.ts'

/** Messages that may wait on one topic. */
export const OUTBOX_MAX = 4096
/**
 * After an envelope that had room left, the next waits so long, ns: an author makes 250 such envelopes a second at most, whose
 * verification costs each listener 3 % of a core.
 */
export const OUTBOX_PAUSE_NS = 4n * NS_PER_MS

interface Waiting {
  readonly payload: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface OutboxOptions {
  readonly topic: string
  readonly time: Pick<Time, 'schedule'>
  /** Payloads of one envelope with their heads, bytes. One alone is taken whatever its size: its limit was checked. */
  readonly bundleBytesMax: number
  readonly seal: (payloads: readonly Uint8Array[]) => Promise<Uint8Array>
  /** Called for one envelope after the other in order, without waiting for the one before. */
  readonly hand: (envelope: Uint8Array) => Promise<void>
  /** Called when nothing waits any more. */
  readonly onIdle: () => void
}

export class Outbox {
  readonly #options: OutboxOptions
  readonly #waiting = new BoundedQueue<Waiting>(OUTBOX_MAX)
  /** Taken out of the queue and found too much for the last bundle: first of the next. */
  #first: Waiting | undefined
  #running = false
  #isHurried = false
  /** Ends the pause that is on. */
  #goOn: () => void = () => {}

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Resolves when the payload's envelope was handed to the network; rejects as signer and network do, or `TC_NET_BACKLOG`. */
  add(payload: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (!this.#waiting.push({ payload, resolve, reject })) reject(backlog(this.#options.topic))
    else if (!this.#running) void this.#run()
    return promise
  }

  /** From now on nothing waits for more to come. */
  hurry(): void {
    this.#isHurried = true
    this.#goOn()
  }

  async #run(): Promise<void> {
    this.#running = true
    // The rest of what the running code publishes comes along.
    await Promise.resolve()
    for (let bundle = this.#take(); bundle.length > 0; bundle = this.#take()) {
      await this.#send(bundle)
      const isFull = bundle.length === PAYLOADS_MAX || this.#first !== undefined
      if (!isFull) await this.#pause()
    }
    this.#running = false
    this.#options.onIdle()
  }

  #pause(): Promise<void> {
    if (this.#isHurried) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel: Cancel = this.#options.time.schedule(OUTBOX_PAUSE_NS, resolve)
    this.#goOn = () => {
      cancel()
      resolve()
    }
    return promise
  }

  async #send(bundle: readonly Waiting[]): Promise<void> {
    const fail = (error: unknown): void => {
      for (const { reject } of bundle) reject(error)
    }
    try {
      const envelope = await this.#options.seal(bundle.map(({ payload }) => payload))
      void this.#options.hand(envelope).then(() => {
        for (const { resolve } of bundle) resolve()
      }, fail)
    } catch (error) {
      fail(error)
    }
  }

  #take(): readonly Waiting[] {
    const bundle: Waiting[] = []
    let bytes = 0
    while (bundle.length < PAYLOADS_MAX) {
      const next = this.#first ?? this.#waiting.shift()
      this.#first = undefined
      if (next === undefined) break
      bytes += payloadBytes(next.payload)
      if (bundle.length > 0 && bytes > this.#options.bundleBytesMax) {
        this.#first = next
        break
      }
      bundle.push(next)
    }
    return bundle
  }
}

const backlog = (topic: string): ChimerError =>
  new ChimerError('TC_NET_BACKLOG', `${OUTBOX_MAX} messages wait to be signed for ${topic}; publish less at once.`, {
    facts: { topic, waitingMax: OUTBOX_MAX },
  })
