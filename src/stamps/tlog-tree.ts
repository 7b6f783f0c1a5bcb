/**
 * A node's log of stamps as others' tools read it: tiles of 256 digests, bundles of entries, and what is worked out of them (roots, paths,
 * consistency proofs). Roots of full tiles are made once, a few at a time, and kept, so that nothing goes over the whole log.
 *
 * Source: C2SP tlog-tiles; RFC 6962's tree. Rules T-67, T-68 in docs/spec/stamps.md.
 */
import assert from 'node:assert/strict'
import { BoundedMap, equalBytes, joinBytes } from '../base/index.ts'
import { DIGEST_BYTES, consistencyProof, merkleSha256, sparsePath, sparseRoot } from '../crypto/index.ts'
import type { SparseTree, TreeSizes } from '../crypto/index.ts'
import type { StampLogReader } from './port.ts'
import { TILE_WIDTH, tileWidth } from './tlog-paths.ts'
import type { TilePlace } from './tlog-paths.ts'
import type { LogHead } from './tlog-checkpoint.ts'
import type { TileRoots } from './tlog-port.ts'

/** Tiles whose roots are made in one step: 16,384 leaves, some 30 ms. */
export const TILES_PER_STEP = 64
/** Full tiles and bundles that are held ready: 2 MiB, and at most 2.7 MB. */
const TILES_CACHED_MAX = 256
const BUNDLES_CACHED_MAX = 64
/** Levels of subtrees between two levels of tiles. */
const TILE_HEIGHT = 8

export class TlogTree {
  readonly #reader: StampLogReader
  readonly #roots: TileRoots
  readonly #tiles = new BoundedMap<string, Uint8Array>(TILES_CACHED_MAX)
  readonly #bundles = new BoundedMap<number, Uint8Array>(BUNDLES_CACHED_MAX)
  readonly #sparse: SparseTree = { hash: merkleSha256, subtree: (level, index) => this.#subtree(level, index) }

  constructor(reader: StampLogReader, roots: TileRoots) {
    this.#reader = reader
    this.#roots = roots
  }

  /** Makes some of the roots that a log of `size` entries takes. True once all are there, so that the rest may be asked. */
  grow(size: number): boolean {
    for (let level = 1, nodes = Math.floor(size / TILE_WIDTH); nodes > 0; level += 1) {
      const kept = this.#roots.count(level)
      const count = Math.min(nodes - kept, TILES_PER_STEP)
      if (count > 0) {
        const made = Array.from({ length: count }, (_, i) =>
          merkleSha256.rootOfHashes(this.#nodes(level - 1, (kept + i) * TILE_WIDTH, TILE_WIDTH)),
        )
        this.#roots.keepRoots(level, made)
        return false
      }
      nodes = Math.floor(nodes / TILE_WIDTH)
    }
    return true
  }

  /** Is this the head of the entries as they are? Grown up to its size. */
  holds({ size, root }: LogHead): boolean {
    return equalBytes(sparseRoot(this.#sparse, size), root)
  }

  /** Of the first `newSize` entries, which have grown. */
  consistency(sizes: TreeSizes): readonly Uint8Array[] {
    return consistencyProof(this.#sparse, sizes)
  }

  /** Siblings of an entry's leaf from the bottom up. */
  path(place: { readonly index: number; readonly size: number }): readonly Uint8Array[] {
    return sparsePath(this.#sparse, place)
  }

  /**
   * The bytes at a place, in a log of `size` entries: digests one after another, or entries each behind its length (2 bytes, most
   * significant first). Undefined where the log does not reach so far.
   */
  tile(place: TilePlace, size: number): Uint8Array | undefined {
    if (place.width > tileWidth(size, place)) return undefined
    return place.level === 'entries' ? this.#bundle(place) : this.#digests(place.level, place)
  }

  #digests(level: number, { index, width }: TilePlace): Uint8Array {
    const name = `${level}/${index}`
    const cached = this.#tiles.get(name)
    if (cached !== undefined) return cached.subarray(0, width * DIGEST_BYTES)
    const tile = joinBytes(...this.#nodes(level, index * TILE_WIDTH, width))
    if (width === TILE_WIDTH) this.#tiles.set(name, tile)
    return tile
  }

  #bundle({ index, width }: TilePlace): Uint8Array {
    const cached = width === TILE_WIDTH ? this.#bundles.get(index) : undefined
    if (cached !== undefined) return cached
    const entries = this.#reader.entries(index * TILE_WIDTH, width)
    assert.equal(entries.length, width)
    const bundle = joinBytes(
      ...entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]),
    )
    if (width === TILE_WIDTH) this.#bundles.set(index, bundle)
    return bundle
  }

  /** Digests of a level of tiles: leaves, or roots of full tiles below. */
  #nodes(level: number, first: number, count: number): readonly Uint8Array[] {
    const nodes = level === 0 ? this.#reader.leaves(first, count) : this.#roots.roots(level, first, count)
    assert.equal(nodes.length, count)
    return nodes
  }

  #subtree(level: number, index: number): Uint8Array {
    const width = 2 ** (level % TILE_HEIGHT)
    return merkleSha256.rootOfHashes(this.#nodes(Math.floor(level / TILE_HEIGHT), index * width, width))
  }
}
