/**
 * The sources of a node's clock as a table in text, for `status` and `clock watch`. What does not fit the terminal is left out, the
 * least telling columns first; why a source is not believed stands below it as a sentence, with its code.
 */
import { durationText } from '../services/explanations.ts'
import type { SourceView } from '../services/schema.ts'
import { table } from './output.ts'
import type { Colours } from './output.ts'

/** A length of time without a sign; a dash where it is not known. */
export const boundText = (ns: number | null): string => (ns === null ? '–' : durationText(BigInt(Math.round(ns))))

/** A signed length of time; a dash where it is not known. */
export const signedText = (ns: number | null): string =>
  ns === null ? '–' : `${ns < 0 ? '−' : '+'}${durationText(BigInt(Math.abs(ns)))}`

/** The register as ntpq and chronyc write it: `377` is eight answers of eight. */
export const reachText = (reach: number): string => reach.toString(8).padStart(3, '0')

/** The same poll by poll, the newest at the right. */
export const reachMarks = (reach: number): string =>
  reach.toString(2).padStart(8, '0').replaceAll('0', '·').replaceAll('1', '●')

type Align = 'left' | 'right'

interface Column {
  readonly head: string
  readonly align: Align
  /** Shown on terminals of at least so many columns. */
  readonly columnsMin: number
  readonly cell: (source: SourceView) => string
}

const COLUMNS: readonly Column[] = [
  { head: 'kind', align: 'left', columnsMin: 110, cell: ({ kind }) => kind },
  { head: 'state', align: 'left', columnsMin: 0, cell: ({ state }) => state },
  { head: 'reach', align: 'left', columnsMin: 0, cell: ({ reach }) => reachText(reach) },
  { head: 'polls', align: 'left', columnsMin: 110, cell: ({ reach }) => reachMarks(reach) },
  { head: 'offset', align: 'right', columnsMin: 0, cell: ({ offsetNs }) => signedText(offsetNs) },
  { head: 'bound', align: 'right', columnsMin: 0, cell: ({ boundNs }) => boundText(boundNs) },
  { head: 'delay', align: 'right', columnsMin: 72, cell: ({ delayNs }) => boundText(delayNs === 0 ? null : delayNs) },
  { head: 'age', align: 'right', columnsMin: 72, cell: ({ ageNs }) => boundText(ageNs) },
  { head: 'next', align: 'right', columnsMin: 110, cell: ({ dueNs }) => boundText(dueNs) },
]
/** A name is cut to no less than this. */
const NAME_MIN = 12
const GAP = 2

const aligned = (cells: readonly string[], align: Align): string[] => {
  const width = Math.max(...cells.map(({ length }) => length))
  return cells.map((cell) => (align === 'left' ? cell.padEnd(width) : cell.padStart(width)))
}

const cut = (text: string, charsMax: number): string =>
  text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`

/** Names without the kind that has its own column, cut to what the other columns leave. */
const nameCells = (sources: readonly SourceView[], { left }: { readonly left: number }): string[] =>
  aligned(['source', ...sources.map(({ id }) => cut(id, Math.max(NAME_MIN, left)))], 'left')

/** What is to be said of a source below its line, a sentence each. */
const remarks = ({ reason, explanation, suspicion }: SourceView): string[] => {
  const why = reason === '' ? [] : [`${explanation === '' ? '' : `${explanation} `}[${reason}]`]
  if (suspicion === null || suspicion.score === 0) return why
  const told = suspicion.reasons.filter((one) => one.reason !== reason)
  const because = told.map((one) => `${one.explanation} [${one.reason}]`).join(' ')
  return [...why, `Suspicion ${suspicion.score} of 1000. ${because}`.trimEnd()]
}

const painted = ({ state }: SourceView, paint: Colours): ((line: string) => string) => {
  if (state === 'selected' || state === 'truechimer') return paint.green
  return state === 'waiting' ? (line) => line : paint.red
}

/** One line a source below a line of heads, and what is to be said of it below that; no source is said in words. */
export const sourceLines = (
  sources: readonly SourceView[],
  { columns, paint }: { readonly columns: number; readonly paint: Colours },
): string[] => {
  if (sources.length === 0)
    return table(
      [['no sources: this node has nothing to take the time from (--ntp, --nts, --gpsd, --host-bound-ms)']],
      columns,
    )
  const shown = COLUMNS.filter(({ columnsMin }) => columns >= columnsMin)
  const cells = shown.map(({ head, align, cell }) => aligned([head, ...sources.map(cell)], align))
  const taken = cells.reduce((sum, [head = '']) => sum + GAP + head.length, 0)
  const names = nameCells(sources, { left: columns - taken })
  const line = (row: number, paintState: (text: string) => string): string =>
    [names, ...cells]
      .map((column, index) =>
        shown[index - 1]?.head === 'state' ? paintState(column[row] ?? '') : (column[row] ?? ''),
      )
      .join(' '.repeat(GAP))
      .trimEnd()
  return [
    paint.dim(line(0, (text) => text)),
    ...sources.flatMap((source, index) => [
      line(index + 1, painted(source, paint)),
      ...remarks(source).flatMap((remark) => table([['', remark]], columns).map((text) => paint.dim(text))),
    ]),
  ]
}
