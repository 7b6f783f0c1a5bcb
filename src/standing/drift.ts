/**
 * Drift compensation in its shortest form. The real one is the Kalman filter of clock/ (docs/spec/clock.md), which a node runs;
 * this is what the model says of it, for tables and for people.
 *
 * Source: seed 003 §5.
 */
import type { Tai } from '../base/index.ts'

/** T_corrected(t) = T_measured(t) − DriftEstimate(t), eq. of §5. TAI ns; the estimate in ns, above 0 where the clock is ahead. Exact. */
export const driftCorrected = (measured: Tai, driftEstimateNs: bigint): Tai => measured - driftEstimateNs
