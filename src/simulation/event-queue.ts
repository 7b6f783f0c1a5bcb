/**
 * The simulator's clock and calendar: a binary heap of what is due, in the order of its instant and, at one instant, of its
 * asking. Synchronous; nothing here waits. The same calls give the same order, so the same seed gives the same run.
 *
 * Instants are whole ns since the start as a number, not a bigint: exact below 2^53 ns, which is 104 days, and a run is
 * shorter (scenario.ts); millions of events a second go through here. Rules: docs/spec/simulation.md Z-1.
 */
import assert from 'node:assert/strict'

/** More things due at one time than this are a loop that does not end, or a run too large for a machine. */
export const EVENTS_DUE_MAX = 4_000_000

export type Run = () => void

export class EventQueue {
  /** Three columns of one heap: when, in which order asked, and what. */
  readonly #at: number[] = []
  readonly #order: number[] = []
  readonly #runs: Run[] = []
  #asked = 0
  #nowNs = 0
  #ran = 0

  /** True time since the start, ns. */
  get nowNs(): number {
    return this.#nowNs
  }

  /** What has been run so far. */
  get ran(): number {
    return this.#ran
  }

  get pending(): number {
    return this.#at.length
  }

  /** Runs `run` at `atNs`, rounded down to a whole ns, or now where that has passed. There is no taking back: who may change its mind asks when run. */
  at(atNs: number, run: Run): void {
    assert(this.#at.length < EVENTS_DUE_MAX, 'more is due than any run needs: it does not end')
    this.#asked += 1
    this.#rise(Math.max(Math.floor(atNs), this.#nowNs), this.#asked, run)
  }

  after(delayNs: number, run: Run): void {
    this.at(this.#nowNs + delayNs, run)
  }

  /** Runs the next event that is due at or before `untilNs`; false where there is none, and time then stands at `untilNs`. */
  runNext(untilNs: number): boolean {
    const at = this.#at[0]
    const run = this.#runs[0]
    if (at === undefined || run === undefined || at > untilNs) {
      if (untilNs > this.#nowNs) this.#nowNs = untilNs
      return false
    }
    this.#sink()
    this.#nowNs = at
    this.#ran += 1
    run()
    return true
  }

  /** Lets a new one rise from the bottom to its place. */
  #rise(at: number, order: number, run: Run): void {
    const [ats, orders, runs] = [this.#at, this.#order, this.#runs]
    let place = ats.length
    while (place > 0) {
      const parent = (place - 1) >> 1
      const parentAt = ats[parent]
      const parentRun = runs[parent]
      // Of two at one instant the older stands above, so equal instants never change places.
      if (parentAt === undefined || parentRun === undefined || parentAt <= at) break
      ats[place] = parentAt
      orders[place] = orders[parent] ?? 0
      runs[place] = parentRun
      place = parent
    }
    ats[place] = at
    orders[place] = order
    runs[place] = run
  }

  /** Takes the top away: the last one sinks from there to its place. */
  #sink(): void {
    const [ats, orders, runs] = [this.#at, this.#order, this.#runs]
    const at = ats.pop()
    const order = orders.pop()
    const run = runs.pop()
    const length = ats.length
    if (length === 0 || at === undefined || order === undefined || run === undefined) return
    let place = 0
    for (;;) {
      const child = this.#earlierChild(place, length)
      const childAt = ats[child]
      const childOrder = orders[child]
      const childRun = runs[child]
      if (child >= length || childAt === undefined || childOrder === undefined || childRun === undefined) break
      if (childAt > at || (childAt === at && childOrder > order)) break
      ats[place] = childAt
      orders[place] = childOrder
      runs[place] = childRun
      place = child
    }
    ats[place] = at
    orders[place] = order
    runs[place] = run
  }

  #earlierChild(place: number, length: number): number {
    const left = 2 * place + 1
    const right = left + 1
    if (right >= length) return left
    const [leftAt, rightAt] = [this.#at[left] ?? 0, this.#at[right] ?? 0]
    if (leftAt !== rightAt) return leftAt < rightAt ? left : right
    return (this.#order[left] ?? 0) < (this.#order[right] ?? 0) ? left : right
  }
}
