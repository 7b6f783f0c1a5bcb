/**
 * Merkle trees over byte strings: one 32-byte root for many things, and a short path that shows one of them is in it. Leaves
 * and inner nodes are hashed under different prefixes, so an inner node cannot be passed off as a leaf.
 *
 * Source: RFC 9162 §2.1 (the tree of RFC 6962), with SHA3-256 for what is ours and with SHA-256 where others' tools read the tree. Built
 * level by level, an odd last node moving up as it is, which gives the same tree as the RFC's recursion. Rules: docs/spec/crypto.md C-9.
 * Not promised: a path does not show that a leaf occurs once, nor the tree's size, unless the size is signed with the root.
 */
import assert from 'node:assert/strict'
import { equalBytes } from '../base/index.ts'
import { DIGEST_BYTES, sha256, sha3 } from './hash.ts'

/** Most leaves of a tree, and so the longest path, in digests. */
export const MERKLE_LEAVES_MAX = 2 ** 32
export const MERKLE_PATH_MAX = 32

const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

/** A hash of 32 bytes that a tree is made with. */
export type TreeHash = (bytes: Uint8Array) => Uint8Array

export interface MerkleClaim {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** The trees of one hash. */
export class MerkleHash {
  readonly #hash: TreeHash
  /** Written to again and again: millions of nodes are hashed, one after another. */
  readonly #leafPreimage = new Uint8Array(1 + DIGEST_BYTES)
  readonly #nodePreimage = new Uint8Array(1 + 2 * DIGEST_BYTES)

  constructor(hash: TreeHash) {
    this.#hash = hash
    this.#nodePreimage[0] = NODE_PREFIX
  }

  /** Hash of nothing: the root of no leaves. */
  readonly empty = (): Uint8Array => this.#hash(new Uint8Array(0))

  /** hash(0x00 ‖ leaf), 32 bytes. */
  readonly leaf = (leaf: Uint8Array): Uint8Array => {
    const preimage = leaf.length === DIGEST_BYTES ? this.#leafPreimage : new Uint8Array(1 + leaf.length)
    preimage[0] = LEAF_PREFIX
    preimage.set(leaf, 1)
    return this.#hash(preimage)
  }

  /** hash(0x01 ‖ left ‖ right), 32 bytes, of two 32-byte digests. */
  readonly node = (pair: { readonly left: Uint8Array; readonly right: Uint8Array }): Uint8Array => {
    assert(pair.left.length === DIGEST_BYTES && pair.right.length === DIGEST_BYTES)
    this.#nodePreimage.set(pair.left, 1)
    this.#nodePreimage.set(pair.right, 1 + DIGEST_BYTES)
    return this.#hash(this.#nodePreimage)
  }

  /** The level above: neighbours joined, an odd last one as it is. */
  #above(level: readonly Uint8Array[]): Uint8Array[] {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]]
      assert(left !== undefined)
      above.push(right === undefined ? left : this.node({ left, right }))
    }
    return above
  }

  /** Root of the tree over `leaves` in their order, 32 bytes; of no leaves, the hash of nothing. Any leaf length. */
  readonly root = (leaves: readonly Uint8Array[]): Uint8Array => this.rootOfHashes(leaves.map(this.leaf))

  /** As `root`, of leaves that were hashed already. */
  readonly rootOfHashes = (hashes: readonly Uint8Array[]): Uint8Array => {
    let level = hashes
    while (level.length > 1) level = this.#above(level)
    return level[0] ?? this.empty()
  }

  /** What shows that `leaves[index]` is in the tree: siblings from the bottom up, at most `MERKLE_PATH_MAX`. */
  readonly path = (leaves: readonly Uint8Array[], index: number): Uint8Array[] =>
    this.pathOfHashes(leaves.map(this.leaf), index)

  /** As `path`, of leaves that were hashed already. */
  readonly pathOfHashes = (hashes: readonly Uint8Array[], index: number): Uint8Array[] => {
    assert(Number.isSafeInteger(index) && index >= 0 && index < hashes.length)
    const path: Uint8Array[] = []
    let level = hashes
    let at = index
    while (level.length > 1) {
      const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
      if (sibling !== undefined) path.push(sibling)
      level = this.#above(level)
      at = Math.floor(at / 2)
    }
    return path
  }

  /** Root and all paths of a tree at once: `root` and `path` of every leaf, each digest made once. At least one leaf. */
  readonly tree = (
    leaves: readonly Uint8Array[],
  ): { readonly root: Uint8Array; readonly paths: readonly (readonly Uint8Array[])[] } => {
    assert(leaves.length > 0)
    const paths: Uint8Array[][] = leaves.map(() => [])
    let level = leaves.map(this.leaf)
    for (let depth = 0; level.length > 1; depth += 1) {
      for (const [index, path] of paths.entries()) {
        const at = Math.floor(index / 2 ** depth)
        const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
        if (sibling !== undefined) path.push(sibling)
      }
      level = this.#above(level)
    }
    const [root] = level
    assert(root !== undefined)
    return { root, paths }
  }

  /**
   * Is `leaf` number `index` of the `size` leaves under `root`? All arguments may be anybody's: numbers out of range, paths of
   * a wrong length and digests that are not 32 bytes give false.
   */
  readonly verifyPath = (claim: MerkleClaim): boolean =>
    this.verifyPathOfHash({ ...claim, leaf: this.leaf(claim.leaf) })

  /** As `verifyPath`, where `leaf` is the hash of the leaf, 32 bytes. */
  readonly verifyPathOfHash = ({ root, ...place }: MerkleClaim): boolean => {
    const found = this.rootOfPath(place)
    return found !== undefined && equalBytes(found, root)
  }

  /** The root that a leaf's hash leads to by its path; undefined where the path does not fit the place. Arguments of anybody. */
  readonly rootOfPath = ({ leaf, index, size, path }: Omit<MerkleClaim, 'root'>): Uint8Array | undefined => {
    if (!Number.isSafeInteger(size) || size < 1 || size > MERKLE_LEAVES_MAX) return undefined
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined
    if (leaf.length !== DIGEST_BYTES) return undefined
    if (path.length > MERKLE_PATH_MAX || path.some((digest) => digest.length !== DIGEST_BYTES)) return undefined
    let digest = leaf
    let [at, last, used] = [index, size - 1, 0]
    for (; last > 0; at = Math.floor(at / 2), last = Math.floor(last / 2)) {
      if (at === last && at % 2 === 0) continue
      const sibling = path[used]
      if (sibling === undefined) return undefined
      digest = at % 2 === 0 ? this.node({ left: digest, right: sibling }) : this.node({ left: sibling, right: digest })
      used += 1
    }
    return used === path.length ? digest : undefined
  }
}

/** Trees of ours: SHA3-256. */
export const merkleOurs = new MerkleHash(sha3)
export const { leaf: merkleLeaf, node: merkleNode, root: merkleRoot, path: merklePath } = merkleOurs
export const { tree: merkleTree, verifyPath: verifyMerklePath } = merkleOurs

/** Trees that others' tools read (RFC 6962, C2SP tlog-tiles): SHA-256. */
export const merkleSha256 = new MerkleHash(sha256)
