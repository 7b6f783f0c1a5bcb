/**
 * A node's clock in the simulator: the product's own discipline over a simulated oscillator, with three time servers at the end
 * of paths of chance. What a server lies is told from outside. Rule: docs/spec/simulation.md Z-8.
 */
import { min } from '../base/index.ts'
import {
  Discipline,
  OSCILLATOR_PRESETS,
  RELEASE_TAI,
  createAdaptiveFilter,
  createOscillator,
  measurementOfExchange,
  unixFromTai,
} from '../clock/index.ts'
import type { AdaptiveState, ClockReading, Oscillator } from '../clock/index.ts'
import type { ChanceStream } from './chance-stream.ts'
import type { EventQueue } from './event-queue.ts'
import { MS, SEC } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import type { Transcript } from './transcript.ts'

/** True time at the start of every run: a hundred days after the release, so that what is earlier is refused as it should be. */
export const ORIGIN_TAI = RELEASE_TAI + 8_640_000_000_000_000n

/** Servers of the world, and how many of them each node asks. */
export const SERVERS = 5
export const SERVERS_ASKED = 3

const POLL_NS = 16n * BigInt(SEC)
const POLL_GROWN_NS_MAX = 64n * BigInt(SEC)
const POLL_NS_MIN = BigInt(SEC) / 2n
const BURST_POLLS = 3
/** A server is so far off, there and back alike but for the jitter. */
const PATH_NS = 3 * MS
const PATH_JITTER_NS = 1 * MS

/** What a clock promises: the interval, and how it came by it. */
export type ClockBounds = Pick<ClockReading, 'earliest' | 'latest' | 'status' | 'localNs'>

/** By how much a server is ahead of true time when asked at `nowNs` by this node, ns. */
export type Lie = (nowNs: number) => bigint

export class SimulatedClock {
  readonly #discipline: Discipline<AdaptiveState>
  readonly #oscillator: Oscillator
  readonly #queue: EventQueue
  readonly #transcript: Transcript
  readonly #chance: ChanceStream
  readonly #number: number
  readonly #servers: readonly number[]
  /** Lies of servers to this node, by whoever told them to. */
  readonly #lies = new Map<string, { readonly server: number | 'all'; readonly lie: Lie }>()
  #readAtNs = -1
  #reading: ClockReading | undefined
  #boundsAtNs = -1
  #bounds: ClockBounds | undefined
  #isStopped = false

  constructor(parts: {
    readonly scenario: Scenario
    readonly number: number
    readonly queue: EventQueue
    readonly transcript: Transcript
    readonly chance: ChanceStream
  }) {
    const { scenario, chance } = parts
    this.#queue = parts.queue
    this.#transcript = parts.transcript
    this.#chance = chance
    this.#number = parts.number
    const { parameters } = OSCILLATOR_PRESETS[scenario.oscillator]
    const driftPpb = Math.round(parameters.driftPpb * (2 * chance.unit() - 1))
    const offsetNs = BigInt(chance.word()) * 1000n
    this.#oscillator = createOscillator({ ...parameters, driftPpb, offsetNs }, chance.random())
    this.#discipline = new Discipline(
      {
        acceptedVarianceNs: BigInt(scenario.acceptedVarianceNs),
        pollIntervalNs: POLL_NS,
        pollIntervalMinNs: POLL_NS_MIN,
        pollIntervalGrownNsMax: POLL_GROWN_NS_MAX,
        burstPolls: BURST_POLLS,
      },
      createAdaptiveFilter({ wordsMax: scenario.filterWords }),
    )
    this.#servers = Array.from({ length: SERVERS_ASKED }, (_, i) => (parts.number + i) % SERVERS)
    for (const server of this.#servers) this.#discipline.register(`server-${server}`, 'ntp')
    this.#poll()
  }

  /** The counter now, ns. */
  counterNs(): bigint {
    return this.#oscillator.read(BigInt(this.#queue.nowNs))
  }

  /** What the clock says now, whatever its status; nothing before its first majority. */
  reading(): ClockReading | undefined {
    const now = this.#queue.nowNs
    if (now !== this.#readAtNs) {
      this.#readAtNs = now
      this.#reading = this.#discipline.read(this.counterNs())
    }
    return this.#reading
  }

  /** The time, where the clock says that it has it. */
  time(): ClockBounds | undefined {
    const now = this.#queue.nowNs
    if (now !== this.#boundsAtNs) {
      this.#boundsAtNs = now
      const bounds = this.#discipline.bounds(this.counterNs())
      this.#bounds = bounds?.status === 'unsynchronised' ? undefined : bounds
    }
    return this.#bounds
  }

  /** True time minus nothing: what a perfect clock would say, TAI ns. */
  trueTai(): bigint {
    return ORIGIN_TAI + BigInt(this.#queue.nowNs)
  }

  /** How wrong the estimate is, ns; nothing without one. */
  errorNs(): bigint | undefined {
    const reading = this.reading()
    return reading === undefined ? undefined : reading.estimate - this.trueTai()
  }

  /** Whether the interval holds true time now. */
  isTrue(): boolean {
    const bounds = this.time()
    const now = this.trueTai()
    return bounds === undefined || (bounds.earliest <= now && now <= bounds.latest)
  }

  lie(name: string, server: number | 'all', lie: Lie): void {
    this.#lies.set(name, { server, lie })
  }

  unlie(name: string): void {
    this.#lies.delete(name)
  }

  /** The counter jumps by `byNs`; back, it stands still until it has caught up. */
  step(byNs: number): void {
    this.#oscillator.fault({ type: 'step', atNs: BigInt(this.#queue.nowNs), stepNs: BigInt(byNs) })
    this.#forget()
  }

  /** The counter stands still, as it does while a machine sleeps. */
  freeze(forNs: number): void {
    this.#oscillator.fault({ type: 'freeze', atNs: BigInt(this.#queue.nowNs), forNs: BigInt(forNs) })
    this.#forget()
  }

  /** The counter runs `ratePpb` faster for so long. */
  ramp(ratePpb: number, forNs: number): void {
    const atNs = BigInt(this.#queue.nowNs)
    this.#oscillator.fault({ type: 'ramp', atNs, forNs: BigInt(forNs), ratePpb })
    this.#forget()
  }

  /** The node compares its counter with the host's clock, which is right: how a sleep or a jump is noticed. */
  compareHost(): void {
    this.#discipline.onHostClock(unixFromTai(this.trueTai()).unixNs, this.counterNs())
    this.#forget()
  }

  /** What was read at this instant before is not so any more. */
  #forget(): void {
    this.#readAtNs = -1
    this.#boundsAtNs = -1
  }

  stop(): void {
    this.#isStopped = true
  }

  #poll(): void {
    if (this.#isStopped) return
    const localNs = this.counterNs()
    this.compareHost()
    const { sourceIds, nextDueLocalNs } = this.#discipline.due(localNs)
    for (const id of sourceIds) this.#ask(id, localNs)
    const waitNs = nextDueLocalNs === undefined ? POLL_NS : min(nextDueLocalNs - localNs, POLL_GROWN_NS_MAX)
    this.#queue.after(Math.max(Number(waitNs), 10 * MS), () => this.#poll())
  }

  #ask(sourceId: string, t1: bigint): void {
    const [outNs, backNs] = [this.#wayNs(), this.#wayNs()]
    const server = Number(sourceId.slice('server-'.length))
    this.#queue.after(outNs, () => {
      const t2 = this.trueTai() + this.#lieOf(server)
      this.#queue.after(backNs, () => this.#hear(sourceId, t1, t2))
    })
  }

  #hear(sourceId: string, t1: bigint, t2: bigint): void {
    const t4 = this.counterNs()
    // A counter that jumped back stands still: such an exchange took no time by it, and says nothing.
    if (t4 < t1) return
    const measurement = measurementOfExchange(sourceId, { t1, t2, t3: t2, t4 })
    if (measurement.offset.lo <= measurement.offset.hi)
      this.#discipline.onSourceEvent({ type: 'measurement', measurement }, t4)
    this.#forget()
    this.#transcript.note('polled', this.#queue.nowNs, this.#number, 0)
  }

  #wayNs(): number {
    return PATH_NS + this.#chance.below(PATH_JITTER_NS)
  }

  #lieOf(server: number): bigint {
    let sum = 0n
    for (const told of this.#lies.values())
      if (told.server === 'all' || told.server === server) sum += told.lie(this.#queue.nowNs)
    return sum
  }
}
