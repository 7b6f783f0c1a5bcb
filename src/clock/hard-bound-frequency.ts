/**
 * What one source shows of the counter's frequency: bounds on d(TAI − local)/d(local) that hold if the source is true, however
 * unequal the two ways to it are. The formulas are in hard-bound-slope.ts.
 *
 * Assumed: (1) the source is true at every word that is remembered.
 * (2) Wander: two stretches within a span differ in mean frequency by no more than `wanderOver` says. How much a counter wanders is
 *     learned: it is believed to do three times what it was seen to, and never less than `wanderPpb`, or `wanderPpbMin` once
 *     it was watched for some baselines and seen to be steady.
 * (3) No hidden trade: one way does not become shorter than it ever was just when the other becomes longer by as much. Then no way
 *     out of one word and way back of another are together shorter than the least round trip, less an allowance for
 *     the two ways never having been at their least at once. A way that becomes longer shows as delay, and is believed less.
 *
 * Not promised: anything about a source without a round trip beyond its interval, or against wander that hides below the
 * delays' noise and exceeds `wanderPpbMin`.
 */
import { max, min } from '../base/index.ts'
import {
  changeBefore,
  leastOf,
  loosened,
  slopeBetween,
  unknownSlope,
  wanderOver,
  wanderSince,
} from './hard-bound-slope.ts'
import type { SlopeBounds, SlopeWord } from './hard-bound-slope.ts'

export interface FrequencyOptions {
  /** Bound on the frequency error of a counter of which nothing is known, ppb (RFC 5905: 500 ppm). */
  readonly frequencyBoundPpb: number
  /**
   * How far the mean frequencies of two stretches within `baselineNsMax` may differ, ppb: the one assumption about the oscillator,
   * until it has been watched for long enough to say more.
   */
  readonly wanderPpb: number
  /** The least that is assumed instead, ppb, however steady the oscillator was seen to be. */
  readonly wanderPpbMin: number
  /** The stretch of history from which the frequency is bounded, and to which wander is stated, ns. */
  readonly baselineNsMax: bigint
  /** How long each source's words are remembered for what they show of the frequency, ns: some `baselineNsMax`. */
  readonly memoryNsMax: bigint
  /** Points of that history that are kept, evenly over that time. */
  readonly anchorsMax: number
}

/** Bounds on the slope of late, and the wander over the baseline by which they were made, ppb. */
export interface FrequencyBounds extends SlopeBounds {
  readonly wanderPpb: bigint
}

/** The counter is believed to wander so many times as much as it was seen to. */
const WANDER_GAIN = 3n
/** So many comparisons that would have shown it make a counter watched. */
const COMPARISONS_MIN = 5
/** A counter that changed by more than this share of `wanderPpbMin` for certain is not steady, however long it was watched. */
const QUIET_SHARE = 2 / 3
/** Beside whole baselines their halves, quarters and eighths are compared, for swings that a whole one averages away. */
const BASELINE_PARTS = [2n, 4n, 8n] as const
/** The least of so many round trips in a row is near the path's own. */
const NEAR_WORDS = 8
/** The middle of so many words' excess over that is a usual one; by fewer nothing is known of a path. */
const EXCESS_WORDS = 32

/** One end of a slope's bounds, and when the stretch began whose mean it bounds. */
interface SlopeEnd {
  readonly ppb: bigint
  readonly sinceNs: bigint
}

interface Anchor {
  readonly word: SlopeWord
  /** The tightest ends that it made with an older one when it came. */
  readonly lo: SlopeEnd | undefined
  readonly hi: SlopeEnd | undefined
  /** By so much the frequency was seen to change before it, and by so much at least, ppb >= 0. */
  readonly changePpb: bigint
  readonly changePpbMin: bigint
  /** Were there two whole baselines to compare, or two halves so finely that a change by `wanderPpbMin` would have shown? */
  readonly isTelling: boolean
}

/** One source's memory of the counter's frequency. Mutable, owned by the source's record; bounded by `anchorsMax`. */
export class FrequencyMemory {
  readonly #options: FrequencyOptions
  readonly #unknown: SlopeBounds
  /** Oldest first. */
  #anchors: Anchor[] = []
  /** The word of least delay since `#closedNs`, when the last anchor was taken. */
  #candidate: Anchor | undefined
  #closedNs: bigint | undefined
  /** The newest round trips, and by how much each exceeded the least of those before it, ns. */
  #delays: bigint[] = []
  #excesses: bigint[] = []
  #lastNs: bigint | undefined
  #bounds: FrequencyBounds

  constructor(options: FrequencyOptions) {
    this.#options = options
    this.#unknown = unknownSlope(options)
    this.#bounds = { ...this.#unknown, wanderPpb: BigInt(Math.ceil(options.wanderPpb)) }
  }

  /** The slope at `localNs`, not before the last word, and for a baseline to come. */
  at(localNs: bigint): FrequencyBounds {
    const { wanderPpb } = this.#bounds
    const ageNs = localNs - (this.#lastNs ?? localNs)
    const more = wanderSince(max(0n, ageNs), wanderPpb, this.#options.baselineNsMax)
    return { ...loosened(this.#bounds, more, this.#unknown), wanderPpb }
  }

  forget(): void {
    this.#anchors = []
    this.#candidate = undefined
    this.#closedNs = undefined
    this.#delays = []
    this.#excesses = []
    this.#lastNs = undefined
    this.#bounds = { ...this.#unknown, wanderPpb: BigInt(Math.ceil(this.#options.wanderPpb)) }
  }

  /** Takes a word, newer than all before it. */
  add(word: SlopeWord): void {
    const { memoryNsMax, anchorsMax } = this.#options
    this.#anchors = this.#anchors
      .filter((anchor) => word.localNs - anchor.word.localNs <= memoryNsMax)
      .slice(-anchorsMax)
    this.#delays = [...this.#delays, word.delayNs].slice(-NEAR_WORDS)
    this.#excesses = [...this.#excesses, word.delayNs - leastOf(this.#delays)].slice(-EXCESS_WORDS)
    const here = this.#placed(word)
    this.#bounds = this.#concluded(here)
    this.#lastNs = word.localNs
    if (this.#candidate === undefined || word.delayNs <= this.#candidate.word.delayNs) this.#candidate = here
    const spacingNs = memoryNsMax / BigInt(anchorsMax)
    if (this.#closedNs !== undefined && word.localNs - this.#closedNs < spacingNs) return
    this.#anchors.push(this.#compared(this.#candidate))
    this.#candidate = undefined
    this.#closedNs = word.localNs
  }

  /** How far a usual word's round trip exceeds the least near it, ns: the least of both ways may lie so far below that. */
  #allowanceNs(): bigint {
    return this.#excesses.toSorted((a, b) => (a < b ? -1 : 1))[Math.floor(this.#excesses.length / 2)] ?? 0n
  }

  /** S: what no way out and no way back are together shorter than, ns; 0 until enough has been seen. */
  #sharedNs(word: SlopeWord): bigint {
    if (this.#excesses.length < EXCESS_WORDS) return 0n
    const delays = this.#anchors.map((anchor) => anchor.word.delayNs)
    return max(
      0n,
      leastOf([word.delayNs, this.#candidate?.word.delayNs ?? word.delayNs, ...delays]) - this.#allowanceNs(),
    )
  }

  /** The word with the tightest ends that it makes with an older one. */
  #placed(word: SlopeWord): Anchor {
    const shared = this.#sharedNs(word)
    const { wanderPpb } = this.#bounds
    let lo: SlopeEnd | undefined
    let hi: SlopeEnd | undefined
    let [loReach, hiReach] = [0n, 0n]
    for (const { word: from } of this.#anchors) {
      if (from.localNs >= word.localNs) continue
      const seen = slopeBetween(from, word, shared)
      const wander = wanderOver(word.localNs - from.localNs, wanderPpb, this.#options.baselineNsMax)
      if (lo === undefined || seen.loPpb - wander > loReach) {
        lo = { ppb: seen.loPpb, sinceNs: from.localNs }
        loReach = seen.loPpb - wander
      }
      if (hi === undefined || seen.hiPpb + wander < hiReach) {
        hi = { ppb: seen.hiPpb, sinceNs: from.localNs }
        hiReach = seen.hiPpb + wander
      }
    }
    return { word, lo, hi, changePpb: 0n, changePpbMin: 0n, isTelling: false }
  }

  /** What all remembered ends say together at `here`. */
  #concluded(here: Anchor): FrequencyBounds {
    const wanderPpb = this.#wander()
    const reach = ({ sinceNs }: SlopeEnd): bigint =>
      wanderOver(here.word.localNs - sinceNs, wanderPpb, this.#options.baselineNsMax)
    let { loPpb, hiPpb } = this.#unknown
    for (const { lo, hi } of [...this.#anchors, here]) {
      if (lo !== undefined) loPpb = max(loPpb, lo.ppb - reach(lo))
      if (hi !== undefined) hiPpb = min(hiPpb, hi.ppb + reach(hi))
    }
    if (loPpb <= hiPpb) return { loPpb, hiPpb, wanderPpb }
    // Ends that contradict each other: the frequency wandered more than assumed, by half of this at least.
    const breach = WANDER_GAIN * (loPpb - hiPpb)
    return { ...loosened({ loPpb: hiPpb, hiPpb: loPpb }, breach, this.#unknown), wanderPpb }
  }

  /** The wander to assume over the baseline, ppb. */
  #wander(): bigint {
    const { wanderPpb, wanderPpbMin } = this.#options
    const isWatched = this.#anchors.filter(({ isTelling }) => isTelling).length >= COMPARISONS_MIN
    const isQuiet = this.#anchors.every(({ changePpbMin }) => Number(changePpbMin) <= QUIET_SHARE * wanderPpbMin)
    const seen = this.#anchors.reduce((a, { changePpb }) => max(a, changePpb), 0n)
    return max(WANDER_GAIN * seen, BigInt(Math.ceil(isWatched && isQuiet ? wanderPpbMin : wanderPpb)))
  }

  /** The anchor with the change of frequency that it shows. */
  #compared(anchor: Anchor): Anchor {
    const { baselineNsMax, wanderPpbMin } = this.#options
    const words = this.#anchors.map(({ word }) => word)
    const allowanceNs = this.#allowanceNs()
    const change = (stretchNs: bigint) => changeBefore(anchor.word, words, { stretchNs, allowanceNs })
    // Over a whole baseline noise is little, so the change is taken as it looks; over less, only what is certain.
    const whole = change(baselineNsMax)
    const parts = BASELINE_PARTS.map((part) => change(baselineNsMax / part))
    const changePpbMin = parts.reduce((a, part) => max(a, part?.leastPpb ?? 0n), whole?.leastPpb ?? 0n)
    const changePpb = max(changePpbMin, whole?.likelyPpb ?? 0n)
    const [half] = parts
    const isFine = half !== undefined && half.noisePpb <= BigInt(Math.ceil(wanderPpbMin))
    return { ...anchor, changePpb, changePpbMin, isTelling: whole !== undefined || isFine }
  }
}
