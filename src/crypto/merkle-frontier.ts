/**
 * A Merkle tree that grows at its end and is never held whole: of `size` leaves only the roots of the full subtrees that
 * `size` is the sum of are kept, largest first, at most 32 digests. Root and paths are those of `merkle.ts`, with either hash.
 *
 * Source: RFC 9162 §2.1.1 (the tree), §2.1.2 (its incremental building with a stack). Rules: docs/spec/crypto.md C-9,
 * docs/spec/log.md L-9.
 * Not promised: a path can only be made for a leaf that is pushed while somebody watches for it.
 */
import assert from 'node:assert/strict'
import { DIGEST_BYTES } from './hash.ts'
import { MERKLE_LEAVES_MAX, merkleOurs } from './merkle.ts'
import type { MerkleHash } from './merkle.ts'

/** How many full subtrees a tree of `size` leaves is made of: the ones of its binary form. */
export const frontierLength = (size: number): number => {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}

export interface FrontierParts {
  readonly size: number
  readonly nodes: readonly Uint8Array[]
}

/** The tree so far. Not shared: who wants to go on from it in two ways makes a `copy`. */
export class MerkleFrontier {
  #size: number
  readonly #nodes: Uint8Array[]
  readonly #hash: MerkleHash

  /**
   * @param parts an earlier frontier's `size` (0 to 2^32) and `nodes`; a count of nodes that does not fit is an asserted bug.
   * @param hash whose trees; SHA3-256 unless given.
   */
  constructor(parts: FrontierParts = { size: 0, nodes: [] }, hash: MerkleHash = merkleOurs) {
    this.#hash = hash
    assert(Number.isSafeInteger(parts.size) && parts.size >= 0 && parts.size <= MERKLE_LEAVES_MAX)
    assert(parts.nodes.length === frontierLength(parts.size))
    assert(parts.nodes.every(({ length }) => length === DIGEST_BYTES))
    this.#size = parts.size
    this.#nodes = [...parts.nodes]
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size
  }

  /** Roots of the full subtrees, largest first, 32 bytes each. */
  get nodes(): readonly Uint8Array[] {
    return this.#nodes
  }

  copy(): MerkleFrontier {
    return new MerkleFrontier({ size: this.#size, nodes: this.#nodes }, this.#hash)
  }

  /** @param leaf the hash of the next leaf (`merkleLeaf`). One inner node is hashed a leaf, on average. */
  push(leaf: Uint8Array): void {
    let digest = leaf
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#nodes.pop()
      assert(left !== undefined)
      digest = this.#hash.node({ left, right: digest })
    }
    this.#nodes.push(digest)
    this.#size += 1
    assert(this.#size <= MERKLE_LEAVES_MAX)
  }

  /** The root over all leaves so far, as `merkleRoot` gives it. */
  root(): Uint8Array {
    return (
      this.#nodes.reduceRight<Uint8Array | undefined>(
        (right, left) => (right === undefined ? left : this.#hash.node({ left, right })),
        undefined,
      ) ?? this.#hash.empty()
    )
  }
}

interface WatchedNode {
  readonly digest: Uint8Array
  readonly holds: boolean
}

/** Gathers the path of one leaf while leaves are pushed, beginning with a frontier that does not hold it yet. */
export class MerklePathWatch {
  readonly #index: number
  #size: number
  readonly #nodes: WatchedNode[]
  readonly #path: Uint8Array[] = []
  readonly #hash: MerkleHash

  /** @param index of the leaf to watch for, `from.size` or greater. */
  constructor(from: MerkleFrontier, index: number, hash: MerkleHash = merkleOurs) {
    this.#hash = hash
    assert(Number.isSafeInteger(index) && index >= from.size)
    this.#index = index
    this.#size = from.size
    this.#nodes = from.nodes.map((digest) => ({ digest, holds: false }))
  }

  /** @param leaf the hash of the next leaf. */
  push(leaf: Uint8Array): void {
    let node: WatchedNode = { digest: leaf, holds: this.#size === this.#index }
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#nodes.pop()
      assert(left !== undefined)
      node = this.#joined(left, node, this.#path)
    }
    this.#nodes.push(node)
    this.#size += 1
  }

  /** Siblings from the bottom up in the tree of all leaves pushed so far; the watched leaf must be one of them. */
  path(): readonly Uint8Array[] {
    assert(this.#size > this.#index)
    const path = [...this.#path]
    this.#nodes.reduceRight<WatchedNode | undefined>(
      (right, left) => (right === undefined ? left : this.#joined(left, right, path)),
      undefined,
    )
    return path
  }

  /** Both under one node; beside the one that holds the leaf, the other is its sibling. */
  #joined(left: WatchedNode, right: WatchedNode, path: Uint8Array[]): WatchedNode {
    if (left.holds) path.push(right.digest)
    if (right.holds) path.push(left.digest)
    return {
      digest: this.#hash.node({ left: left.digest, right: right.digest }),
      holds: left.holds || right.holds,
    }
  }
}
