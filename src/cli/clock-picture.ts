/**
 * What `clock watch` draws on a terminal, as lines. Pure. The hard interval comes first, since it is what is promised; the 95 % range
 * stands inside it and is called likely.
 *
 * Not promised: that a bar of some characters shows where in the interval the range lies to better than a character.
 */
import type { ClockView, EventView, StatusView } from '../services/schema.ts'
import { table } from './output.ts'
import type { Colours } from './output.ts'
import { boundText, signedText, sourceLines } from './source-lines.ts'

export type ClockEvent = Extract<EventView, { readonly type: 'clock' }>

/** The host clock's offset at an instant, to be drawn as a line. */
export interface TrailPoint {
  /** By any counter that goes on evenly, ms. */
  readonly atMs: number
  readonly offsetNs: number
}

/** What the picture is made of. `time` is missing until the node has one. */
export interface Seen {
  readonly name: string
  readonly network: string
  readonly acceptedVarianceNs: number
  readonly clock: StatusView['clock']
  readonly keeping: ClockView
  readonly time: ClockEvent['time'] | undefined
  readonly sources: StatusView['sources']
  /** Oldest first. */
  readonly trail: readonly TrailPoint[]
}

export interface Canvas {
  readonly columns: number
  readonly paint: Colours
}

export const UNTIMED = 'This node has no time yet: a majority of its sources must agree first.'

/** How far back the sparkline goes, ms, and points kept for it. */
const TRAIL_MS = 240_000
const TRAIL_POINTS_MAX = 600
const HEAD = 11
/** Drawings are as wide as the terminal lets them be, up to this. */
const BAR_MAX = 48
const RISES = '▁▂▃▄▅▆▇█'
const FLAT = '▄'
/** Changes below this are drawn flat, ns. */
const RISE_NS_MIN = 1000

/** The trail with one more point, bounded in time and number. */
export const trailed = (trail: readonly TrailPoint[], point: TrailPoint): readonly TrailPoint[] =>
  [...trail, point].filter(({ atMs }) => point.atMs - atMs < TRAIL_MS).slice(-TRAIL_POINTS_MAX)

/** A frequency error in words: `31.000 ppm fast`. One part per million is 86 ms a day. */
export const frequencyText = (ppb: number): string => {
  const size = `${(Math.abs(ppb) / 1000).toFixed(3)} ppm`
  return ppb === 0 ? size : `${size} ${ppb > 0 ? 'fast' : 'slow'}`
}

/** The newest at the right, a cell for each equal stretch of time; a blank where nothing was heard. */
export const sparkline = (trail: readonly TrailPoint[], cells: number): string => {
  const nowMs = trail.at(-1)?.atMs ?? 0
  const inCells = Array.from({ length: cells }, (): number[] => [])
  for (const { atMs, offsetNs } of trail)
    inCells[cells - 1 - Math.floor(((nowMs - atMs) / TRAIL_MS) * cells)]?.push(offsetNs)
  const means = inCells.map((all) => (all.length === 0 ? undefined : all.reduce((a, b) => a + b) / all.length))
  const known = means.filter((mean) => mean !== undefined)
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const rise = (mean: number): string =>
    (high - low < RISE_NS_MIN ? FLAT : RISES[Math.round(((mean - low) / (high - low)) * (RISES.length - 1))]) ?? ' '
  return means.map((mean) => (mean === undefined ? ' ' : rise(mean))).join('')
}

/** The interval from end to end, the likely range in it heavy, the estimate crossed: `├────━━┿━━────┤`. */
export const rangeBar = ({ earliest, latest, estimate, likely }: ClockEvent['time'], cells: number): string => {
  const from = BigInt(earliest)
  const length = Math.max(1, Number(BigInt(latest) - from))
  const cellOf = (instant: string): number =>
    Math.max(1, Math.min(cells - 2, Math.round((Number(BigInt(instant) - from) / length) * (cells - 1))))
  const [first, mark, last] = [cellOf(likely.earliest), cellOf(estimate), cellOf(likely.latest)]
  const inner = Array.from({ length: cells }, (_, cell) =>
    cell === 0 ? '├' : cell === cells - 1 ? '┤' : cell === mark ? '┿' : cell >= first && cell <= last ? '━' : '─',
  )
  return inner.join('')
}

const tauText = (sec: number): string =>
  sec < 1 ? `${Number((sec * 1000).toPrecision(3))} ms` : `${Number(sec.toPrecision(4))} s`

/** Some figures, evenly over what there is, as many as fit. */
export const allanText = (allan: ClockView['allan'], charsMax: number): string => {
  if (allan.length === 0) return 'not yet: it takes some polls'
  for (let count = Math.min(6, allan.length); count > 1; count -= 1) {
    const picked = Array.from(
      { length: count },
      (_, index) => allan[Math.round((index * (allan.length - 1)) / (count - 1))],
    )
    const text = picked.flatMap((one) => (one === undefined ? [] : [allanFigure(one)])).join(' · ')
    if (text.length <= charsMax) return text
  }
  const [first] = allan
  return first === undefined ? '' : allanFigure(first)
}

const allanFigure = ({ tauSec, deviation }: ClockView['allan'][number]): string =>
  `${tauText(tauSec)} ${deviation.toExponential(1)}`

const askedText = ({ rounds, asked, answered, perDay }: ClockView['synchronisations']): string => {
  const often = perDay === null ? `${rounds} times so far` : `${Math.round(perDay)} times a day`
  return `${often}, ${answered} of ${asked} answers good`
}

const servedText = ({ name, address, answered, refused }: ClockView['servers'][number]): string => {
  const dropped = Object.values(refused).reduce((sum, count) => sum + count, 0)
  return `${name} on ${address}: ${answered} answered, ${dropped} refused`
}

const waitingText = (status: ClockView['status']): string =>
  status === 'unsynchronised' ? UNTIMED : 'The next reading comes with the next slot.'

/** `2026-11-21 01:31:12.254541700 UTC` */
const instantText = (iso: string): string => iso.replace('T', ' ').replace(/Z$/, ' UTC')

/** A head, a value, and what it means where there is room for that. */
const rowMaker =
  ({ columns, paint }: Canvas) =>
  (head: string, value: string, more = ''): string => {
    const left = HEAD + Math.max(value.length + 2, 18)
    const note = left + more.length <= columns ? more : ''
    const start = paint.dim(head.padEnd(HEAD))
    return note === '' ? start + value : `${start}${value.padEnd(left - HEAD)}${paint.dim(note)}`
  }

const clockRows = (seen: Seen, canvas: Canvas): string[] => {
  const { clock, keeping, time, trail, acceptedVarianceNs } = seen
  const row = rowMaker(canvas)
  const cells = Math.max(8, Math.min(BAR_MAX, canvas.columns - HEAD))
  const sigmaPpb = keeping.frequency.sigmaPpb
  const sure = sigmaPpb === null ? '' : ` ± ${(sigmaPpb / 1000).toFixed(3)}`
  return [
    row('bound', `± ${boundText(clock.uncertaintyNs)}`, `promised; accepted up to ± ${boundText(acceptedVarianceNs)}`),
    row('likely', `± ${boundText(clock.likely?.uncertaintyNs ?? null)}`, '95 %, by statistics, inside the bound'),
    ...(time === undefined ? [] : [row('', rangeBar(time, cells))]),
    row('offset', signedText(clock.hostOffsetNs), 'host clock against this one'),
    ...(trail.length < 2 ? [] : [row('', sparkline(trail, cells), 'last 4 min')]),
    row('frequency', `${frequencyText(clock.frequencyPpb)}${sure}`, 'the counter that is corrected'),
    row('stability', allanText(keeping.allan, canvas.columns - HEAD), 'Allan deviation'),
    row('asked', askedText(keeping.synchronisations)),
    ...keeping.servers.map((server) => row('serves', servedText(server))),
  ]
}

const headLine = ({ name, network, clock, keeping }: Seen, { paint }: Canvas): string => {
  const isGood = clock.status === 'synchronised' || clock.status === 'holdover'
  const status = isGood ? paint.green(clock.status) : paint.red(clock.status)
  const alone =
    clock.status === 'holdover' && keeping.sinceMajorityNs !== null
      ? paint.dim(` for ${boundText(keeping.sinceMajorityNs)}`)
      : ''
  return `${paint.bold(name)}  ${paint.dim(network)}  ${status}${alone}`
}

/** The lines of the picture; none is longer than the canvas where its words allow. */
export const picture = (seen: Seen, canvas: Canvas): string[] => {
  const { clock, time, sources } = seen
  const says = time === undefined ? waitingText(clock.status) : instantText(time.utc.estimate)
  return [
    headLine(seen, canvas),
    '',
    ...table([[says]], canvas.columns).map((line) => canvas.paint.bold(line)),
    '',
    ...clockRows(seen, canvas),
    '',
    ...sourceLines(sources, canvas),
  ]
}
