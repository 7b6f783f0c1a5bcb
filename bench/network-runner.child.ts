/**
 * One process of `bench -- network`: a peer that publishes 200-byte messages and counts those of the others. Every message holds its
 * author, its number and the machine's counter when it was published, which all processes of one machine share.
 *
 * Nobody overtakes: a process publishes its n-th message only when it has heard number n − window of every other, so the load
 * is what the slowest can bear, and the same rule drives both carriers.
 */
import { nonsense, open } from './network-carriers.ts'
import type { Carried } from './network-carriers.ts'
import type { Attack, FromRunner, ToRunner } from './network-messages.ts'

const MESSAGE_BYTES = 200
const SAMPLES_MAX = 20_000

const now = (): bigint => process.hrtime.bigint()

type Load = Extract<ToRunner, { readonly type: 'flood' | 'reach' }>

class Runner {
  #index = 0
  #carried: Carried | undefined
  /** By author, how many have come. */
  readonly #heard = new Map<number, number>()
  #published = 0
  #received = 0
  #others = 0
  #latenciesMs: number[] = []
  #every = 1
  #onHeard: () => void = () => {}

  async take(order: ToRunner): Promise<void> {
    if (order.type === 'open') {
      this.#index = order.index
      this.#carried = await open(order, (bytes) => this.#hear(bytes))
      tell({ type: 'opened', addresses: this.#carried.addresses() })
    } else if (order.type === 'meet') {
      this.#others = order.others
      await this.#carried?.meet(order.addresses, order.others)
      tell({ type: 'met' })
    } else await this.#measure(order)
  }

  async #measure(order: Exclude<ToRunner, { readonly type: 'open' | 'meet' }>): Promise<void> {
    this.#latenciesMs = []
    let goneMs: number | null = null
    const [from, start, cpu] = [this.#received, performance.now(), process.cpuUsage()]
    if (order.type === 'attack') await this.#attack(order.kind, order.forMs, order.perSec)
    else if (order.type === 'rest') goneMs = await this.#rest(order.forMs)
    else if (order.type === 'pace') await this.#pace(order.forMs, order.perSec)
    else if (order.type === 'flood') await this.#flood(order, () => performance.now() - start > order.forMs)
    else await this.#flood(order, () => this.#received >= order.received)
    const { user, system } = process.cpuUsage(cpu)
    tell({
      type: 'done',
      received: this.#received - from,
      elapsedMs: performance.now() - start,
      latenciesMs: this.#latenciesMs,
      residentMb: process.memoryUsage().rss / 1_048_576,
      cpuMs: (user + system) / 1000,
      goneMs,
    })
  }

  #hear(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const author = view.getUint32(0)
    this.#heard.set(author, (this.#heard.get(author) ?? 0) + 1)
    this.#received += 1
    if (this.#received % this.#every === 0) this.#latenciesMs.push(Number(now() - view.getBigUint64(8)) / 1e6)
    if (this.#latenciesMs.length >= SAMPLES_MAX) {
      this.#latenciesMs = this.#latenciesMs.filter((_, i) => i % 2 === 0)
      this.#every *= 2
    }
    this.#onHeard()
  }

  #publish(): void {
    const bytes = new Uint8Array(MESSAGE_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, this.#index)
    view.setUint32(4, this.#published)
    view.setBigUint64(8, now())
    this.#published += 1
    this.#carried?.publish(bytes)
  }

  /** The slowest of the others, as a number of messages heard of it; ours where some have said nothing yet is zero. */
  #slowest(): number {
    return this.#heard.size < this.#others ? 0 : Math.min(...this.#heard.values())
  }

  /** At most `batchMax` in one turn of the event loop. */
  async #flood({ windowMax, batchMax }: Load, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      for (let i = 0; i < batchMax && this.#published < this.#slowest() + windowMax; i += 1) this.#publish()
      if (this.#published < this.#slowest() + windowMax) await turn()
      else await this.#room(windowMax)
    }
  }

  /** Until there is room in the window, or 5 ms have passed, so that the end is noticed. */
  #room(windowMax: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#onHeard = () => {}
        resolve()
      }
      const timer = setTimeout(done, 5)
      this.#onHeard = () => (this.#published < this.#slowest() + windowMax ? done() : undefined)
    })
  }

  /** As many as asked for in steps of 10 ms, whether anybody hears them or not. */
  async #attack(kind: Attack, forMs: number, perSec: number): Promise<void> {
    const start = performance.now()
    const said = { count: 0 }
    while (performance.now() - start < forMs) {
      const due = ((performance.now() - start) * perSec) / 1000
      for (; said.count < due; said.count += 1) this.#carried?.publish(nonsense(kind, said.count))
      if (this.#carried?.connected() === 0) this.#carried.again()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** @returns ms from the first connection to the last moment with one; null where one is there at the end. */
  async #rest(forMs: number): Promise<number | null> {
    const start = performance.now()
    let [first, last]: [number | undefined, number] = [undefined, 0]
    while (performance.now() - start < forMs) {
      if ((this.#carried?.connected() ?? 0) > 0) [first, last] = [first ?? performance.now(), performance.now()]
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return performance.now() - last < 500 ? null : last - (first ?? last)
  }

  async #pace(forMs: number, perSec: number): Promise<void> {
    const start = performance.now()
    for (let i = 0; (i * 1000) / perSec < forMs; i += 1) {
      const waitMs = start + (i * 1000) / perSec - performance.now()
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)))
      this.#publish()
    }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const tell = (message: FromRunner): void => void process.send?.(message)

const runner = new Runner()
process.on('message', (order: ToRunner) => void runner.take(order))
process.once('disconnect', () => process.exit())
