/**
 * How commands speak: answers on standard output, everything else on standard error, colours only on a terminal, and exit
 * codes that a script can trust.
 */
import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { ChimerError } from '../base/index.ts'
import { ApiError } from '../services/client.ts'

/** 0 good, 1 the answer is no, 2 wrong usage, 3 the world failed. */
export const EXIT = { good: 0, no: 1, usage: 2, failed: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/**
 * Colours or none. `NO_COLOR` wins (https://no-color.org: set and not empty), then `FORCE_COLOR` (anything but `0` and `false`), then
 * a terminal that is not dumb.
 */
export const wantsColours = (
  environment: Readonly<Record<string, string | undefined>>,
  /** As a stream says: undefined where it is none. */
  isTerminal: boolean | undefined,
): boolean => {
  const { NO_COLOR: never = '', FORCE_COLOR: always, TERM: terminal } = environment
  if (never !== '') return false
  if (always !== undefined) return always !== '0' && always !== 'false'
  return isTerminal === true && terminal !== 'dumb'
}

export type Colours = ReturnType<typeof picocolors.createColors>
/** For answers. */
export const colours: Colours = picocolors.createColors(wantsColours(process.env, process.stdout.isTTY))
/** For what stands beside them. */
export const noteColours: Colours = picocolors.createColors(wantsColours(process.env, process.stderr.isTTY))

const reader = new AbortController()
/** Fires when nobody reads standard output any more, as with `truechimer devnet | head`. */
export const readerGone: AbortSignal = reader.signal

/** A reader that leaves is no fault of ours: from then on nothing is written, and who writes for long may listen and end. */
export const mindPipes = (): void => {
  process.stdout.on('error', (error) => takePipeError(error, () => reader.abort()))
  process.stderr.on('error', (error) => takePipeError(error, () => {}))
}

const takePipeError = (error: Error, left: () => void): void => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
  left()
}

/** Colours, as picocolors writes them. */
const COLOURS = new RegExp(String.raw`(\u001B\[\d{1,2}m)`)
/** What a terminal may obey, but for line ends and tabs; and what turns the direction of writing. */
const ORDERS = /[[\p{Cc}\p{Bidi_Control}]--[\t\n]]/gv

/**
 * A line as a terminal may have it, whoever wrote parts of it (files' names, nodes, genesis files): nothing but colours moves anything. Who must
 * not begin a line of his own either is to be shown by whoever puts the line together.
 */
export const tamed = (line: string): string =>
  line
    .split(COLOURS)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll(ORDERS, '\uFFFD')))
    .join('')

/** One line of answer. */
export const say = (line: string): void => void process.stdout.write(`${tamed(line)}\n`)
/** One line beside the answer: progress, warnings, errors. */
export const note = (line: string): void => void process.stderr.write(`${tamed(line)}\n`)
/** The answer as one JSON object on one line, in which no character steers a terminal. */
export const sayJson = (answer: unknown): void => say(jsonText(answer))
export const jsonText = (answer: unknown): string =>
  JSON.stringify(answer).replaceAll(
    /[\u007F-\u009F]|\p{Bidi_Control}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Codes that mean that what was typed or written in a file is wrong, and not the world. */
const USAGE_CODES: readonly string[] = ['TC_CONFIG_INVALID', 'TC_GENESIS_INVALID', 'TC_REPLAY_INPUT', 'TC_USAGE']

/** Tells what went wrong and returns the exit code for it; a bug is thrown on. */
export const reportFailure = (error: unknown, json: boolean): ExitCode => {
  if (!(error instanceof ChimerError) && !(error instanceof ApiError)) throw error
  const { code, message } = error
  if (json) sayJson({ error: { code, message } })
  note(`${noteColours.red('error')} ${message} [${code}]`)
  return USAGE_CODES.includes(code) ? EXIT.usage : EXIT.failed
}

/** Columns of the terminal that answers go to; without one, lines are as long as they are. */
export const terminalColumns = (): number => (process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY)

/** A last column narrower than this is not wrapped: broken words would be harder to read than a long line. */
const WRAP_COLUMNS_MIN = 16
const GAP = '  '

/** Columns lined up; the last one, plain text, is wrapped under itself where the line would be longer than `columnsMax`. */
export const table = (
  rows: readonly (readonly string[])[],
  columnsMax: number = Number.POSITIVE_INFINITY,
): string[] => {
  const leading = Math.max(0, (rows[0]?.length ?? 0) - 1)
  const widths = Array.from({ length: leading }, (_, column) =>
    Math.max(...rows.map((row) => visibleLength(row[column] ?? ''))),
  )
  const indent = widths.reduce((sum, width) => sum + width + GAP.length, 0)
  return rows.flatMap((row) => {
    const start = widths.map((width, column) => padded(row[column] ?? '', width) + GAP).join('')
    const [first = '', ...more] = wrapped(row[leading] ?? '', columnsMax - indent)
    return [(start + first).trimEnd(), ...more.map((line) => ' '.repeat(indent) + line)]
  })
}

/** Words of a text in lines of at most so many characters; one longer word keeps a line of its own. */
const wrapped = (text: string, charsMax: number): string[] => {
  if (charsMax < WRAP_COLUMNS_MIN || text.length <= charsMax) return [text]
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > charsMax) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}

const padded = (cell: string, width: number): string => cell + ' '.repeat(width - visibleLength(cell))

/** Length without colour codes. */
export const visibleLength = (cell: string): number => stripVTControlCharacters(cell).length
