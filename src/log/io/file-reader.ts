/**
 * Reads a log's directory, also while a node appends to it: no lock is taken, nothing is written, and a frame that is not whole
 * yet is left for later. Segments that are dropped meanwhile are passed over.
 *
 * Rules: docs/spec/log.md L-8, L-15. What is read is judged: a frame or an entry that is wrong ends the reading with `TC_LOG_DAMAGED`.
 */
import assert from 'node:assert/strict'
import { ChimerError, NS_PER_MS, equalBytes } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { MerkleFrontier, MerklePathWatch, merkleLeaf, sha3, verifyMerklePath } from '../../crypto/index.ts'
import { openCheckpoint } from '../checkpoint.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { encodeEntryProof } from '../entry-proof.ts'
import { traitsOf } from '../entry-bytes.ts'
import { cidText, matches, openEntry } from '../entry.ts'
import type { LogFilter, SealedEntry } from '../entry.ts'
import { uncoveredEntry, unknownEntry } from '../failures.ts'
import type { LogReader } from '../port.ts'
import { headOfHeader, isWholeHeader, segmentCodec } from '../segment.ts'
import type { SegmentHeader } from '../segment.ts'
import type { LogReason } from '../verification.ts'
import { damaged, noLog } from './disk-failures.ts'
import { BLOCK_ENTRIES, mayMatch, mayName, rangesOf, readIndex } from './segment-index.ts'
import type { ByteRange } from './segment-index.ts'
import { SegmentScan, listSegments } from './segment-scan.ts'
import type { Frame, SegmentFile } from './segment-scan.ts'

/** How often a reader that follows looks for more. */
export const LOOK_NS = 200n * NS_PER_MS

/** A watch for the path of one entry, and where to read on. */
interface Watched {
  readonly segment: SegmentFile
  readonly watch: MerklePathWatch
  readonly from: number
  /** Of the tree that the watch begins with. */
  readonly size: number
}

interface Shown {
  readonly path: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
}

/** What the index says is not believed: what a path from it shows is checked. */
const isPathOf = ({ digest, entry }: SealedEntry, { path, checkpoint }: Shown): boolean => {
  const { size, root } = checkpoint
  return verifyMerklePath({ leaf: digest, index: entry.sequence, size, path, root })
}

export class LogFiles implements LogReader {
  readonly directory: string
  readonly #time: Time

  constructor(options: { readonly directory: string; readonly time: Time }) {
    this.directory = options.directory
    this.#time = options.time
  }

  /** `TC_LOG_UNREADABLE` where there is no log. */
  async extent(): Promise<{ readonly first: number; readonly size: number }> {
    const segments = await this.#segments()
    const [oldest, newest] = [segments[0], segments.at(-1)]
    assert(oldest !== undefined && newest !== undefined)
    const blocks = await readIndex(newest.indexPath, newest.first)
    let size = newest.first + blocks.length * BLOCK_ENTRIES
    await using scan = await SegmentScan.open(newest.path, blocks.at(-1)?.end ?? 0)
    for (;;) {
      const frames = await scan.next()
      if (frames.length === 0) return { first: oldest.first, size }
      size += frames.filter(({ kind }) => kind === 'entry').length
    }
  }

  async at(sequence: number): Promise<SealedEntry | undefined> {
    for await (const sealed of this.query({ from: sequence, to: sequence + 1 })) return sealed
    return undefined
  }

  async find(digest: Uint8Array): Promise<SealedEntry | undefined> {
    return (await this.#locate(digest))?.sealed
  }

  async *query(filter: LogFilter = {}): AsyncGenerator<SealedEntry> {
    const segments = await this.#segments()
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      if (next !== undefined && next.first <= (filter.from ?? 0)) continue
      if (segment.first >= (filter.to ?? Number.POSITIVE_INFINITY)) return
      const blocks = await readIndex(segment.indexPath, segment.first)
      const ranges = rangesOf(blocks, (block) => mayMatch(filter, block))
      for await (const frames of this.#framesIn(segment, ranges))
        for (const frame of frames) {
          const sealed = this.#taken(frame, filter, segment)
          if (sealed !== undefined) yield sealed
        }
    }
  }

  async *follow(filter: LogFilter, signal: AbortSignal): AsyncGenerator<SealedEntry> {
    let from = filter.from ?? 0
    // One look after another from where the last one ended: a new segment needs no care of its own.
    for (;;) {
      const { size } = await this.extent()
      if (size > from) {
        for await (const sealed of this.query({ ...filter, from, to: Math.min(size, filter.to ?? size) })) {
          if (signal.aborted) return
          yield sealed
        }
        from = size
      }
      if (signal.aborted || from >= (filter.to ?? Number.POSITIVE_INFINITY)) return
      await this.#pause(signal)
    }
  }

  async prove(digest: Uint8Array): Promise<Uint8Array> {
    const found = await this.#locate(digest)
    if (found === undefined) throw unknownEntry(cidText(digest))
    const { sealed, segment } = found
    const { sequence } = sealed.entry
    const quick = await this.#shown(await this.#watchFromBlock(segment, sequence), sequence)
    if (quick !== undefined && isPathOf(sealed, quick)) return encodeEntryProof({ entry: sealed.bytes, ...quick })
    const shown = await this.#shown(await this.#watchFrom(segment, sequence), sequence)
    if (shown === undefined) throw uncoveredEntry(sequence)
    return encodeEntryProof({ entry: sealed.bytes, ...shown })
  }

  async #segments(): Promise<readonly SegmentFile[]> {
    const segments = await listSegments(this.directory)
    if (segments.length === 0) throw noLog(this.directory)
    return segments
  }

  /** Frames of some parts of a segment. Ends quietly at a frame that is not whole, and where the segment was dropped meanwhile. */
  async *#framesIn(segment: SegmentFile, ranges: readonly ByteRange[]): AsyncGenerator<readonly Frame[]> {
    await using scan = await this.#opened(segment)
    if (scan === undefined) return
    for (const { from, to = Number.POSITIVE_INFINITY } of ranges) {
      scan.seek(from)
      while (scan.at < to) {
        const frames = await scan.next()
        if (scan.fault !== undefined) throw this.#damage(segment, scan.at, scan.fault)
        if (frames.length === 0) break
        yield frames.filter(({ offset }) => offset < to)
      }
    }
  }

  async #opened(segment: SegmentFile): Promise<SegmentScan | undefined> {
    try {
      return await SegmentScan.open(segment.path)
    } catch (cause) {
      const isGone = cause instanceof ChimerError && cause.facts['system'] === 'ENOENT'
      if (isGone && !(await listSegments(this.directory)).some(({ first }) => first === segment.first)) return undefined
      throw cause
    }
  }

  #taken(frame: Frame, filter: LogFilter, segment: SegmentFile): SealedEntry | undefined {
    if (frame.kind !== 'entry') return undefined
    const traits = traitsOf(frame.bytes)
    if (traits === undefined) throw this.#damage(segment, frame.offset, 'wrong-shape')
    if (!matches(filter, traits)) return undefined
    // A copy: the frame's bytes are read over, and one entry that somebody keeps shall not keep all around it.
    const opened = openEntry(frame.bytes.slice())
    if (opened.verdict === 'accept') return opened.value
    throw this.#damage(segment, frame.offset, opened.reason, traits.sequence)
  }

  #damage(segment: SegmentFile, offset: number, reason: LogReason, sequence = segment.first): ChimerError {
    return damaged({ path: segment.path, offset, sequence, reason })
  }

  /** Newest segments first: what people ask about is mostly recent. */
  async #locate(
    digest: Uint8Array,
  ): Promise<{ readonly sealed: SealedEntry; readonly segment: SegmentFile } | undefined> {
    for (const segment of (await this.#segments()).toReversed()) {
      const blocks = await readIndex(segment.indexPath, segment.first)
      const ranges = rangesOf(blocks, (block) => mayName(digest, block))
      for await (const frames of this.#framesIn(segment, ranges))
        for (const frame of frames) {
          if (frame.kind !== 'entry' || !equalBytes(sha3(frame.bytes), digest)) continue
          const sealed = this.#taken(frame, {}, segment)
          if (sealed !== undefined) return { sealed, segment }
        }
    }
    return undefined
  }

  /** The path to the first checkpoint after an entry: in its own segment, or the one that the next segment begins with. */
  async #shown({ segment, watch, from, size: first }: Watched, sequence: number): Promise<Shown | undefined> {
    let size = first
    for await (const frames of this.#framesIn(segment, [{ from, to: undefined }]))
      for (const { kind, bytes, offset } of frames) {
        if (kind === 'entry') {
          watch.push(merkleLeaf(sha3(bytes)))
          size += 1
        }
        if (kind !== 'checkpoint' || size <= sequence) continue
        const opened = openCheckpoint(bytes)
        if (opened.verdict !== 'accept') throw this.#damage(segment, offset, opened.reason, size)
        return { path: watch.path(), checkpoint: opened.value }
      }
    const next = (await this.#segments()).find((one) => one.first > segment.first)
    const [checkpoint] = next === undefined ? [] : (await this.#header(next)).header.checkpoint
    return checkpoint === undefined ? undefined : { path: watch.path(), checkpoint }
  }

  /** A watch that begins with the block of an entry; with its segment where no block has it. */
  async #watchFromBlock(segment: SegmentFile, sequence: number): Promise<Watched> {
    const block = (await readIndex(segment.indexPath, segment.first)).findLast(({ first }) => first <= sequence)
    if (block === undefined) return this.#watchFrom(segment, sequence)
    const frontier = new MerkleFrontier({ size: block.first, nodes: block.tree })
    return { segment, watch: new MerklePathWatch(frontier, sequence), from: block.offset, size: block.first }
  }

  /** A watch that begins where a segment does. */
  async #watchFrom(segment: SegmentFile, sequence: number): Promise<Watched> {
    const { header, from } = await this.#header(segment)
    const watch = new MerklePathWatch(headOfHeader(header).frontier, sequence)
    return { segment, watch, from, size: header.first }
  }

  /** A segment's header, and the byte after it. */
  async #header(segment: SegmentFile): Promise<{ readonly header: SegmentHeader; readonly from: number }> {
    await using scan = await SegmentScan.open(segment.path)
    const [frame] = await scan.next()
    if (frame?.kind !== 'segment') throw this.#damage(segment, 0, 'no-header')
    const decoded = segmentCodec.decode(frame.bytes)
    if (decoded.verdict !== 'accept') throw this.#damage(segment, 0, decoded.reason)
    if (!isWholeHeader(decoded.value)) throw this.#damage(segment, 0, 'wrong-shape')
    return { header: decoded.value, from: frame.next }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#time.schedule(LOOK_NS, resolve)
    const end = (): void => resolve()
    signal.addEventListener('abort', end)
    await promise
    signal.removeEventListener('abort', end)
    cancel()
  }
}
