/**
 * Long work on the event loop: some of it at once, the rest in later turns, between which everything else goes on. One piece of long work is done
 * after the other, so that many of them take no more of a turn than one. Rule G-23 in docs/spec/node.md.
 *
 * Under virtual time, which stands still while code runs, everything is done at once.
 */
import { NS_PER_MS } from '../base/index.ts'
import type { Steps, Time } from '../base/index.ts'

/** Of one turn, ns: with what else a turn holds, it stays below 50 ms on a busy machine. */
const TURN_NS_MAX = 8n * NS_PER_MS

export class Turns {
  readonly #time: Pick<Time, 'elapsedNs' | 'schedule'>
  /** Ends when all work that was begun has ended. */
  #last: Promise<unknown> = Promise.resolve()
  #later: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(time: Pick<Time, 'elapsedNs' | 'schedule'>) {
    this.#time = time
  }

  /** At once where a turn is enough and no other work waits. Never rejects, unless a step throws. */
  run<T>(steps: Steps<T>): T | Promise<T> {
    // What comes while other work waits gets a single step: most of what comes needs no more.
    const done = this.#turn(steps, this.#waiting > 0 ? 0n : TURN_NS_MAX)
    if (done !== undefined) return done.value
    this.#waiting += 1
    const mine = this.#last.then(() => this.#finish(steps))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  /** In a later turn, one after the other: of what asks for it, one thing is done in a turn. Rejects where it throws. */
  later<T>(run: () => T): Promise<T> {
    const mine = this.#later.then(() => this.#turnOver()).then(run)
    this.#later = mine.catch(() => undefined)
    return mine
  }

  #turnOver(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#time.schedule(0n, resolve)
    return promise
  }

  async #finish<T>(steps: Steps<T>): Promise<T> {
    try {
      for (;;) {
        await this.#turnOver()
        const done = this.#turn(steps, TURN_NS_MAX)
        if (done !== undefined) return done.value
      }
    } finally {
      this.#waiting -= 1
    }
  }

  /** Steps until the work is done or the turn is used up. */
  #turn<T>(steps: Steps<T>, forNs: bigint): { readonly value: T } | undefined {
    const untilNs = this.#time.elapsedNs() + forNs
    for (;;) {
      const next = steps.next()
      if (next.done === true) return { value: next.value }
      if (this.#time.elapsedNs() > untilNs) return undefined
    }
  }
}
