/** A screen of its own on a terminal, drawn over again and again, and given back at the end (xterm's alternate screen). */
import { tamed } from './output.ts'

const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
/** Draws over what was there without a blank in between. */
const HOME = '\u001B[H'
const END_LINE = '\u001B[K\r\n'
const END_SCREEN = '\u001B[J'

export class Screen implements Disposable {
  readonly #onResize: () => void

  /** `onResize` should draw again. */
  constructor(onResize: () => void) {
    this.#onResize = onResize
    process.stdout.write(ENTER)
    process.stdout.on('resize', onResize)
  }

  /** Lines, as many as there is room for, and a last line below them. */
  draw(lines: readonly string[], foot: string): void {
    const rows = Math.max(3, process.stdout.rows - 1)
    const drawn = [...lines.slice(0, rows - 2), '', foot]
    process.stdout.write(HOME + drawn.map((line) => tamed(line) + END_LINE).join('') + END_SCREEN)
  }

  [Symbol.dispose](): void {
    process.stdout.off('resize', this.#onResize)
    process.stdout.write(LEAVE)
  }
}
