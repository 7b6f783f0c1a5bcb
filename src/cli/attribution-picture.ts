/**
 * The picture of an attribution chain, as one SVG file that needs nothing else: the links from top to bottom, each with its place on one axis of
 * time, in the colours that the reader's system prefers. Drawn for 390 pixels, and larger where there is room.
 *
 * Everything that an actor wrote is escaped, cut into lines, and kept apart from what stands beside it (unicode-bidi). No script, no link, no
 * font or picture from elsewhere. Not promised: that text widths are more than estimated.
 */
import { hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { axisOf } from './attribution-axis.ts'
import type { TimeAxis } from './attribution-axis.ts'
import { RELATION_WORDS, shortKey, shortened } from './attribution-story.ts'
import type { ToldChain, ToldLink } from './attribution-story.ts'
import { durationText } from '../services/explanations.ts'
import { utcDown, utcUp } from './stamp-lines.ts'

const WIDTH = 390
const MARGIN = 20
const SPINE = 36
const LEFT = 64
const RIGHT = WIDTH - MARGIN
const NODE_RADIUS = 13
/** A bar narrower than this cannot be seen. */
const BAR_MIN = 6
/** Lines of a name, and of a note, at most. */
const NAME_LINES_MAX = 2
const NOTE_LINES_MAX = 5
/** Actors are told apart by colour, which comes round again. */
const ACTOR_COLOURS = 6

/** @param title what the chain is called: its file. */
export const chainPicture = (told: ToldChain, title: string): string => {
  const signed = told.links.flatMap((link) => link.signed ?? [])
  const axis = signed.length === 0 ? undefined : axisOf(signed, { from: LEFT, to: RIGHT })
  const colours = actorColours(told.links)
  const head = headOf(told, title)
  let top = head.bottom
  const nodes: number[] = []
  const cards = told.links.map((link) => {
    nodes.push(top + 16)
    const card = cardOf(link, {
      top,
      axis,
      colour: colours.get(actorOf(link)) ?? 0,
      fault: link.state === 'broken' ? told.fault : undefined,
    })
    top = card.bottom
    return card.svg
  })
  const foot = axis === undefined ? { svg: '', bottom: top } : footOf(axis, top)
  const parts = [head.svg, spineOf(told, nodes), ...cards, foot.svg].join('')
  return document(parts, { title: `Attribution chain ${title}`, height: foot.bottom + MARGIN })
}

const actorOf = ({ link }: ToldLink): string => (link === undefined ? '' : hexOf(link.actor))

const actorColours = (links: readonly ToldLink[]): ReadonlyMap<string, number> => {
  const actors = [...new Set(links.map(actorOf))].filter((actor) => actor !== '')
  return new Map(actors.map((actor, at) => [actor, at % ACTOR_COLOURS]))
}

interface Drawn {
  readonly svg: string
  readonly bottom: number
}

const VERDICTS = { holds: 'holds', broken: 'broken', awaited: 'not proved', unchecked: 'not checked' } as const

const headOf = ({ links, fault, isAwaited, ...told }: ToldChain, title: string): Drawn => {
  const verdict = fault?.verdict === 'ignore' ? 'awaited' : (told.verdict ?? 'unchecked')
  const count = links.length === 1 ? 'one link' : `${links.length} links`
  const end =
    fault === undefined
      ? `${count}${isAwaited ? ', the receiver has not signed yet' : ''}`
      : `${count}, link ${fault.number} fails: ${fault.check}`
  const pill = textWidth(VERDICTS[verdict], 12) + 20
  return {
    svg:
      write(MARGIN, 36, fitted(title, 17, RIGHT - MARGIN - pill - 12), 'title') +
      `<rect class="pill ${verdict}" x="${RIGHT - pill}" y="19" width="${pill}" height="24" rx="12"/>` +
      `<text class="verdict ${verdict}" x="${RIGHT - pill / 2}" y="35.5" text-anchor="middle">${VERDICTS[verdict]}</text>` +
      write(MARGIN, 58, end, 'muted'),
    bottom: 84,
  }
}

/** From node to node; broken where the chain is. */
const spineOf = ({ links }: ToldChain, nodes: readonly number[]): string =>
  nodes
    .slice(1)
    .map((y, i) => {
      const from = (nodes[i] ?? y) + NODE_RADIUS + 3
      const state = links[i + 1]?.state ?? 'good'
      return `<line class="spine ${state}" x1="${SPINE}" x2="${SPINE}" y1="${from}" y2="${y - NODE_RADIUS - 3}"/>`
    })
    .join('')

interface Place {
  /** Of this link. */
  readonly fault: ToldChain['fault']
  readonly top: number
  readonly axis: TimeAxis | undefined
  readonly colour: number
}

const cardOf = (told: ToldLink, { top, axis, colour, fault }: Place): Drawn => {
  const { number, state, link, signed } = told
  const node =
    `<circle class="node ${state} a${colour}" cx="${SPINE}" cy="${top + 16}" r="${NODE_RADIUS}"/>` +
    `<text class="number ${state}" x="${SPINE}" y="${top + 20.5}" text-anchor="middle">${number}</text>`
  if (link === undefined) {
    const why = fault === undefined ? '' : write(LEFT, top + 39, `fails: ${fault.check}, ${fault.reason}`, 'fault')
    const svg = node + write(LEFT, top + 21, 'A link that cannot be read', 'muted') + why
    return { svg: grouped(svg, state), bottom: top + 62 }
  }
  const lines = new Column(LEFT, top + 2)
  const to = link.receiver === undefined ? '' : ` to ${shortKey(link.receiver)}`
  lines.write(`${RELATION_WORDS[link.relation]}${to}`, 'relation', 19)
  for (const line of wrapped(link.name, 13, NAME_LINES_MAX)) lines.write(line, 'name', 18)
  lines.write(`key ${shortKey(link.actor)}   content ${shortened(hexOf(link.content.digest))}`, 'muted', 17)
  for (const line of wrapped(link.note, 12, NOTE_LINES_MAX)) lines.write(line, 'note', 16)
  if (link.claimed !== undefined)
    for (const line of intervalLines(link.claimed)) lines.write(`claims ${line}`, 'muted', 16)
  if (fault !== undefined) lines.write(`fails: ${fault.check}, ${fault.reason}`, 'fault', 18)
  if (signed !== undefined && axis !== undefined) {
    lines.space(2)
    for (const line of intervalLines(signed)) lines.write(line, 'time', 16)
    lines.space(2)
    lines.add((y) => barOf(signed, axis, { y: y + 10, colour }), 16)
  }
  return { svg: grouped(node + lines.svg, state), bottom: lines.bottom + 22 }
}

const grouped = (svg: string, state: ToldLink['state']): string => `<g class="link ${state}">${svg}</g>`

/** Lines one under the other. */
class Column {
  readonly #x: number
  #y: number
  svg = ''

  constructor(x: number, y: number) {
    this.#x = x
    this.#y = y
  }

  get bottom(): number {
    return this.#y
  }

  space(height: number): void {
    this.#y += height
  }

  write(text: string, style: string, height: number): void {
    this.add((y) => write(this.#x, y + height, text, style), height)
  }

  add(draw: (y: number) => string, height: number): void {
    this.svg += draw(this.#y)
    this.#y += height
  }
}

/** The day once, where both ends are of one day; and how wide it is. */
const intervalLines = (interval: TimeInterval): readonly string[] => {
  const [from, to] = [utcDown(interval.earliest), utcUp(interval.latest)]
  const wide = durationText(interval.latest - interval.earliest)
  const [day = '', clock = ''] = from.slice(0, -1).split('T')
  const [dayTo = '', clockTo = ''] = to.slice(0, -1).split('T')
  if (day === dayTo) return [`${day} ${clock} – ${clockTo} (${wide})`]
  return [`${day} ${clock} –`, `${dayTo} ${clockTo} (${wide})`]
}

const barOf = (
  interval: TimeInterval,
  axis: TimeAxis,
  { y, colour }: { readonly y: number; readonly colour: number },
): string => {
  const [from, to] = [axis.xOf(interval.earliest), axis.xOf(interval.latest)]
  const width = Math.max(BAR_MIN, to - from)
  const x = Math.min(Math.max(LEFT, (from + to - width) / 2), RIGHT - width)
  return (
    `<rect class="track" x="${LEFT}" y="${y + 2}" width="${RIGHT - LEFT}" height="2" rx="1"/>` +
    `<rect class="bar a${colour}" x="${round(x)}" y="${y - 1}" width="${round(width)}" height="8" rx="3"/>`
  )
}

const footOf = (axis: TimeAxis, top: number): Drawn => {
  const y = top + 4
  const marks = axis.ticks.map(
    ({ x, label, anchor }) =>
      `<line class="tick" x1="${round(x)}" x2="${round(x)}" y1="${y}" y2="${y + 6}"/>` +
      `<text class="label" x="${round(x)}" y="${y + 20}" text-anchor="${anchor}">${escaped(label)}</text>`,
  )
  return {
    svg:
      `<line class="tick" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/>${marks.join('')}` +
      write(LEFT, y + 40, axis.caption, 'label') +
      write(LEFT, y + 55, 'Bars: between which instants each link was signed', 'label'),
    bottom: y + 59,
  }
}

const write = (x: number, y: number, text: string, style: string): string =>
  `<text class="${style}" x="${x}" y="${y}">${escaped(text)}</text>`

/** In XML, whatever it is: characters that XML has not are taken out. */
export const escaped = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

const round = (value: number): number => Math.round(value * 100) / 100

/** Wide characters stand for East Asian ones and pictures; an estimate. */
const textWidth = (text: string, size: number): number => {
  let ems = 0
  for (const character of text)
    ems += (character.codePointAt(0) ?? 0) >= 0x11_00 && character !== '…' && character !== '–' ? 1.05 : 0.56
  return ems * size
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** As much of the text as fits, with an ellipsis where some does not. */
const fitted = (text: string, size: number, width: number): string => {
  if (textWidth(text, size) <= width) return text
  let fit = ''
  for (const { segment } of segmenter.segment(text)) {
    if (textWidth(`${fit}${segment}…`, size) > width) break
    fit += segment
  }
  return `${fit}…`
}

/** In lines of the card's width, words kept whole where they can be; the last ends with an ellipsis where there is more. */
const wrapped = (text: string, size: number, linesMax: number): readonly string[] => {
  if (text === '') return []
  const width = RIGHT - LEFT
  const lines: string[] = ['']
  for (const word of text.split(' ').flatMap((one) => pieces(one, size, width))) {
    const line = lines.at(-1) ?? ''
    const longer = line === '' ? word : `${line} ${word}`
    if (textWidth(longer, size) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  if (lines.length <= linesMax) return lines
  const last = lines.slice(linesMax - 1).join(' ')
  return [...lines.slice(0, linesMax - 1), fitted(last, size, width)]
}

/** A word in pieces that fit a line each. */
const pieces = (word: string, size: number, width: number): readonly string[] => {
  const all: string[] = ['']
  for (const { segment } of segmenter.segment(word)) {
    const longer = (all.at(-1) ?? '') + segment
    if (textWidth(longer, size) <= width) all[all.length - 1] = longer
    else all.push(segment)
  }
  return all
}

const STYLE = `
svg{--paper:#fff;--ink:#1b1f24;--quiet:#59636e;--line:#d4dae0;--good:#176f3d;--goodpale:#dcf3e4;--bad:#b3261e;--badpale:#fbe3e1;--warn:#7a5200;--warnpale:#fbeecb;--a0:#1f6feb;--a1:#8250df;--a2:#0f7b7b;--a3:#bc4c00;--a4:#a4286a;--a5:#4d6a00;--on:#fff}
@media (prefers-color-scheme:dark){svg{--paper:#0f1419;--ink:#e8edf2;--quiet:#9aa6b2;--line:#333d47;--good:#7ee2a4;--goodpale:#12351f;--bad:#ff9d94;--badpale:#47191a;--warn:#f2c55c;--warnpale:#3a2d0d;--a0:#6cb0ff;--a1:#c4a0ff;--a2:#5fd3d3;--a3:#ffa561;--a4:#ff8fc4;--a5:#b5d55a;--on:#0f1419}}
svg{background:var(--paper);font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;display:block;margin:0 auto}
text{fill:var(--ink);unicode-bidi:isolate;white-space:pre}
.title{font-size:17px;font-weight:650}
.relation{font-size:15px;font-weight:650}
.name{font-size:13px}
.muted,.label{font-size:11px;fill:var(--quiet)}
.note{font-size:12px;font-style:italic;fill:var(--ink)}
.fault{font-size:12px;font-weight:600;fill:var(--bad)}
.time{font-size:12px;font-variant-numeric:tabular-nums}
.verdict{font-size:12px;font-weight:600}
.pill.holds{fill:var(--goodpale)}.pill.broken{fill:var(--badpale)}.pill.awaited,.pill.unchecked{fill:var(--warnpale)}
.verdict.holds{fill:var(--good)}.verdict.broken{fill:var(--bad)}.verdict.awaited,.verdict.unchecked{fill:var(--warn)}
.spine{stroke:var(--line);stroke-width:2}
.spine.broken,.spine.unchecked{stroke-dasharray:2 5;stroke-linecap:round}
.number{font-size:12px;font-weight:700;fill:var(--on)}
.a0{fill:var(--a0)}.a1{fill:var(--a1)}.a2{fill:var(--a2)}.a3{fill:var(--a3)}.a4{fill:var(--a4)}.a5{fill:var(--a5)}
.node.unchecked{fill:var(--paper);stroke:var(--line);stroke-width:2}.number.unchecked{fill:var(--quiet)}
.node.broken{fill:var(--bad)}
.link.unchecked text{fill:var(--quiet)}
.track{fill:var(--line)}
.tick{stroke:var(--line)}
`

const document = (svg: string, { title, height }: { readonly title: string; readonly height: number }): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${round(height)}" width="100%" style="max-width:${WIDTH * 1.5}px" role="img" aria-label="${escaped(title)}">` +
  `<title>${escaped(title)}</title><style>${STYLE}</style>` +
  `<rect width="${WIDTH}" height="${round(height)}" fill="var(--paper)"/>${svg}</svg>\n`
