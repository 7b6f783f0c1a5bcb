/**
 * Opens a clock for a program: real time and chance, the sources that it names, and the discipline that a node uses.
 * Guide: docs/guides/clock-library.md.
 */
import { ChimerError, NS_PER_MS } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { DISCIPLINE_DEFAULTS } from '../../clock/index.ts'
import { makeDiscipline } from '../clock-discipline.ts'
import { LibraryClock } from '../clock-library.ts'
import type { Clock } from '../clock-library.ts'
import { readConfig } from '../config.ts'
import type { ConfigFile } from '../config.ts'
import { makeSources } from './make-sources.ts'
import { realRandom, realTime } from './real-ports.ts'

export interface OpenClockOptions {
  /** As in a node's `config.json`: `ntp`, `ntpPool`, `gpsd`, `hostBoundMs`, … */
  readonly sources: NonNullable<ConfigFile['sources']>
  /** Half width beyond which there is no time to be had, ns, > 0; 50 ms where not given. */
  readonly acceptedVarianceNs?: bigint
  /** In place of `sources.pollIntervalMs`: whole milliseconds, in ns. */
  readonly pollIntervalNs?: bigint
  /** Closes the clock. */
  readonly signal?: AbortSignal
  /** The machine's where not given. Others are for tests. */
  readonly time?: Time
  readonly random?: Random
}

const invalid = (say: string): ChimerError =>
  new ChimerError('TC_CONFIG_INVALID', `The clock cannot be opened: ${say}.`)

/**
 * A clock that begins to ask its sources. It has no time before a majority has answered: `whenSynchronised` waits for that.
 * Rejects with `TC_CONFIG_INVALID`, with the code of a file that a source needs, or with `TC_CLOCK_ABORTED` where the signal was
 * aborted before. Close it: it keeps the process running.
 */
export const openClock = async (options: OpenClockOptions): Promise<Clock> => {
  const { time = realTime, random = realRandom, signal, pollIntervalNs } = options
  const { acceptedVarianceNs = DISCIPLINE_DEFAULTS.acceptedVarianceNs } = options
  if (acceptedVarianceNs <= 0n) throw invalid('acceptedVarianceNs must be above 0')
  if (signal?.aborted === true)
    throw new ChimerError('TC_CLOCK_ABORTED', 'The signal was aborted before the clock opened.')
  const pace = pollIntervalNs === undefined ? {} : { pollIntervalMs: Number(pollIntervalNs) / Number(NS_PER_MS) }
  const { sources } = readConfig({ sources: { ...options.sources, ...pace } })
  const discipline = makeDiscipline({ acceptedVarianceNs, sources })
  const knowledgeOf = discipline.knowledgeWithout.bind(discipline)
  const made = makeSources({ time, random, sources, knowledgeOf })
  if (made.length === 0) throw invalid('no source of time is named, such as sources.ntp')
  await using stack = new AsyncDisposableStack()
  const clock = stack.use(
    new LibraryClock({ time, discipline, sources: made, ...(signal === undefined ? {} : { signal }) }),
  )
  await clock.start()
  stack.move()
  return clock
}
