/**
 * A disk that knows what is durable: the write-ahead log in the product's own bytes, the block store, and the signer's head. A
 * write is seen at once, and durable once it was synced; a disk that lies about that syncs when it likes. What a crash leaves is
 * what was durable, and perhaps the beginning of the write it cut short. Rule: docs/spec/simulation.md Z-9.
 *
 * Bytes are made when somebody looks at them: nearly all of a log is never read again.
 */
import { joinBytes } from '../base/index.ts'
import { MemoryBlocks, WAL_START, encodeCommit, encodeWalBatch, readWal, undecided } from '../consensus/index.ts'
import type { Commit, StoredBlock, WalLink, WalReading, WalRecord } from '../consensus/index.ts'
import { FRESH_HEAD } from '../crypto/index.ts'
import type { SignerHead } from '../crypto/index.ts'
import { flipped } from './packet.ts'

/** Blocks a disk keeps before it lets older ones go, and how many it keeps then. */
const BLOCKS_MAX = 8192
const BLOCKS_KEPT = 4096
/** The log is begun anew when a height is decided and it has grown to so many batches. */
const BATCHES_MAX = 64

/** A log: bytes as they were found, and batches that came since. Immutable. */
interface Log {
  readonly bytes: Uint8Array
  /** Where the first batch goes on. */
  readonly link: WalLink
  readonly batches: readonly (readonly WalRecord[])[]
}

/** Everything on a disk at one instant. Immutable. */
export interface DiskImage {
  readonly log: Log
  /** Height of the newest block; 0 for none. */
  readonly last: number
  readonly head: SignerHead
}

const NEW_LOG: Log = { bytes: new Uint8Array(), link: WAL_START, batches: [] }
const EMPTY: DiskImage = { log: NEW_LOG, last: 0, head: FRESH_HEAD }

/** All bytes of a log, and of some records more as they would follow. */
const bytesOf = ({ bytes, link, batches }: Log, more: readonly WalRecord[] = []): readonly Uint8Array[] => {
  const parts = [bytes]
  let at = link
  for (const batch of more.length === 0 ? batches : [...batches, more]) {
    const encoded = encodeWalBatch(batch, at)
    parts.push(encoded.bytes)
    at = encoded.link
  }
  return parts
}

/** A log that holds what of another still says something, as io/file-wal.ts begins one. */
const begunAnew = ({ bytes, batches }: Log): Log => ({
  ...NEW_LOG,
  batches: [undecided([...readWal(bytes).records, ...batches.flat()])],
})

/** A decided block with its commit, which is encoded when it is asked for. */
class LazyStored implements StoredBlock {
  readonly height: number
  readonly block: Uint8Array
  readonly #commit: Commit
  #encoded: Uint8Array | undefined

  constructor(height: number, block: Uint8Array, commit: Commit) {
    this.height = height
    this.block = block
    this.#commit = commit
  }

  get commit(): Uint8Array {
    this.#encoded ??= encodeCommit(this.#commit)
    return this.#encoded
  }
}

export class SimulatedDisk {
  #seen: DiskImage = EMPTY
  #durable: DiskImage = EMPTY
  #blocks = new MemoryBlocks()
  /** Says "durable" and is not, until it happens to be. */
  isLying = false
  isFull = false

  get blocks(): MemoryBlocks {
    return this.#blocks
  }

  get head(): SignerHead {
    return this.#seen.head
  }

  /** Height of the newest block; 0 for none. */
  get last(): number {
    return this.#seen.last
  }

  /** As it is seen now: to be put back one day. */
  image(): DiskImage {
    return this.#seen
  }

  /** False, and nothing is written, where the disk is full. */
  appendRecords(records: readonly WalRecord[]): boolean {
    if (this.isFull) return false
    const { log } = this.#seen
    const batches = [...log.batches, records]
    const isOver = batches.length > BATCHES_MAX && records.some(({ type }) => type === 'decided')
    this.#keep({ log: isOver ? begunAnew({ ...log, batches }) : { ...log, batches } })
    return true
  }

  appendBlock(height: number, block: Uint8Array, commit: Commit): boolean {
    if (this.isFull) return false
    const { range } = this.#blocks
    if (range !== undefined && range.last - range.first >= BLOCKS_MAX) this.#rebuild(range.last, BLOCKS_KEPT)
    this.#blocks.append([new LazyStored(height, block, commit)])
    this.#keep({ last: height })
    return true
  }

  keepHead(head: SignerHead): void {
    this.#keep({ head })
  }

  /** Makes durable what is seen. */
  sync(): void {
    this.#durable = this.#seen
  }

  /**
   * The machine went down. Of `cut`, records that were being written, the first `share` (0 to 1) of the bytes may be there.
   */
  crash(cut?: { readonly records: readonly WalRecord[]; readonly share: number }): void {
    const { log } = this.#durable
    if (cut === undefined || cut.records.length === 0) return this.putBack(this.#durable)
    const parts = bytesOf(log, cut.records)
    const torn = parts.at(-1) ?? new Uint8Array()
    const kept = torn.subarray(0, Math.floor(torn.length * cut.share))
    this.putBack({ ...this.#durable, log: { ...NEW_LOG, bytes: joinBytes(...parts.slice(0, -1), kept) } })
  }

  /** Everything as it was at another instant. */
  putBack(image: DiskImage): void {
    this.#seen = image
    this.#durable = image
    if ((this.#blocks.range?.last ?? 0) !== image.last) this.#rebuild(image.last, BLOCKS_MAX)
  }

  /**
   * One bit of the log is wrong from now on; false, and nothing is, where there is too little of it. The newest batch is spared: there
   * damage and a torn write look alike (docs/spec/consensus.md, the write-ahead log).
   */
  flipBit(bit: number): boolean {
    const parts = bytesOf(this.#seen.log)
    const older = joinBytes(...parts.slice(0, -1))
    if (older.length === 0) return false
    const bytes = joinBytes(flipped(older, bit), parts.at(-1) ?? new Uint8Array())
    this.putBack({ ...this.#seen, log: { ...NEW_LOG, bytes } })
    return true
  }

  /** Reads the log as a starting node does: a whole one goes on; after a torn write what is good of it begins a new one, as in io/file-wal.ts. */
  openRecords(): WalReading {
    const bytes = joinBytes(...bytesOf(this.#seen.log))
    const reading = readWal(bytes)
    const { link, records, tail } = reading
    const log: Log =
      tail === 'clean' ? { bytes, link, batches: [] } : { ...NEW_LOG, batches: records.length === 0 ? [] : [records] }
    this.putBack({ ...this.#seen, log })
    return reading
  }

  /** A new, empty log: what an operator begins whose log is damaged. */
  forgetRecords(): void {
    this.putBack({ ...this.#seen, log: NEW_LOG })
  }

  /** A new, empty store. */
  forgetBlocks(): void {
    this.#blocks = new MemoryBlocks()
    this.#seen = { ...this.#seen, last: 0 }
    this.#durable = this.#seen
  }

  #keep(changed: Partial<DiskImage>): void {
    this.#seen = { ...this.#seen, ...changed }
    if (!this.isLying) this.#durable = this.#seen
  }

  /** The store with the newest `kept` blocks up to `last`, and the snapshots at or below it. */
  #rebuild(last: number, kept: number): void {
    const before = this.#blocks
    const { range } = before
    const after = new MemoryBlocks()
    if (range !== undefined && last >= range.first) {
      const from = Math.max(range.first, last - kept + 1)
      after.append(before.blocks(from, { countMax: last - from + 1, bytesMax: Number.MAX_SAFE_INTEGER }))
      const snapshot = before.snapshot(last)
      if (snapshot !== undefined) after.keepSnapshot(snapshot)
    }
    this.#blocks = after
  }
}
