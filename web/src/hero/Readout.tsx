/** What every node's offset was at the instant under the pointer. */
import type { ReactElement } from 'react'
import { offsetText, utcClockText } from '../model/format.ts'
import type { HeroLayout } from '../model/layout.ts'
import { slotUnixMs, type View } from '../model/view.ts'
import { StatusMark } from '../panels/marks.tsx'

export interface ReadoutProps {
  readonly view: View
  readonly slot: number | undefined
  readonly layout: HeroLayout
}

export const Readout = ({ view, slot, layout }: ReadoutProps): ReactElement | null => {
  const frame = slot === undefined ? undefined : view.frames.find((one) => one.slot === slot)
  if (frame === undefined || slot === undefined) return null
  return (
    <div className="readout" style={{ left: layout.left + 10, bottom: 72 }} aria-hidden="true">
      <p>{utcClockText(slotUnixMs(view, slot))} UTC</p>
      <ul>
        {view.nodes.map(({ id, name }) => {
          const point = frame.points.get(id)
          return (
            <li key={id}>
              <StatusMark status={point?.status ?? 'absent'} /> {name}{' '}
              <span>{point === undefined ? 'no offset' : offsetText(point)}</span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
