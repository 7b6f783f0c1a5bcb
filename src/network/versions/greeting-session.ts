/** One peer from its connection to its end: what it said, what was found, and what is still to be done about it. */
import assert from 'node:assert/strict'
import type { Cancel, Time } from '../../base/index.ts'
import type { Greeting } from './greeting.ts'
import type { Refused } from './greeting-refusals.ts'
import type { AgreedPeer } from './greetings.ts'

export class GreetingSession {
  /** The first greeting that came. */
  theirs: Greeting | undefined
  /** This side has closed the connection, and reported why. */
  isClosed = false
  /** At most some: that the greeting is overdue, to ask, to close. */
  readonly #timers = new Set<Cancel>()
  readonly #ending = new AbortController()
  readonly #outcome = Promise.withResolvers<boolean>()
  #agreed: AgreedPeer | undefined
  #refused: Refused | undefined

  get agreed(): AgreedPeer | undefined {
    return this.#refused === undefined ? this.#agreed : undefined
  }

  get refused(): Refused | undefined {
    return this.#refused
  }

  get isFound(): boolean {
    return this.#agreed !== undefined || this.#refused !== undefined
  }

  /** Whether there is agreement, when it is known; false where the peer goes first. */
  get outcome(): Promise<boolean> {
    return this.#outcome.promise
  }

  /** Aborts when the peer is gone. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  agree(agreed: AgreedPeer): void {
    assert(!this.isFound, 'found once')
    this.#agreed = agreed
    this.#cancelTimers()
    this.#outcome.resolve(true)
  }

  /** Also after agreement: what came later may end it. */
  refuse(refused: Refused): void {
    assert(this.#refused === undefined, 'refused once')
    this.#refused = refused
    this.#cancelTimers()
    this.#outcome.resolve(false)
  }

  /** Runs later, unless the peer is gone or a finding comes between. */
  later(time: Pick<Time, 'schedule'>, delayNs: bigint, run: () => void): void {
    if (this.#ending.signal.aborted) return
    const cancel = time.schedule(delayNs, () => {
      this.#timers.delete(cancel)
      run()
    })
    this.#timers.add(cancel)
  }

  end(): void {
    this.#cancelTimers()
    this.#ending.abort()
    this.#outcome.resolve(false)
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }
}
