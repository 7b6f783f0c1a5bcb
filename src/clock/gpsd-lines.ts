/**
 * gpsd's byte stream cut into lines, in bounded memory. A line that grows past its maximum is refused once, when it does,
 * and skipped to its newline, so that one bad line costs neither memory nor the lines after it.
 * Source: gpsd_json(5): one JSON object a line, ended by CR LF, at most 10,240 bytes (GPS_JSON_RESPONSE_MAX).
 */
import assert from 'node:assert/strict'
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'

/** Longest line that is kept, bytes without its newline. */
export const GPSD_LINE_BYTES_MAX = 16_384

const NEWLINE = 0x0a

export type GpsdLine = Admission<Uint8Array, 'gpsd-line-too-long'>

export class GpsdLines {
  readonly lineBytesMax: number
  readonly #held: Uint8Array
  #heldBytes = 0
  #isSkipping = false

  constructor(lineBytesMax: number = GPSD_LINE_BYTES_MAX) {
    assert(Number.isSafeInteger(lineBytesMax) && lineBytesMax >= 1)
    this.lineBytesMax = lineBytesMax
    this.#held = new Uint8Array(lineBytesMax)
  }

  /** Bytes held of a line not yet ended: never above `lineBytesMax`. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** The lines that end in this chunk, without newlines, empty ones left out, and refusals in their place. */
  push(chunk: Uint8Array): readonly GpsdLine[] {
    const lines: GpsdLine[] = []
    let start = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start)
      const part = chunk.subarray(start, end === -1 ? chunk.length : end)
      if (!this.#isSkipping && this.#heldBytes + part.length > this.lineBytesMax) {
        this.#heldBytes = 0
        this.#isSkipping = true
        lines.push(reject('gpsd-line-too-long'))
      }
      if (!this.#isSkipping) {
        this.#held.set(part, this.#heldBytes)
        this.#heldBytes += part.length
      }
      if (end === -1) return lines
      if (this.#heldBytes > 0) lines.push(accept(this.#held.slice(0, this.#heldBytes)))
      this.#heldBytes = 0
      this.#isSkipping = false
      start = end + 1
    }
  }
}
