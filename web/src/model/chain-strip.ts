/**
 * Blocks on a strip of time, to scale: each a bar from the earliest to the latest instant that it may have been proposed at, in the row of
 * who proposed it. Pure. Places are CSS pixels; the strip's right edge is the future, "now" is the node's own time.
 */
import type { BlockSummary } from '../../../src/services/schema.ts'

/** How far back the strip shows and how much room is kept right of now, seconds. */
export const SPAN_SEC = 60
export const SPAN_NARROW_SEC = 24
export const AHEAD_SEC = 1.6
/** With more proposers than this, rows would be too thin: all blocks stand in one. */
export const ROWS_MAX = 12
/** A bar is never thinner than can be seen. */
export const BAR_MIN_PX = 3

export interface StripRow {
  readonly id: string
  readonly name: string
}

export interface StripBar {
  readonly block: BlockSummary
  readonly row: number
  /** From the strip's origin, px. */
  readonly x: number
  readonly width: number
  readonly tickX: number
  /** When this node received the proposal by its own clock. */
  readonly own: { readonly x: number; readonly width: number } | undefined
}

export interface Strip {
  readonly rows: readonly StripRow[]
  readonly bars: readonly StripBar[]
}

/** TAI nanoseconds as decimal to ms; a double holds them to a quarter of a microsecond. */
export const taiMs = (tai: string): number => Number(BigInt(tai) / 1000n) / 1000

/** Everybody who may propose, by name; one nameless row where they are too many. */
export const rowsOf = (blocks: readonly BlockSummary[], validators: readonly StripRow[]): readonly StripRow[] => {
  const byId = new Map<string, StripRow>()
  for (const { id, name } of [...validators, ...blocks.map(({ proposer }) => proposer)]) byId.set(id, { id, name })
  const rows = [...byId.values()].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
  return rows.length > ROWS_MAX ? [{ id: '', name: '' }] : rows
}

/** `originMs`: the instant at x = 0, TAI ms. */
export const stripOf = (
  blocks: readonly BlockSummary[],
  scale: { readonly originMs: number; readonly pxPerSec: number; readonly rows: readonly StripRow[] },
): Strip => {
  const { originMs, pxPerSec, rows } = scale
  const at = (tai: string): number => ((taiMs(tai) - originMs) / 1000) * pxPerSec
  const places = new Map(rows.map(({ id }, place) => [id, place]))
  const bars = blocks.flatMap((block): StripBar[] => {
    const { time, own, proposer } = block
    if (time === null) return []
    return [
      {
        block,
        row: places.get(proposer.id) ?? 0,
        ...spanOf(at(time.earliest), at(time.latest)),
        tickX: at(time.timestamp),
        own: own === null ? undefined : spanOf(at(own.earliest), at(own.latest)),
      },
    ]
  })
  return { rows, bars }
}

/** At least as wide as can be seen, about its middle. */
const spanOf = (from: number, to: number): { readonly x: number; readonly width: number } => {
  const width = Math.max(BAR_MIN_PX, to - from)
  return { x: (from + to) / 2 - width / 2, width }
}

/** Whole seconds at which the axis is labelled, Unix ms, within a span: every 10 s, or 5 s where there is little room. */
export const ticksOf = (fromMs: number, toMs: number, stepSec: number): readonly number[] => {
  const step = stepSec * 1000
  const first = Math.ceil(fromMs / step)
  return Array.from({ length: Math.max(0, Math.floor(toMs / step) - first + 1) }, (_, index) => (first + index) * step)
}

/** The strip as text. */
export const stripText = (blocks: readonly BlockSummary[]): string => {
  const [newest] = blocks
  if (newest === undefined) return 'No block has been decided yet.'
  const unsettled = blocks.filter(({ settled }) => !settled).length
  const last = blocks.at(-1)?.height ?? newest.height
  return `Blocks ${last} to ${newest.height}, each from its earliest to its latest instant, in the row of its proposer; ${unsettled} not settled yet.`
}
