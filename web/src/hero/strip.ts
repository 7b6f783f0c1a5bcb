/**
 * The live picture: uPlot carries scales, pixels and the cursor; what is drawn comes from draw-ground and draw-traces.
 * It scrolls on the browser's counter, ten times a second, faster only while something is moving, and stands
 * still where the page is hidden, the link is lost, or the reader prefers less motion (then it steps with the data).
 */
import uPlot from 'uplot'
import { type AxisRange, axisRange, easeRange, fromAxis, toAxis } from '../model/axis.ts'
import { type Interval, middleNs } from '../model/format.ts'
import { type HeroLayout, placeNotes } from '../model/layout.ts'
import type { View } from '../model/view.ts'
import { line, type Pen, yOf } from './draw-ground.ts'
import { drawCapsule, drawRail, drawTrace, runsOf } from './draw-traces.ts'
import { type Ground, keptGround } from './kept-ground.ts'
import { type Palette, readPalette } from './palette.ts'

export interface Scene {
  readonly view: View
  readonly layout: HeroLayout
  readonly width: number
  readonly height: number
  readonly windowSec: number
  readonly selected: string | undefined
}

export interface Strip {
  readonly show: (scene: Scene) => void
  readonly repaint: () => void
  readonly close: () => void
}

export interface StripOptions {
  readonly canvasHost: HTMLElement
  readonly notesHost: HTMLElement
  /** The slot under the pointer, or undefined. */
  readonly onPoint: (slot: number | undefined) => void
}

/** Time between frames while nothing but the strip itself moves, ms. */
const CALM_MS = 100
/** A frame farther from the pointer than this is not what it points at. */
const POINT_SLOTS_MAX = 2
/** Time constant of every easing, ms. */
const EASE_MS = 220
/** The edge runs this far behind the newest slot at most, so that each new stretch is drawn as it passes, seconds. */
const BEHIND_SEC_MAX = 2

/** Between a note and the end of the strip, between it and its trace, between it and the strip's left, px. */
export const NOTE_RIGHT = 14
const NOTE_GAP = 20
const NOTE_CLEAR = 8

interface Motion {
  range: AxisRange
  edgeSec: number
  readonly capsules: Map<string, Interval>
}

const still = matchMedia('(prefers-reduced-motion: reduce)')

const edgeOf = ({ view }: Scene, motion: Motion): number => {
  const lengthSec = view.slotNs / 1e9
  const newestSec = view.slot * lengthSec
  if (view.lagSec === undefined || still.matches) return newestSec
  if (view.link.state === 'lost') return motion.edgeSec
  const nowSec = performance.now() / 1000 - view.lagSec
  return Math.min(nowSec, newestSec + 10 * lengthSec) - Math.min(lengthSec, BEHIND_SEC_MAX)
}

const extremesNs = ({ view, windowSec }: Scene, edgeSec: number): readonly number[] => {
  const oldest = ((edgeSec - windowSec) * 1e9) / view.slotNs
  const shown = view.frames.filter(({ slot }) => slot >= oldest)
  return shown.flatMap(({ points }) => [...points.values()].flatMap(({ loNs, hiNs }) => [loNs, hiNs]))
}

/** Moves everything a share of its way; true while there is way left. */
const step = (scene: Scene, motion: Motion, elapsedMs: number): boolean => {
  const { view } = scene
  const share = still.matches ? 1 : 1 - Math.exp(-elapsedMs / EASE_MS)
  motion.edgeSec = edgeOf(scene, motion)
  const target = axisRange(extremesNs(scene, motion.edgeSec), view.bandNs)
  motion.range = easeRange(motion.range, target, share)
  let moving = motion.range.min !== target.min || motion.range.max !== target.max
  const known = new Set(view.nodes.map(({ id }) => id))
  for (const id of motion.capsules.keys()) if (!known.has(id)) motion.capsules.delete(id)
  for (const { id, offset } of view.nodes) {
    if (offset === null) motion.capsules.delete(id)
    else {
      const from = motion.capsules.get(id) ?? offset
      const towards = (a: number, b: number): number => {
        const [at, to] = [toAxis(a, view.bandNs), toAxis(b, view.bandNs)]
        if (Math.abs(to - at) < 0.004) return b
        moving = true
        return fromAxis(at + (to - at) * share, view.bandNs)
      }
      motion.capsules.set(id, { loNs: towards(from.loNs, offset.loNs), hiNs: towards(from.hiNs, offset.hiNs) })
    }
  }
  return moving
}

/** Where a note would like its middle: beside the trace it belongs to, towards the band if there is room. */
const noteWant = (pen: Pen, middle: number, height: number): number => {
  const gap = height / 2 + 8
  const edge = (Math.sign(middle) || 1) * pen.bandNs
  if (Math.abs(middle) <= pen.bandNs) return pen.y(edge) - Math.sign(edge) * gap
  const room = Math.abs(pen.y(middle) - pen.y(edge)) > height + 14
  return pen.y(middle) + (room ? 1 : -1) * Math.sign(middle) * gap
}

/** Notes stand left of the point where their node was struck off while there is room, else at the end of its trace. */
const placeNotesOf = (
  scene: Scene,
  pen: Pen,
  motion: Motion,
  notesHost: HTMLElement,
  x: (slot: number) => number,
): void => {
  const notes = [...notesHost.children].filter((note): note is HTMLElement => note instanceof HTMLElement)
  const height = Math.max(0, ...notes.map((note) => note.offsetHeight)) + 6
  const placed = notes.map((note) => {
    const id = note.dataset['note'] ?? ''
    const node = scene.view.nodes.find((one) => one.id === id)
    const at = motion.capsules.get(id)
    const middle = at === undefined ? 0 : middleNs(at)
    const struckX = node === undefined ? pen.at.left : x(node.since) - NOTE_GAP
    const beside = struckX - note.offsetWidth > pen.at.left + NOTE_CLEAR
    const want = beside && Math.abs(middle) > pen.bandNs ? pen.y(middle) : noteWant(pen, middle, height)
    return { note, want, shift: beside ? Math.min(0, struckX - (pen.at.nowLeft - NOTE_RIGHT)) : 0 }
  })
  const wants = placed.map(({ want }) => want)
  const tops = placeNotes(wants, height, pen.at.top + 2, pen.at.bottom - 2)
  for (const [index, { note, shift }] of placed.entries())
    note.style.transform = `translate(${shift}px, ${tops[index] ?? 0}px)`
}

type SlotToX = (slot: number) => number

const paintTraces = ({ view, layout, selected }: Scene, pen: Pen, x: SlotToX): void => {
  const { c } = pen
  c.save()
  c.beginPath()
  c.rect(layout.left, layout.top - 10, layout.nowLeft - layout.left, layout.bottom - layout.top + 20)
  c.clip()
  const rank = ({ id, status }: View['nodes'][number]): number =>
    id === selected ? 2 : status === 'falseticker' ? 1 : 0
  for (const { id, status } of [...view.nodes].sort((a, b) => rank(a) - rank(b))) {
    c.globalAlpha = selected === undefined || id === selected || status === 'falseticker' ? 1 : 0.45
    drawTrace(pen, runsOf(pen, view.frames, id, x), id === selected)
  }
  c.restore()
}

const paintNow = ({ view, layout }: Scene, pen: Pen, motion: Motion): void => {
  const nowX = Math.round(layout.nowLeft) + 0.5
  pen.c.strokeStyle = pen.palette.ink
  pen.c.lineWidth = 1
  line(pen.c, nowX, layout.top, nowX, layout.bottom)
  const capsules = view.nodes.map((node, index) => ({
    x: layout.nowLeft + layout.column * (index + 0.5),
    status: node.status,
    offset: motion.capsules.get(node.id),
  }))
  for (const { x } of capsules) drawRail(pen, x)
  for (const struck of [false, true])
    for (const capsule of capsules) if ((capsule.status === 'falseticker') === struck) drawCapsule(pen, capsule)
}

const paint = (
  u: uPlot,
  scene: Scene,
  motion: Motion,
  palette: Palette,
  notesHost: HTMLElement,
  ground: Ground,
): void => {
  const { view, layout, windowSec } = scene
  const { ctx: c } = u
  const y = (ns: number): number => yOf(layout, motion.range, view.bandNs, ns)
  const pen: Pen = { c, at: layout, range: motion.range, bandNs: view.bandNs, y, palette }
  const pxPerSec = (layout.nowLeft - layout.left) / windowSec
  const x: SlotToX = (slot) => layout.nowLeft - (motion.edgeSec - (slot * view.slotNs) / 1e9) * pxPerSec
  ground(pen, windowSec)
  c.save()
  c.scale(uPlot.pxRatio, uPlot.pxRatio)
  paintTraces(scene, pen, x)
  paintNow(scene, pen, motion)
  c.restore()
  placeNotesOf(scene, pen, motion, notesHost, x)
}

const dataOf = ({ view }: Scene): uPlot.AlignedData => [
  view.frames.map(({ slot }) => (slot * view.slotNs) / 1e9),
  view.frames.map(({ points }) => {
    const [point] = points.values()
    return point === undefined ? null : toAxis(middleNs(point), view.bandNs)
  }),
]

/** The slot nearest to the pointer, `leftPx` from the strip's left edge; undefined where the pointer is off it. */
const pointedSlot = ({ view, layout, windowSec }: Scene, motion: Motion, leftPx: number): number | undefined => {
  if (leftPx < 0) return undefined
  const sec = motion.edgeSec - windowSec * (1 - leftPx / (layout.nowLeft - layout.left))
  const want = (sec * 1e9) / view.slotNs
  const distance = (slot: number): number => Math.abs(slot - want)
  const slots = view.frames.map(({ slot }) => slot)
  const nearest = slots.reduce((best, slot) => (distance(slot) < distance(best) ? slot : best), slots[0] ?? want)
  return distance(nearest) <= POINT_SLOTS_MAX ? nearest : undefined
}

interface Live {
  scene: Scene | undefined
  palette: Palette
  shape: string
  readonly ground: Ground
}

const makePlot = (options: StripOptions, live: Live, motion: Motion): uPlot => {
  const padding = (side: number): number => {
    const at = live.scene?.layout
    if (at === undefined || live.scene === undefined) return 0
    return [at.top, live.scene.width - at.nowLeft, live.scene.height - at.bottom, at.left][side] ?? 0
  }
  const pad = (_: uPlot, side: number): number => padding(side)
  const config: uPlot.Options = {
    width: 10,
    height: 10,
    padding: [pad, pad, pad, pad],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: false, range: () => [motion.edgeSec - (live.scene?.windowSec ?? 60), motion.edgeSec] },
      y: { range: () => [motion.range.min, motion.range.max] },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      draw: [(u) => live.scene && paint(u, live.scene, motion, live.palette, options.notesHost, live.ground)],
      setCursor: [(u) => options.onPoint(live.scene && pointedSlot(live.scene, motion, u.cursor.left ?? -1))],
    },
  }
  return new uPlot(config, [[], []], options.canvasHost)
}

export const openStrip = (options: StripOptions): Strip => {
  const live: Live = { scene: undefined, palette: readPalette(options.canvasHost), shape: '', ground: keptGround() }
  const motion: Motion = { range: axisRange([], 1), edgeSec: 0, capsules: new Map() }
  const plot = makePlot(options, live, motion)
  let lastMs = performance.now()
  let dirty = true
  let moving = true
  let frame = 0
  const tick = (nowMs: number): void => {
    frame = requestAnimationFrame(tick)
    const elapsedMs = nowMs - lastMs
    const scrolls = !still.matches && live.scene?.view.link.state !== 'lost' && live.scene?.view.nodes.length !== 0
    if (live.scene === undefined || !(dirty || moving || (scrolls && elapsedMs >= CALM_MS))) return
    lastMs = nowMs
    dirty = false
    moving = step(live.scene, motion, Math.min(elapsedMs, 200))
    plot.redraw(false, true)
  }
  frame = requestAnimationFrame(tick)
  return {
    show: (scene) => {
      live.scene = scene
      dirty = true
      const shape = `${scene.width} ${scene.height} ${scene.layout.nowLeft}`
      if (shape !== live.shape) plot.setSize({ width: scene.width, height: scene.height })
      live.shape = shape
      plot.setData(dataOf(scene), false)
    },
    repaint: () => {
      live.palette = readPalette(options.canvasHost)
      dirty = true
    },
    close: () => {
      cancelAnimationFrame(frame)
      plot.destroy()
    },
  }
}
