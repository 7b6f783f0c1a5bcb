/**
 * A pool of NTP servers as sources: one for each seat, with a server of the name behind it that changes when it fails or is
 * outvoted. Who sits where is decided in clock/ntp-pool.ts; each server is asked as any NTP server is (ntp-source.ts).
 * Rules: docs/spec/sources.md S-25 to S-27.
 */
import assert from 'node:assert/strict'
import type { Random, Time } from '../../base/index.ts'
import { NTP_POOL_ADDRESSES_MAX, NtpPool } from '../ntp-pool.ts'
import type { SeatedAddresses } from '../ntp-pool.ts'
import type { Source, SourceEvent, SourceReport } from '../port.ts'
import { lookUpAddresses } from './ntp-addresses.ts'
import type { Resolve } from './ntp-addresses.ts'
import { ntpSource } from './ntp-source.ts'
import type { NtpSourceOptions } from './ntp-source.ts'

/** Why a seat of a pool has nothing to say: the name has no address that is free for it. */
export const NTP_POOL_REASONS = ['ntp-pool-vacant'] as const

/** `id` is that of the pool; its seats are `ID#1`, `ID#2`, … */
export interface NtpPoolOptions extends NtpSourceOptions {
  /** Addresses in use by any pool of this clock. */
  readonly seated: SeatedAddresses
  /** 4 where not given. */
  readonly seats?: number
  /** The operating system's resolver where not given. */
  readonly resolve?: Resolve
}

type Listener = (event: SourceEvent) => void

/** What the seats share: the pool, and one question for the name at a time. */
class Seating {
  readonly pool: NtpPool
  readonly #time: Time
  readonly #options: NtpPoolOptions
  readonly #abort = new AbortController()
  #looking: Promise<void> | undefined
  #open: number

  constructor(time: Time, options: NtpPoolOptions) {
    this.#time = time
    this.#options = options
    this.pool = new NtpPool(options.seated, options.seats)
    this.#open = this.pool.seats
  }

  /**
   * Finds another server for the seat if it can; asks for the name again only where no address is left. Ends with `closed`
   * also while others wait for the name.
   */
  async seek(seat: number, closed: Promise<void>): Promise<void> {
    if (this.pool.move(seat, this.#time.elapsedNs())) return
    if (this.#looking === undefined && !this.pool.mayLookUp(this.#time.elapsedNs())) return
    this.#looking ??= this.#lookUp().finally(() => {
      this.#looking = undefined
    })
    await Promise.race([this.#looking, closed])
    if (!this.#abort.signal.aborted) this.pool.move(seat, this.#time.elapsedNs())
  }

  /** The last seat to be closed closes the pool. */
  async leave(): Promise<void> {
    this.#open -= 1
    if (this.#open > 0) return
    this.#abort.abort()
    this.pool.close()
    await this.#looking
  }

  async #lookUp(): Promise<void> {
    const { host, resolve } = this.#options
    const addresses = await lookUpAddresses(this.#time, host, {
      signal: this.#abort.signal,
      addressesMax: NTP_POOL_ADDRESSES_MAX,
      ...(resolve === undefined ? {} : { resolve }),
    })
    this.pool.lookedUp(addresses, this.#time.elapsedNs())
  }
}

interface SeatParts {
  readonly seating: Seating
  readonly seat: number
  /** A source for one server, by its literal address. */
  readonly makeServer: (address: string) => Source
}

class NtpPoolSeat implements Source {
  readonly id: string
  readonly kind = 'ntp'
  readonly #parts: SeatParts
  #listener: Listener | undefined
  #server: { readonly address: string; readonly source: Source } | undefined
  #isVacant = false
  #moving: Promise<void> | undefined
  #judgedNs: bigint | undefined
  #isOpen = true
  readonly #closed = Promise.withResolvers<void>()

  constructor(id: string, parts: SeatParts) {
    this.id = id
    this.#parts = parts
  }

  start(listener: Listener): Promise<void> {
    assert(this.#listener === undefined, 'a source is started once')
    this.#listener = listener
    return Promise.resolve()
  }

  /** Asks the seat's server; another one from now on, if this one is no good and there is one. */
  poll(): void {
    const listener = this.#listener
    if (listener === undefined || this.#moving !== undefined || !this.#isOpen) return
    const { seating, seat } = this.#parts
    if (this.#server !== undefined && !seating.pool.wantsAnother(seat)) return this.#server.source.poll()
    this.#moving = this.#move(listener).finally(() => {
      this.#moving = undefined
    })
  }

  /** Counts each word once. */
  heed({ measurement, state }: SourceReport): void {
    if (measurement === undefined || measurement.localNs === this.#judgedNs) return
    this.#judgedNs = measurement.localNs
    this.#parts.seating.pool.judged(this.#parts.seat, state === 'falseticker')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#closed.resolve()
    await this.#parts.seating.leave()
    await this.#moving
    await this.#server?.source[Symbol.asyncDispose]()
  }

  async #move(listener: Listener): Promise<void> {
    const { seating, seat } = this.#parts
    await seating.seek(seat, this.#closed.promise)
    if (!this.#isOpen) return
    const address = seating.pool.address(seat)
    if (address !== this.#server?.address) await this.#sit(address, listener)
    if (!this.#isOpen) return
    if (address === undefined && !this.#isVacant) {
      this.#isVacant = true
      listener({ type: 'replaced', sourceId: this.id, isVacant: true })
    }
    if (this.#server === undefined) listener({ type: 'unreachable', sourceId: this.id, reason: 'ntp-pool-vacant' })
    else this.#server.source.poll()
  }

  /** Another server, or none, behind this seat. The first one replaces nobody. */
  async #sit(address: string | undefined, listener: Listener): Promise<void> {
    const before = this.#server
    this.#server = undefined
    await before?.source[Symbol.asyncDispose]()
    if (address === undefined) return
    const source = this.#parts.makeServer(address)
    await source.start((event) => this.#hear(event, listener))
    if (before !== undefined || this.#isVacant) listener({ type: 'replaced', sourceId: this.id, isVacant: false })
    this.#isVacant = false
    this.#server = { address, source }
  }

  #hear(event: SourceEvent, listener: Listener): void {
    const { seating, seat } = this.#parts
    if (event.type === 'measurement') seating.pool.answered(seat)
    // What is ignored was no answer: the question is still open.
    else if (event.type === 'unreachable' || (event.type === 'refused' && event.verdict === 'reject'))
      seating.pool.failed(seat, event.reason)
    listener(event)
  }
}

/** The seats of a pool. Nothing is sent, and no name asked for, before the first `poll` of one. */
export const ntpPool = (time: Time, random: Random, options: NtpPoolOptions): readonly Source[] => {
  const { seated: _seated, seats: _seats, resolve: _resolve, ...server } = options
  const seating = new Seating(time, options)
  return Array.from({ length: seating.pool.seats }, (_, seat) => {
    const id = `${options.id}#${seat + 1}`
    const makeServer = (address: string): Source => ntpSource(time, random, { ...server, id, host: address })
    return new NtpPoolSeat(id, { seating, seat, makeServer })
  })
}
