/** The picture with what stands on it in words: names under the columns, notes beside what is struck off, a readout. */
import { type ReactElement, useEffect, useMemo, useRef, useState } from 'react'
import { leadText, offsetText, utcClockText } from '../model/format.ts'
import { heroLayout, type HeroLayout, STACKED_PX } from '../model/layout.ts'
import { slotUnixMs, type View } from '../model/view.ts'
import { isOutside, summary, witnessText } from '../model/words.ts'
import { StatusMark } from '../panels/marks.tsx'
import { Readout } from './Readout.tsx'
import { NOTE_RIGHT, openStrip, type Strip } from './strip.ts'
import { useSize } from './use-size.ts'

export interface HeroProps {
  readonly view: View
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
  readonly windowSec: number
  readonly theme: string
}

/** At most this many notes stand on the picture; the table has them all. */
const NOTES_MAX = 3

const Notes = ({ view }: { readonly view: View }): readonly ReactElement[] =>
  view.nodes
    .filter(({ status }) => status === 'falseticker')
    .slice(0, NOTES_MAX)
    .map((node) => {
      const lead = node.offset === null ? 'out of time' : leadText(node.offset)
      const says = isOutside(node, view.bandNs) || node.offset === null ? lead : 'back in the band, not yet proved'
      return (
        <p key={node.id} className="note" data-note={node.id}>
          <strong>
            <s>{node.name}</s> {says}
          </strong>
          <span>
            {witnessText(node)} · struck off {utcClockText(slotUnixMs(view, node.since))}
          </span>
        </p>
      )
    })

interface NamesProps extends Pick<HeroProps, 'view' | 'selected' | 'onSelect'> {
  readonly layout: HeroLayout
}

const Names = ({ view, selected, onSelect, layout }: NamesProps): readonly ReactElement[] =>
  view.nodes.map((node, index) => (
    <button
      key={node.id}
      type="button"
      className="pen"
      data-status={node.status}
      aria-pressed={node.id === selected}
      style={{ left: layout.nowLeft + layout.column * index, width: layout.column }}
      onClick={() => onSelect(node.id)}
      title={`${node.name}: ${node.status}`}
    >
      <span className="pen-name">
        <StatusMark status={node.status} />
        {node.status === 'falseticker' ? <s>{node.name}</s> : node.name}
      </span>
      <span className="pen-offset">
        {node.offset === null ? 'no offset' : <Offset text={offsetText(node.offset)} />}
      </span>
    </button>
  ))

/** The middle over the half-width, so that a narrow column holds both. */
const Offset = ({ text }: { readonly text: string }): ReactElement => {
  const [middle, half] = text.split(' ±')
  return (
    <>
      <span>{middle}</span> <span>±{half?.trimStart()}</span>
    </>
  )
}

const Empty = ({ view }: { readonly view: View }): ReactElement | null =>
  view.nodes.length > 0 ? null : (
    <p className="empty-picture">
      {view.link.state === 'lost' ? 'Nothing was heard from this node yet.' : 'No node has proved its time yet.'}
      <span>Each one that does gets a column here and a trace through the band.</span>
    </p>
  )

export const Hero = ({ view, selected, onSelect, windowSec, theme }: HeroProps): ReactElement => {
  const host = useRef<HTMLElement>(null)
  const canvasHost = useRef<HTMLDivElement>(null)
  const notesHost = useRef<HTMLDivElement>(null)
  const strip = useRef<Strip>(undefined)
  const [pointed, setPointed] = useState<number>()
  const { width, height } = useSize(host)
  const count = view.nodes.length
  const layout = useMemo(() => heroLayout(width, height, count), [width, height, count])
  useEffect(() => {
    if (canvasHost.current === null || notesHost.current === null) return undefined
    const opened = openStrip({ canvasHost: canvasHost.current, notesHost: notesHost.current, onPoint: setPointed })
    strip.current = opened
    return () => opened.close()
  }, [])
  useEffect(() => {
    if (width > 0 && height > 0) strip.current?.show({ view, layout, width, height, windowSec, selected })
  }, [view, layout, width, height, windowSec, selected])
  useEffect(() => strip.current?.repaint(), [theme])
  return (
    <figure ref={host} className="hero" data-hook="hero" data-nodes={count} data-stacked={layout.column < STACKED_PX}>
      <div ref={canvasHost} className="hero-canvas" role="img" aria-label={summary(view)} />
      <div ref={notesHost} className="notes" style={{ right: width - layout.nowLeft + NOTE_RIGHT }} aria-hidden="true">
        <Notes view={view} />
      </div>
      <Names view={view} selected={selected} onSelect={onSelect} layout={layout} />
      <Readout view={view} slot={pointed} layout={layout} />
      <Empty view={view} />
    </figure>
  )
}
