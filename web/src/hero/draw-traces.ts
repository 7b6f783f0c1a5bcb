/**
 * The moving part of the picture: each node's interval through time, and where it stands now.
 * A trace that is struck off differs by more than its colour: heavier, dashed, hatched, crossed where it was struck.
 */
import { type Interval, middleNs } from '../model/format.ts'
import type { Frame, NodeStatus } from '../model/history.ts'
import { line, type Pen } from './draw-ground.ts'

/** Intervals thinner than this are drawn this thick, px. */
const THICK_MIN = 3
/** A gap of more slots than this breaks the trace. */
const GAP_SLOTS = 3

interface Run {
  readonly status: NodeStatus
  readonly dots: { readonly x: number; readonly lo: number; readonly hi: number; readonly mid: number }[]
}

/** A node's trace cut into runs of one status; a run begins where the one before ended, so that no hole shows. */
export const runsOf = (pen: Pen, frames: readonly Frame[], id: string, x: (slot: number) => number): readonly Run[] => {
  const runs: Run[] = []
  let lastSlot = Number.NEGATIVE_INFINITY
  for (const { slot, points } of frames) {
    const point = points.get(id)
    if (point === undefined) continue
    const dot = { x: x(slot), lo: pen.y(point.loNs), hi: pen.y(point.hiNs), mid: pen.y(middleNs(point)) }
    const run = runs.at(-1)
    if (run === undefined || slot - lastSlot > GAP_SLOTS) runs.push({ status: point.status, dots: [dot] })
    else if (run.status === point.status) run.dots.push(dot)
    else {
      run.dots.push(dot)
      runs.push({ status: point.status, dots: [dot] })
    }
    lastSlot = slot
  }
  return runs
}

const drawRun = ({ c, palette }: Pen, { status, dots }: Run, strong: boolean): void => {
  const bad = status === 'falseticker'
  const colour = bad ? palette.bad : status === 'truechimer' ? palette.good : palette.soft
  c.beginPath()
  for (const { x, hi, lo, mid } of dots) c.lineTo(x, Math.min(hi, lo, mid - THICK_MIN / 2))
  for (const { x, hi, lo, mid } of dots.toReversed()) c.lineTo(x, Math.max(hi, lo, mid + THICK_MIN / 2))
  c.closePath()
  c.globalAlpha *= strong ? 0.26 : 0.13
  c.fillStyle = colour
  c.fill()
  c.globalAlpha /= strong ? 0.26 : 0.13
  c.beginPath()
  for (const { x, mid } of dots) c.lineTo(x, mid)
  c.strokeStyle = colour
  c.lineWidth = bad ? 2.5 : strong ? 2.5 : 1.5
  c.lineJoin = 'round'
  c.setLineDash(bad ? [7, 4] : status === 'truechimer' ? [] : [2, 3])
  c.stroke()
  c.setLineDash([])
}

/** Where the verdict changed: a cross when struck off, a ring when taken back. */
const drawTurn = ({ c, palette }: Pen, status: NodeStatus, x: number, y: number): void => {
  const bad = status === 'falseticker'
  c.beginPath()
  c.arc(x, y, 8, 0, 2 * Math.PI)
  c.fillStyle = bad ? palette.bad : palette.surface
  c.fill()
  c.lineWidth = 2
  c.strokeStyle = bad ? palette.bad : palette.good
  c.stroke()
  c.strokeStyle = bad ? palette.surface : palette.good
  if (bad) {
    line(c, x - 3.2, y - 3.2, x + 3.2, y + 3.2)
    line(c, x - 3.2, y + 3.2, x + 3.2, y - 3.2)
  } else {
    c.beginPath()
    c.moveTo(x - 3.6, y + 0.2)
    c.lineTo(x - 0.8, y + 3)
    c.lineTo(x + 3.8, y - 2.8)
    c.stroke()
  }
}

export const drawTrace = (pen: Pen, runs: readonly Run[], strong: boolean): void => {
  for (const run of runs) drawRun(pen, run, strong)
  for (const [index, run] of runs.entries()) {
    const before = runs[index - 1]
    const [dot] = run.dots
    const turned = before !== undefined && before.status !== run.status && before.status !== 'unproven'
    if (turned && dot !== undefined && dot.x < pen.at.nowLeft) drawTurn(pen, run.status, dot.x, dot.mid)
  }
}

/** A node's column: the rail it rides on, and its interval now. */
export interface Capsule {
  readonly x: number
  readonly status: NodeStatus
  /** Undefined where no offset is known. */
  readonly offset: Interval | undefined
}

const shape = (c: CanvasRenderingContext2D, x: number, top: number, bottom: number, width: number): void => {
  c.beginPath()
  c.roundRect(x - width / 2, top, width, bottom - top, Math.min(width, bottom - top) / 2)
}

/** From true time to the liar: how far it is out, as a drawing marks a distance. */
const drawDistance = ({ c, palette, y }: Pen, x: number, near: number): void => {
  const zero = y(0)
  const up = near < zero ? 1 : -1
  if (Math.abs(zero - near) < 24) return
  c.strokeStyle = palette.bad
  c.lineWidth = 1.5
  line(c, x, zero, x, near + up * 5)
  line(c, x - 7, zero, x + 7, zero)
  c.beginPath()
  c.moveTo(x - 5, near + up * 11)
  c.lineTo(x, near + up * 4)
  c.lineTo(x + 5, near + up * 11)
  c.stroke()
}

const drawStruck = (pen: Pen, x: number, top: number, bottom: number, width: number): void => {
  const { c, palette, y, at } = pen
  const middle = (top + bottom) / 2
  drawDistance(pen, x, middle < y(0) ? bottom : top)
  c.strokeStyle = palette.bad
  c.lineWidth = 2.5
  c.setLineDash([7, 4])
  line(c, at.nowLeft, middle, x - width / 2, middle)
  c.setLineDash([])
  shape(c, x, top, bottom, width)
  c.fillStyle = palette.surface
  c.fill()
  c.save()
  c.clip()
  c.strokeStyle = palette.bad
  c.lineWidth = 2.5
  const rise = bottom - top
  for (let from = x - width / 2 - rise; from < x + width / 2; from += 6) line(c, from, bottom, from + rise, top)
  c.restore()
  shape(c, x, top, bottom, width)
  c.strokeStyle = palette.bad
  c.lineWidth = 2
  c.stroke()
  const arm = width / 2 + 7
  c.lineWidth = 3
  line(c, x - arm, middle + arm * 0.5, x + arm, middle - arm * 0.5)
}

/** The line that a node's interval rides on. */
export const drawRail = ({ c, palette, at }: Pen, x: number): void => {
  c.strokeStyle = palette.faint
  c.lineWidth = 1
  line(c, Math.round(x) + 0.5, at.top, Math.round(x) + 0.5, at.bottom)
}

export const drawCapsule = (pen: Pen, { x, status, offset }: Capsule): void => {
  const { c, palette, at, y } = pen
  if (offset === undefined) return
  const width = Math.min(28, at.column * 0.46)
  const struck = status === 'falseticker'
  const middle = y(middleNs(offset))
  const half = struck ? 8 : 5
  const top = Math.min(y(offset.hiNs), middle - half)
  const bottom = Math.max(y(offset.loNs), middle + half)
  if (struck) return drawStruck(pen, x, top, bottom, width)
  shape(c, x, top, bottom, width)
  const good = status === 'truechimer'
  c.fillStyle = good ? palette.good : palette.surface
  c.fill()
  c.strokeStyle = good ? palette.good : palette.soft
  c.lineWidth = 2
  c.setLineDash(good ? [] : [3, 3])
  c.stroke()
  c.setLineDash([])
  c.strokeStyle = good ? palette.surface : palette.soft
  line(c, x - width / 2 + 4, middle, x + width / 2 - 4, middle)
}
