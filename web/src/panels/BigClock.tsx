/**
 * The time now, carried forward between the node's readings, with its bound and no digit finer than that. It writes to its
 * text nodes itself, so that the page does not render for every hundredth.
 */
import { type ReactElement, useEffect, useRef } from 'react'
import { clockText, decimalsFor, readAt } from '../model/clock-reading.ts'
import { durationText } from '../model/format.ts'
import type { View } from '../model/view.ts'

/** Time between redraws, ms: no faster than the digits that are shown can be read. */
const FINE_MS = 40
const COARSE_MS = 100

const write = (host: HTMLElement | null, text: string): void => {
  if (host !== null && host.textContent !== text) host.textContent = text
}

const still = matchMedia('(prefers-reduced-motion: reduce)')

const useTicking = (view: View) => {
  const clock = useRef<HTMLSpanElement>(null)
  const fraction = useRef<HTMLSpanElement>(null)
  const bound = useRef<HTMLSpanElement>(null)
  const { anchor } = view
  useEffect(() => {
    if (anchor === undefined) return undefined
    let frame = 0
    let lastMs = 0
    const tick = (nowMs: number): void => {
      frame = requestAnimationFrame(tick)
      const reading = readAt(anchor, performance.now())
      if (nowMs - lastMs < (still.matches ? 1000 : decimalsFor(reading.boundNs) > 1 ? FINE_MS : COARSE_MS)) return
      lastMs = nowMs
      const text = clockText(reading)
      write(clock.current, text.clock)
      write(fraction.current, still.matches ? '' : text.fraction)
      write(bound.current, `± ${durationText(reading.boundNs)}`)
    }
    frame = requestAnimationFrame(tick)
    return () => cancelAnimationFrame(frame)
  }, [anchor])
  return { clock, fraction, bound }
}

export const BigClock = ({ view }: { readonly view: View }): ReactElement => {
  const { clock, fraction, bound } = useTicking(view)
  const status = view.time?.status ?? view.status?.clock.status ?? 'unsynchronised'
  const known = view.anchor !== undefined && status !== 'unsynchronised'
  const decimals = view.anchor === undefined || still.matches ? 0 : decimalsFor(view.anchor.nodeNs + view.anchor.pathNs)
  const explains = 'The node’s bound, half the round trip to it, and the drift of this browser’s counter since.'
  return (
    <section className="clock" aria-label="Time now" data-clock={known ? status : 'unsynchronised'} data-hook="clock">
      <p className="clock-time" role="timer" aria-live="off">
        <span ref={clock} style={{ display: known ? undefined : 'none' }} />
        <span
          ref={fraction}
          className="fraction"
          style={{
            display: known ? undefined : 'none',
            minWidth: decimals > 0 ? `${decimals * 0.56 + 0.28}em` : undefined,
          }}
        />
        {known ? null : <span className="no-time">no time yet</span>}
      </p>
      <p className="clock-bound" title={explains}>
        <span>UTC</span>
        {known ? <span ref={bound} /> : <span>no bound</span>}
        <span className="clock-status">{view.link.state === 'lost' ? 'carried forward' : status}</span>
      </p>
    </section>
  )
}
