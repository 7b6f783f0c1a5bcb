/**
 * What a clock knows of TAI − local without the source that is being judged: hold-over on the oscillator, and what the other
 * sources say. The judge (gps-detector.ts) gets it as plain data and asks the clock nothing else.
 *
 * Not promised: independence of the source's own past, which is in the hold-over.
 */
import type { NsInterval } from '../base/index.ts'
import type { FilterEstimate } from './port.ts'
import { coverInterval } from './selection.ts'
import type { SourceInterval } from './selection.ts'

/** All of it holds at one local instant. */
export interface ClockKnowledge {
  /** The hold-over's hard interval; nothing before the first majority and while the clock itself is in doubt. */
  readonly hard: NsInterval | undefined
  /** The filter's guess; nothing in the same cases. */
  readonly predicted: FilterEstimate | undefined
  /** What so many other sources agree on that they outvote this one; nothing where they do not. */
  readonly others: NsInterval | undefined
}

/**
 * The points that enough of `others` cover to be a majority of them and the one source that is judged, as an interval. Two
 * against one can outvote it, one against one cannot: so a judge that refuses by this refuses nobody whom the vote would not.
 */
export const outvoting = (others: readonly SourceInterval[]): NsInterval | undefined => {
  const weightNeeded = BigInt(Math.floor((others.length + 1) / 2) + 1)
  return coverInterval({ intervals: others.map(({ offset }) => ({ interval: offset, weight: 1n })), weightNeeded })
}

/** The knowledge from a clock's parts. `voters` are the intervals of all that speak, the judged source among them or not. */
export const knowledgeWithout = (
  sourceId: string,
  parts: Pick<ClockKnowledge, 'hard' | 'predicted'> & { readonly voters: readonly SourceInterval[] },
): ClockKnowledge => ({
  hard: parts.hard,
  predicted: parts.predicted,
  others: outvoting(parts.voters.filter((voter) => voter.sourceId !== sourceId)),
})
