/**
 * An axis of time for a picture: where an instant stands, and a few round instants in UTC with their names. Pure. Not promised: a tick for every
 * round instant; there are at most six.
 */
import { NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, NS_PER_SEC, max, min } from '../base/index.ts'
import type { Tai, TimeInterval } from '../base/index.ts'
import { taiFromUnixNs, unixFromTai } from '../clock/index.ts'
import { utcDown } from './stamp-lines.ts'

export interface TimeTick {
  readonly x: number
  readonly label: string
  /** How the label stands to its tick, so that it does not leave the picture. */
  readonly anchor: 'start' | 'middle' | 'end'
}

export interface TimeAxis {
  xOf(tai: Tai): number
  readonly ticks: readonly TimeTick[]
  /** What the ticks' names leave out. */
  readonly caption: string
}

/** Of labels as `18:00`; and of longer ones. */
const TICKS_MAX = 6
const LONG_TICKS_MAX = 4
/** Room that the label of a tick takes to either side. */
const LABEL_HALF = 26

/** Round steps, ns. */
const STEPS: readonly bigint[] = [
  ...[1n, 10n, 100n].map((n) => n * NS_PER_MS),
  ...[1n, 2n, 5n, 10n, 15n, 30n].map((n) => n * NS_PER_SEC),
  ...[1n, 2n, 5n, 10n, 15n, 30n].map((n) => n * NS_PER_MINUTE),
  ...[1n, 2n, 3n, 6n, 12n].map((n) => n * NS_PER_HOUR),
  ...[1n, 2n, 7n, 30n, 90n, 365n, 1825n, 3650n, 36_500n].map((n) => n * NS_PER_DAY),
]

/** Over all intervals, of which there is at least one; from `from` to `to` in the picture. */
export const axisOf = (
  intervals: readonly TimeInterval[],
  { from, to }: { readonly from: number; readonly to: number },
): TimeAxis => {
  const first = intervals.reduce((least, { earliest }) => min(least, earliest), intervals[0]?.earliest ?? 0n)
  const last = intervals.reduce((most, { latest }) => max(most, latest), first + NS_PER_MS)
  const span = last - first
  const xOf = (tai: Tai): number => from + (Number(tai - first) / Number(span)) * (to - from)
  const step = STEPS.find((one) => span / one < BigInt(ticksMaxOf(one))) ?? span
  const ticks: TimeTick[] = []
  const start = unixFromTai(first).unixNs
  for (let unixNs = start - (start % step) + step; ticks.length < TICKS_MAX; unixNs += step) {
    const tai = taiFromUnixNs(unixNs)
    if (tai > last) break
    const x = xOf(tai)
    ticks.push({
      x,
      label: labelOf(tai, step),
      anchor: x > to - LABEL_HALF ? 'end' : x < from + LABEL_HALF ? 'start' : 'middle',
    })
  }
  return { xOf, ticks, caption: captionOf(first, last, step) }
}

const ticksMaxOf = (step: bigint): number => (step >= NS_PER_DAY || step < NS_PER_SEC ? LONG_TICKS_MAX : TICKS_MAX)

const labelOf = (tai: Tai, step: bigint): string => {
  const [day = '', clock = ''] = utcDown(tai).slice(0, -1).split('T')
  if (step >= NS_PER_DAY) return day
  if (step >= NS_PER_MINUTE) return clock.slice(0, 5)
  return step >= NS_PER_SEC ? clock.slice(0, 8) : clock
}

const captionOf = (first: Tai, last: Tai, step: bigint): string => {
  const [from, to] = [utcDown(first).slice(0, 10), utcDown(last).slice(0, 10)]
  if (step >= NS_PER_DAY) return 'UTC'
  return from === to ? `UTC, ${from}` : `UTC, ${from} to ${to}`
}
