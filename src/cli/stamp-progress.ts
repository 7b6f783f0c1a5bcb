/**
 * How far hashing has come, on standard error where that is a terminal: a bar for a file that takes a while, and nothing for others.
 */
import { basename } from 'node:path'
import cliProgress from 'cli-progress'
import type { SingleBar } from 'cli-progress'
import { STANDARD_INPUT } from './file-walk.ts'

/** A file that is hashed within this gets no bar, ms. */
const QUIET_MS = 400
/** Longest name in front of the bar, characters. */
const NAME_LENGTH_MAX = 32
const MEBIBYTE = 1024 * 1024

export interface HashProgress extends Disposable {
  show(path: string, read: { readonly done: number; readonly whole: number | undefined }): void
  /** Takes the bar off the screen, for lines to be written. */
  clear(): void
}

export const openHashProgress = (stream: NodeJS.WriteStream = process.stderr): HashProgress =>
  stream.isTTY ? new Bar(stream) : { show: () => {}, clear: () => {}, [Symbol.dispose]: () => {} }

class Bar implements HashProgress {
  readonly #stream: NodeJS.WriteStream
  #bar: SingleBar | undefined
  #path: string | undefined
  #sinceMs = 0

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  show(path: string, { done, whole }: { readonly done: number; readonly whole: number | undefined }): void {
    if (path !== this.#path) this.#begin(path)
    if (done === whole) return this.clear()
    if (performance.now() - this.#sinceMs < QUIET_MS) return
    this.#bar ??= this.#open(path, whole)
    this.#bar.update(Math.floor(done / MEBIBYTE))
  }

  clear(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }

  [Symbol.dispose](): void {
    this.clear()
  }

  #begin(path: string): void {
    this.clear()
    this.#path = path
    this.#sinceMs = performance.now()
  }

  #open(path: string, whole: number | undefined): SingleBar {
    const name = path === STANDARD_INPUT ? 'standard input' : basename(path).slice(0, NAME_LENGTH_MAX)
    const known = `${name} {bar} {percentage} %  {value} of {total} MiB  {eta_formatted} left`
    const bar = new cliProgress.SingleBar({
      format: whole === undefined ? `${name} {value} MiB in {duration_formatted}` : known,
      stream: this.#stream,
      clearOnComplete: true,
      hideCursor: true,
      barsize: 24,
      fps: 5,
    })
    bar.start(Math.ceil((whole ?? 0) / MEBIBYTE), 0)
    return bar
  }
}
