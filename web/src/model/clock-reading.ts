/**
 * What time it is, as far as this page can know: a reading of the node's clock carried forward on the browser's own
 * monotonic counter, with a bound that grows by the way here and by the counter's age, and no digit finer than it.
 *
 * Not promised: the time at which a screen lights up. The bound covers the node's clock, the round trip to it and the
 * drift of the browser's counter since; it leaves out what the browser and the screen take to draw.
 */
import type { TimeView } from '../../../src/services/schema.ts'

/** Assumed worst frequency error of the browser's counter, parts per million. */
const COUNTER_PPM = 100

export interface Anchor {
  /** UTC of the reading as Unix ms (a double: 0.25 µs fine). Within an inserted second: the Unix ms at which that ends. */
  readonly unixMs: number
  /** How much of an inserted second is still to come, ms; 0 outside of one. */
  readonly leapMs: number
  /** The browser's counter (`performance.now()`, ms) at which it held. */
  readonly counterMs: number
  /** The node's own bound, ns. */
  readonly nodeNs: number
  /** What the way here adds, ns: half a round trip, or for a pushed event a generous guess. */
  readonly pathNs: number
}

export interface Reading {
  /** Within an inserted second: that of the second before it, with which it shares its minute. */
  readonly unixMs: number
  readonly isLeap: boolean
  readonly boundNs: number
}

/** `2026-11-20T12:03:04.123456789Z` to Unix ms; undefined where it is no such text or names a leap second. */
export const parseUtc = (utc: string): number | undefined => {
  const [, seconds, fraction] = /^([-\d]+T[\d:]+)(?:\.(\d{1,9}))?Z?$/.exec(utc) ?? []
  const whole = Date.parse(`${seconds}Z`)
  return Number.isNaN(whole) ? undefined : whole + Number(`0.${fraction ?? '0'}`) * 1000
}

/** TAI − UTC in ms as a reading itself shows it (37 000 since 2017). */
export const taiMinusUtcMs = (time: TimeView): number | undefined => {
  const unixMs = parseUtc(time.utc.estimate)
  return unixMs === undefined
    ? undefined
    : Math.round((Number(BigInt(time.estimate) / 1_000_000n) - unixMs) / 1000) * 1000
}

/** The minute of a reading within an inserted second, Unix ms, and what is left of that second, ms. */
const leapOf = (utc: string): { readonly minuteMs: number; readonly leftMs: number } | undefined => {
  const match = /^([-\d]+T\d\d:\d\d):60(?:\.(\d{1,9}))?Z?$/.exec(utc)
  if (match === null) return undefined
  const [, minute, fraction = '0'] = match
  return { minuteMs: Date.parse(`${minute}:00Z`), leftMs: 1000 - Number(`0.${fraction}`) * 1000 }
}

export const anchorOf = (time: TimeView, counterMs: number, pathNs: number): Anchor | undefined => {
  const held = { counterMs, nodeNs: time.uncertaintyNs, pathNs }
  const leap = leapOf(time.utc.estimate)
  if (leap !== undefined) return { ...held, unixMs: leap.minuteMs + 60_000, leapMs: leap.leftMs }
  const unixMs = parseUtc(time.utc.estimate)
  return unixMs === undefined ? undefined : { ...held, unixMs, leapMs: 0 }
}

export const readAt = (anchor: Anchor, counterMs: number): Reading => {
  const ageMs = Math.max(0, counterMs - anchor.counterMs)
  const boundNs = anchor.nodeNs + anchor.pathNs + ageMs * COUNTER_PPM
  return { unixMs: anchor.unixMs + ageMs - anchor.leapMs, isLeap: ageMs < anchor.leapMs, boundNs }
}

/** How many decimals of a second may be shown: the last digit is worth at least the bound. 0 to 6. */
export const decimalsFor = (boundNs: number): number =>
  Math.min(6, Math.max(0, Math.floor(-Math.log10(Math.max(boundNs, 1) / 1e9) + 1e-9)))

/** The reading as `12:03:04` and `.12` (an inserted second as `23:59:60`), cut (as clocks do), never rounded up. */
export const clockText = ({
  unixMs,
  isLeap,
  boundNs,
}: Reading): { readonly clock: string; readonly fraction: string } => {
  const decimals = decimalsFor(boundNs)
  const wholeMs = Math.floor(unixMs / 1000) * 1000
  const parts = Math.min(10 ** decimals - 1, Math.floor(((unixMs - wholeMs) / 1000) * 10 ** decimals))
  const fraction = decimals === 0 ? '' : `.${String(parts).padStart(decimals, '0')}`
  const clock = new Date(wholeMs).toISOString().slice(11, 19)
  return { clock: isLeap ? `${clock.slice(0, 6)}60` : clock, fraction }
}
