/** Small drawn marks: a verdict by shape as well as colour, and the eight polls of a source. */
import type { ReactElement } from 'react'
import type { NodeStatus } from '../model/history.ts'

const SHAPES: Readonly<Record<NodeStatus, ReactElement>> = {
  truechimer: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M4.8 8.3 7 10.5 11.2 5.8" className="mark-cut" />
    </>
  ),
  falseticker: (
    <>
      <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor" />
      <path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" className="mark-cut" />
    </>
  ),
  unproven: <circle cx="8" cy="8" r="6" className="mark-line" strokeDasharray="2.6 2.1" />,
  absent: <path d="M3 8h10" className="mark-line" />,
}

export const StatusMark = ({ status }: { readonly status: NodeStatus }): ReactElement => (
  <svg className="mark" data-status={status} viewBox="0 0 16 16" aria-hidden="true">
    {SHAPES[status]}
  </svg>
)

/** Newest poll at the right, as the register shifts. `reach` is NTP's eight-bit register. */
export const Reach = ({ reach }: { readonly reach: number }): ReactElement => {
  const polls = Array.from({ length: 8 }, (_, index) => ((reach >> (7 - index)) & 1) === 1)
  const good = polls.filter(Boolean).length
  return (
    <svg className="reach" viewBox="0 0 62 8" role="img" aria-label={`${good} of the last 8 polls answered`}>
      {polls.map((answered, index) => (
        <circle
          key={index}
          cx={4 + index * 7.7}
          cy="4"
          r={answered ? 3 : 2.4}
          className={answered ? 'dot-on' : 'dot-off'}
        />
      ))}
    </svg>
  )
}
