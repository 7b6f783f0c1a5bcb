/**
 * `truechimer clock replay`: plays recorded NTP exchanges to the node's own clock and prints what it would have said at given local
 * times. For comparing clocks on the same packets, and for looking again at a bad night.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { ChimerError } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import {
  EXCHANGES_HEADER,
  EXCHANGE_LINE_MAX,
  LOCAL_TIMES_HEADER,
  openReplay,
  readExchangeLine,
  readLocalTimeLine,
  replayed,
  secondsOfNs,
} from '../clock/index.ts'
import type { RecordedExchange, ReplayRow } from '../clock/index.ts'
import { codeOf } from '../crypto/io/disk.ts'
import { EXIT, note, readerGone, say } from './output.ts'
import type { ExitCode } from './output.ts'

export interface ClockReplayOptions {
  readonly exchanges: string
  readonly at: string
  /** Also the 95 % range. */
  readonly likely?: boolean
  readonly json?: boolean
}

/** As many sources as a clock takes. */
const SOURCES_MAX = 64
/** Rows that are written in one piece. */
const ROWS_A_PIECE = 256

export const clockReplay = async (options: ClockReplayOptions): Promise<ExitCode> => {
  const { exchanges, at, likely = false, json = false } = options
  const rows = replayed(openReplay(), readExchanges(exchanges), readLocalTimes(at))
  let answered = 0
  let piece = json ? [] : [`local,estimate,earliest,latest${likely ? ',likely_earliest,likely_latest' : ''}`]
  for (const row of rows) {
    if (row.reading !== undefined) answered += 1
    piece.push(json ? JSON.stringify(jsonOf(row)) : lineOf(row, likely))
    if (piece.length < ROWS_A_PIECE) continue
    say(piece.join('\n'))
    piece = []
    // The one moment at which it can show that nobody reads any more.
    await setImmediate()
    if (readerGone.aborted) break
  }
  if (piece.length > 0) say(piece.join('\n'))
  if (answered > 0) return EXIT.good
  if (!readerGone.aborted) note(NEVER)
  return EXIT.no
}

const NEVER = 'The clock had the time at none of these: no exchange came by then, or no majority was of one mind.'

const lineOf = ({ localNs, reading }: ReplayRow, likely: boolean): string => {
  const hard =
    reading === undefined ? ['', '', ''] : [reading.estimate, reading.earliest, reading.latest].map(secondsOfNs)
  if (!likely) return [secondsOfNs(localNs), ...hard].join(',')
  const soft = reading === undefined ? ['', ''] : [reading.likely.earliest, reading.likely.latest].map(secondsOfNs)
  return [secondsOfNs(localNs), ...hard, ...soft].join(',')
}

const jsonOf = ({ localNs, reading }: ReplayRow): unknown => ({
  local: secondsOfNs(localNs),
  status: reading?.status ?? 'unsynchronised',
  estimate: reading === undefined ? null : secondsOfNs(reading.estimate),
  earliest: reading === undefined ? null : secondsOfNs(reading.earliest),
  latest: reading === undefined ? null : secondsOfNs(reading.latest),
  likelyEarliest: reading === undefined ? null : secondsOfNs(reading.likely.earliest),
  likelyLatest: reading === undefined ? null : secondsOfNs(reading.likely.latest),
})

function* readExchanges(path: string): Generator<RecordedExchange> {
  const known = new Set<string>()
  let last: bigint | undefined
  for (const { line, number } of linesOf(path)) {
    if (number === 1 && line.trim() === EXCHANGES_HEADER) continue
    const exchange = taken(readExchangeLine(line), { path, number, form: EXCHANGES_HEADER })
    if (last !== undefined && exchange.t4 < last) throw refused(path, number, 'exchanges must be in order of t4')
    last = exchange.t4
    known.add(exchange.sourceId)
    if (known.size > SOURCES_MAX) throw refused(path, number, `a clock takes ${SOURCES_MAX} sources at most`)
    yield exchange
  }
}

function* readLocalTimes(path: string): Generator<bigint> {
  let last: bigint | undefined
  for (const { line, number } of linesOf(path)) {
    if (number === 1 && line.split(',', 1)[0]?.trim() === LOCAL_TIMES_HEADER) continue
    const localNs = taken(readLocalTimeLine(line), { path, number, form: LOCAL_TIMES_HEADER })
    if (last !== undefined && localNs < last) throw refused(path, number, 'local times must be in order')
    last = localNs
    yield localNs
  }
}

const taken = <T>(
  admission: Admission<T>,
  { path, number, form }: { readonly path: string; readonly number: number; readonly form: string },
): T => {
  if (admission.verdict === 'accept') return admission.value
  throw refused(path, number, `${admission.reason}; a line reads ${form}, in decimal seconds`)
}

const refused = (path: string, number: number, why: string): ChimerError =>
  new ChimerError('TC_REPLAY_INPUT', `${path}, line ${number}: ${why}.`)

const CHUNK_BYTES = 65_536

/** Lines without their ends; empty ones are passed over, a file of nothing else is refused. None that is too long is waited for. */
function* linesOf(path: string): Generator<{ readonly line: string; readonly number: number }> {
  let number = 0
  let rest = ''
  let isEmpty = true
  for (const chunk of chunksOf(path)) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > EXCHANGE_LINE_MAX + 1) lines.push(rest)
    for (const line of lines) {
      number += 1
      if (line.trim() === '' && line.length <= EXCHANGE_LINE_MAX) continue
      isEmpty = false
      yield { line: line.replace(/\r$/, ''), number }
    }
  }
  if (rest.trim() !== '') yield { line: rest, number: number + 1 }
  else if (isEmpty) throw new ChimerError('TC_REPLAY_INPUT', `${path} holds no line.`)
}

function* chunksOf(path: string): Generator<string> {
  const file = opened(path)
  try {
    const bytes = Buffer.alloc(CHUNK_BYTES)
    const decoder = new TextDecoder('latin1')
    for (let length = readFrom(file, { path, bytes }); length > 0; length = readFrom(file, { path, bytes })) {
      yield decoder.decode(bytes.subarray(0, length))
    }
  } finally {
    closeSync(file)
  }
}

/** How many bytes came; a directory, for one, can be opened and not read. */
const readFrom = (file: number, { path, bytes }: { readonly path: string; readonly bytes: Buffer }): number => {
  try {
    return readSync(file, bytes)
  } catch (cause) {
    throw new ChimerError(
      'TC_REPLAY_INPUT',
      `${path} cannot be read (${codeOf(cause)}); check the path and its rights.`,
      { cause },
    )
  }
}

const opened = (path: string): number => {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw new ChimerError(
      'TC_REPLAY_INPUT',
      `${path} cannot be read (${codeOf(cause)}); check the path and its rights.`,
      { cause },
    )
  }
}
