/**
 * Time that a test moves: a queue of what is due, run in order of its instant and then of its asking, with everything that a
 * promise has waiting done between two. Nodes hang on it by oscillators of their own. The same calls give the same run.
 *
 * Only promises that need nothing from outside are waited for: with a signer on disk or a socket the order is not promised.
 * How to wait for them is handed in, since a core has no event loop: a turn of it, from a test.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, accept } from '../base/index.ts'
import type { Admission, Cancel, Tai, Time } from '../base/index.ts'
import { measurementOfExchange, unixFromTai } from '../clock/index.ts'
import type { Oscillator, Source, SourceEvent } from '../clock/index.ts'

interface Due {
  readonly atNs: bigint
  readonly order: number
  readonly run: () => void
}

/** More events than this in one call of `runUntil` are a loop that does not end. */
const EVENTS_MAX = 1_000_000

export class VirtualWorld {
  /** Which instant true time 0 is, TAI ns. */
  readonly originTai: Tai
  readonly settle: () => Promise<void>
  #nowNs = 0n
  #order = 0
  readonly #queue: Due[] = []

  /** @param settle resolves when every promise that waits for nothing outside has gone on as far as it can. */
  constructor(originTai: Tai, settle: () => Promise<void>) {
    this.originTai = originTai
    this.settle = settle
  }

  /** True time since the start, ns. */
  get nowNs(): bigint {
    return this.#nowNs
  }

  /** What waits to be run. */
  get pending(): number {
    return this.#queue.length
  }

  get trueTai(): Tai {
    return this.originTai + this.#nowNs
  }

  schedule(delayNs: bigint, run: () => void): Cancel {
    assert(delayNs >= 0n)
    this.#order += 1
    const due = { atNs: this.#nowNs + delayNs, order: this.#order, run }
    const place = this.#queue.findLastIndex(({ atNs }) => atNs <= due.atNs)
    this.#queue.splice(place + 1, 0, due)
    return () => {
      const at = this.#queue.indexOf(due)
      if (at !== -1) this.#queue.splice(at, 1)
    }
  }

  /** Time as a node with this oscillator has it; without one, perfect. The host's clock is right. */
  time(oscillator?: Oscillator): Time {
    return {
      elapsedNs: () => (oscillator === undefined ? this.#nowNs : oscillator.read(this.#nowNs)),
      hostUnixNs: () => unixFromTai(this.trueTai).unixNs,
      schedule: (delayNs, run) => this.schedule(delayNs, run),
    }
  }

  /** Lets true time pass up to `untilNs`, and everything that is due happen. */
  async runUntil(untilNs: bigint): Promise<void> {
    await this.settle()
    for (let events = 0; ; events += 1) {
      assert(events < EVENTS_MAX, 'it does not end')
      const next = this.#queue[0]
      if (next === undefined || next.atNs > untilNs) break
      this.#queue.shift()
      this.#nowNs = next.atNs
      next.run()
      await this.settle()
    }
    this.#nowNs = untilNs
  }
}

/** A time server at the end of a path of 1 ms each way, that says what the test tells it to. */
export class ScriptedSource implements Source {
  readonly id = 'scripted'
  readonly kind = 'ntp'
  /** By how much its time is ahead of true time, ns. */
  lieNs = 0n
  readonly #world: VirtualWorld
  readonly #time: Time
  #listener: (event: SourceEvent) => void = () => {}
  #isOpen = true

  constructor(world: VirtualWorld, time: Time) {
    this.#world = world
    this.#time = time
  }

  async start(listener: (event: SourceEvent) => void): Promise<void> {
    this.#listener = listener
  }

  poll(): void {
    const t1 = this.#time.elapsedNs()
    this.#world.schedule(NS_PER_MS, () => {
      const t2 = this.#world.trueTai + this.lieNs
      this.#world.schedule(NS_PER_MS, () => {
        const t4 = this.#time.elapsedNs()
        if (this.#isOpen)
          this.#listener({ type: 'measurement', measurement: measurementOfExchange(this.id, { t1, t2, t3: t2, t4 }) })
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen = false
  }
}

/** What a promise has come to by now, or nothing where it still waits. */
export const outcomeOf = <T>(world: VirtualWorld, promise: Promise<T>): Promise<Admission<T, 'waiting'>> =>
  Promise.race([
    promise.then((value) => accept(value)),
    world.settle().then(() => ({ verdict: 'ignore', reason: 'waiting' }) as const),
  ])
