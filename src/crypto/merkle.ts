/**
 * Merkle trees over byte strings: one 32-byte root for many things, and a short path that shows one of them is in it. Leaves
 * and inner nodes are hashed under different prefixes, so an inner node cannot be passed off as a leaf.
 *
 * Source: RFC 9162 §2.1 (the tree of RFC 6962) with SHA3-256. Built level by level, an odd last node moving up as it is,
 * which gives the same tree as the RFC's recursion. Rules: docs/spec/crypto.md C-9.
 * Not promised: a path does not show that a leaf occurs once, nor the tree's size, unless the size is signed with the root.
 */
import assert from 'node:assert/strict'
import { equalBytes } from '../base/index.ts'
import { DIGEST_BYTES, sha3 } from './hash.ts'

/** Most leaves of a tree, and so the longest path, in digests. */
export const MERKLE_LEAVES_MAX = 2 ** 32
export const MERKLE_PATH_MAX = 32

const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

/** Written to again and again: millions of nodes are hashed, one after another. */
const leafPreimage = new Uint8Array(1 + DIGEST_BYTES)
const nodePreimage = new Uint8Array(1 + 2 * DIGEST_BYTES)
nodePreimage[0] = NODE_PREFIX

/** SHA3-256(0x00 ‖ leaf), 32 bytes. */
export const merkleLeaf = (leaf: Uint8Array): Uint8Array => {
  const preimage = leaf.length === DIGEST_BYTES ? leafPreimage : new Uint8Array(1 + leaf.length)
  preimage[0] = LEAF_PREFIX
  preimage.set(leaf, 1)
  return sha3(preimage)
}

/** SHA3-256(0x01 ‖ left ‖ right), 32 bytes, of two 32-byte digests. */
export const merkleNode = (pair: { readonly left: Uint8Array; readonly right: Uint8Array }): Uint8Array => {
  assert(pair.left.length === DIGEST_BYTES && pair.right.length === DIGEST_BYTES)
  nodePreimage.set(pair.left, 1)
  nodePreimage.set(pair.right, 1 + DIGEST_BYTES)
  return sha3(nodePreimage)
}

/** The level above: neighbours joined, an odd last one as it is. */
const levelAbove = (level: readonly Uint8Array[]): Uint8Array[] => {
  const above: Uint8Array[] = []
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = [level[i], level[i + 1]]
    assert(left !== undefined)
    above.push(right === undefined ? left : merkleNode({ left, right }))
  }
  return above
}

/** Root of the tree over `leaves` in their order, 32 bytes; of no leaves, SHA3-256 of nothing. Any leaf length. */
export const merkleRoot = (leaves: readonly Uint8Array[]): Uint8Array => {
  let level = leaves.map(merkleLeaf)
  while (level.length > 1) level = levelAbove(level)
  return level[0] ?? sha3(new Uint8Array(0))
}

/** What shows that `leaves[index]` is in the tree: siblings from the bottom up, at most `MERKLE_PATH_MAX`. */
export const merklePath = (leaves: readonly Uint8Array[], index: number): Uint8Array[] => {
  assert(Number.isSafeInteger(index) && index >= 0 && index < leaves.length)
  const path: Uint8Array[] = []
  let level = leaves.map(merkleLeaf)
  let at = index
  while (level.length > 1) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
    if (sibling !== undefined) path.push(sibling)
    level = levelAbove(level)
    at = Math.floor(at / 2)
  }
  return path
}

/** Root and all paths of a tree at once: `merkleRoot` and `merklePath` of every leaf, each digest made once. At least one leaf. */
export const merkleTree = (
  leaves: readonly Uint8Array[],
): { readonly root: Uint8Array; readonly paths: readonly (readonly Uint8Array[])[] } => {
  assert(leaves.length > 0)
  const paths: Uint8Array[][] = leaves.map(() => [])
  let level = leaves.map(merkleLeaf)
  for (let depth = 0; level.length > 1; depth += 1) {
    for (const [index, path] of paths.entries()) {
      const at = Math.floor(index / 2 ** depth)
      const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
      if (sibling !== undefined) path.push(sibling)
    }
    level = levelAbove(level)
  }
  const [root] = level
  assert(root !== undefined)
  return { root, paths }
}

/**
 * Is `leaf` number `index` of the `size` leaves under `root`? All arguments may be anybody's: numbers out of range, paths of
 * a wrong length and digests that are not 32 bytes give false.
 */
export const verifyMerklePath = (claim: {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
}): boolean => {
  const { leaf, index, size, path, root } = claim
  if (!Number.isSafeInteger(size) || size < 1 || size > MERKLE_LEAVES_MAX) return false
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false
  if (path.length > MERKLE_PATH_MAX || path.some((digest) => digest.length !== DIGEST_BYTES)) return false
  let digest = merkleLeaf(leaf)
  let [at, last, used] = [index, size - 1, 0]
  for (; last > 0; at = Math.floor(at / 2), last = Math.floor(last / 2)) {
    if (at === last && at % 2 === 0) continue
    const sibling = path[used]
    if (sibling === undefined) return false
    digest = at % 2 === 0 ? merkleNode({ left: digest, right: sibling }) : merkleNode({ left: sibling, right: digest })
    used += 1
  }
  return used === path.length && equalBytes(digest, root)
}
