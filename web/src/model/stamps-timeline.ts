/**
 * The two-sided interval of a stamp as a picture: one linear scale from a little before the first instant to a little after the last, so
 * that lengths may be compared. Pure. Places are shares of the picture's width, 0 to 1.
 */
import { durationText } from './format.ts'
import type { Bounds, SpanFacts } from './stamps-outcome.ts'

/** Room kept on either side of what is drawn, as a share of it. */
const PAD = 0.05
/** Where everything is one instant, that much is shown, ns. */
const LENGTH_NS_MIN = 100
/** Room below that is drawn as open where nothing bounds the stamp from below, as a share of what is drawn. */
const OPEN = 0.35

export interface TimelineRow {
  readonly name: 'beacon' | 'receipt' | 'block'
  readonly height: number | undefined
  readonly from: number
  readonly to: number
  /** How long it is, ns. */
  readonly widthNs: number
}

export interface TimelineTick {
  readonly at: number
  /** How long after the first instant that counts: `+200 ms`. */
  readonly text: string
}

export interface Timeline {
  readonly rows: readonly TimelineRow[]
  /** The interval that is proved; from 0 where it is open below. */
  readonly within: { readonly from: number; readonly to: number; readonly isOpenBelow: boolean }
  readonly ticks: readonly TimelineTick[]
  /** How long the proved interval is, ns; undefined where it is open below. */
  readonly withinNs: number | undefined
}

const STEPS = [1, 2, 5]

/** The smallest step of 1, 2 or 5 times a power of ten, ns, that cuts `lengthNs` > 0 into at most `countMax` pieces. */
export const stepFor = (lengthNs: number, countMax: number): number => {
  for (let power = 1; power < 1e18; power *= 10)
    for (const digit of STEPS) if (lengthNs / (digit * power) <= countMax) return digit * power
  return lengthNs
}

const rowOf = (
  name: TimelineRow['name'],
  bounds: Bounds & { readonly height?: number },
  at: (tai: bigint) => number,
): TimelineRow => ({
  name,
  height: bounds.height,
  from: at(bounds.earliest),
  to: at(bounds.latest),
  widthNs: Number(bounds.latest - bounds.earliest),
})

/** @param ticksMax labels that there is room for. */
export const timelineOf = (span: SpanFacts, ticksMax: number): Timeline => {
  const { notBefore, notAfter, beacon, receipt, block } = span
  const instants = [notAfter, receipt.earliest, receipt.latest, block.earliest, block.latest]
  if (notBefore !== undefined) instants.push(notBefore)
  if (beacon !== undefined) instants.push(beacon.earliest, beacon.latest)
  const first = instants.reduce((least, tai) => (tai < least ? tai : least))
  const last = instants.reduce((most, tai) => (tai > most ? tai : most))
  const lengthNs = Math.max(LENGTH_NS_MIN, Number(last - first))
  const leftNs = lengthNs * (notBefore === undefined ? OPEN : PAD)
  const wholeNs = leftNs + lengthNs * (1 + PAD)
  const at = (tai: bigint): number => (Number(tai - first) + leftNs) / wholeNs
  const zero = notBefore ?? first
  const stepNs = stepFor(wholeNs, ticksMax)
  const startNs = Number(zero - first) + leftNs
  const count = Math.floor((wholeNs - startNs) / stepNs)
  const ticks = Array.from({ length: count + 1 }, (_, i) => ({
    at: (startNs + i * stepNs) / wholeNs,
    text: i === 0 ? '0' : `+${durationText(i * stepNs)}`,
  }))
  return {
    rows: [
      ...(beacon === undefined ? [] : [rowOf('beacon', beacon, at)]),
      rowOf('receipt', receipt, at),
      rowOf('block', block, at),
    ],
    within: {
      from: notBefore === undefined ? 0 : at(notBefore),
      to: at(notAfter),
      isOpenBelow: notBefore === undefined,
    },
    ticks,
    withinNs: notBefore === undefined ? undefined : Number(notAfter - notBefore),
  }
}

/** The picture as text. */
export const timelineText = (span: SpanFacts): string => {
  const { notBefore, notAfter, beacon, receipt, block } = span
  const wide = ({ earliest, latest }: Bounds): string => `± ${durationText(Number(latest - earliest) / 2)}`
  const since = (tai: bigint): string => {
    const ns = Number(tai - (notBefore ?? block.earliest))
    return ns < 0 ? `${durationText(-ns)} before` : `${durationText(ns)} after`
  }
  const zero = notBefore === undefined ? 'the block’s earliest instant' : 'the lower bound'
  const said = [
    notBefore === undefined
      ? 'No lower bound.'
      : `The stamp was asked for within ${durationText(Number(notAfter - notBefore))}.`,
    ...(beacon === undefined ? [] : [`Beacon: block ${beacon.height}, ${wide(beacon)}.`]),
    `Receipt: ${since(receipt.earliest)} ${zero}, ${wide(receipt)} by the node’s own clock.`,
    `Stamp’s block ${block.height}: ends ${since(block.latest)} ${zero}, ${wide(block)}.`,
    `Settled by block ${block.height + 1}.`,
  ]
  return said.join(' ')
}
