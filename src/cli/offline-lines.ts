/** Offline stamps in words: how wide a reading is, and what it is worth by the model. Rules P-83, W-8. */
import { max, nsToSec } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import type { OfflineVectorsBody } from '../proofs/index.ts'
import { offlineSecurity } from '../standing/index.ts'

/** `4.2 s`, `180 ms`, `35 µs`: from one end to the other. */
export const widthText = ({ earliest, latest }: TimeInterval): string => {
  const seconds = nsToSec(latest - earliest)
  if (seconds >= 1) return `${seconds.toFixed(1)} s`
  return seconds >= 0.001 ? `${(seconds * 1e3).toFixed(0)} ms` : `${(seconds * 1e6).toFixed(0)} µs`
}

/** S_offline (seed 003 §9) of a reading, with S_base one: α is the drift bound a second, t_max how long the vectors hold. */
export const securityText = (
  { drawn, driftPpb, expires }: Pick<OfflineVectorsBody, 'drawn' | 'driftPpb' | 'expires'>,
  reading: TimeInterval,
): { readonly value: number; readonly text: string } => {
  const value = offlineSecurity({
    base: 1,
    offlineSec: nsToSec(max(reading.latest - drawn.latest, 0n)),
    offlineSecMax: nsToSec(expires - drawn.latest),
    driftPerSec: driftPpb / 1e9,
  })
  return { value, text: `S_offline ${value.toFixed(3)} of 1` }
}
