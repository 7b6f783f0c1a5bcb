/** How steady the counter is: its Allan deviation, logarithmic both ways. Its place is kept while there is nothing to show. */
import type { ReactElement } from 'react'
import type { ClockView } from '../../../src/services/schema.ts'
import { allanPlot, deviationText } from '../model/allan-plot.ts'

const WIDTH = 300
const HEIGHT = 128
const BOX = { left: 38, right: WIDTH - 14, top: 8, bottom: HEIGHT - 22 } as const

const says = (figures: ClockView['allan']): string => {
  const each = figures.map(({ tauSec, deviation }) => `${deviationText(deviation)} at ${tauSec} s`)
  return `Allan deviation of the counter: ${each.join('; ')}.`
}

const Drawing = ({ figures }: { readonly figures: ClockView['allan'] }): ReactElement => {
  const plot = allanPlot(figures, BOX)
  if (plot === undefined) return <p className="nothing allan-empty">Not yet: it takes some dozens of polls.</p>
  const { points, xTicks, yTicks } = plot
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={says(figures)}>
      {xTicks.map(({ at, label }) => (
        <g key={`x${at}`}>
          <line x1={at} x2={at} y1={BOX.top} y2={BOX.bottom} className="allan-grid" />
          <text x={at} y={HEIGHT - 8} textAnchor="middle">
            {label}
          </text>
        </g>
      ))}
      {yTicks.map(({ at, label }) => (
        <g key={`y${at}`}>
          <line x1={BOX.left} x2={BOX.right} y1={at} y2={at} className="allan-grid" />
          <text x={BOX.left - 6} y={at + 3.5} textAnchor="end">
            {label}
          </text>
        </g>
      ))}
      <polyline points={points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')} className="allan-line" />
      {points.map(({ x, y }) => (
        <circle key={x} cx={x} cy={y} r="2.6" className="allan-dot" />
      ))}
    </svg>
  )
}

export const AllanChart = ({ clock }: { readonly clock: ClockView | undefined }): ReactElement => (
  <figure className="allan" data-hook="allan">
    <figcaption title="How much the counter’s mean frequency differs from one stretch of τ to the next">
      Allan deviation <small>over τ in seconds</small>
    </figcaption>
    <Drawing figures={clock?.allan ?? []} />
  </figure>
)
