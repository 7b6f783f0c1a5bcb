/**
 * What a clock reads that has been alone since vectors were drawn: the interval of then, moved on by what the counter has gone since, and
 * widened by the drift that the node's own oscillator may have had.
 *
 * Source: DESIGN §5.2 ("drift within the bound that the offline-security formula allows"). Rules P-74, P-75. What the reading is worth by the
 * model, `offlineSecurity` (standing/) says.
 */
import assert from 'node:assert/strict'
import { max } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import type { OfflineVectorsBody } from './offline-vectors.ts'

const PPB = 1_000_000_000n

/** How far a clock of `driftPpb` may have gone wrong in `elapsedNs` >= 0, ns, rounded up. */
export const driftOver = (driftPpb: number, elapsedNs: bigint): bigint => {
  assert(elapsedNs >= 0n)
  return (elapsedNs * BigInt(driftPpb) + PPB - 1n) / PPB
}

/** The reading after the counter has gone on by `elapsedNs` >= 0 since `drawn`. */
export const readingAfter = (
  { drawn, driftPpb }: Pick<OfflineVectorsBody, 'drawn' | 'driftPpb'>,
  elapsedNs: bigint,
): TimeInterval => {
  const drift = driftOver(driftPpb, elapsedNs)
  return { earliest: drawn.earliest + elapsedNs - drift, latest: drawn.latest + elapsedNs + drift }
}

/** The narrowest that an honest reading of about this time can be, ns: what it was when drawn and the drift both ways since. */
export const widthMin = (
  { drawn, driftPpb }: Pick<OfflineVectorsBody, 'drawn' | 'driftPpb'>,
  reading: TimeInterval,
): bigint => {
  const aloneNs = max(reading.earliest - drawn.latest, 0n)
  return drawn.latest - drawn.earliest + 2n * driftOver(driftPpb, aloneNs)
}
