/** Entries of a log as a script and as a person read them, and what they type to choose among them. */
import { NS_PER_MS } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { InvalidArgumentError } from 'commander'
import { taiFromUnixNs, taiFromUtc, utcFromTai } from '../clock/index.ts'
import { parseCid } from '../codec/index.ts'
import { LOG_LEVELS, LOG_TYPES, cidText } from '../log/index.ts'
import type { LogLevel, LogType, SealedEntry } from '../log/index.ts'
import { durationText } from '../services/explanations.ts'
import { list } from './arguments.ts'
import { parseDuration } from './duration.ts'
import type { Colours } from './output.ts'

/** An entry as one JSON object: instants as decimal text and in UTC, whole numbers beyond 2^53 as text. */
export const entryJson = ({ entry, digest }: SealedEntry): Readonly<Record<string, unknown>> => {
  const { sequence, previous, level, type, time, message, payload } = entry
  return {
    sequence,
    cid: cidText(digest),
    previous: previous === null ? null : cidText(previous),
    level,
    type,
    time:
      time === null
        ? null
        : { earliest: String(time.earliest), latest: String(time.latest), utc: utcFromTai(middleOf(time)) },
    message,
    payload,
  }
}

/** As one line of JSON. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? String(part) : part))

const middleOf = ({ earliest, latest }: { readonly earliest: Tai; readonly latest: Tai }): Tai =>
  earliest + (latest - earliest) / 2n

const NO_TIME = '(no time)'

/** An entry as one line: sequence, time and bound by the node's own clock, level, type, message, facts. */
export const entryLine = ({ entry }: SealedEntry, paint: Colours): string => {
  const { sequence, level, type, time, message, payload } = entry
  const when =
    time === null ? NO_TIME : `${utcFromTai(middleOf(time))} ±${durationText((time.latest - time.earliest + 1n) / 2n)}`
  const facts = Object.entries(payload).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : jsonLine(value)}`,
  )
  const parts = [paint.dim(String(sequence)), paint.dim(when), painted(level, paint), type, shown(message)]
  return [...parts, ...(facts.length === 0 ? [] : [paint.dim(shown(facts.join(' ')))])].join(' ')
}

const painted = (level: LogLevel, paint: Colours): string => {
  if (level === 'error' || level === 'fatal') return paint.red(level.padEnd(5))
  return level === 'warn' ? paint.yellow(level.padEnd(5)) : paint.dim(level.padEnd(5))
}

/** Without anything that would move a terminal's cursor: peers have a say in what stands in an entry. */
export const shown = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

export const logLevel = (value: string): LogLevel => {
  const level = LOG_LEVELS.find((one) => one === value)
  if (level === undefined) throw new InvalidArgumentError(`It must be one of ${LOG_LEVELS.join(', ')}.`)
  return level
}

/** Several, by commas or by giving the option again. */
export const logTypes = (value: string, before: readonly LogType[] = []): readonly LogType[] =>
  list(value).reduce<readonly LogType[]>((types, name) => {
    const type = LOG_TYPES.find((one) => one === name)
    if (type === undefined) throw new InvalidArgumentError(`It must be one of ${LOG_TYPES.join(', ')}.`)
    return [...types, type]
  }, before)

/** An instant: UTC such as `2026-11-21T06:00:00Z`, or so long ago by this machine's clock, such as `10m`. */
export const instant = (value: string): Tai => {
  const ms = parseDuration(value)
  if (ms !== undefined) return taiFromUnixNs(BigInt(Math.round(Date.now() - ms)) * NS_PER_MS)
  const tai = taiFromUtc(value)
  if (tai === undefined)
    throw new InvalidArgumentError('It must be UTC such as 2026-11-21T06:00:00Z, or 10m for ten minutes ago.')
  return tai
}

/** What an entry is asked for by: the digest in its CID, or its sequence. */
export type EntryName = { readonly digest: Uint8Array } | { readonly sequence: number }

export const entryName = (value: string): EntryName => {
  if (/^\d{1,10}$/.test(value)) return { sequence: Number(value) }
  const cid = parseCid(value)
  if (cid.verdict === 'accept') return { digest: cid.value.multihash.digest }
  throw new InvalidArgumentError('It must be the CID of an entry, 59 characters that begin with bafyr, or its number.')
}
