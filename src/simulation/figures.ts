/**
 * Figures of a run, for people who plan a network: how near to true time blocks are, how soon they are final, how soon a false
 * clock is found, what it costs in bytes. Nothing here is hashed or decides anything. Rule: docs/spec/simulation.md Z-18.
 */
import { NS_PER_MS, abs } from '../base/index.ts'
import { statusOf } from '../consensus/index.ts'
import type { Settled } from './checkers-time.ts'
import { Settling, sortEntries } from './checkers-time.ts'
import type { Decided, RunFacts, Said, Watcher } from './run-record.ts'

/** Buckets of a histogram are this much wider from one to the next. */
const BUCKET_RATIO = 1.05

/** Quantiles of many values in little room: to a twentieth. */
export class Histogram {
  readonly #counts = new Map<number, number>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Takes a value > 0; what is not counts as the smallest. */
  add(value: number): void {
    const bucket = Math.round(Math.log(Math.max(value, 1e-6)) / Math.log(BUCKET_RATIO))
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
    this.#count += 1
  }

  /** The value that a `share` of all do not exceed; nothing where there is none. */
  quantile(share: number): number | null {
    let rest = share * this.#count
    let last: number | null = null
    for (const [bucket, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      last = Number((BUCKET_RATIO ** bucket).toPrecision(3))
      rest -= count
      if (rest <= 0) return last
    }
    return last
  }
}

export interface Spread {
  readonly p50: number | null
  readonly p99: number | null
}

const spreadOf = (histogram: Histogram): Spread => ({ p50: histogram.quantile(0.5), p99: histogram.quantile(0.99) })

export interface Figures {
  /** Half the width of blocks' intervals, and how far their timestamps are from their proposals, ms. */
  readonly halfWidthMs: Spread
  readonly timestampErrorMs: Spread
  /** Between proposal and decision, over all nodes that keep to the rules and are not catching up, ms. */
  readonly finalityMs: Spread
  /** Between a clock's leaving the accepted range and the verdict in a block, s. */
  readonly detectionSec: Spread
  /** How wrong the estimates of true clocks are, ms. */
  readonly clockErrorMs: Spread
  /** Of heights whose time is settled and less than a third of whose weight was wrong: how many hold their proposal. */
  readonly containment: number
  readonly settledHeights: number
  /** Rounds beyond the first that were needed to decide, in all. */
  readonly laterRounds: number
}

/** Watches a run and adds up. */
export class FigureKeeper implements Watcher {
  readonly #facts: RunFacts
  readonly #settling = new Settling()
  readonly #width = new Histogram()
  readonly #error = new Histogram()
  readonly #finality = new Histogram()
  readonly #detection = new Histogram()
  readonly #clocks = new Histogram()
  /** Since when a clock has been out of range, by id. */
  readonly #outSince = new Map<string, number>()
  #heightMax = 0
  #settled = 0
  #contained = 0
  #laterRounds = 0

  constructor(facts: RunFacts) {
    this.#facts = facts
  }

  said(said: Said): void {
    this.#settling.said(said)
  }

  decided(decided: Decided): void {
    const { node, atNs, block, commit, isFirst } = decided
    this.#heightMax = Math.max(this.#heightMax, block.header.height)
    // Who catches up decides old heights: that is not how long finality takes.
    const isLive = block.header.height >= this.#heightMax - 1
    if (isLive && !this.#facts.isFalse(node.id)) {
      const proposedNs = this.#settling.proposedNs(block.header.height, commit.round, block.id)
      if (proposedNs !== undefined) this.#finality.add((atNs - proposedNs) / 1e6)
    }
    if (!isFirst) return
    this.#laterRounds += commit.round
    const settled = this.#settling.decided(decided)
    if (settled !== undefined) this.#settle(settled)
    this.#watchClocks(decided)
  }

  figures(): Figures {
    return {
      halfWidthMs: spreadOf(this.#width),
      timestampErrorMs: spreadOf(this.#error),
      finalityMs: spreadOf(this.#finality),
      detectionSec: spreadOf(this.#detection),
      clockErrorMs: spreadOf(this.#clocks),
      containment: this.#settled === 0 ? 1 : this.#contained / this.#settled,
      settledHeights: this.#settled,
      laterRounds: this.#laterRounds,
    }
  }

  #settle(settled: Settled): void {
    const { time, proposedTai, validators } = settled
    if (proposedTai === undefined) return
    const { wrongWeight } = sortEntries(settled, this.#facts.genesis.parameters.proposalDelayNs)
    if (3n * wrongWeight >= validators.total) return
    this.#settled += 1
    if (time.earliest <= proposedTai && proposedTai <= time.latest) this.#contained += 1
    this.#width.add(Number((time.latest - time.earliest) / 2n) / 1e6)
    this.#error.add(Number(abs(time.timestamp - proposedTai)) / 1e6)
  }

  #watchClocks({ state, atNs }: Decided): void {
    const rangeNs = this.#facts.genesis.parameters.judgement.acceptedVarianceNs
    for (const { id, clock, isUp } of this.#facts.endpoints) {
      const errorNs = isUp ? clock.errorNs() : undefined
      if (errorNs === undefined) continue
      const isOut = abs(errorNs) > rangeNs + 5n * NS_PER_MS
      const since = this.#outSince.get(id)
      if (!isOut) {
        this.#outSince.delete(id)
        this.#clocks.add(Number(abs(errorNs)) / 1e6)
      } else if (since === undefined) this.#outSince.set(id, atNs)
      else if (since >= 0 && statusOf(state, id).status === 'falseticker') {
        this.#detection.add((atNs - since) / 1e9)
        this.#outSince.set(id, -1)
      }
    }
  }
}
