/**
 * Reads the frames of one segment in order, a piece at a time, so that memory does not grow with the file. It may be asked again
 * after the end: a file that has grown goes on, and a frame that was not whole yet is read again from its first byte.
 */
import { open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../crypto/io/disk.ts'
import type { LogRecord } from '../verification.ts'
import { unreadable } from './disk-failures.ts'
import { frameAt } from './frames.ts'

/** Read at once; more than the longest frame, so that none stays short for good. */
const PIECE_BYTES = 262_144

export interface Frame extends LogRecord {
  /** Byte of the file that it begins at, and that the next one begins at. */
  readonly offset: number
  readonly next: number
}

export interface SegmentFile {
  /** Sequence of its first entry. */
  readonly first: number
  readonly path: string
  readonly indexPath: string
}

const DIGITS = 10

export const segmentFile = (directory: string, first: number): SegmentFile => {
  const name = `segment-${String(first).padStart(DIGITS, '0')}`
  return { first, path: join(directory, `${name}.log`), indexPath: join(directory, `${name}.index`) }
}

/** The segments that there are, oldest first; none where the directory is missing. */
export const listSegments = async (directory: string): Promise<readonly SegmentFile[]> => {
  try {
    return (await readdir(directory))
      .flatMap((name) => /^segment-(\d{10})\.log$/.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
      .map((first) => segmentFile(directory, first))
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return []
    throw unreadable(directory, cause)
  }
}

export class SegmentScan implements AsyncDisposable {
  readonly path: string
  readonly #file: FileHandle
  /** Where the next frame begins. */
  #at: number
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  #left = 0
  #fault: 'bad-frame' | 'bad-checksum' | undefined

  private constructor(path: string, file: FileHandle, at: number) {
    this.path = path
    this.#file = file
    this.#at = at
  }

  /** @param at a byte that a frame begins at. `TC_LOG_UNREADABLE` where the file cannot be opened. */
  static async open(path: string, at = 0): Promise<SegmentScan> {
    try {
      return new SegmentScan(path, await open(path, 'r'), at)
    } catch (cause) {
      throw unreadable(path, cause)
    }
  }

  /** After the last whole frame that was read. */
  get at(): number {
    return this.#at
  }

  /** Bytes of a frame that is not whole, as seen at the last end of the file. */
  get left(): number {
    return this.#left
  }

  /** What is wrong with the bytes at `at`, where something is. */
  get fault(): 'bad-frame' | 'bad-checksum' | undefined {
    return this.#fault
  }

  seek(at: number): void {
    this.#at = at
  }

  /**
   * The next whole frames, at least one; none at the end, and none where something is wrong. Their bytes are those of the one
   * piece that is read into, so they hold until the next call: who keeps a record keeps a copy.
   */
  async next(): Promise<readonly Frame[]> {
    const length = await this.#read(this.#piece)
    const view = this.#piece.subarray(0, length)
    const frames: Frame[] = []
    let at = 0
    this.#fault = undefined
    while (at < length) {
      const sight = frameAt(view, at)
      if (typeof sight === 'string') {
        if (sight !== 'short' && frames.length === 0) this.#fault = sight
        break
      }
      frames.push({ kind: sight.kind, bytes: sight.bytes, offset: this.#at + at, next: this.#at + sight.next })
      at = sight.next
    }
    this.#at += at
    this.#left = length - at
    return frames
  }

  /** All bytes from `at` to the end of the file, at most `bytesMax`. */
  async rest(bytesMax: number): Promise<Buffer> {
    const piece = Buffer.allocUnsafeSlow(bytesMax)
    return piece.subarray(0, await this.#read(piece))
  }

  async #read(piece: Buffer): Promise<number> {
    let length = 0
    try {
      while (length < piece.length) {
        const { bytesRead } = await this.#file.read(piece, length, piece.length - length, this.#at + length)
        if (bytesRead === 0) break
        length += bytesRead
      }
    } catch (cause) {
      throw unreadable(this.path, cause)
    }
    return length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }
}
