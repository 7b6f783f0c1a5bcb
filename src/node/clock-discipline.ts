/**
 * The discipline of a running clock: one setting for nodes and for the clock library, from what the configuration says of sources.
 */
import { NS_PER_MS } from '../base/index.ts'
import { Discipline, createAdaptiveFilter } from '../clock/index.ts'
import type { Config } from './config.ts'
import type { AnyDiscipline } from './timekeeper.ts'

/** Questions of the burst are at least this far apart, ns; a network's servers are not to be pestered. */
const POLL_INTERVAL_NS_MIN = 500n * NS_PER_MS

/** @param options.acceptedVarianceNs half width beyond which the clock does not call itself synchronised, ns, > 0. */
export const makeDiscipline = (options: {
  readonly acceptedVarianceNs: bigint
  readonly sources: Pick<Config['sources'], 'pollIntervalMs' | 'pollIntervalMaxMs'>
}): AnyDiscipline => {
  const { pollIntervalMs, pollIntervalMaxMs } = options.sources
  return new Discipline(
    {
      acceptedVarianceNs: options.acceptedVarianceNs,
      pollIntervalNs: BigInt(pollIntervalMs) * NS_PER_MS,
      pollIntervalMinNs: POLL_INTERVAL_NS_MIN,
      pollIntervalGrownNsMax: pollIntervalMaxMs === null ? undefined : BigInt(pollIntervalMaxMs) * NS_PER_MS,
    },
    createAdaptiveFilter(),
  )
}
