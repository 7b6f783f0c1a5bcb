/**
 * A log in a directory: segments of bounded size, the oldest dropped whole when there is too much, one process writing.
 *
 *   segment-<first sequence>.log    frames (frames.ts): a header, entries, checkpoints
 *   segment-<first sequence>.index  where to look in it (segment-index.ts); may be deleted
 *   lock                            held by whoever appends
 *
 * Durability: a batch with `error` or `fatal` in it is synced before its append resolves; any other within `SYNC_NS_MAX`. Rules:
 * docs/spec/log.md L-6 to L-12, L-16. Not promised: what the disk claims to have synced and has not.
 */
import assert from 'node:assert/strict'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ChimerError, NS_PER_MINUTE, NS_PER_SEC, equalBytes } from '../../base/index.ts'
import type { Cancel, Time, TimeInterval } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { lockKey } from '../../crypto/io/key-lock.ts'
import { BATCH_MAX, appendTo, emptyHead } from '../chain.ts'
import type { LogHead, Tree } from '../chain.ts'
import { checkpointCodec, signCheckpoint } from '../checkpoint.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { rankOf } from '../entry.ts'
import type { LogDraft, SealedEntry } from '../entry.ts'
import { closedLog } from '../failures.ts'
import type { LogStore } from '../port.ts'
import { headerOf, segmentCodec } from '../segment.ts'
import { damaged, locked, unwritable } from './disk-failures.ts'
import { LogFiles } from './file-reader.ts'
import { framed, framedBytes } from './frames.ts'
import { recoverSegment } from './recovery.ts'
import type { Recovered } from './recovery.ts'
import { BLOCK_BYTES, BLOCK_ENTRIES, BlockBuilder, readIndex, writeIndex } from './segment-index.ts'
import { listSegments, segmentFile } from './segment-scan.ts'
import type { SegmentFile } from './segment-scan.ts'
import { SegmentWriter } from './segment-writer.ts'

/** An entry is durable after this long at most, ns, whatever its level. */
export const SYNC_NS_MAX = NS_PER_SEC
/** A checkpoint is signed after so many entries, or so long after an entry, ns. */
export const CHECKPOINT_ENTRIES = 4096
export const CHECKPOINT_NS_MAX = NS_PER_MINUTE
export const SEGMENT_BYTES_MAX = 16_000_000

export interface FileLogOptions {
  readonly directory: string
  readonly time: Time
  /** Hash of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  /** Signs checkpoints; stays open until the log is closed. */
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  /** The node's own clock, for checkpoints; null where it has no time. */
  readonly now?: () => TimeInterval | null
  /** A segment is begun anew before it grows beyond this, but for one batch; bytes. */
  readonly segmentBytesMax?: number
  /** Segments that are kept, the open one included, at least 2. */
  readonly segmentsMax?: number
  /** Told of what fails beside any call: a sync or a checkpoint by the clock. */
  readonly onTrouble?: (trouble: ChimerError) => void
}

/** What was found at the opening. */
export interface Opening {
  /** Bytes that a crash left behind the last whole record, and that were cut away. */
  readonly tornBytes: number
}

/**
 * Opens the log in `directory`, made if missing. `TC_LOG_LOCKED`, `TC_LOG_DAMAGED`, `TC_LOG_UNWRITABLE`, `TC_LOG_FULL`,
 * `TC_LOG_UNREADABLE`.
 */
export const openFileLog = async (options: FileLogOptions): Promise<FileLog> => {
  const { directory } = options
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw unwritable(directory, cause)
  })
  const lock = lockLog(directory)
  try {
    return await FileLog.open(options, lock)
  } catch (cause) {
    lock[Symbol.dispose]()
    throw cause
  }
}

const lockLog = (directory: string): Disposable => {
  try {
    return lockKey(join(directory, 'lock'))
  } catch (cause) {
    if (!(cause instanceof ChimerError)) throw cause
    throw cause.code === 'TC_KEY_LOCKED' ? locked(directory, cause) : unwritable(directory, cause.cause)
  }
}

interface State {
  readonly writer: SegmentWriter
  readonly head: LogHead
  readonly covered: number
  readonly builder: BlockBuilder
}

export class FileLog extends LogFiles implements LogStore {
  readonly #options: FileLogOptions
  readonly #lock: Disposable
  readonly opening: Opening
  #writer: SegmentWriter
  #head: LogHead
  #covered: number
  #builder: BlockBuilder
  #segments: SegmentFile[]
  #closed = false
  #tail: Promise<unknown> = Promise.resolve()
  #syncTimer: Cancel | undefined
  #checkpointTimer: Cancel | undefined

  private constructor(
    options: FileLogOptions,
    parts: { readonly lock: Disposable; readonly segments: readonly SegmentFile[]; readonly opening: Opening } & State,
  ) {
    super(options)
    this.#options = options
    this.#lock = parts.lock
    this.opening = parts.opening
    this.#writer = parts.writer
    this.#head = parts.head
    this.#covered = parts.covered
    this.#builder = parts.builder
    this.#segments = [...parts.segments]
  }

  /** Used by `openFileLog`, which holds the lock. */
  static async open(options: FileLogOptions, lock: Disposable): Promise<FileLog> {
    const { segments, recovered, tornBytes } = await recoverLast(options.directory)
    const last = segments.at(-1)
    const isFresh = last === undefined || recovered === undefined
    if (!isFresh) refuseOthers(last, recovered, options)
    await mendIndexes(segments)
    const state = isFresh ? await freshState(options) : await goOnState(last, recovered)
    const kept = isFresh ? [state.writer.segment] : segments
    return new FileLog(options, { lock, segments: kept, opening: { tornBytes }, ...state })
  }

  get head(): LogHead {
    return this.#head
  }

  async append(drafts: readonly LogDraft[]): Promise<readonly SealedEntry[]> {
    assert(drafts.length <= BATCH_MAX)
    return this.#inTurn(async () => {
      if (drafts.length === 0) return []
      let { entries, head, trees } = this.#sealed(drafts)
      const piece = framed(
        'entry',
        entries.map(({ bytes }) => bytes),
      )
      if (this.#writer.bytes + piece.length > this.#segmentBytesMax && this.#head.size > this.#writer.segment.first) {
        await this.#roll()
        // The same entries; the marks of the new segment are others.
        ;({ entries, head, trees } = this.#sealed(drafts))
      }
      const offset = this.#writer.bytes
      await this.#writer.write(piece)
      this.#head = head
      await this.#indexEntries({ entries, trees, offset })
      if (drafts.some(({ level }) => rankOf(level) >= rankOf('error'))) await this.#writer.sync()
      else this.#syncSoon()
      if (this.#head.size - this.#covered >= CHECKPOINT_ENTRIES) await this.#writeCheckpoint()
      else this.#checkpointSoon()
      return entries
    })
  }

  async sync(): Promise<void> {
    return this.#inTurn(async () => this.#writer.sync())
  }

  async checkpoint(): Promise<Checkpoint | undefined> {
    return this.#inTurn(async () => this.#writeCheckpoint())
  }

  /** Signs a last checkpoint, syncs, and lets go of everything, also where the disk refuses; that is then told by a rejection. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    const last = this.#inTurn(async () => {
      await this.#writeCheckpoint()
      await this.#writer.sync()
    })
    this.#closed = true
    try {
      await last
    } finally {
      this.#syncTimer?.()
      this.#checkpointTimer?.()
      await this.#writer[Symbol.asyncDispose]()
      this.#lock[Symbol.dispose]()
    }
  }

  get #segmentBytesMax(): number {
    return this.#options.segmentBytesMax ?? SEGMENT_BYTES_MAX
  }

  /** One after another: each begins when the one before it has settled, however it settled. */
  async #inTurn<T>(job: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedLog()
    const turn = this.#tail.then(job, job)
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  /** What drafts become, with the trees before the entries that begin blocks of the open segment. */
  #sealed(drafts: readonly LogDraft[]): ReturnType<typeof appendTo> {
    return appendTo(this.#head, drafts, { from: this.#writer.segment.first, every: BLOCK_ENTRIES })
  }

  async #indexEntries(parts: {
    readonly entries: readonly SealedEntry[]
    readonly trees: readonly Tree[]
    readonly offset: number
  }): Promise<void> {
    const { entries, trees } = parts
    let [at, marks] = [parts.offset, 0]
    for (const { entry, digest, bytes } of entries) {
      const next = at + framedBytes(bytes)
      const tree = this.#builder.isEmpty ? trees[marks++] : undefined
      const block = this.#builder.add({ traits: entry, digest, offset: at, next, tree })
      if (block !== undefined) await this.#writer.writeIndex(block)
      at = next
    }
  }

  /** Signs what is durable, and makes the signature durable. */
  async #writeCheckpoint(): Promise<Checkpoint | undefined> {
    if (this.#head.size === this.#covered) return undefined
    await this.#writer.sync()
    const checkpoint = await this.#signed()
    await this.#writer.write(framed('checkpoint', [checkpointCodec.encode(checkpoint)]))
    await this.#writer.sync()
    this.#covered = this.#head.size
    this.#checkpointTimer?.()
    this.#checkpointTimer = undefined
    return checkpoint
  }

  async #signed(): Promise<Checkpoint> {
    const { networkId, signer, now } = this.#options
    const { size, digest, frontier } = this.#head
    assert(digest !== null)
    const time = now?.() ?? null
    return signCheckpoint(signer, { networkId, nodeId: signer.nodeId, size, root: frontier.root(), head: digest, time })
  }

  /** Ends the segment and begins the next, under a checkpoint of all before it; drops the oldest where there are too many. */
  async #roll(): Promise<void> {
    await this.#writer.sync()
    const checkpoint = await this.#signed()
    const owner = { networkId: this.#options.networkId, nodeId: this.#options.signer.nodeId }
    const header = framed('segment', [segmentCodec.encode(headerOf(owner, this.#head, checkpoint))])
    const segment = segmentFile(this.directory, this.#head.size)
    const writer = await SegmentWriter.create(segment, header)
    const old = this.#writer
    this.#writer = writer
    this.#builder = new BlockBuilder()
    this.#covered = this.#head.size
    this.#segments.push(segment)
    await old[Symbol.asyncDispose]()
    await this.#dropOldest()
  }

  async #dropOldest(): Promise<void> {
    const { segmentsMax = Number.POSITIVE_INFINITY } = this.#options
    while (this.#segments.length > Math.max(2, segmentsMax)) {
      const [oldest] = this.#segments
      assert(oldest !== undefined)
      try {
        await rm(oldest.path, { force: true })
        await rm(oldest.indexPath, { force: true })
      } catch (cause) {
        throw unwritable(oldest.path, cause)
      }
      this.#segments.shift()
    }
  }

  #syncSoon(): void {
    this.#syncTimer ??= this.#options.time.schedule(SYNC_NS_MAX, () => {
      this.#syncTimer = undefined
      this.#byItself(async () => this.sync())
    })
  }

  #checkpointSoon(): void {
    if (this.#head.size === this.#covered) return
    this.#checkpointTimer ??= this.#options.time.schedule(CHECKPOINT_NS_MAX, () => {
      this.#checkpointTimer = undefined
      this.#byItself(async () => this.checkpoint())
    })
  }

  #byItself(job: () => Promise<unknown>): void {
    if (this.#closed) return
    job().catch((cause: unknown) => {
      if (!(cause instanceof ChimerError)) throw cause
      this.#options.onTrouble?.(cause)
    })
  }
}

/** A last segment without a whole header was never used: it goes, and the one before it is the last. */
const recoverLast = async (
  directory: string,
): Promise<{
  readonly segments: readonly SegmentFile[]
  readonly recovered: Recovered | undefined
  readonly tornBytes: number
}> => {
  const segments = await listSegments(directory)
  const last = segments.at(-1)
  if (last === undefined) return { segments, recovered: undefined, tornBytes: 0 }
  const recovered = await recoverSegment(last)
  if (recovered !== undefined) return { segments, recovered, tornBytes: recovered.torn }
  const { size } = await stat(last.path)
  await rm(last.path, { force: true })
  const before = segments.slice(0, -1)
  const previous = before.at(-1)
  const found = previous === undefined ? undefined : await recoverSegment(previous)
  return { segments: before, recovered: found, tornBytes: size + (found?.torn ?? 0) }
}

/** A log of another node or network is not gone on with. */
const refuseOthers = (
  segment: SegmentFile,
  { header }: Recovered,
  { networkId, signer }: Pick<FileLogOptions, 'networkId' | 'signer'>,
): void => {
  if (equalBytes(header.nodeId, signer.nodeId) && equalBytes(header.networkId, networkId)) return
  throw damaged({ path: segment.path, offset: 0, sequence: header.first, reason: 'wrong-log' })
}

const freshState = async ({ directory, networkId, signer }: FileLogOptions): Promise<State> => {
  const head = emptyHead()
  const header = headerOf({ networkId, nodeId: signer.nodeId }, head, undefined)
  const writer = await SegmentWriter.create(segmentFile(directory, 0), framed('segment', [segmentCodec.encode(header)]))
  return { writer, head, covered: 0, builder: new BlockBuilder() }
}

const goOnState = async (segment: SegmentFile, recovered: Recovered): Promise<State> => {
  const { bytes, head, covered, builder, blocks } = recovered
  await writeIndex(segment.indexPath, blocks)
  const writer = await SegmentWriter.goOn(segment, { bytes, indexBytes: blocks.length * BLOCK_BYTES })
  return { writer, head, covered, builder }
}

/** Makes the indexes of finished segments anew where they are missing or cut off. */
const mendIndexes = async (segments: readonly SegmentFile[]): Promise<void> => {
  for (const [number, segment] of segments.entries()) {
    const next = segments[number + 1]
    if (next === undefined) return
    const wanted = Math.floor((next.first - segment.first) / BLOCK_ENTRIES)
    if ((await readIndex(segment.indexPath, segment.first)).length === wanted) continue
    const recovered = await recoverSegment(segment)
    if (recovered !== undefined) await writeIndex(segment.indexPath, recovered.blocks)
  }
}
