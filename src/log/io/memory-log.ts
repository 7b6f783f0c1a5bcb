/**
 * A log in memory, with the rules of the one in files and a limit on its length: the oldest entries are forgotten. For tests,
 * simulations, and a node whose disk will not have one.
 */
import assert from 'node:assert/strict'
import { equalBytes } from '../../base/index.ts'
import type { TimeInterval } from '../../base/index.ts'
import { MerkleFrontier, MerklePathWatch, merkleLeaf } from '../../crypto/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { BATCH_MAX, appendTo, emptyHead } from '../chain.ts'
import type { LogHead } from '../chain.ts'
import { signCheckpoint } from '../checkpoint.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { encodeEntryProof } from '../entry-proof.ts'
import { cidText, matches } from '../entry.ts'
import type { LogDraft, LogFilter, SealedEntry } from '../entry.ts'
import { closedLog, uncoveredEntry, unknownEntry } from '../failures.ts'
import type { LogStore } from '../port.ts'

export interface MemoryLogOptions {
  readonly networkId: Uint8Array
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  readonly now?: () => TimeInterval | null
  /** Entries that are kept, at least 1. */
  readonly entriesMax: number
}

const CHECKPOINTS_MAX = 64

export class MemoryLog implements LogStore {
  readonly #options: MemoryLogOptions
  #head = emptyHead()
  /** The tree of what was forgotten. */
  readonly #forgotten = new MerkleFrontier()
  #entries: SealedEntry[] = []
  #checkpoints: Checkpoint[] = []
  #closed = false
  #news = Promise.withResolvers<void>()

  constructor(options: MemoryLogOptions) {
    assert(options.entriesMax >= 1)
    this.#options = options
  }

  get head(): LogHead {
    return this.#head
  }

  async append(drafts: readonly LogDraft[]): Promise<readonly SealedEntry[]> {
    this.#assertOpen()
    assert(drafts.length <= BATCH_MAX)
    const { entries, head } = appendTo(this.#head, drafts)
    this.#head = head
    // Copies of the bytes: those of an entry are a view of a larger piece, which one that is kept would keep.
    this.#entries.push(...entries.map((sealed) => ({ ...sealed, bytes: sealed.bytes.slice() })))
    const dropped = this.#entries.splice(0, Math.max(0, this.#entries.length - this.#options.entriesMax))
    for (const { digest } of dropped) this.#forgotten.push(merkleLeaf(digest))
    this.#news.resolve()
    this.#news = Promise.withResolvers<void>()
    return entries
  }

  async sync(): Promise<void> {
    this.#assertOpen()
  }

  async checkpoint(): Promise<Checkpoint | undefined> {
    this.#assertOpen()
    const { size, digest, frontier } = this.#head
    if (digest === null || size === (this.#checkpoints.at(-1)?.size ?? 0)) return undefined
    const { networkId, signer, now } = this.#options
    const body = { networkId, nodeId: signer.nodeId, size, root: frontier.root(), head: digest, time: now?.() ?? null }
    const checkpoint = await signCheckpoint(signer, body)
    this.#checkpoints = [...this.#checkpoints, checkpoint].slice(-CHECKPOINTS_MAX)
    return checkpoint
  }

  async extent(): Promise<{ readonly first: number; readonly size: number }> {
    return { first: this.#forgotten.size, size: this.#head.size }
  }

  async at(sequence: number): Promise<SealedEntry | undefined> {
    return this.#entries[sequence - this.#forgotten.size]
  }

  async find(digest: Uint8Array): Promise<SealedEntry | undefined> {
    return this.#entries.find((sealed) => equalBytes(sealed.digest, digest))
  }

  async *query(filter: LogFilter = {}): AsyncGenerator<SealedEntry> {
    for (const sealed of this.#entries.filter(({ entry }) => matches(filter, entry))) yield sealed
  }

  async *follow(filter: LogFilter, signal: AbortSignal): AsyncGenerator<SealedEntry> {
    const aborted = Promise.withResolvers<void>()
    const end = (): void => aborted.resolve()
    signal.addEventListener('abort', end)
    try {
      let from = filter.from ?? 0
      while (!signal.aborted && !this.#closed && from < (filter.to ?? Number.POSITIVE_INFINITY)) {
        const size = this.#head.size
        const news = this.#news.promise
        for await (const sealed of this.query({ ...filter, from })) {
          if (signal.aborted) return
          yield sealed
        }
        from = Math.max(from, size)
        if (from < (filter.to ?? Number.POSITIVE_INFINITY)) await Promise.race([news, aborted.promise])
      }
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  async prove(digest: Uint8Array): Promise<Uint8Array> {
    const sealed = await this.find(digest)
    if (sealed === undefined) throw unknownEntry(cidText(digest))
    const { sequence } = sealed.entry
    const checkpoint = this.#checkpoints.find(({ size }) => size > sequence)
    if (checkpoint === undefined) throw uncoveredEntry(sequence)
    const watch = new MerklePathWatch(this.#forgotten, sequence)
    for (const later of this.#entries.slice(0, checkpoint.size - this.#forgotten.size))
      watch.push(merkleLeaf(later.digest))
    return encodeEntryProof({ entry: sealed.bytes, path: watch.path(), checkpoint })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    await this.checkpoint()
    this.#closed = true
    this.#news.resolve()
  }

  #assertOpen(): void {
    if (this.#closed) throw closedLog()
  }
}
