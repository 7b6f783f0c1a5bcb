/**
 * What is held for and against one peer: points by channel and kind, faded whenever they are looked at, and counts of what
 * it said. Bounded whatever the peer does. The weights and what follows from a sum stand in `score-weights.ts`.
 *
 * Fading is 2^(-t/halfLife), computed when asked, in floats: it decides about connections and never about consensus.
 */
import { SCORE_WEIGHTS } from './score-weights.ts'
import type { ChannelScoring, ScoreName } from './score-weights.ts'
import type { PeerId, PeerStanding, ScoreReason } from './port.ts'

/** Channels that are told apart in one account; what is done on others counts under `other`. */
export const SCORED_CHANNELS_MAX = 64
/** Reasons that are counted apart for one peer; the rest counts under `other`. */
export const PEER_REFUSAL_REASONS_MAX = 32
/** A share of ignored messages says nothing before so many were judged. */
const JUDGED_MIN = 50
/** Points nearer to zero than this are not listed. */
const POINTS_LISTED_MIN = 0.01
const OTHER = 'other'

/** A sum that fades: what it was, and when, ms of elapsed time. */
interface Fading {
  value: number
  atMs: number
}

const valueAt = (fading: Fading, nowMs: number, halfLifeSec: number): number =>
  fading.value * 2 ** ((fading.atMs - nowMs) / (halfLifeSec * 1000))

const msOf = (elapsedNs: bigint): number => Number(elapsedNs) / 1e6

interface ChannelAccount {
  readonly points: Map<ScoreName, Fading>
  /** Messages judged, and those of them that were ignored; both fade as `ignored` does. */
  readonly judged: Fading
  readonly ignored: Fading
}

export class PeerAccount {
  /** Elapsed ns until which the peer is shut out. */
  shutOutUntilNs = 0n
  readonly #channels = new Map<string, ChannelAccount>()
  readonly #counts = { accept: 0, ignore: 0, reject: 0 }
  readonly #refusals = new Map<string, number>()

  isShutOut(elapsedNs: bigint): boolean {
    return elapsedNs < this.shutOutUntilNs
  }

  /** Adds what the deed is worth on this channel, and says how much that was: negative where it cost. */
  note(
    channel: string,
    what: ScoreName,
    { scoring, elapsedNs }: { readonly scoring: ChannelScoring; readonly elapsedNs: bigint },
  ): number {
    const account = this.#channel(channel)
    const nowMs = msOf(elapsedNs)
    if (isJudgement(what) && !judge(account, what, scoring.ignoredShareMax, nowMs)) return 0
    const { points, halfLifeSec, sumMax } = SCORE_WEIGHTS[what]
    const entry = account.points.get(what) ?? { value: 0, atMs: nowMs }
    const sum = valueAt(entry, nowMs, halfLifeSec) + points * scoring.weight
    entry.value = points > 0 ? Math.min(sum, scoring.meritMax) : Math.max(sum, sumMax)
    entry.atMs = nowMs
    account.points.set(what, entry)
    return points * scoring.weight
  }

  count(verdict: 'accept' | 'ignore' | 'reject', reason: string | undefined): void {
    this.#counts[verdict] += 1
    if (reason === undefined) return
    const key = this.#refusals.has(reason) || this.#refusals.size < PEER_REFUSAL_REASONS_MAX - 1 ? reason : OTHER
    this.#refusals.set(key, (this.#refusals.get(key) ?? 0) + 1)
  }

  /** The sum over kinds, each within its bound. */
  score(elapsedNs: bigint): number {
    const sums = new Map<ScoreName, number>()
    for (const { reason, points } of this.#parts(msOf(elapsedNs))) sums.set(reason, (sums.get(reason) ?? 0) + points)
    return totalOf(sums)
  }

  standing(peer: PeerId, elapsedNs: bigint): PeerStanding {
    const { score, reasons } = this.#apart(msOf(elapsedNs))
    return {
      peer,
      score,
      reasons,
      messages: { accepted: this.#counts.accept, ignored: this.#counts.ignore, rejected: this.#counts.reject },
      refusals: new Map(this.#refusals),
      isShutOut: this.isShutOut(elapsedNs),
    }
  }

  /**
   * The score and its parts, worst first. Where a kind is at its bound, its parts are shown in proportion, so that they add up to the
   * score. Thousands of accounts are shown at once, so nothing is computed twice.
   */
  #apart(nowMs: number): { readonly score: number; readonly reasons: readonly ScoreReason[] } {
    const parts = this.#parts(nowMs)
    const sums = new Map<ScoreName, number>()
    for (const { reason, points } of parts) sums.set(reason, (sums.get(reason) ?? 0) + points)
    const shown = parts.map(({ channel, reason, points }) => {
      const whole = sums.get(reason) ?? 0
      return { channel, reason, points: whole === 0 ? 0 : (points * bounded(reason, whole)) / whole }
    })
    return {
      score: totalOf(sums),
      reasons: shown
        .filter(({ points }) => Math.abs(points) >= POINTS_LISTED_MIN)
        .toSorted((a, b) => a.points - b.points),
    }
  }

  /** What every kind of deed on every channel is worth now, unbounded. */
  #parts(nowMs: number): readonly { readonly channel: string; readonly reason: ScoreName; readonly points: number }[] {
    const parts: { channel: string; reason: ScoreName; points: number }[] = []
    for (const [channel, { points }] of this.#channels)
      for (const [reason, fading] of points)
        parts.push({ channel, reason, points: valueAt(fading, nowMs, SCORE_WEIGHTS[reason].halfLifeSec) })
    return parts
  }

  #channel(name: string): ChannelAccount {
    const known = this.#channels.get(name)
    if (known !== undefined) return known
    if (this.#channels.size >= SCORED_CHANNELS_MAX - 1 && name !== OTHER) return this.#channel(OTHER)
    const made = { points: new Map(), judged: { value: 0, atMs: 0 }, ignored: { value: 0, atMs: 0 } }
    this.#channels.set(name, made)
    return made
  }
}

const bounded = (what: ScoreName, sum: number): number => {
  const { sumMax } = SCORE_WEIGHTS[what]
  return sumMax > 0 ? Math.min(sum, sumMax) : Math.max(sum, sumMax)
}

const totalOf = (sums: ReadonlyMap<ScoreName, number>): number => {
  let total = 0
  for (const [what, sum] of sums) total += bounded(what, sum)
  return total
}

const isJudgement = (what: ScoreName): what is 'first-delivery' | 'rejected' | 'ignored' =>
  what === 'first-delivery' || what === 'rejected' || what === 'ignored'

/** Counts one message judged. Does the deed count? What is ignored does only where too large a share is. */
const judge = (
  account: ChannelAccount,
  what: 'first-delivery' | 'rejected' | 'ignored',
  shareMax: number,
  nowMs: number,
): boolean => {
  const judged = raise(account.judged, 1, nowMs)
  const ignored = raise(account.ignored, what === 'ignored' ? 1 : 0, nowMs)
  return what !== 'ignored' || (judged >= JUDGED_MIN && ignored > shareMax * judged)
}

const raise = (fading: Fading, by: number, nowMs: number): number => {
  fading.value = valueAt(fading, nowMs, SCORE_WEIGHTS.ignored.halfLifeSec) + by
  fading.atMs = nowMs
  return fading.value
}
