/** The interval that holds the true time, and the likely range inside it: the promise as a frame, the statistics as what fills it. */
import type { ReactElement } from 'react'
import type { TimeView } from '../../../src/services/schema.ts'
import { durationText } from '../model/format.ts'
import { timeRange } from '../model/time-range.ts'

/** Thinner than this the likely range could not be seen, % of the interval. */
const LIKELY_MIN = 1.2

const shareText = (share: number): string => `${(share * 100).toFixed(2)}%`

export const RangeBar = ({ time }: { readonly time: TimeView | undefined }): ReactElement => {
  if (time === undefined)
    return (
      <figure className="range" data-hook="range" data-empty="true">
        <div className="range-bar" />
        <figcaption>
          <span>No interval without the time.</span>
        </figcaption>
      </figure>
    )
  const { estimate, likelyFrom, likelyTo, beforeNs, afterNs } = timeRange(time)
  const width = Math.max((likelyTo - likelyFrom) * 100, LIKELY_MIN)
  const left = Math.min(100 - width, Math.max(0, ((likelyFrom + likelyTo) / 2) * 100 - width / 2))
  const says =
    `The true time lies from ${durationText(beforeNs)} before to ${durationText(afterNs)} after the estimate; ` +
    `with 95 % likelihood within ± ${durationText(time.likely.uncertaintyNs)}.`
  return (
    <figure className="range" data-hook="range">
      <div className="range-bar" role="img" aria-label={says} title={says}>
        <i className="range-likely" style={{ left: `${left.toFixed(2)}%`, width: `${width.toFixed(2)}%` }} />
        <i className="range-estimate" style={{ left: shareText(estimate) }} />
      </div>
      <figcaption aria-hidden="true">
        <span>−{durationText(beforeNs)}</span>
        <span className="range-legend">likely, 95 %</span>
        <span>+{durationText(afterNs)}</span>
      </figcaption>
    </figure>
  )
}
