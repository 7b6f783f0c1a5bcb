/** Time for tests of what waits: it stands still until it is moved, and then everything that is due happens, in order. */
import type { Cancel, Time } from '../base/index.ts'

/** A queue of what is due, in order of instant and then of asking. */
export class MovedTime implements Time {
  readonly #settle: () => Promise<void>
  #nowNs = 0n
  #queue: { readonly atNs: bigint; readonly run: () => void }[] = []

  /** @param settle resolves when every promise has gone on as far as it can; by default after one turn of the event loop. */
  constructor(settle: () => Promise<void> = turn) {
    this.#settle = settle
  }

  elapsedNs(): bigint {
    return this.#nowNs
  }

  hostUnixNs(): bigint {
    return this.#nowNs
  }

  schedule(delayNs: bigint, run: () => void): Cancel {
    const due = { atNs: this.#nowNs + delayNs, run }
    const place = this.#queue.findLastIndex(({ atNs }) => atNs <= due.atNs)
    this.#queue.splice(place + 1, 0, due)
    return () => {
      const at = this.#queue.indexOf(due)
      if (at !== -1) this.#queue.splice(at, 1)
    }
  }

  /** What is still to be done. */
  get pending(): number {
    return this.#queue.length
  }

  /** Lets time pass. What is due at one instant runs together before promises go on. */
  async pass(ns: bigint): Promise<void> {
    const untilNs = this.#nowNs + ns
    await this.#settle()
    for (let next = this.#queue[0]; next !== undefined && next.atNs <= untilNs; next = this.#queue[0]) {
      if (next.atNs > this.#nowNs) this.#nowNs = next.atNs
      while (this.#queue[0] !== undefined && this.#queue[0].atNs <= this.#nowNs) this.#queue.shift()?.run()
      await this.#settle()
    }
    this.#nowNs = untilNs
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
