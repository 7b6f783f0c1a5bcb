/**
 * Which sources chime: Marzullo's intersection (K. Marzullo 1984; RFC 5905 §11.2.1) on exact integer intervals, and its
 * weighted form, which validation uses over attestations.
 *
 * The argument is one line: if at most f of m intervals are false, the true value lies in m − f of them, so it lies between
 * the first and the last point that m − f of them cover.
 *
 * Two answers come out and they differ. `intersection` assumes as few falsetickers as the intervals allow: it is the tightest,
 * names the falsetickers, and is what to estimate from. `majority` assumes only that more than half are true: it is never
 * narrower, and is what to promise. RFC 5905 also asks that midpoints lie inside; hard intervals need no such rule, and it
 * would break the argument for paths that are not symmetric.
 */
import assert from 'node:assert/strict'
import { meets } from '../base/index.ts'
import type { NsInterval } from '../base/index.ts'

export interface WeightedInterval {
  readonly interval: NsInterval
  /** >= 0. */
  readonly weight: bigint
}

/**
 * The smallest interval around all points that intervals of at least `weightNeeded` > 0 cover together, or nothing where
 * no point is covered so well. Closed ends: intervals that touch cover the point where they do. O(n log n).
 */
export const coverInterval = (options: {
  readonly intervals: readonly WeightedInterval[]
  readonly weightNeeded: bigint
}): NsInterval | undefined => {
  const { intervals, weightNeeded } = options
  assert(weightNeeded > 0n)
  const edges = intervals.flatMap(({ interval, weight }) => {
    assert(interval.lo <= interval.hi && weight >= 0n)
    return [
      { at: interval.lo, change: weight },
      { at: interval.hi, change: -weight },
    ]
  })
  // Openings before closings at one point, so that closed intervals that touch count together.
  edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.change > b.change ? -1 : a.change < b.change ? 1 : 0))
  let covered = 0n
  let lo: bigint | undefined
  let hi: bigint | undefined
  for (const { at, change } of edges) {
    if (change < 0n && covered >= weightNeeded) hi = at
    covered += change
    if (change > 0n && covered >= weightNeeded) lo ??= at
  }
  return lo === undefined || hi === undefined ? undefined : { lo, hi }
}

/**
 * The hull of all points that can be the truth if more than half of the voters are true; nothing where they cannot agree.
 * @param options.awaited voters who have yet to speak, >= 0: any of them may hold the truth anywhere, so that many fewer are asked for.
 */
export const majorityOf = (
  said: readonly NsInterval[],
  options: { readonly awaited?: number } = {},
): NsInterval | undefined => {
  const awaited = options.awaited ?? 0
  const needed = Math.max(1, Math.floor((said.length + awaited) / 2) + 1 - awaited)
  const intervals = said.map((interval) => ({ interval, weight: 1n }))
  return coverInterval({ intervals, weightNeeded: BigInt(needed) })
}

export interface SourceInterval {
  readonly sourceId: string
  readonly offset: NsInterval
}

/** `survivors` and `falsetickers` together are all that were asked, in their order. */
export interface Selection {
  readonly survivors: readonly string[]
  readonly falsetickers: readonly string[]
  /** With as few falsetickers as possible; true if no more than that many are. */
  readonly intersection: NsInterval
  /** True if more than half of the voters are; holds `intersection`. */
  readonly majority: NsInterval
}

/**
 * The sources that agree, or nothing where no point is covered by more than half of all voters.
 * @param options.awaited voters who have yet to speak, >= 0. They count against a majority; and since any of them may hold the truth
 *   anywhere, `majority` asks for that many fewer of those who spoke.
 */
export const select = (
  sources: readonly SourceInterval[],
  options: { readonly awaited?: number } = {},
): Selection | undefined => {
  const awaited = options.awaited ?? 0
  const majorityNeeded = Math.floor((sources.length + awaited) / 2) + 1
  const intervals = sources.map(({ offset }) => ({ interval: offset, weight: 1n }))
  const agreed = coverInterval({ intervals, weightNeeded: BigInt(majorityNeeded) })
  const majority = majorityOf(
    sources.map(({ offset }) => offset),
    { awaited },
  )
  if (agreed === undefined || majority === undefined) return undefined
  let intersection = agreed
  for (let needed = sources.length; needed > majorityNeeded; needed -= 1) {
    const tight = coverInterval({ intervals, weightNeeded: BigInt(needed) })
    if (tight === undefined) continue
    intersection = tight
    break
  }
  const isIn = ({ offset }: SourceInterval): boolean => meets(offset, intersection)
  return {
    survivors: sources.filter((source) => isIn(source)).map(({ sourceId }) => sourceId),
    falsetickers: sources.filter((source) => !isIn(source)).map(({ sourceId }) => sourceId),
    intersection,
    majority,
  }
}
