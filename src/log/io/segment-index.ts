/**
 * Where to look in a segment: for every 256 entries one block that says between which bytes they lie, which levels, types and times
 * occur, how each one's name begins, and the tree before them. A query passes over blocks that hold nothing for it, and a proof begins at
 * the block of its entry.
 *
 * The index is not trusted with anything: what it leads to is read and judged from the segment. One that is missing, cut off or
 * altered is set aside, and made anew when the log is next opened for writing. Rules: docs/spec/log.md L-8.
 */
import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { max, min } from '../../base/index.ts'
import { DIGEST_BYTES, MERKLE_PATH_MAX, frontierLength } from '../../crypto/index.ts'
import { codeOf } from '../../crypto/io/disk.ts'
import type { Tree } from '../chain.ts'
import { LOG_TYPES, rankOf } from '../entry.ts'
import type { EntryTraits, LogFilter } from '../entry.ts'
import { unreadable, unwritable } from './disk-failures.ts'

export const BLOCK_ENTRIES = 256
const NAMES_AT = 32
const TREE_AT = NAMES_AT + 4 * BLOCK_ENTRIES
const CRC_AT = TREE_AT + MERKLE_PATH_MAX * DIGEST_BYTES
/**
 * first, offset, end (4 each), levels, types, timed, 0 (1 each), earliest, latest (8 each), 256 beginnings (4 each), tree (32 digests, those
 * that it does not have are zeros), CRC-32 (4).
 */
export const BLOCK_BYTES = CRC_AT + 4

export interface IndexBlock {
  /** Sequence of its first entry. */
  readonly first: number
  /** Bytes of the segment: [offset, end). */
  readonly offset: number
  readonly end: number
  /** A bit for each level and type that occurs. */
  readonly levels: number
  readonly types: number
  /** Around all times; undefined where no entry has one. */
  readonly time: { readonly earliest: bigint; readonly latest: bigint } | undefined
  /** The first four bytes of each digest, one after another. */
  readonly names: Buffer
  /** Of all entries before its first. */
  readonly tree: Tree
}

/** The first four bytes of a digest as a number. */
const nameOf = ([a = 0, b = 0, c = 0, d = 0]: Uint8Array): number => a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d

/** Gathers entries until a block is full. */
export class BlockBuilder {
  #count = 0
  #first = 0
  #offset = 0
  #levels = 0
  #types = 0
  #time: { earliest: bigint; latest: bigint } | undefined
  #names = Buffer.alloc(4 * BLOCK_ENTRIES)
  #tree: Tree = []

  /** Does the next entry begin a block? */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** The bytes of the block that this entry has filled, or nothing. `tree`: before the entry that begins a block; of others it is not kept. */
  add(entry: {
    readonly traits: EntryTraits
    readonly digest: Uint8Array
    readonly offset: number
    readonly next: number
    readonly tree: Tree | undefined
  }): Buffer | undefined {
    const { traits, digest, offset, next, tree } = entry
    if (this.#count === 0) {
      assert(tree !== undefined)
      this.#begin(traits.sequence, offset, tree)
    }
    this.#names.writeUInt32BE(nameOf(digest), 4 * this.#count)
    this.#count += 1
    this.#levels |= 1 << rankOf(traits.level)
    this.#types |= 1 << LOG_TYPES.indexOf(traits.type)
    const { time } = traits
    if (time !== null) {
      const { earliest, latest } = this.#time ?? time
      this.#time = { earliest: min(earliest, time.earliest), latest: max(latest, time.latest) }
    }
    if (this.#count < BLOCK_ENTRIES) return undefined
    this.#count = 0
    return this.#encode(next)
  }

  /** A copy that goes on by itself. */
  copy(): BlockBuilder {
    const copy = new BlockBuilder()
    copy.#count = this.#count
    copy.#first = this.#first
    copy.#offset = this.#offset
    copy.#levels = this.#levels
    copy.#types = this.#types
    copy.#time = this.#time
    copy.#names = Buffer.from(this.#names)
    copy.#tree = this.#tree
    return copy
  }

  #begin(first: number, offset: number, tree: Tree): void {
    this.#tree = tree
    this.#first = first
    this.#offset = offset
    this.#levels = 0
    this.#types = 0
    this.#time = undefined
  }

  #encode(end: number): Buffer {
    const block = Buffer.alloc(BLOCK_BYTES)
    block.writeUInt32BE(this.#first, 0)
    block.writeUInt32BE(this.#offset, 4)
    block.writeUInt32BE(end, 8)
    block[12] = this.#levels
    block[13] = this.#types
    block[14] = this.#time === undefined ? 0 : 1
    block.writeBigInt64BE(this.#time?.earliest ?? 0n, 16)
    block.writeBigInt64BE(this.#time?.latest ?? 0n, 24)
    this.#names.copy(block, NAMES_AT)
    for (const [at, node] of this.#tree.entries()) block.set(node, TREE_AT + at * DIGEST_BYTES)
    block.writeUInt32BE(crc32(block.subarray(0, CRC_AT)), CRC_AT)
    return block
  }
}

const decodeBlock = (block: Buffer): IndexBlock | undefined => {
  if (crc32(block.subarray(0, CRC_AT)) !== block.readUInt32BE(CRC_AT)) return undefined
  const first = block.readUInt32BE(0)
  return {
    first,
    offset: block.readUInt32BE(4),
    end: block.readUInt32BE(8),
    levels: block[12] ?? 0,
    types: block[13] ?? 0,
    time: block[14] === 1 ? { earliest: block.readBigInt64BE(16), latest: block.readBigInt64BE(24) } : undefined,
    names: block.subarray(NAMES_AT, TREE_AT),
    tree: Array.from({ length: frontierLength(first) }, (_, at) => {
      const from = TREE_AT + at * DIGEST_BYTES
      return block.subarray(from, from + DIGEST_BYTES)
    }),
  }
}

/** The blocks of a segment that begins with entry `first`, up to the first that is not right; none where there is no index. */
export const readIndex = async (path: string, first: number): Promise<readonly IndexBlock[]> => {
  const file = await readFile(path).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return Buffer.alloc(0)
    throw unreadable(path, cause)
  })
  const blocks: IndexBlock[] = []
  for (let at = 0; at + BLOCK_BYTES <= file.length; at += BLOCK_BYTES) {
    const block = decodeBlock(file.subarray(at, at + BLOCK_BYTES))
    const before = blocks.at(-1)
    if (block === undefined || block.first !== first + blocks.length * BLOCK_ENTRIES) break
    if (block.end <= block.offset || block.offset < (before?.end ?? 0)) break
    blocks.push(block)
  }
  return blocks
}

/** Puts a whole index in the place of another. It can be made again, so it is not synced. */
export const writeIndex = async (path: string, blocks: readonly Buffer[]): Promise<void> => {
  try {
    await writeFile(`${path}.new`, Buffer.concat(blocks), { mode: 0o600 })
    await rename(`${path}.new`, path)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

/** May a block hold what a filter asks for? */
export const mayMatch = (filter: LogFilter, block: IndexBlock): boolean => {
  const { from = 0, to = Number.POSITIVE_INFINITY, level, types, since, until } = filter
  if (block.first + BLOCK_ENTRIES <= from || block.first >= to) return false
  if (level !== undefined && block.levels >> rankOf(level) === 0) return false
  if (types !== undefined && !types.some((type) => (block.types >> LOG_TYPES.indexOf(type)) % 2 === 1)) return false
  if (since !== undefined && (block.time === undefined || block.time.latest < since)) return false
  return until === undefined || (block.time !== undefined && block.time.earliest <= until)
}

/** May a block hold the entry of this digest? */
export const mayName = (digest: Uint8Array, { names }: IndexBlock): boolean => {
  const name = nameOf(digest)
  for (let at = 0; at < names.length; at += 4) if (names.readUInt32BE(at) === name) return true
  return false
}

/** Bytes of a segment in which to look, [from, to); `to` undefined: to its end. Neighbours are joined. */
export interface ByteRange {
  readonly from: number
  readonly to: number | undefined
}

/** Where in a segment to look: the blocks that may hold it, and what no block covers yet. */
export const rangesOf = (blocks: readonly IndexBlock[], may: (block: IndexBlock) => boolean): readonly ByteRange[] => {
  const ranges: { from: number; to: number | undefined }[] = []
  for (const block of blocks) {
    if (!may(block)) continue
    const last = ranges.at(-1)
    if (last?.to === block.offset) last.to = block.end
    else ranges.push({ from: block.offset, to: block.end })
  }
  return [...ranges, { from: blocks.at(-1)?.end ?? 0, to: undefined }]
}
