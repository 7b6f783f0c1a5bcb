/** The ground of the picture: the accepted band, the hatched outside where nothing counts, the lines and their labels. */
import { type AxisRange, axisTicksNs, toAxis } from '../model/axis.ts'
import { durationText, tickText } from '../model/format.ts'
import type { HeroLayout } from '../model/layout.ts'
import type { Palette } from './palette.ts'

/** One frame's drawing surface: CSS pixels, y of an offset in ns. */
export interface Pen {
  readonly c: CanvasRenderingContext2D
  readonly at: HeroLayout
  readonly range: AxisRange
  readonly bandNs: number
  readonly y: (offsetNs: number) => number
  readonly palette: Palette
}

export const yOf = (at: HeroLayout, range: AxisRange, bandNs: number, offsetNs: number): number =>
  at.top + ((range.max - toAxis(offsetNs, bandNs)) / (range.max - range.min)) * (at.bottom - at.top)

const HATCH_PX = 9

const hatch = ({ c, palette }: Pen, left: number, top: number, right: number, bottom: number): void => {
  if (bottom <= top) return
  c.save()
  c.beginPath()
  c.rect(left, top, right - left, bottom - top)
  c.clip()
  c.fillStyle = palette.outside
  c.fill()
  c.beginPath()
  const rise = bottom - top
  for (let x = left - rise - (left % HATCH_PX); x < right; x += HATCH_PX) {
    c.moveTo(x, bottom)
    c.lineTo(x + rise, top)
  }
  c.strokeStyle = palette.hatch
  c.lineWidth = 1
  c.stroke()
  c.restore()
}

export const line = (c: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void => {
  c.beginPath()
  c.moveTo(x0, y0)
  c.lineTo(x1, y1)
  c.stroke()
}

const drawBand = (pen: Pen): void => {
  const { c, at, palette, bandNs, y } = pen
  const [upper, lower] = [Math.round(y(bandNs)), Math.round(y(-bandNs))]
  hatch(pen, at.left, at.top, at.right, upper)
  hatch(pen, at.left, lower, at.right, at.bottom)
  c.fillStyle = palette.band
  c.fillRect(at.left, upper, at.right - at.left, lower - upper)
}

const drawLines = ({ c, at, palette, range, bandNs, y }: Pen): void => {
  c.font = `12px ${palette.font}`
  c.textBaseline = 'middle'
  for (const ns of axisTicksNs(range, bandNs)) {
    const edge = Math.abs(ns) === bandNs
    const at0 = Math.round(y(ns)) + (edge ? 0 : 0.5)
    c.strokeStyle = edge ? palette.edge : palette.faint
    c.lineWidth = edge ? 2 : 1
    c.setLineDash(ns === 0 || edge ? [] : [2, 4])
    line(c, at.left, at0, at.right, at0)
    c.setLineDash([])
    c.fillStyle = edge ? palette.ink : palette.soft
    c.textAlign = 'right'
    const text = tickText(ns)
    c.fillText(at.narrow ? text.replace(/\sms$/, '') : text, at.left - (at.narrow ? 5 : 10), at0)
  }
}

/** Words inside the strip, at its left, where they lie under no trace. */
const drawWords = ({ c, at, palette, bandNs, y }: Pen): void => {
  const { narrow } = at
  const x = at.left + (narrow ? 8 : 14)
  c.textAlign = 'left'
  c.textBaseline = 'alphabetic'
  c.fillStyle = palette.edge
  c.font = `600 ${narrow ? 12 : 14}px ${palette.font}`
  c.fillText(
    narrow ? `accepted ±${durationText(bandNs)}` : `accepted band, ±${durationText(bandNs)}`,
    x,
    y(bandNs) + (narrow ? 17 : 22),
  )
  c.fillStyle = palette.soft
  c.font = `12px ${palette.font}`
  c.fillText(narrow ? 'ahead' : 'ahead of true time: does not count', x, y(bandNs) - 10)
  c.fillText(narrow ? 'behind' : 'behind true time: does not count', x, y(-bandNs) + 19)
}

/** Marks of the past along the top, and the line where "now" begins. `windowSec` is how much of it is shown. */
const drawPast = ({ c, at, palette }: Pen, windowSec: number): void => {
  c.font = `12px ${palette.font}`
  c.textBaseline = 'alphabetic'
  const width = at.nowLeft - at.left
  const steps = width < 300 ? 1 : 4
  for (let step = 0; step < steps; step += 1) {
    const agoSec = windowSec * (1 - step / steps)
    const x = Math.round(at.left + (width * step) / steps) + 0.5
    c.strokeStyle = palette.faint
    c.lineWidth = 1
    if (step > 0) line(c, x, at.top, x, at.bottom)
    c.fillStyle = palette.soft
    c.textAlign = step === 0 ? 'left' : 'center'
    const text =
      agoSec >= 60 && agoSec % 60 === 0 ? `${agoSec / 60} min` : agoSec > 90 ? `${agoSec / 60} min` : `${agoSec} s`
    c.fillText(step === 0 ? `${text} ago` : text, x, at.top - 9)
  }
  const wide = at.right - at.nowLeft > 260
  c.fillStyle = palette.ink
  c.font = `600 12px ${palette.font}`
  c.textAlign = wide ? 'left' : 'center'
  c.fillText('now', wide ? at.nowLeft + 12 : (at.nowLeft + at.right) / 2, at.top - 9)
  if (!wide) return
  c.fillStyle = palette.soft
  c.font = `12px ${palette.font}`
  c.fillText('as its witnesses measure each node', at.nowLeft + 42, at.top - 9)
}

export const drawGround = (pen: Pen, windowSec: number): void => {
  drawBand(pen)
  drawLines(pen)
  drawPast(pen, windowSec)
  drawWords(pen)
}
