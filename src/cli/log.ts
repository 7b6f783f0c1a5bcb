/**
 * What a node says, as lines. For machines one JSON object a line (pino); for a person at a terminal one short line: time, level, message,
 * facts. Both on standard error.
 */
import pino from 'pino'
import type { Logger } from 'pino'
import type { LogLevel } from '../log/index.ts'
import { NodeLog } from '../log/io/node-log.ts'
import { realTime } from '../node/io/real-ports.ts'
import { note, noteColours } from './output.ts'
import type { Colours } from './output.ts'

/** What stands in every line and tells a person nothing. */
const UNTOLD = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'part', 'err'])
/** Numbers of levels from which on a stack is shown: a bug is to be reported whole. */
const ERROR_LEVEL = 50

export const openLogger = (options: { readonly level: string; readonly isForPeople: boolean }): Logger => {
  const { level, isForPeople } = options
  if (!isForPeople) return pino({ level }, pino.destination(2))
  return pino({ level }, { write: (line) => humanLines(line, noteColours).forEach(note) })
}

/** The one call for all that a node says: a line of `logger`, and from the level `entries` on an entry of its log. */
export const openLog = ({
  logger,
  entries,
}: {
  readonly logger: Logger
  readonly entries: LogLevel | 'silent'
}): NodeLog =>
  new NodeLog({
    time: realTime,
    line: (level, facts, message) => logger[level](facts, message),
    entriesFrom: entries === 'silent' ? undefined : entries,
  })

/** A JSON line of the log as a person reads it; a line that is none stays as it is. Times are the host's own, HH:MM:SS. */
export const humanLines = (line: string, paint: Colours): string[] => {
  const record = recordOf(line)
  if (record === undefined) return [line.trimEnd()]
  const { time, level, msg, err } = record
  const number = typeof level === 'number' ? level : 0
  const head = [paint.dim(clockTime(time)), levelText(number, paint), typeof msg === 'string' ? msg : '']
  const facts = Object.entries(record).flatMap(([name, value]) =>
    UNTOLD.has(name) ? [] : [`${name}=${factText(value)}`],
  )
  const first = [...head, ...(facts.length > 0 ? [paint.dim(facts.join(' '))] : [])].join(' ')
  return [first, ...(number >= ERROR_LEVEL ? stackLines(err) : [])]
}

const recordOf = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const parsed: unknown = JSON.parse(line)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined
  } catch {
    return undefined
  }
}

const clockTime = (time: unknown): string => {
  if (typeof time !== 'number') return '--:--:--'
  const date = new Date(time)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

const levelText = (level: number, paint: Colours): string => {
  const name = (pino.levels.labels[level] ?? String(level)).padEnd(5)
  if (level >= ERROR_LEVEL) return paint.red(name)
  return level >= 40 ? paint.yellow(name) : paint.dim(name)
}

const factText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const stackLines = (err: unknown): string[] =>
  typeof err === 'object' && err !== null && 'stack' in err && typeof err.stack === 'string'
    ? err.stack.split('\n')
    : []
