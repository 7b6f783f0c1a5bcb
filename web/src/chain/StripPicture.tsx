/**
 * The strip of blocks on the node's own time. What is drawn moves as one group, which is shifted for every frame by hand, so that the
 * page does not render for it; where less motion is wanted it moves once a second.
 */
import { type ReactElement, type RefObject, useEffect, useRef } from 'react'
import { useSize } from '../hero/use-size.ts'
import type { Chain } from '../model/chain.ts'
import { heightText } from '../model/chain.ts'
import {
  AHEAD_SEC,
  SPAN_NARROW_SEC,
  SPAN_SEC,
  type Strip,
  type StripBar,
  rowsOf,
  stripOf,
  stripText,
  taiMs,
  ticksOf,
} from '../model/chain-strip.ts'
import { readAt } from '../model/clock-reading.ts'
import { durationText, utcClockText } from '../model/format.ts'
import type { View } from '../model/view.ts'

export interface StripPictureProps {
  readonly view: View
  readonly chain: Chain
  readonly selected: number | undefined
  readonly onSelect: (height: number) => void
}

const LEFT = 78
const LEFT_NARROW = 58
const NARROW = 640
const TOP = 24
const AXIS = 26
const ROW = 30
const ROW_ALONE = 44
const BAR = 16
/** The origin jumps this seldom, ms, so that places stay small numbers. */
const ORIGIN_MS = 600_000
/** In a narrower bar its timestamp would hide it. */
const TICK_MIN_PX = 7
const STILL_MS = 1000
const LABEL_HALF_PX = 30

const still = matchMedia('(prefers-reduced-motion: reduce)')

/** The node's own time, TAI ms; the newest block's where the node has none. */
const nowOf = (view: View, chain: Chain): number => {
  if (view.anchor !== undefined) return readAt(view.anchor, performance.now()).unixMs + view.taiMinusUtcMs
  const [newest] = chain.blocks.flatMap(({ time }) => time ?? [])
  return newest === undefined ? 0 : taiMs(newest.timestamp)
}

interface Scale {
  readonly originMs: number
  readonly pxPerSec: number
  /** Where now stands in the picture, px. */
  readonly nowX: number
}

/** Shifts the group for every frame. */
const useMoving = (group: RefObject<SVGGElement | null>, { view, chain }: StripPictureProps, scale: Scale): void => {
  useEffect(() => {
    let frame = 0
    let lastMs = Number.NEGATIVE_INFINITY
    const move = (frameMs: number): void => {
      frame = requestAnimationFrame(move)
      if (still.matches && frameMs - lastMs < STILL_MS) return
      lastMs = frameMs
      const x = scale.nowX - ((nowOf(view, chain) - scale.originMs) / 1000) * scale.pxPerSec
      group.current?.setAttribute('transform', `translate(${x.toFixed(2)} 0)`)
    }
    move(performance.now())
    return () => cancelAnimationFrame(frame)
  }, [group, view, chain, scale.originMs, scale.pxPerSec, scale.nowX])
}

const titleOf = ({ block }: StripBar): string => {
  const { time, settled, round, height, proposer, signers, validators } = block
  const width = time === null ? '' : `, ${durationText(time.widthNs)} wide`
  const later = round === 0 ? '' : `, decided in round ${round}`
  return `Block ${heightText(height)} by ${proposer.name}${width}, ${settled ? 'settled' : 'not settled yet'}${later}, signed by ${signers} of ${validators}`
}

interface BarProps {
  readonly bar: StripBar
  readonly y: number
  readonly chosen: boolean
  readonly onSelect: (height: number) => void
}

const Bar = ({ bar, y, chosen, onSelect }: BarProps): ReactElement => {
  const { block, x, width, tickX, own } = bar
  const top = y - BAR / 2
  return (
    <g
      className="strip-block"
      data-settled={block.settled}
      data-emergency={block.emergency}
      data-chosen={chosen}
      data-height={block.height}
      onClick={() => onSelect(block.height)}
    >
      <title>{titleOf(bar)}</title>
      <rect x={x - 4} y={y - ROW / 2} width={width + 8} height={ROW} className="strip-reach" />
      <rect x={x} y={top} width={width} height={BAR} rx={Math.min(3, width / 2)} className="strip-bar" />
      {width < TICK_MIN_PX ? null : <path d={`M${tickX} ${top - 2}v${BAR + 4}`} className="strip-tick" />}
      {own === undefined ? null : (
        <path d={`M${own.x + own.width / 2} ${top + BAR + 1}l-3 5h6z`} className="strip-own" />
      )}
      {block.round === 0 ? null : (
        <text x={x + width / 2} y={top - 4} className="strip-round">
          r{block.round}
        </text>
      )}
    </g>
  )
}

interface FrameProps {
  readonly strip: Strip
  readonly left: number
  readonly width: number
  readonly rowPx: number
  readonly bottom: number
  readonly nowX: number
  readonly next: Chain['round']
}

/** What does not move: rows with their names, now, and whose turn it is. */
const StripFrame = ({ strip, left, width, rowPx, bottom, nowX, next }: FrameProps): ReactElement => {
  const place = Math.max(
    0,
    strip.rows.findIndex(({ id }) => id === next.proposer.id),
  )
  return (
    <>
      {strip.rows.map(({ id, name }, row) => (
        <g key={id} data-turn={row === place}>
          <path d={`M${left} ${TOP + (row + 0.5) * rowPx}H${width}`} className="strip-row" />
          <text x={left - 10} y={TOP + (row + 0.5) * rowPx + 4} className="strip-name">
            {name.length > 9 ? `${name.slice(0, 8)}…` : name}
          </text>
        </g>
      ))}
      <path d={`M${left + nowX} ${TOP - 6}V${bottom}`} className="strip-now" />
      <text x={left + nowX} y={TOP - 10} className="strip-now-label">
        now
      </text>
      <circle cx={left + nowX} cy={TOP + (place + 0.5) * rowPx} r="5" className="strip-next">
        <title>{`Block ${heightText(next.height)} is ${next.proposer.name}’s to propose`}</title>
      </circle>
    </>
  )
}

const AxisTicks = ({ view, scale, span, y }: { view: View; scale: Scale; span: number; y: number }): ReactElement => {
  const nowUnixMs = scale.originMs - view.taiMinusUtcMs
  const anchorMs = view.anchor === undefined ? nowUnixMs : readAt(view.anchor, performance.now()).unixMs
  // A label that would be cut at an edge is left out.
  const edgeMs = (LABEL_HALF_PX / scale.pxPerSec) * 1000
  const ticks = ticksOf(anchorMs - span * 1000 + edgeMs, anchorMs + AHEAD_SEC * 1000 - edgeMs, span > 30 ? 10 : 5)
  return (
    <>
      {ticks.map((unixMs) => {
        const x = ((unixMs + view.taiMinusUtcMs - scale.originMs) / 1000) * scale.pxPerSec
        return (
          <g key={unixMs}>
            <path d={`M${x} ${TOP}V${y}`} className="strip-grid" />
            <text x={x} y={y + 16} className="strip-axis">
              {utcClockText(unixMs)}
            </text>
          </g>
        )
      })}
    </>
  )
}

export const StripPicture = (props: StripPictureProps): ReactElement => {
  const { view, chain, selected, onSelect } = props
  const room = useRef<HTMLDivElement>(null)
  const group = useRef<SVGGElement>(null)
  const { width } = useSize(room)
  const left = width < NARROW ? LEFT_NARROW : LEFT
  const span = width < NARROW ? SPAN_NARROW_SEC : SPAN_SEC
  const pxPerSec = Math.max(1, width - left) / (span + AHEAD_SEC)
  const originMs = Math.floor(nowOf(view, chain) / ORIGIN_MS) * ORIGIN_MS
  const scale = { originMs, pxPerSec, nowX: span * pxPerSec }
  const shown = chain.blocks.slice(0, Math.ceil((span / Math.max(0.1, view.slotNs / 1e9)) * 1.5) + 2)
  const voters = chain.validators?.validators.filter(({ role }) => role !== 'candidate') ?? []
  const strip = stripOf(shown, { originMs, pxPerSec, rows: rowsOf(shown, voters) })
  const rowPx = strip.rows.length > 1 ? ROW : ROW_ALONE
  const bottom = TOP + Math.max(1, strip.rows.length) * rowPx
  useMoving(group, props, scale)
  return (
    <div className="strip-picture" ref={room} data-hook="strip" style={{ height: bottom + AXIS }}>
      {width === 0 ? null : (
        <svg width={width} height={bottom + AXIS} role="img" aria-label={stripText(shown)}>
          <svg x={left} width={width - left} height={bottom + AXIS}>
            <g ref={group}>
              <AxisTicks view={view} scale={scale} span={span} y={bottom} />
              {strip.bars.map((bar) => (
                <Bar
                  key={bar.block.height}
                  bar={bar}
                  y={TOP + (bar.row + 0.5) * rowPx}
                  chosen={bar.block.height === selected}
                  onSelect={onSelect}
                />
              ))}
            </g>
          </svg>
          <StripFrame
            strip={strip}
            left={left}
            width={width}
            rowPx={rowPx}
            bottom={bottom}
            nowX={scale.nowX}
            next={chain.round}
          />
        </svg>
      )}
      {chain.blocks.length === 0 ? <p className="strip-empty">{chain.round.waiting}</p> : null}
    </div>
  )
}
