/** `truechimer log tail`, `show` and `export`: what stands in a node's log, read beside the node that writes it. */
import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { ChimerError } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import type { LogFilter, LogLevel, LogReader, LogType, SealedEntry } from '../log/index.ts'
import { LogFiles } from '../log/io/file-reader.ts'
import { reasonOf } from '../node/io/data-directory.ts'
import { logDirectoryOf } from '../node/io/open-log.ts'
import { realTime } from '../node/io/real-ports.ts'
import { openEnding } from './ending.ts'
import { entryJson, entryLine, jsonLine } from './log-view.ts'
import type { EntryName } from './log-view.ts'
import { EXIT, colours, note, readerGone, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'

export interface LogOptions {
  readonly data: string
  readonly json?: boolean
}

export interface LogFilterOptions extends LogOptions {
  readonly level?: LogLevel
  readonly type?: readonly LogType[]
  readonly since?: Tai
  readonly until?: Tai
}

export const openLogOf = (data: string): LogFiles => new LogFiles({ directory: logDirectoryOf(data), time: realTime })

const filterOf = ({ level, type, since, until }: LogFilterOptions): LogFilter => ({
  ...(level === undefined ? {} : { level }),
  ...(type === undefined ? {} : { types: type }),
  ...(since === undefined ? {} : { since }),
  ...(until === undefined ? {} : { until }),
})

export interface LogTailOptions extends LogFilterOptions {
  readonly follow?: boolean
  readonly lines: number
}

/** The last entries that match, and with `follow` what comes. Exit 1 where there is none. */
export const logTail = async (options: LogTailOptions): Promise<ExitCode> => {
  const { follow = false, lines, json = false } = options
  const log = openLogOf(options.data)
  const filter = filterOf(options)
  const { size } = await log.extent()
  const last = lines === 0 ? [] : await lastOf(log, { ...filter, to: size }, lines)
  const tell = (sealed: SealedEntry): void => say(json ? jsonLine(entryJson(sealed)) : entryLine(sealed, colours))
  last.forEach(tell)
  if (!follow) return last.length > 0 ? EXIT.good : EXIT.no
  using ending = openEnding()
  readerGone.addEventListener('abort', ending.end)
  for await (const sealed of log.follow({ ...filter, from: size }, ending.signal)) tell(sealed)
  return EXIT.good
}

/** A first look goes so many entries back for each that is wanted; each next one eight times as far. */
const LOOK_BACK = 4

const lastOf = async (
  log: LogReader,
  filter: LogFilter & { readonly to: number },
  count: number,
): Promise<readonly SealedEntry[]> => {
  const { first } = await log.extent()
  for (let back = LOOK_BACK * count; ; back *= 8) {
    const from = Math.max(first, filter.to - back)
    let found: SealedEntry[] = []
    for await (const sealed of log.query({ ...filter, from })) {
      found.push(sealed)
      if (found.length > 2 * count) found = found.slice(-count)
    }
    if (found.length >= count || from === first) return found.slice(-count)
  }
}

export interface LogShowOptions extends LogOptions {
  readonly entry: EntryName
}

/** One entry whole. Exit 1 where there is none of that name. */
export const logShow = async ({ data, json = false, entry }: LogShowOptions): Promise<ExitCode> => {
  const log = openLogOf(data)
  const sealed = 'digest' in entry ? await log.find(entry.digest) : await log.at(entry.sequence)
  if (sealed === undefined) {
    note('There is no such entry in this log, or it has been dropped with the oldest.')
    return EXIT.no
  }
  say(json ? jsonLine(entryJson(sealed)) : wholeText(sealed))
  return EXIT.good
}

const wholeText = (sealed: SealedEntry): string => JSON.stringify(JSON.parse(jsonLine(entryJson(sealed))), undefined, 2)

export interface LogExportOptions extends LogFilterOptions {
  readonly from?: number
  readonly to?: number
  readonly out?: string
}

/** Lines that are written in one piece. */
const PIECE_LINES = 512

/** One JSON object a line, to a new file or to standard output; with a file and `json`, what it holds. Exit 1 where nothing matches. */
export const logExport = async (options: LogExportOptions): Promise<ExitCode> => {
  const { from, to, out } = options
  const log = openLogOf(options.data)
  const { size } = await log.extent()
  const filter = { ...filterOf(options), ...(from === undefined ? {} : { from }), to: Math.min(to ?? size, size) }
  const count = await exported(log.query(filter), out)
  if (out !== undefined && options.json === true) sayJson({ entries: count, file: out })
  else if (out !== undefined) note(`${count} entries in ${out}`)
  return count > 0 ? EXIT.good : EXIT.no
}

/** How many entries are in the file, once they are. `TC_FILE_UNWRITABLE` where they cannot be. */
const exported = async (entries: AsyncIterable<SealedEntry>, out: string | undefined): Promise<number> => {
  using ending = openEnding()
  await using sink = openSink(out)
  let count = 0
  let piece: string[] = []
  for await (const sealed of entries) {
    piece.push(jsonLine(entryJson(sealed)))
    count += 1
    if (piece.length < PIECE_LINES) continue
    await sink.write(piece.join('\n'))
    piece = []
    if (readerGone.aborted || ending.signal.aborted) break
  }
  if (piece.length > 0) await sink.write(piece.join('\n'))
  return count
}

interface Sink extends AsyncDisposable {
  write(lines: string): Promise<void>
}

const openSink = (path: string | undefined): Sink =>
  path === undefined
    ? {
        write: async (lines) => {
          say(lines)
          // The one moment at which it can show that nobody reads any more.
          await setImmediate()
        },
        [Symbol.asyncDispose]: async () => {},
      }
    : fileSink(path, createWriteStream(path, { flags: 'wx', mode: 0o600 }))

const fileSink = (path: string, stream: WriteStream): Sink => {
  const done = finished(stream).catch((cause: unknown) => {
    throw new ChimerError('TC_FILE_UNWRITABLE', `Cannot write ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  })
  let isTold = false
  // Seen by whoever writes next, or at the end; not at both.
  done.catch(() => undefined)
  const failing = async (): Promise<void> => {
    try {
      await done
    } catch (error) {
      isTold = true
      throw error
    }
  }
  return {
    write: async (lines) => {
      if (stream.write(`${lines}\n`)) return
      await Promise.race([new Promise<void>((resolve) => void stream.once('drain', resolve)), failing()])
    },
    [Symbol.asyncDispose]: async () => {
      stream.end()
      if (!isTold) await done
    },
  }
}
