/**
 * A source that lies on purpose, for devnets: passes on what the true source says, shifted by as much as it is told. The
 * node behind it is none the wiser, as with a server that lies. Exists only where a devnet starts a node.
 */
import { NS_PER_MS, shift } from '../base/index.ts'
import type { Source, SourceEvent, SourceReport } from '../clock/index.ts'

export class BentSource implements Source {
  readonly #source: Source
  #offsetNs = 0n

  constructor(source: Source) {
    this.#source = source
  }

  get id(): string {
    return this.#source.id
  }

  get kind(): Source['kind'] {
    return this.#source.kind
  }

  /** From now on every measurement is off by this much, ms; 0 sets it right. */
  bend(offsetMs: number): void {
    this.#offsetNs = BigInt(Math.round(offsetMs * Number(NS_PER_MS)))
  }

  start(listener: (event: SourceEvent) => void): Promise<void> {
    return this.#source.start((event) => listener(this.#bent(event)))
  }

  poll(): void {
    this.#source.poll()
  }

  heed(report: SourceReport): void {
    this.#source.heed?.(report)
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#source[Symbol.asyncDispose]()
  }

  #bent(event: SourceEvent): SourceEvent {
    if (event.type !== 'measurement' || this.#offsetNs === 0n) return event
    const { measurement } = event
    const offset = shift(measurement.offset, this.#offsetNs)
    return {
      type: 'measurement',
      measurement: { ...measurement, offset, estimateNs: measurement.estimateNs + this.#offsetNs },
    }
  }
}
