/** The book of batches: what is handed in when, what is lost, and that every entry is final exactly once, whatever happens. T-44 to T-49. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import { merkleSha256, sha256 } from '../crypto/index.ts'
import {
  BATCHES_HANDED_MAX,
  BATCH_ENTRIES_GATHERED_MAX,
  BatchBook,
  BatchTree,
  GATHER_BATCH_NS,
  encodeBatch,
} from './index.ts'
import type { HandedBatch, OwnTransaction, SealedBatch, SequenceView } from './index.ts'

const leaf = (number: number): Uint8Array => sha256(new TextEncoder().encode(`leaf ${number}`))
const leaves = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, i) => leaf(from + i))
const FRESH = { frontier: { size: 0, nodes: [] }, open: [] }
const CALM: SequenceView = { sequence: 0, timeEarliest: 0n }

const own = (batch: SealedBatch, sequence: number): OwnTransaction => ({
  sequence,
  payload: encodeBatch(batch),
  bytes: Uint8Array.of(sequence),
  place: { index: 0, size: 1, path: [] },
})

/** Pushes what comes next, so many, and hands in what there is. */
const handedIn = (book: BatchBook, count: number, nowNs: bigint): SealedBatch => {
  for (const one of leaves(book.size, book.size + count)) book.push(one, 0, nowNs)
  const batch = book.next(nowNs + GATHER_BATCH_NS, CALM)
  ok(batch !== undefined)
  book.handed(batch.first, { sequence: book.sequenceFor(batch.first, 0), actedLatest: 100n })
  return batch
}

test('entries are gathered for a while, and then handed in with both roots', () => {
  const book = new BatchBook(FRESH)
  equal(book.dueInNs(0n), undefined)
  for (const [i, one] of leaves(0, 5).entries()) book.push(one, [0, 9, 7, 0, 8][i] ?? 0, 10n)
  equal(book.next(10n + GATHER_BATCH_NS - 1n, CALM), undefined)
  equal(book.dueInNs(11n), GATHER_BATCH_NS - 1n)
  const first = book.next(10n + GATHER_BATCH_NS, CALM)
  ok(first !== undefined)
  deepEqual([first.first, first.logSize, first.beaconOldest], [0, 5, 7])
  deepEqual(first.batchRoot, merkleSha256.rootOfHashes(leaves(0, 5)))
  deepEqual(first.logRoot, first.batchRoot)
  equal(book.next(10n + GATHER_BATCH_NS, CALM), first)
  book.handed(0, { sequence: 1, actedLatest: 100n })
  const second = handedIn(book, 3, 20n)
  deepEqual(second.batchRoot, merkleSha256.rootOfHashes(leaves(5, 8)))
  deepEqual(second.logRoot, merkleSha256.rootOfHashes(leaves(0, 8)))
  equal(second.beaconOldest, 0)
})

test('so many are out at once; the next goes when one is in a block', () => {
  const book = new BatchBook(FRESH)
  const batches = Array.from({ length: BATCHES_HANDED_MAX }, () => handedIn(book, 1, 0n))
  book.push(leaf(90), 0, 0n)
  book.push(leaf(91), 0, 0n)
  equal(book.next(1n << 60n, CALM), undefined)
  equal(book.dueInNs(1n << 60n), undefined)
  const [first] = batches
  ok(first !== undefined)
  book.decided(5, [own(first, 1)])
  deepEqual(book.next(1n << 60n, CALM)?.logSize, BATCHES_HANDED_MAX + 2)
})

test('a batch that is full stands fast, and the next begins', () => {
  const book = new BatchBook(FRESH)
  const one = leaf(0)
  for (let i = 0; i <= BATCH_ENTRIES_GATHERED_MAX; i += 1) book.push(one, 0, 0n)
  const full = book.next(0n, CALM)
  equal(full?.logSize, BATCH_ENTRIES_GATHERED_MAX)
  book.handed(0, { sequence: 1, actedLatest: 100n })
  equal(book.next(0n, CALM), undefined)
  equal(book.next(GATHER_BATCH_NS, CALM)?.first, BATCH_ENTRIES_GATHERED_MAX)
})

test('what is lost: its time is over, its sequence is used, it was refused; not what is in a block', () => {
  const lost = (
    view: Partial<SequenceView>,
    change: (book: BatchBook, batch: SealedBatch) => void = () => {},
  ): boolean => {
    const book = new BatchBook(FRESH)
    const batch = handedIn(book, 1, 0n)
    change(book, batch)
    return book.next(1n, { ...CALM, ...view }) === batch
  }
  deepEqual([lost({}), lost({ timeEarliest: 100n }), lost({ timeEarliest: 101n })], [false, false, true])
  deepEqual([lost({ sequence: 1 }), lost({}, (book) => book.refused(0))], [true, true])
  const included = (book: BatchBook, batch: SealedBatch): void => book.decided(3, [own(batch, 1)])
  equal(lost({ timeEarliest: 101n, sequence: 1 }, included), false)
  equal(
    lost({}, (book, batch) => (included(book, batch), book.displaced(0))),
    true,
  )
})

test('sequences: the same while it is free, else above all that is known', () => {
  const book = new BatchBook(FRESH)
  handedIn(book, 1, 0n)
  handedIn(book, 1, 0n)
  deepEqual([book.sequenceFor(0, 0), book.sequenceFor(1, 0), book.sequenceFor(0, 1)], [1, 2, 3])
  book.decided(4, [{ ...own({ ...FIRST }, 70), payload: new Uint8Array(32) }])
  deepEqual([book.sequenceFor(0, 0), book.sequenceFor(0, 80)], [71, 81])
})
const FIRST: SealedBatch = {
  first: 0,
  logSize: 1,
  batchRoot: leaf(0),
  logRoot: leaf(0),
  frontier: [leaf(0)],
  beaconOldest: 0,
}

test('the prefix that is final ends before the first entry that is not', () => {
  const book = new BatchBook(FRESH)
  const [a, b] = [handedIn(book, 2, 0n), handedIn(book, 3, 0n)]
  book.decided(3, [own(b, 2)])
  deepEqual(book.settled(3), [])
  deepEqual(
    book.settled(4).map(({ first, height }) => [first, height]),
    [[2, 3]],
  )
  book.final(b.first)
  deepEqual([book.finalPrefix, book.finalCount, book.waiting], [0, 3, 2])
  book.decided(5, [own(a, 1), own(b, 2)])
  book.final(a.first)
  deepEqual([book.finalPrefix, book.finalCount, book.waiting], [5, 5, 0])
})

/** What may happen, in any order: entries come, something is handed in, a block takes some of what was handed in, everything stops. */
const happening = fc.oneof(
  fc.record({ type: fc.constant('push' as const), count: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ type: fc.constant('hand' as const) }),
  fc.record({ type: fc.constant('block' as const), takes: fc.array(fc.nat(30), { maxLength: 3 }) }),
  fc.record({ type: fc.constant('restart' as const) }),
)

/** A book with what is kept of it on a disk. */
class Life {
  book = new BatchBook(FRESH)
  readonly kept = new Map<number, HandedBatch>()
  readonly said: OwnTransaction[] = []
  readonly finals = new Map<number, number>()
  #pushed = 0
  #height = 1
  #nowNs = 0n

  push(count: number): void {
    for (const one of leaves(this.#pushed, this.#pushed + count)) this.book.push(one, 0, this.#nowNs)
    this.#pushed += count
  }

  hand(timeEarliest = 0n): void {
    this.#nowNs += GATHER_BATCH_NS
    const batch = this.book.next(this.#nowNs, { sequence: 0, timeEarliest })
    if (batch === undefined) return
    const sequence = this.book.sequenceFor(batch.first, 0)
    this.kept.set(batch.first, { ...batch, sequence, transaction: new Uint8Array(0), heightHanded: this.#height })
    this.book.handed(batch.first, { sequence, actedLatest: BigInt(this.#height) })
    this.said.push(own(batch, sequence))
  }

  /** Some of all that was ever handed in, old or new. */
  block(takes: readonly number[]): void {
    this.#height += 1
    this.book.decided(
      this.#height,
      takes.flatMap((take) => this.said[take % Math.max(1, this.said.length)] ?? []),
    )
    for (const { first, logSize } of this.book.settled(this.#height)) {
      for (let at = first; at < logSize; at += 1) this.finals.set(at, (this.finals.get(at) ?? 0) + 1)
      this.book.final(first)
      this.kept.delete(first)
    }
  }

  restart(): void {
    const ends = this.said.map(({ payload }) => Number(new DataView(payload.buffer).getBigUint64(0)))
    const size = Math.max(0, ...ends)
    const frontier = { size, nodes: frontierOf(size) }
    const open = [...this.kept.values()].sort((a, b) => a.first - b.first)
    this.book = new BatchBook({ frontier, open })
    for (const one of leaves(size, this.#pushed)) this.book.push(one, 0, this.#nowNs)
  }

  /** Blocks take all that is handed in, for long enough. */
  settle(): void {
    for (let round = 0; round < 200 && this.book.waiting > 0; round += 1) {
      this.hand(BigInt(this.#height))
      this.block([this.said.length - 1])
    }
    this.block([])
  }

  get pushed(): number {
    return this.#pushed
  }
}

const frontierOf = (size: number): readonly Uint8Array[] => {
  const nodes: Uint8Array[] = []
  for (let from = 0, rest = size; rest > 0;) {
    const span = 2 ** Math.floor(Math.log2(rest))
    nodes.push(merkleSha256.rootOfHashes(leaves(from, from + span)))
    from += span
    rest -= span
  }
  return nodes
}

test('whatever happens, every entry is final once in the end, and its batch had the roots of its entries', () =>
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 25 }), (happenings) => {
      const life = new Life()
      for (const what of happenings)
        if (what.type === 'push') life.push(what.count)
        else if (what.type === 'hand') life.hand()
        else if (what.type === 'block') life.block(what.takes)
        else life.restart()
      life.settle()
      equal(life.book.waiting, 0)
      deepEqual(
        [...life.finals].sort(([a], [b]) => a - b),
        Array.from({ length: life.pushed }, (_, i) => [i, 1]),
      )
      const roots = new Set(life.said.map(({ payload }) => hexOf(payload)))
      const bounds = new Set(life.said.map(({ payload }) => hexOf(payload.subarray(0, 8))))
      equal(roots.size, bounds.size, 'one payload for each end of a batch')
    }),
    { numRuns: 60 },
  ))

test('paths of a batch are those of the tree', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), (size) => {
      const hashes = leaves(0, size)
      const tree = new BatchTree(hashes)
      deepEqual(tree.root, merkleSha256.rootOfHashes(hashes))
      for (let index = 0; index < size; index += 1)
        deepEqual(tree.path(index), merkleSha256.pathOfHashes(hashes, index))
    }),
    { numRuns: 20 },
  ))

test('and so they are by the outline of a large one, which reads 256 leaves for each', () => {
  for (const size of [1, 128, 129, 256, 257, 511, 1024, 1337]) {
    const hashes = leaves(0, size)
    const outline = new BatchTree(hashes).outline()
    for (const index of [0, 1, 127, 255, 256, 300, 1023, 1030, size - 1].filter((place) => place < size)) {
      let read = 0
      const path = outline.path(index, (first, count) => {
        read += count
        return hashes.slice(first, first + count)
      })
      deepEqual(path, merkleSha256.pathOfHashes(hashes, index))
      ok(read <= 256)
    }
  }
})
