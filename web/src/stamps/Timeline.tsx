/**
 * The picture of a stamp's two-sided interval, all on one linear scale: the beacon's block, what the node's clock read, the block that has the
 * stamp, and the shaded span that is proved. Where something is too short to be seen it is drawn as thin as can be, and its length is said.
 */
import { type ReactElement, useRef } from 'react'
import { useSize } from '../hero/use-size.ts'
import { heightText } from '../model/chain.ts'
import { durationText } from '../model/format.ts'
import type { SpanFacts } from '../model/stamps-outcome.ts'
import { type Timeline as Drawn, type TimelineRow, timelineOf, timelineText } from '../model/stamps-timeline.ts'
import { clockOfUtc, dayOfUtc } from '../model/stamps-words.ts'

const TOP = 40
const ROW = 34
const BAR = 9
const AXIS = 22
/** Words keep this far from a line, px. */
const GAP = 4
/** A bar is never thinner than can be seen, px. */
const BAR_MIN_PX = 3
/** One label of the axis needs this much, px. */
const TICK_PX = 72
/** Room that the words of a row take, px: past this they stand left of the bar's end. */
const WORDS_PX = 250
/** One letter of a row's words, px, rather too much: on narrow screens words begin further left than their bar, so that they end within the picture. */
const LETTER_PX = 6.3

const NAMES: Readonly<Record<TimelineRow['name'], (height: string) => string>> = {
  beacon: (height) => `Beacon, block ${height}`,
  receipt: () => 'Receipt, by the node’s clock',
  block: (height) => `Stamped, block ${height}`,
}

interface RowProps {
  readonly row: TimelineRow
  readonly place: number
  readonly width: number
}

const Row = ({ row, place, width }: RowProps): ReactElement => {
  const x = row.from * width
  const span = Math.max(BAR_MIN_PX, (row.to - row.from) * width)
  const y = TOP + place * ROW
  const middle = x + span / 2
  const isRight = middle > width - WORDS_PX && middle > width / 2
  const says = `${NAMES[row.name](heightText(row.height ?? 0))} ± ${durationText(row.widthNs / 2)}`
  return (
    <g className="span-row" data-row={row.name}>
      <line x1={0} x2={width} y1={y + ROW - 9.5} y2={y + ROW - 9.5} className="span-line" />
      <text
        x={
          isRight
            ? Math.min(width, x + span) - GAP
            : Math.max(0, Math.min(Math.max(0, x) + GAP, width - says.length * LETTER_PX))
        }
        y={y + 10}
        textAnchor={isRight ? 'end' : 'start'}
      >
        {says}
      </text>
      <rect x={middle - span / 2} y={y + ROW - 9 - BAR} width={span} height={BAR} rx={Math.min(2, span / 2)} />
    </g>
  )
}

interface EndProps {
  readonly x: number
  readonly width: number
  readonly says: string
  readonly utc: string
  readonly anchor: 'start' | 'end'
}

const End = ({ x, says, utc, anchor }: EndProps): ReactElement => (
  <text x={x} y={12} textAnchor={anchor} className="span-end">
    <tspan className="span-says">{says}</tspan>
    <tspan x={x} dy={15}>
      {clockOfUtc(utc)}
    </tspan>
  </text>
)

interface PictureProps {
  readonly span: SpanFacts
  readonly drawn: Drawn
  readonly width: number
}

const Picture = ({ span, drawn, width }: PictureProps): ReactElement => {
  const bottom = TOP + drawn.rows.length * ROW
  const [from, to] = [drawn.within.from * width, drawn.within.to * width]
  return (
    <svg width={width} height={bottom + AXIS} role="img" aria-label={timelineText(span)}>
      <defs>
        <linearGradient id="span-open">
          <stop offset="0" className="span-open-from" />
          <stop offset="1" className="span-open-to" />
        </linearGradient>
      </defs>
      <rect
        x={from}
        y={TOP - 6}
        width={Math.max(1, to - from)}
        height={bottom - TOP + 6}
        className="span-within"
        data-open={drawn.within.isOpenBelow}
      />
      {drawn.within.isOpenBelow ? null : <line x1={from} x2={from} y1={TOP - 8} y2={bottom} className="span-edge" />}
      <line x1={to} x2={to} y1={TOP - 8} y2={bottom} className="span-edge" />
      {span.notBeforeUtc === undefined ? (
        <text x={2} y={12} className="span-end span-says">
          no lower bound
        </text>
      ) : (
        <End x={Math.max(2, from)} width={width} says="not before" utc={span.notBeforeUtc} anchor="start" />
      )}
      <End x={Math.min(width - 2, to)} width={width} says="not after" utc={span.notAfterUtc} anchor="end" />
      {drawn.rows.map((row, place) => (
        <Row key={row.name} row={row} place={place} width={width} />
      ))}
      {drawn.ticks.map(({ at, text }, place) => (
        <g key={text} className="span-tick">
          <line x1={at * width} x2={at * width} y1={bottom} y2={bottom + 4} />
          <text
            x={at * width}
            y={bottom + 17}
            textAnchor={place === 0 ? 'start' : at * width > width - 40 ? 'end' : 'middle'}
          >
            {text}
          </text>
        </g>
      ))}
    </svg>
  )
}

export const Timeline = ({ span }: { readonly span: SpanFacts }): ReactElement => {
  const host = useRef<HTMLDivElement>(null)
  const { width } = useSize(host)
  const drawn = timelineOf(span, Math.max(2, Math.floor(width / TICK_PX)))
  const long = drawn.withinNs === undefined ? 'open below' : durationText(drawn.withinNs)
  return (
    <figure className="span" data-hook="timeline">
      <div ref={host} className="span-picture" data-rows={drawn.rows.length}>
        {width === 0 ? null : <Picture span={span} drawn={drawn} width={width} />}
      </div>
      <figcaption>
        {dayOfUtc(span.notAfterUtc)}, UTC, to scale. Shaded: what is proved, {long}. Block{' '}
        {heightText(span.block.height + 1)} settles the time; its own is not in the proof.
      </figcaption>
    </figure>
  )
}
