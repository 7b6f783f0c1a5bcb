/**
 * The counter and another clock at one instant. Another program may have the processor between the two readings, so the counter is
 * read before and after, and the closest of some tries is taken.
 */
import type { Time } from '../base/index.ts'
import { NS_PER_US } from '../base/index.ts'

/** Readings closer than this are good enough at once, ns. */
const APART_NS_GOOD = 20n * NS_PER_US
const TRIES_MAX = 8

export interface PairedReading {
  /** The counter, in the middle of its two readings. */
  readonly localNs: bigint
  readonly otherNs: bigint
  /** The other clock was read within ± this of `localNs`, ns. */
  readonly boundNs: bigint
}

export const pairedReading = (time: Pick<Time, 'elapsedNs'>, readOther: () => bigint): PairedReading => {
  let best: { readonly before: bigint; readonly otherNs: bigint; readonly apartNs: bigint } | undefined
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const before = time.elapsedNs()
    const otherNs = readOther()
    const apartNs = time.elapsedNs() - before
    if (best === undefined || apartNs < best.apartNs) best = { before, otherNs, apartNs }
    if (apartNs <= APART_NS_GOOD) break
  }
  const { before = 0n, otherNs = 0n, apartNs = 0n } = best ?? {}
  return { localNs: before + apartNs / 2n, otherNs, boundNs: apartNs / 2n + 1n }
}
