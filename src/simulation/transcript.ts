/**
 * The transcript: a running SHA3-256 over everything that happened, in its order: instant, node, what, and the bytes where there
 * are any. Two runs with one transcript hash were the same run. Only integers and bytes go in. Rule: docs/spec/simulation.md Z-3.
 */
import { hexOf } from '../base/index.ts'
import { DIGEST_BYTES, sha3 } from '../crypto/index.ts'

/** What may happen, by its place here, which is what is hashed. New kinds go to the end. */
export const HAPPENINGS = ['sent', 'heard', 'lost', 'kept', 'decided', 'crashed', 'started', 'fault', 'polled'] as const
export type Happening = (typeof HAPPENINGS)[number]

const CODES: Readonly<Record<string, number>> = Object.fromEntries(HAPPENINGS.map((name, code) => [name, code]))

/** Kind 1, instant 8, node 2, number 4, length of the bytes 4. */
const HEAD_BYTES = 19
const BUFFER_BYTES = 65_536

export class Transcript {
  readonly #buffer = new Uint8Array(DIGEST_BYTES + BUFFER_BYTES)
  readonly #view = new DataView(this.#buffer.buffer)
  /** The first 32 bytes are the digest of all before. */
  #length = DIGEST_BYTES

  /** @param number whatever small number tells this happening from its like: an other node, a height. 0 to 2^32 − 1. */
  note(happening: Happening, atNs: number, node: number, number: number, bytes?: Uint8Array): void {
    if (this.#length + HEAD_BYTES > this.#buffer.length) this.#fold()
    const at = this.#length
    this.#buffer[at] = CODES[happening] ?? 255
    this.#view.setFloat64(at + 1, atNs)
    this.#view.setUint16(at + 9, node)
    this.#view.setUint32(at + 11, number)
    this.#view.setUint32(at + 15, bytes?.length ?? 0)
    this.#length += HEAD_BYTES
    if (bytes !== undefined) this.#append(bytes)
  }

  /** Of everything so far, 64 hex digits. */
  hash(): string {
    this.#fold()
    return hexOf(this.#buffer.subarray(0, DIGEST_BYTES))
  }

  #append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      if (this.#length === this.#buffer.length) this.#fold()
      const part = bytes.subarray(from, from + this.#buffer.length - this.#length)
      this.#buffer.set(part, this.#length)
      this.#length += part.length
      from += part.length
    }
  }

  #fold(): void {
    if (this.#length === DIGEST_BYTES) return
    this.#buffer.set(sha3(this.#buffer.subarray(0, this.#length)))
    this.#length = DIGEST_BYTES
  }
}
