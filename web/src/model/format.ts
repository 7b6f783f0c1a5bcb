/**
 * Numbers as people read them: durations in the unit that fits, offsets with their sign and only the digits that their
 * interval supports, instants in UTC. Signs use U+2212, spaces between number and unit do not break.
 */

const NBSP = ' '
const MINUS = '−'
const UNITS: readonly (readonly [number, string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
]

export interface Interval {
  readonly loNs: number
  readonly hiNs: number
}

const unitFor = (sizeNs: number): readonly [number, string] => UNITS.find(([ns]) => sizeNs >= ns * 0.9995) ?? [1, 'ns']

/** Three significant digits at most, no trailing zeros after the point: `1.2 ms`, `340 µs`, `250 ms`. `ns` ≥ 0. */
export const durationText = (ns: number): string => {
  const [scale, unit] = unitFor(ns)
  const value = ns / scale
  const text = value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(value >= 10 ? 3 : 2)))
  return `${text}${NBSP}${unit}`
}

export const signed = (value: number, decimals: number): string => {
  const text = Math.abs(value).toFixed(decimals)
  if (Number(text) === 0) return text
  return `${value < 0 ? MINUS : '+'}${text}`
}

/** A length of time with its sign, for a number that changes: `+1.9 ms`, `−27 µs`. */
export const signedText = (ns: number): string => {
  const size = Math.abs(ns)
  if (size < 1000) return `${signed(ns, 0)}${NBSP}ns`
  return size < 1e6 ? `${signed(ns / 1e3, 0)}${NBSP}µs` : `${signed(ns / 1e6, size < 1e7 ? 1 : 0)}${NBSP}ms`
}

/** A label of the axis: `+250 ms`, `0`, `−1 s`. */
export const tickText = (ns: number): string =>
  ns === 0 ? '0' : `${ns < 0 ? MINUS : '+'}${durationText(Math.abs(ns))}`

export const middleNs = ({ loNs, hiNs }: Interval): number => (loNs + hiNs) / 2

/** The middle and half-width of an interval in one unit: `+250.3 ± 0.8 ms`. */
export const offsetText = (offset: Interval): string => {
  const middle = middleNs(offset)
  const half = (offset.hiNs - offset.loNs) / 2
  const [scale, unit] = unitFor(Math.max(Math.abs(middle), half))
  const halfIn = half / scale
  const decimals = halfIn >= 10 ? 0 : halfIn >= 0.1 ? 1 : 2
  return `${signed(middle / scale, decimals)} ±${NBSP}${halfIn.toFixed(decimals)}${NBSP}${unit}`
}

/** `250 ms ahead`, `80 ms behind`; `on time` where the middle rounds to nothing. */
export const leadText = (offset: Interval): string => {
  const middle = middleNs(offset)
  const size = Math.abs(middle)
  const shown = size >= 1e6 && size < 1e9 ? Math.round(size / 1e6) * 1e6 : size
  return shown < 1 ? 'on time' : `${durationText(shown)} ${middle > 0 ? 'ahead' : 'behind'}`
}

/** Parts per billion, or per million from 1 000 ppb on: `−12.4 ppm`. */
export const frequencyText = (ppb: number): string =>
  Math.abs(ppb) >= 1000 ? `${signed(ppb / 1000, 1)}${NBSP}ppm` : `${signed(ppb, 0)}${NBSP}ppb`

/** How long ago, coarse: `now`, `8 s`, `3 min`, `2 h`, `4 d`. `sec` ≥ 0. */
export const ageText = (sec: number): string => {
  if (sec < 1.5) return 'now'
  if (sec < 90) return `${Math.round(sec)}${NBSP}s`
  if (sec < 5400) return `${Math.round(sec / 60)}${NBSP}min`
  if (sec < 129_600) return `${Math.round(sec / 3600)}${NBSP}h`
  return `${Math.round(sec / 86_400)}${NBSP}d`
}

/** `12:03:04` UTC of a Unix time in ms. */
export const utcClockText = (unixMs: number): string => new Date(unixMs).toISOString().slice(11, 19)

/** `a`, `a and b`, `a, b and c`. */
export const listText = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

export const countText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
