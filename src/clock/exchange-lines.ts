/**
 * Recorded NTP exchanges as lines of text: `src,t1,t2,t3,t4` in decimal seconds, t1 and t4 on the local counter, t2 and t3 on the
 * server's clock; and lists of local times, one a line (further columns are passed over). Numbers are read as decimals, never
 * as floats, so nanoseconds are exact at any distance from zero.
 *
 * Pure. Every line is bounded; a line that cannot be used is named by its reason and never guessed at.
 */
import { NS_PER_SEC, accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'

/** Four timestamps of one exchange with one source, ns. */
export interface RecordedExchange {
  readonly sourceId: string
  readonly t1: bigint
  readonly t2: bigint
  readonly t3: bigint
  readonly t4: bigint
}

export const EXCHANGE_LINE_REASONS = [
  'line-too-long',
  'wrong-columns',
  'not-seconds',
  'no-source',
  'impossible-exchange',
] as const
export type ExchangeLineReason = (typeof EXCHANGE_LINE_REASONS)[number]

/** Characters of a line. */
export const EXCHANGE_LINE_MAX = 256

/** The first lines of the two files. */
export const EXCHANGES_HEADER = 'src,t1,t2,t3,t4'
export const LOCAL_TIMES_HEADER = 'local'

const SECONDS = /^([+-]?)(\d{1,11})(?:\.(\d{1,12}))?$/

/** Decimal seconds to ns, or nothing; digits beyond the ninth are dropped. |seconds| < 10^11. */
export const nsOfSeconds = (text: string): bigint | undefined => {
  const match = SECONDS.exec(text.trim())
  if (match === null) return undefined
  const [, sign = '', whole = '0', part = ''] = match
  const ns = BigInt(whole) * NS_PER_SEC + BigInt(part.slice(0, 9).padEnd(9, '0'))
  return sign === '-' ? -ns : ns
}

/** Ns as decimal seconds with nine decimals. */
export const secondsOfNs = (ns: bigint): string => {
  const size = ns < 0n ? -ns : ns
  return `${ns < 0n ? '-' : ''}${size / NS_PER_SEC}.${(size % NS_PER_SEC).toString().padStart(9, '0')}`
}

/** One exchange. Refused where it could not have happened: an answer before its question, or sent before it was heard. */
export const readExchangeLine = (line: string): Admission<RecordedExchange, ExchangeLineReason> => {
  if (line.length > EXCHANGE_LINE_MAX) return reject('line-too-long')
  const [sourceId = '', ...columns] = line.split(',')
  if (columns.length !== 4) return reject('wrong-columns')
  if (sourceId.trim() === '') return reject('no-source')
  const [t1, t2, t3, t4] = columns.map(nsOfSeconds)
  if (t1 === undefined || t2 === undefined || t3 === undefined || t4 === undefined) return reject('not-seconds')
  if (t4 < t1 || t3 < t2 || t4 - t1 < t3 - t2) return reject('impossible-exchange')
  return accept({ sourceId: sourceId.trim(), t1, t2, t3, t4 })
}

/** One local time, ns: the first column. */
export const readLocalTimeLine = (line: string): Admission<bigint, ExchangeLineReason> => {
  if (line.length > EXCHANGE_LINE_MAX) return reject('line-too-long')
  const localNs = nsOfSeconds(line.split(',', 1)[0] ?? '')
  return localNs === undefined ? reject('not-seconds') : accept(localNs)
}
