/**
 * The one segment that is appended to. A write is whole or it is undone: what a full disk took of a batch is cut off again. After a
 * sync that failed the file is not believed any more, because the system may have dropped what it could not write.
 *
 * Source: Rebello et al., "Can Applications Recover from fsync Failures?" (2020). Rules: docs/spec/log.md L-7, L-16.
 */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ChimerError } from '../../base/index.ts'
import { syncDirectory } from '../../crypto/io/disk.ts'
import { unwritable } from './disk-failures.ts'
import type { SegmentFile } from './segment-scan.ts'

const OWNER_ONLY = 0o600

export class SegmentWriter implements AsyncDisposable {
  readonly segment: SegmentFile
  readonly #file: FileHandle
  readonly #index: FileHandle
  #bytes: number
  #indexBytes: number
  #isSynced = true
  #broken: ChimerError | undefined

  private constructor(
    segment: SegmentFile,
    files: { readonly file: FileHandle; readonly index: FileHandle },
    sizes: { readonly bytes: number; readonly indexBytes: number },
  ) {
    this.segment = segment
    this.#file = files.file
    this.#index = files.index
    this.#bytes = sizes.bytes
    this.#indexBytes = sizes.indexBytes
  }

  /** A new segment with its header in it, durable by name and content. */
  static async create(segment: SegmentFile, header: Buffer): Promise<SegmentWriter> {
    const writer = await SegmentWriter.#open(segment, 'w', { bytes: 0, indexBytes: 0 })
    try {
      await writer.write(header)
      await writer.sync()
      await syncDirectory(dirname(segment.path))
      return writer
    } catch (cause) {
      await writer[Symbol.asyncDispose]()
      throw cause
    }
  }

  /** Goes on after `bytes` of a segment; what is behind them is cut off, durably. */
  static async goOn(
    segment: SegmentFile,
    sizes: { readonly bytes: number; readonly indexBytes: number },
  ): Promise<SegmentWriter> {
    const writer = await SegmentWriter.#open(segment, 'r+', sizes)
    try {
      await writer.#file.truncate(sizes.bytes)
      // Also where nothing was cut: what an earlier life wrote and did not sync shall be durable before it is built upon.
      await writer.#file.sync()
      return writer
    } catch (cause) {
      await writer[Symbol.asyncDispose]()
      throw unwritable(segment.path, cause)
    }
  }

  static async #open(
    segment: SegmentFile,
    flags: 'w' | 'r+',
    sizes: { readonly bytes: number; readonly indexBytes: number },
  ): Promise<SegmentWriter> {
    let file: FileHandle | undefined
    try {
      file = await open(segment.path, flags, OWNER_ONLY)
      const index = await open(segment.indexPath, flags === 'w' ? 'w' : 'a+', OWNER_ONLY)
      return new SegmentWriter(segment, { file, index }, sizes)
    } catch (cause) {
      await file?.close()
      throw unwritable(segment.path, cause)
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  /** Appends all of `piece`, or nothing. `TC_LOG_FULL`, `TC_LOG_UNWRITABLE`. */
  async write(piece: Buffer): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    try {
      for (let done = 0; done < piece.length;) {
        const { bytesWritten } = await this.#file.write(piece, done, piece.length - done, this.#bytes + done)
        done += bytesWritten
      }
      this.#bytes += piece.length
      this.#isSynced = false
    } catch (cause) {
      const error = unwritable(this.segment.path, cause)
      await this.#file.truncate(this.#bytes).catch(() => void (this.#broken = error))
      throw error
    }
  }

  /** Appends a block to the index. One that cannot be written is left out: readers then look into the segment itself. */
  async writeIndex(block: Buffer): Promise<boolean> {
    try {
      await this.#index.write(block, 0, block.length, this.#indexBytes)
      this.#indexBytes += block.length
      return true
    } catch {
      // Told by the return value; the index is made anew at the next opening.
      return false
    }
  }

  /** Resolves when all that was written is durable. A failure is for good. */
  async sync(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#isSynced) return
    this.#isSynced = true
    try {
      await this.#file.datasync()
    } catch (cause) {
      this.#broken = unwritable(this.segment.path, cause)
      throw this.#broken
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    await this.#index.close()
  }
}
