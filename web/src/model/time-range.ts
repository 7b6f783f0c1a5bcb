/** The hard interval of a reading with the likely range inside it, as shares of the interval's length for a drawing. */
import type { TimeView } from '../../../src/services/schema.ts'

export interface TimeRange {
  /** The estimate and the ends of the 95 % range, 0 at `earliest` to 1 at `latest`. */
  readonly estimate: number
  readonly likelyFrom: number
  readonly likelyTo: number
  /** From the estimate back to `earliest`, and on to `latest`, ns >= 0. */
  readonly beforeNs: number
  readonly afterNs: number
}

type Drawn = Pick<TimeView, 'earliest' | 'latest' | 'estimate' | 'likely'>

export const timeRange = ({ earliest, latest, estimate, likely }: Drawn): TimeRange => {
  const from = BigInt(earliest)
  const lengthNs = Number(BigInt(latest) - from)
  const share = (instant: string): number =>
    lengthNs <= 0 ? 0.5 : Math.min(1, Math.max(0, Number(BigInt(instant) - from) / lengthNs))
  return {
    estimate: share(estimate),
    likelyFrom: share(likely.earliest),
    likelyTo: share(likely.latest),
    beforeNs: Math.max(0, Number(BigInt(estimate) - from)),
    afterNs: Math.max(0, Number(BigInt(latest) - BigInt(estimate))),
  }
}
