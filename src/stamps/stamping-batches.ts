/**
 * The book of a node's batches: which entries stand in which, which batch is to be handed to the network and when, which has to be handed in
 * again, and which is final. Pure: whoever keeps the book signs, writes and speaks.
 *
 * A batch goes from gathering to sealed (its bounds stand), handed (its transaction was made), in a block, and final (the block after
 * that one is decided). Batches never overlap, so an entry is final exactly once, however often its batch is handed in.
 * Rules T-44 to T-50 in docs/spec/stamps.md. Not promised: that batches become final in their order.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, equalBytes } from '../base/index.ts'
import { MerkleFrontier, merkleSha256 } from '../crypto/index.ts'
import type { FrontierParts } from '../crypto/index.ts'
import { encodeBatch } from './stamp-batch.ts'
import type { BlockPlace, FinalBatch, HandedBatch, SealedBatch } from './stamping-port.ts'

/** Entries are gathered for this long before they are handed in, ns. */
export const GATHER_BATCH_NS = 100n * NS_PER_MS
/** Batches that are handed in and in no block yet. */
export const BATCHES_HANDED_MAX = 4
/** Entries of one batch of this node: what is worked out over a batch in one go takes a few hundredths of a second at most. */
export const BATCH_ENTRIES_GATHERED_MAX = 16_384
/** Entries that are in no final block: more are refused. */
export const ENTRIES_WAITING_MAX = 1_000_000

/** A transaction of this node in a decided block. */
export interface OwnTransaction {
  readonly sequence: number
  readonly payload: Uint8Array
  readonly bytes: Uint8Array
  readonly place: BlockPlace
}

/** What decides whether a transaction that is in no block can still get into one. */
export interface SequenceView {
  /** The newest sequence of this node that the chain has counted. */
  readonly sequence: number
  /** Lower end of the newest settled time: what was acted wholly before it has no effect any more. TAI ns. */
  readonly timeEarliest: bigint
}

/** A batch in the book. */
interface Line {
  readonly sealed: SealedBatch
  readonly payload: Uint8Array
  handed: { readonly sequence: number; readonly actedLatest: bigint } | undefined
  /** Was it ever taken by the network's door? */
  isProposed: boolean
  included: { readonly height: number; readonly transaction: OwnTransaction } | undefined
}

export interface BookStart {
  /** Frontier after the newest batch that was ever handed in; of no entries where there was none. */
  readonly frontier: FrontierParts
  /** Batches that were handed in and are not final. They are handed in again, once the blocks since then have been looked through. */
  readonly open: readonly HandedBatch[]
}

export class BatchBook {
  readonly #log: MerkleFrontier
  #gathering = emptyFrontier()
  #gatheringFirst: number
  #gatheringSinceNs = 0n
  #beaconOldest = 0
  /** By position of their first entry, rising. Bounded by ENTRIES_WAITING_MAX, which the asker heeds. */
  readonly #lines = new Map<number, Line>()
  #sequenceSeen = 0
  #finalCount: number

  constructor({ frontier, open }: BookStart) {
    this.#log = new MerkleFrontier(frontier, merkleSha256)
    this.#gatheringFirst = frontier.size
    for (const batch of open) {
      const line = this.#add(batch)
      line.isProposed = true
      // As if its time had gone by: what held it is gone with the process.
      line.handed = { sequence: batch.sequence, actedLatest: -1n }
    }
    this.#finalCount = frontier.size - open.reduce((sum, { first, logSize }) => sum + logSize - first, 0)
  }

  /** Entries in all. */
  get size(): number {
    return this.#log.size
  }

  /** Entries of final batches. */
  get finalCount(): number {
    return this.#finalCount
  }

  /** Entries that are in no final batch. */
  get waiting(): number {
    return this.size - this.#finalCount
  }

  /** Where the first entry stands that is not final; the log's size where all are. */
  get finalPrefix(): number {
    const [line] = this.#lines.values()
    return line?.sealed.first ?? this.#gatheringFirst
  }

  /** The next entry of the log. @param beaconHeight 0 where none was mixed in. @param nowNs elapsed time. */
  push(leaf: Uint8Array, beaconHeight: number, nowNs: bigint): void {
    if (this.#gathering.size === 0) this.#gatheringSinceNs = nowNs
    this.#log.push(leaf)
    this.#gathering.push(leaf)
    if (beaconHeight > 0 && (this.#beaconOldest === 0 || beaconHeight < this.#beaconOldest))
      this.#beaconOldest = beaconHeight
    if (this.#gathering.size === BATCH_ENTRIES_GATHERED_MAX) this.#seal()
  }

  #seal(): void {
    const batch: SealedBatch = {
      first: this.#gatheringFirst,
      logSize: this.size,
      batchRoot: this.#gathering.root(),
      logRoot: this.#log.root(),
      frontier: [...this.#log.nodes],
      beaconOldest: this.#beaconOldest,
    }
    this.#add(batch)
    this.#gatheringFirst = this.size
    this.#gathering = emptyFrontier()
    this.#beaconOldest = 0
  }

  #add(sealed: SealedBatch): Line {
    const line: Line = {
      sealed,
      payload: encodeBatch(sealed),
      handed: undefined,
      isProposed: false,
      included: undefined,
    }
    this.#lines.set(sealed.first, line)
    return line
  }

  /**
   * The batch to be handed in now, or nothing. First those whose transaction can get into no block any more, then the oldest that was never handed
   * in. Asked again it gives the same one, until `handed` is told of it.
   */
  next(nowNs: bigint, view: SequenceView): SealedBatch | undefined {
    const lost = this.#lines.values().find((line) => isLost(line, view))
    if (lost !== undefined) return lost.sealed
    if (this.#handedCount() >= BATCHES_HANDED_MAX) return undefined
    if (this.#dueIn(nowNs) === 0n && !this.#hasUnhanded()) this.#seal()
    return this.#lines.values().find(({ handed, included }) => handed === undefined && included === undefined)?.sealed
  }

  /** When to ask `next` again without anything else having happened, ns from now; undefined where that is of no use. */
  dueInNs(nowNs: bigint): bigint | undefined {
    return this.#handedCount() >= BATCHES_HANDED_MAX ? undefined : this.#dueIn(nowNs)
  }

  #dueIn(nowNs: bigint): bigint | undefined {
    if (this.#gathering.size === 0) return undefined
    const leftNs = this.#gatheringSinceNs + GATHER_BATCH_NS - nowNs
    return leftNs > 0n ? leftNs : 0n
  }

  #handedCount(): number {
    let count = 0
    for (const { handed, included } of this.#lines.values())
      if (handed !== undefined && included === undefined) count += 1
    return count
  }

  #hasUnhanded(): boolean {
    return this.#lines.values().some(({ handed, included }) => handed === undefined && included === undefined)
  }

  /** Was this batch handed in before, in this process or an earlier one? */
  wasHanded(first: number): boolean {
    return this.#lines.get(first)?.handed !== undefined
  }

  /** Does it still have to get into a block? */
  isOpen(first: number): boolean {
    const line = this.#lines.get(first)
    return line !== undefined && line.included === undefined
  }

  /**
   * The sequence of the next transaction for a batch: the one that it had, so that of two transactions for it only one has an effect, or where
   * that was used by another, one above all that this node is known to have used.
   * @param above the sequences that are known to be in use go up to this.
   */
  sequenceFor(first: number, above: number): number {
    const own = this.#lines.get(first)?.handed?.sequence
    const used = Math.max(above, this.#sequenceSeen)
    if (own !== undefined && own > used) return own
    let highest = used
    for (const { handed } of this.#lines.values()) highest = Math.max(highest, handed?.sequence ?? 0)
    return highest + 1
  }

  /** Its transaction was made. @param actedLatest upper end of when this node acted, TAI ns. */
  handed(first: number, made: { readonly sequence: number; readonly actedLatest: bigint }): void {
    const line = this.#lines.get(first)
    if (line !== undefined) line.handed = made
  }

  /** It was taken by the network's door. True where that was so for the first time. */
  proposed(first: number): boolean {
    const line = this.#lines.get(first)
    if (line === undefined || line.isProposed) return false
    line.isProposed = true
    return true
  }

  /** Of an entry that is in no final batch. */
  stateOf(position: number): 'received' | 'proposed' {
    const line = this.#lines.values().find(({ sealed }) => position >= sealed.first && position < sealed.logSize)
    return line?.isProposed === true || line?.included !== undefined ? 'proposed' : 'received'
  }

  /** It was not taken: it is handed in again when `next` is asked. */
  refused(first: number): void {
    const line = this.#lines.get(first)
    if (line?.handed !== undefined) line.handed = { ...line.handed, actedLatest: -1n }
  }

  /** A block was decided, with these transactions of this node in it. Heights rise. A batch counts where it stands first. */
  decided(height: number, own: readonly OwnTransaction[]): void {
    for (const transaction of own) {
      this.#sequenceSeen = Math.max(this.#sequenceSeen, transaction.sequence)
      const line = this.#lines.values().find(({ payload }) => equalBytes(payload, transaction.payload))
      if (line !== undefined && line.included === undefined) line.included = { height, transaction }
    }
  }

  /** Batches in blocks below `height`, which the block at `height` settles: to be made final. */
  settled(height: number): readonly FinalBatch[] {
    return [...this.#lines.values()].flatMap(({ sealed, included }) => {
      if (included === undefined || included.height >= height) return []
      const { sequence, bytes, place } = included.transaction
      return [{ ...sealed, sequence, transaction: bytes, height: included.height, place }]
    })
  }

  /** What would make it final cannot be had: it is handed in again, to stand in a block that can. */
  displaced(first: number): void {
    const line = this.#lines.get(first)
    if (line === undefined) return
    line.included = undefined
    this.refused(first)
  }

  /** It is kept as final. */
  final(first: number): void {
    const line = this.#lines.get(first)
    assert(line !== undefined)
    this.#lines.delete(first)
    this.#finalCount += line.sealed.logSize - first
  }
}

const emptyFrontier = (): MerkleFrontier => new MerkleFrontier({ size: 0, nodes: [] }, merkleSha256)

/** Handed in, in no block, and never with an effect: its time has gone by, or its sequence was used by another. */
const isLost = ({ handed, included }: Line, { sequence, timeEarliest }: SequenceView): boolean =>
  handed !== undefined && included === undefined && (handed.actedLatest < timeEarliest || handed.sequence <= sequence)
