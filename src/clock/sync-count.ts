/**
 * How often the clock has asked the time in the last 24 hours: the fewer the better at equal truth (seed 000: synchronisation is
 * intermittent). Counted in buckets of ten minutes, so that a count is right to ten minutes at its far end and takes the same
 * memory for ever.
 */
import { NS_PER_DAY, NS_PER_SEC } from '../base/index.ts'

const BUCKET_NS = 600n * NS_PER_SEC
const BUCKETS = Number(NS_PER_DAY / BUCKET_NS)
/** Below this a count says more about the start than about the day, ns. */
const COVERED_NS_MIN = 3600n * NS_PER_SEC

/** What has been counted of the last 24 hours. */
export interface SyncCount {
  /** Times at which the clock asked, however many sources it asked then. */
  readonly rounds: number
  /** Questions, and answers that were believed. */
  readonly asked: number
  readonly answered: number
  /** How much of the day has been seen, ns, at most 24 hours. */
  readonly coveredNs: bigint
  /** `rounds` for a whole day; nothing before an hour has been seen. */
  readonly synchronisationsPerDay: number | undefined
}

interface Bucket {
  readonly rounds: number
  readonly asked: number
  readonly answered: number
}

const EMPTY: Bucket = Object.freeze({ rounds: 0, asked: 0, answered: 0 })

/** Counts by the local counter, which must not run backwards: what comes late counts as now. */
export class SyncCounter {
  readonly #buckets = new Map<bigint, Bucket>()
  #startNs: bigint | undefined
  #newest = 0n

  /** The clock asked `sources` > 0 sources at once. */
  asked(localNs: bigint, sources: number): void {
    this.#add(localNs, { rounds: 1, asked: sources, answered: 0 })
  }

  /** A source's answer was taken. */
  answered(localNs: bigint): void {
    this.#add(localNs, { rounds: 0, asked: 0, answered: 1 })
  }

  read(localNs: bigint): SyncCount {
    this.#advance(localNs)
    const sum = [...this.#buckets.values()].reduce(plus, EMPTY)
    const sinceNs = localNs - (this.#startNs ?? localNs)
    const coveredNs = sinceNs < NS_PER_DAY ? (sinceNs < 0n ? 0n : sinceNs) : NS_PER_DAY
    const days = Number(coveredNs) / Number(NS_PER_DAY)
    return { ...sum, coveredNs, synchronisationsPerDay: coveredNs < COVERED_NS_MIN ? undefined : sum.rounds / days }
  }

  #add(localNs: bigint, more: Bucket): void {
    this.#startNs ??= localNs
    this.#advance(localNs)
    this.#buckets.set(this.#newest, plus(this.#buckets.get(this.#newest) ?? EMPTY, more))
  }

  /** Drops what is older than a day. */
  #advance(localNs: bigint): void {
    const bucket = localNs / BUCKET_NS
    if (bucket <= this.#newest) return
    this.#newest = bucket
    for (const key of this.#buckets.keys()) if (key <= bucket - BigInt(BUCKETS)) this.#buckets.delete(key)
  }
}

const plus = (a: Bucket, b: Bucket): Bucket => ({
  rounds: a.rounds + b.rounds,
  asked: a.asked + b.asked,
  answered: a.answered + b.answered,
})
