/**
 * How commands speak: answers on standard output, everything else on standard error, colours only on a terminal, and exit
 * codes that a script can trust.
 */
import picocolors from 'picocolors'
import { ChimerError } from '../base/index.ts'
import { ApiError } from '../services/client.ts'

/** 0 good, 1 the answer is no, 2 wrong usage, 3 the world failed. */
export const EXIT = { good: 0, no: 1, usage: 2, failed: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const colours = picocolors.createColors(process.stdout.isTTY === true && process.env.NO_COLOR === undefined)

/** One line of answer. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** One line beside the answer: progress, warnings, errors. */
export const note = (line: string): void => void process.stderr.write(`${line}\n`)
/** The answer as one JSON object on one line. */
export const sayJson = (answer: unknown): void => say(JSON.stringify(answer))

/** Codes that mean that what was typed or written in a file is wrong, and not the world. */
const USAGE_CODES: readonly string[] = ['TC_CONFIG_INVALID', 'TC_GENESIS_INVALID', 'TC_USAGE']

/** Tells what went wrong and returns the exit code for it; a bug is thrown on. */
export const reportFailure = (error: unknown, json: boolean): ExitCode => {
  if (!(error instanceof ChimerError) && !(error instanceof ApiError)) throw error
  const { code, message } = error
  if (json) sayJson({ error: { code, message } })
  note(`${colours.red('error')} ${message} [${code}]`)
  return USAGE_CODES.includes(code) ? EXIT.usage : EXIT.failed
}

/** Columns lined up; the last one is not padded. */
export const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => visibleLength(row[column] ?? ''))))
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - visibleLength(cell)),
      )
      .join('  '),
  )
}

/** Length without colour codes. */
const visibleLength = (cell: string): number => cell.replaceAll(/\u001B\[[0-9;]*m/g, '').length
