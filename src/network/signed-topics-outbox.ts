/**
 * What waits to be said on one topic. Everything that is published in one turn, or while an envelope is being signed, goes
 * into one envelope: a signature and its verification cost more than all else, and so are shared by whatever comes together.
 * A message that comes alone waits for nobody: no timer, only the end of the running code.
 */
import { BoundedQueue, ChimerError } from '../base/index.ts'
import { PAYLOADS_MAX, payloadBytes } from './envelope.ts'

/** Messages that may wait on one topic. */
export const OUTBOX_MAX = 4096

interface Waiting {
  readonly payload: Uint8Array
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface OutboxOptions {
  readonly topic: string
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

  async #run(): Promise<void> {
    this.#running = true
    // The rest of what the running code publishes comes along.
    await Promise.resolve()
    for (let bundle = this.#take(); bundle.length > 0; bundle = this.#take()) await this.#send(bundle)
    this.#running = false
    this.#options.onIdle()
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
