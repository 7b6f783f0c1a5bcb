/**
 * When a client may establish keys again. Source: RFC 8915 §4.2: at least 10 s after the first try that came to nothing, each
 * further pause 1.5 times as long, at most five days; and only a try whose keys then worked makes the pause short again.
 *
 * Pure state; local counter readings are handed in.
 */
import { min, NS_PER_DAY, NS_PER_SEC } from '../base/index.ts'

export const NTS_RETRY_NS_MIN = 10n * NS_PER_SEC
export const NTS_RETRY_NS_MAX = 5n * NS_PER_DAY

export interface NtsRetry {
  /** No key establishment before this reading of the local counter. */
  readonly notBeforeNs: bigint | undefined
  /** The pause that the next try will bring, ns. */
  readonly nextPauseNs: bigint
}

/** Nothing was tried yet, or the last try's keys worked. */
export const NTS_RETRY: NtsRetry = { notBeforeNs: undefined, nextPauseNs: NTS_RETRY_NS_MIN }

export const mayEstablish = ({ notBeforeNs }: NtsRetry, localNs: bigint): boolean =>
  notBeforeNs === undefined || localNs >= notBeforeNs

/** What follows from a try that begins at `localNs`, until its keys have worked. */
export const afterTry = ({ nextPauseNs }: NtsRetry, localNs: bigint): NtsRetry => ({
  notBeforeNs: localNs + nextPauseNs,
  nextPauseNs: min((nextPauseNs * 3n) / 2n, NTS_RETRY_NS_MAX),
})
