/**
 * That one tree is the beginning of another: made from any source of the tree's complete subtrees, and checked from the two roots alone. Also
 * paths and roots from such a source, for trees that are too large to be held.
 *
 * Source: RFC 9162 §2.1.4 (consistency), §2.1.3 (inclusion); RFC 6962 §2.1.2 is the same proof. Rules: docs/spec/crypto.md C-21.
 */
import assert from 'node:assert/strict'
import { equalBytes } from '../base/index.ts'
import { DIGEST_BYTES } from './hash.ts'
import { MERKLE_LEAVES_MAX } from './merkle.ts'
import type { MerkleHash } from './merkle.ts'

/** Digests of one proof at most. C2SP's tlog-witness allows 63. */
export const CONSISTENCY_PATH_MAX = 63

/** Root of the complete subtree over the leaves from `index × 2^level` on, `2^level` of them; asked only for what the tree has whole. */
export type SubtreeRoot = (level: number, index: number) => Uint8Array

/** A tree that is not held: its hash, and where its complete subtrees come from. */
export interface SparseTree {
  readonly hash: MerkleHash
  readonly subtree: SubtreeRoot
}

/** The greatest power of two below `count`, which is at least 2; as an exponent. */
const splitLevel = (count: number): number => {
  let level = 0
  while (2 ** (level + 1) < count) level += 1
  return level
}

/** Root over the leaves from `first` up to `end`, `first` a multiple of a power of two that is not below their count. */
const rangeRoot = (tree: SparseTree, first: number, end: number): Uint8Array => {
  const count = end - first
  if (count === 1) return tree.subtree(0, first)
  const level = splitLevel(count)
  if (count === 2 ** (level + 1)) return tree.subtree(level + 1, first / count)
  const middle = first + 2 ** level
  return tree.hash.node({ left: rangeRoot(tree, first, middle), right: rangeRoot(tree, middle, end) })
}

/** Root over the first `size` leaves, 32 bytes. */
export const sparseRoot = (tree: SparseTree, size: number): Uint8Array =>
  size === 0 ? tree.hash.empty() : rangeRoot(tree, 0, size)

/** What shows that leaf `index` is in the tree of `size` leaves: siblings from the bottom up, as `MerkleHash.verifyPathOfHash` takes them. */
export const sparsePath = (
  tree: SparseTree,
  { index, size }: { readonly index: number; readonly size: number },
): readonly Uint8Array[] => {
  assert(Number.isSafeInteger(index) && index >= 0 && index < size)
  const path: Uint8Array[] = []
  let [first, end] = [0, size]
  while (end - first > 1) {
    const middle = first + 2 ** splitLevel(end - first)
    const isLeft = index < middle
    path.push(isLeft ? rangeRoot(tree, middle, end) : rangeRoot(tree, first, middle))
    if (isLeft) end = middle
    else first = middle
  }
  return path.toReversed()
}

export interface TreeSizes {
  /** 0 to `newSize`. */
  readonly oldSize: number
  readonly newSize: number
}

/** What shows that the tree of `oldSize` leaves is the beginning of that of `newSize`: nothing where one is empty or both are one. */
export const consistencyProof = (tree: SparseTree, { oldSize, newSize }: TreeSizes): readonly Uint8Array[] => {
  assert(Number.isSafeInteger(oldSize) && oldSize >= 0 && oldSize <= newSize && newSize <= MERKLE_LEAVES_MAX)
  if (oldSize === 0 || oldSize === newSize) return []
  const path: Uint8Array[] = []
  let [first, end, isKnown] = [0, newSize, true]
  while (oldSize !== end) {
    const middle = first + 2 ** splitLevel(end - first)
    if (oldSize <= middle) {
      path.push(rangeRoot(tree, middle, end))
      end = middle
    } else {
      path.push(rangeRoot(tree, first, middle))
      first = middle
      isKnown = false
    }
  }
  if (!isKnown) path.push(rangeRoot(tree, first, end))
  return path.toReversed()
}

export interface ConsistencyClaim extends TreeSizes {
  readonly oldRoot: Uint8Array
  readonly newRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

const isDigest = ({ length }: Uint8Array): boolean => length === DIGEST_BYTES
const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0 && size <= MERKLE_LEAVES_MAX

/** Is the one tree the beginning of the other? All arguments may be anybody's. */
export const verifyConsistency = (hash: MerkleHash, claim: ConsistencyClaim): boolean => {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize || proof.length > CONSISTENCY_PATH_MAX) return false
  if (![oldRoot, newRoot, ...proof].every(isDigest)) return false
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, hash.empty())
  if (oldSize === newSize) return proof.length === 0 && equalBytes(oldRoot, newRoot)
  return isConsistent(hash, claim)
}

/** RFC 9162 §2.1.4.2, with `0 < oldSize < newSize`. */
const isConsistent = (hash: MerkleHash, { oldSize, newSize, oldRoot, newRoot, proof }: ConsistencyClaim): boolean => {
  let [at, last] = [oldSize - 1, newSize - 1]
  for (; at % 2 === 1; last = half(last)) at = half(at)
  const isWhole = at === 0
  const path = isWhole ? [oldRoot, ...proof] : proof
  const [start] = path
  if (start === undefined) return false
  let [old, whole] = [start, start]
  for (const digest of path.slice(1)) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      old = hash.node({ left: digest, right: old })
      whole = hash.node({ left: digest, right: whole })
      for (; at % 2 === 0 && at !== 0; last = half(last)) at = half(at)
    } else whole = hash.node({ left: whole, right: digest })
    at = half(at)
    last = half(last)
  }
  return last === 0 && equalBytes(old, oldRoot) && equalBytes(whole, newRoot)
}

const half = (value: number): number => Math.floor(value / 2)
