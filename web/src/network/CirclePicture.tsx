/**
 * Nodes on a circle, and a line between any two of which one has reached the other. The chosen node's lines carry their round trips;
 * where none is chosen, this node's do. Nodes are buttons, so that they are reached with the keyboard.
 */
import { type ReactElement, useRef } from 'react'
import { type Size, useSize } from '../hero/use-size.ts'
import { durationText } from '../model/format.ts'
import type { Circle, Line, Spot } from '../model/network.ts'
import { StatusMark } from '../panels/marks.tsx'

export interface CirclePictureProps {
  readonly circle: Circle
  /** The picture as text. */
  readonly says: string
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
}

/** Room beside and above the circle for names, CSS pixels. */
const MARGIN_X = 108
const MARGIN_X_NARROW = 84
const MARGIN_Y = 58
/** Narrower than this, px, names get less room. */
const NARROW = 480
/** Where along a line its label stands, from the chosen node: beyond the middle, where lines have parted. */
const LABEL_SHARE = 0.64
/** With more nodes than this, labels would cover one another. */
const LABELS_MAX = 14

/** Where a spot stands in the room there is, px. */
type Place = (spot: Pick<Spot, 'x' | 'y'>) => readonly [number, number]

const placeIn =
  ({ width, height }: Size): Place =>
  ({ x, y }) => {
    const marginX = width < NARROW ? MARGIN_X_NARROW : MARGIN_X
    return [marginX + x * (width - 2 * marginX), MARGIN_Y + y * (height - 2 * MARGIN_Y)]
  }

interface LinkProps {
  readonly line: Line
  readonly lit: boolean
  readonly at: Place
}

const Link = ({ line, lit, at }: LinkProps): ReactElement => {
  const [[x1, y1], [x2, y2]] = [at(line.from), at(line.to)]
  return (
    <line
      x1={x1}
      y1={y1}
      x2={x2}
      y2={y2}
      strokeWidth={line.width}
      className="net-line"
      data-own={line.own}
      data-stale={line.stale}
      data-lit={lit}
    />
  )
}

interface LabelProps {
  readonly line: Line
  readonly focus: string
  readonly at: Place
}

const LinkLabel = ({ line, focus, at }: LabelProps): ReactElement | null => {
  if (line.roundTripNs === undefined) return null
  const [near, far] = line.from.id === focus ? [line.from, line.to] : [line.to, line.from]
  const [[x1, y1], [x2, y2]] = [at(near), at(far)]
  return (
    <text x={x1 + (x2 - x1) * LABEL_SHARE} y={y1 + (y2 - y1) * LABEL_SHARE + 4} className="net-label">
      {durationText(line.roundTripNs)}
    </text>
  )
}

interface NodeProps {
  readonly spot: Spot
  readonly chosen: boolean
  readonly onSelect: (id: string) => void
  readonly at: Place
}

const NodeButton = ({ spot, chosen, onSelect, at }: NodeProps): ReactElement => {
  const [left, top] = at(spot)
  const { status, name, self, connected } = spot
  const says = status ?? 'no member'
  return (
    <button
      type="button"
      className="net-node"
      style={{ left, top }}
      data-net-node={name}
      data-status={status ?? 'stranger'}
      data-side={spot.side}
      data-self={self}
      data-connected={connected}
      aria-pressed={chosen}
      aria-label={`${name}, ${says}${self ? ', this node' : connected ? '' : ', not connected'}`}
      onClick={() => onSelect(spot.id)}
    >
      <StatusMark status={status ?? 'unproven'} />
      <span className="net-name">
        {status === 'falseticker' ? <s>{name}</s> : name}
        {self ? <small>this node</small> : null}
        {self || connected ? null : <small>not connected</small>}
        {status === 'falseticker' ? <small>struck off</small> : null}
      </span>
    </button>
  )
}

export const CirclePicture = ({ circle, says, selected, onSelect }: CirclePictureProps): ReactElement => {
  const { spots, lines, leftOut } = circle
  const room = useRef<HTMLDivElement>(null)
  const size = useSize(room)
  const at = placeIn(size)
  const focus = spots.find(({ id }) => id === selected)?.id ?? spots.find(({ self }) => self)?.id ?? ''
  const touches = ({ from, to }: Line): boolean => from.id === focus || to.id === focus
  const labelled = spots.length > LABELS_MAX ? [] : lines.filter(touches)
  return (
    <div className="net-picture" ref={room} data-hook="circle" data-crowded={spots.length > LABELS_MAX}>
      {size.width === 0 ? null : (
        <>
          <svg width={size.width} height={size.height} role="img" aria-label={says}>
            {lines.map((line) => (
              <Link key={`${line.from.id} ${line.to.id}`} line={line} lit={touches(line)} at={at} />
            ))}
            {labelled.map((line) => (
              <LinkLabel key={`${line.from.id} ${line.to.id}`} line={line} focus={focus} at={at} />
            ))}
          </svg>
          {spots.map((spot) => (
            <NodeButton key={spot.id} spot={spot} chosen={spot.id === selected} onSelect={onSelect} at={at} />
          ))}
        </>
      )}
      {leftOut === 0 ? null : <p className="net-more">and {leftOut} more</p>}
    </div>
  )
}
