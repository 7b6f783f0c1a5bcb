/**
 * How batches get into blocks: hands them to the network, watches blocks for them, hands them in again where they were lost, and keeps what makes
 * them final. The book (stamps/stamping-batches.ts) says which and when. Rules T-44 to T-51 in docs/spec/stamps.md.
 */
import { BoundedMap, ChimerError, NS_PER_SEC, equalBytes } from '../base/index.ts'
import type { Cancel, Time, TimeInterval } from '../base/index.ts'
import {
  TRANSACTION_DOMAIN,
  encodeCommit,
  encodeHeader,
  memberOf,
  sealTransaction,
  transactionPart,
} from '../consensus/index.ts'
import type { Block, BlockId, Commit, Header, SealedTransaction, TransactionBody } from '../consensus/index.ts'
import { merklePath, nodeIdText } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { BEACON_AGE_HEIGHTS_MAX, STAMP_HEADERS_MAX, encodeBatch } from '../stamps/index.ts'
import type {
  BatchBook,
  FinalBatch,
  KeptHeader,
  OwnTransaction,
  SealedBatch,
  SequenceView,
  StampChange,
  StampStore,
} from '../stamps/index.ts'
import type { StampChain } from './stamping.ts'

/** A batch that was refused is tried again with the next block, or after this, ns. */
const TRY_AGAIN_NS = NS_PER_SEC
/** Sequences that are tried where others of this node's transactions wait with the same. */
const SEQUENCE_TRIES_MAX = 8
/** Headers that are held at hand; older ones come from the store. */
const HEADERS_HELD_MAX = 64
/** Blocks whose ids are known as beacons: fresh or stale. */
const BEACONS_KNOWN_MAX = 1024

export interface HandingOptions {
  readonly time: Time
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  readonly store: StampStore
  readonly chain: StampChain
  readonly book: BatchBook
  readonly read: () => TimeInterval | undefined
  readonly onChange: (change: StampChange) => void
  readonly onTrouble: (error: ChimerError) => void
}

type Decided = { readonly block: Block; readonly commit: Commit }

export class Handing {
  readonly #options: HandingOptions
  readonly #id: string
  readonly #headers = new BoundedMap<number, Header>(HEADERS_HELD_MAX)
  readonly #heights = new BoundedMap<BlockId, number>(BEACONS_KNOWN_MAX)
  #newest: { readonly height: number; readonly block: BlockId } | undefined
  #scanned = 0
  #working: Promise<void> | undefined
  #isWorking = false
  #timer: Cancel = () => {}
  #isHeld = false
  #isClosed = false
  #resubmitted = 0

  constructor(options: HandingOptions) {
    this.#options = options
    this.#id = nodeIdText(options.signer.nodeId)
  }

  /** Batches that were handed in more than once, since the start. */
  get resubmitted(): number {
    return this.#resubmitted
  }

  /**
   * The newest block that can be named as a beacon; undefined before the first. The chain's state may be a block ahead, as long as that is being
   * written: who named it would be told that it is unknown.
   */
  get newest(): { readonly height: number; readonly block: BlockId } | undefined {
    return this.#newest
  }

  heightOf(block: BlockId): number | undefined {
    return this.#heights.get(block)
  }

  /** Looks through the blocks since the batches that are open were handed in, and hands in what is to be. */
  start(heightFrom: number): void {
    const { chain } = this.#options
    const { height } = chain.state
    // The newest blocks may be named as beacons.
    this.#scanned = Math.max(0, Math.min(heightFrom, height - BEACON_AGE_HEIGHTS_MAX - 1))
    this.#attempt(() => this.#scanTo(height))
    this.look()
  }

  follow(decided: Decided): void {
    const { height } = decided.block.header
    this.#isHeld = false
    this.#attempt(() => {
      this.#scanTo(height - 1)
      this.#note(decided.block)
      this.#settle(decided)
    })
    this.look()
  }

  /** Does what the book says is due. */
  look(): void {
    if (!this.#isHeld && !this.#isClosed && !this.#isWorking) this.#working = this.#work()
  }

  /** Hands in nothing more, and waits for what is being handed in. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer()
    await this.#working
  }

  async #work(): Promise<void> {
    const { book, time } = this.#options
    this.#isWorking = true
    while (!this.#isClosed && !this.#isHeld && this.#isAbreast()) {
      const batch = book.next(time.elapsedNs(), this.#view())
      if (batch === undefined) break
      if (!(await this.#handIn(batch))) this.#isHeld = true
    }
    this.#isWorking = false
    this.#sleep()
  }

  #sleep(): void {
    const { book, time } = this.#options
    this.#timer()
    const delayNs = this.#isHeld ? TRY_AGAIN_NS : book.dueInNs(time.elapsedNs())
    // Who is not abreast is woken by the next block.
    if (delayNs === undefined || this.#isClosed || !this.#isAbreast()) return
    this.#timer = time.schedule(delayNs, () => {
      this.#isHeld = false
      this.look()
    })
  }

  /**
   * Was all that was decided looked through? The state is ahead of the blocks for as long as what decided them is being written: a sequence that
   * was used may then be a batch's own, in a block that is about to be told of.
   */
  #isAbreast(): boolean {
    return this.#scanned >= this.#options.chain.state.height
  }

  #view(): SequenceView {
    const { state } = this.#options.chain
    return { sequence: memberOf(state, this.#id)?.sequence ?? 0, timeEarliest: state.time.earliest }
  }

  /** False where it was not taken, and is to be tried again later. */
  async #handIn(batch: SealedBatch): Promise<boolean> {
    const { book, chain } = this.#options
    let above = this.#view().sequence
    for (let tries = 0; tries < SEQUENCE_TRIES_MAX; tries += 1) {
      const sequence = book.sequenceFor(batch.first, above)
      const sealed = await this.#sign(batch, sequence)
      // It may have come into a block while it was signed anew, also into one that is still to be told of.
      if (sealed === undefined || !book.isOpen(batch.first) || !this.#isAbreast()) return sealed !== undefined
      const wasHanded = book.wasHanded(batch.first)
      if (!this.#keep(batch, sealed)) return false
      const admitted = chain.submit(sealed.bytes)
      if (admitted.verdict === 'accept' || admitted.reason === 'transaction-known') {
        this.#taken(batch, wasHanded)
        return true
      }
      if (admitted.reason !== 'sequence-waiting') break
      above = sequence
    }
    book.refused(batch.first)
    return false
  }

  #taken({ first, logSize }: SealedBatch, wasHanded: boolean): void {
    if (wasHanded) this.#resubmitted += 1
    if (this.#options.book.proposed(first))
      this.#options.onChange({ state: 'proposed', first, logSize, height: undefined })
  }

  /** Undefined where the clock or the signer is not ready, or this node is no member. */
  async #sign(batch: SealedBatch, sequence: number): Promise<SealedTransaction | undefined> {
    const { chain, signer, read, onTrouble } = this.#options
    const acted = read()
    if (acted === undefined || chain.isHalted || memberOf(chain.state, this.#id) === undefined) return undefined
    const { networkId } = chain.state.genesis
    const body: TransactionBody = {
      networkId,
      author: signer.nodeId,
      sequence,
      acted: { earliest: acted.earliest, latest: acted.latest },
      kind: 'stamp',
      payload: encodeBatch(batch),
    }
    try {
      const signature = await signer.sign(TRANSACTION_DOMAIN, transactionPart(body).body)
      return sealTransaction({ ...body, signature })
    } catch (cause) {
      if (!(cause instanceof ChimerError)) throw cause
      onTrouble(cause)
      return undefined
    }
  }

  /** Before it is spoken of, it is durable. */
  #keep(batch: SealedBatch, { transaction, bytes }: SealedTransaction): boolean {
    const { book, store } = this.#options
    const { sequence, acted } = transaction
    const heightHanded = this.#scanned
    return this.#attempt(() => {
      store.keepBatch({ ...batch, sequence, transaction: bytes, heightHanded })
      book.handed(batch.first, { sequence, actedLatest: acted.latest })
    })
  }

  #scanTo(height: number): void {
    while (this.#scanned < height) {
      const decided = this.#options.chain.block(this.#scanned + 1)
      if (decided === undefined) {
        this.#skip(height)
        continue
      }
      this.#note(decided.block)
      this.#settle(decided)
    }
  }

  /** The blocks that this node never got or has no more. */
  #skip(height: number): void {
    const first = this.#options.chain.archive.range?.first ?? height + 1
    this.#scanned = Math.min(height, Math.max(this.#scanned + 1, first - 1))
  }

  #note({ id, header, body }: Block): void {
    const { signer, book } = this.#options
    const { height } = header
    if (height <= this.#scanned) return
    this.#scanned = height
    this.#headers.set(height, header)
    this.#heights.set(id, height)
    this.#newest = { height, block: id }
    const { transactions } = body
    const own = transactions.flatMap(({ transaction, bytes }, index): readonly OwnTransaction[] => {
      if (!equalBytes(transaction.author, signer.nodeId)) return []
      const leaves = transactions.map((one) => one.bytes)
      const place = { index, size: leaves.length, path: merklePath(leaves, index) }
      return [{ sequence: transaction.sequence, payload: transaction.payload, bytes, place }]
    })
    book.decided(height, own)
  }

  /** Makes final what stands in blocks below the decided one: almost always in the one just before. */
  #settle({ block, commit }: Decided): void {
    const { book } = this.#options
    const finals = book.settled(block.header.height)
    for (const height of new Set(finals.map((batch) => batch.height))) {
      const batches = finals.filter((batch) => batch.height === height)
      const isNext = block.header.height === height + 1
      const settling = isNext ? { block, commit } : this.#options.chain.block(height + 1)
      if (settling === undefined || !this.#finish(batches, settling))
        for (const { first } of batches) book.displaced(first)
    }
  }

  /** False where what proves them cannot be had. */
  #finish(batches: readonly FinalBatch[], { block, commit }: Decided): boolean {
    const { store, book, chain, onChange } = this.#options
    const { height } = block.header
    const kept = chain.archive.validators(height)
    const headers = this.#headersFor(batches, block.header)
    if (kept === undefined || headers === undefined) return false
    store.keepFinal({
      batches,
      headers,
      votes: { height, commit: encodeCommit(commit), validators: kept.validators },
    })
    for (const { first, logSize } of batches) {
      book.final(first)
      onChange({ state: 'final', first, logSize, height: height - 1 })
    }
    return true
  }

  /** From the one after the oldest beacon, as far back as a proof reaches, to the one that settles. At least that and its parent. */
  #headersFor(batches: readonly FinalBatch[], last: Header): readonly KeptHeader[] | undefined {
    const height = last.height - 1
    const beacons = batches.map(({ beaconOldest }) => beaconOldest).filter((beacon) => beacon > 0)
    const from = Math.max(
      1,
      last.height + 1 - STAMP_HEADERS_MAX,
      Math.min(height, ...beacons.map((beacon) => beacon + 1)),
    )
    const headers: KeptHeader[] = [{ height: last.height, header: encodeHeader(last) }]
    for (let at = height; at >= from; at -= 1) {
      const header = this.#headers.get(at) ?? this.#options.chain.block(at)?.block.header
      if (header === undefined) break
      headers.push({ height: at, header: encodeHeader(header) })
    }
    return headers.length < 2 ? undefined : headers.reverse()
  }

  /** What the disk will not is told, and tried again with the next block. */
  #attempt(work: () => void): boolean {
    try {
      work()
      return true
    } catch (cause) {
      if (!(cause instanceof ChimerError)) throw cause
      this.#options.onTrouble(cause)
      return false
    }
  }
}
