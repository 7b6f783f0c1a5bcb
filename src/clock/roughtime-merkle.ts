/**
 * Roughtime's Merkle tree: one signature for a batch of requests, and for each a path that shows it was among them.
 * Source: RFC 10049 "The Merkle Tree" (SHA-512 cut to 32 bytes; 0x00 before a leaf, 0x01 before a pair). The classic form keeps
 * all 64 bytes.
 *
 * A last node without a neighbour is paired with itself. A path proves that a leaf is in the tree, not where else it may be.
 */
import assert from 'node:assert/strict'
import { sha512 } from '../crypto/index.ts'

/** Longest path, in nodes. */
const ROUGHTIME_PATH_MAX = 32

/** What is hashed is laid together here, where it fits: a fresh array for every kilobyte would cost more than its hash. */
const scratch = new Uint8Array(2048)

/** First `length` bytes of the SHA-512 of all parts, one after the other. */
export const roughtimeHash = (length: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const total = parts.reduce((sum, part) => sum + part.length, 0)
  const preimage = total <= scratch.length ? scratch.subarray(0, total) : new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    preimage.set(part, at)
    at += part.length
  }
  return sha512(preimage).subarray(0, length)
}

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** The digest of a leaf. */
export const roughtimeLeaf = (leaf: Uint8Array, digestBytes: number): Uint8Array =>
  roughtimeHash(digestBytes, LEAF, leaf)

const nodeOf = (left: Uint8Array, right: Uint8Array, digestBytes: number): Uint8Array =>
  roughtimeHash(digestBytes, NODE, left, right)

/** All levels of a tree, the leaves' digests first and the root alone in the last. */
export interface RoughtimeTree {
  readonly levels: readonly (readonly Uint8Array[])[]
  readonly root: Uint8Array
}

/** The tree over 1 to 2^32 leaves in their order. */
export const roughtimeTree = (leaves: readonly Uint8Array[], digestBytes: number): RoughtimeTree => {
  const levels: Uint8Array[][] = [leaves.map((leaf) => roughtimeLeaf(leaf, digestBytes))]
  for (;;) {
    const level = levels.at(-1) ?? []
    const [root] = level
    assert(root !== undefined, 'a tree has a leaf')
    if (level.length === 1) return { levels, root }
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] ?? root
      above.push(nodeOf(left, level[i + 1] ?? left, digestBytes))
    }
    levels.push(above)
  }
}

/** Bytes of every path in the tree. */
export const pathBytesOf = ({ levels, root }: RoughtimeTree): number => (levels.length - 1) * root.length

/** Writes the siblings of leaf `index` to the start of `target`, from the bottom up, one after the other: the value of PATH. */
export const writePath = ({ levels, root }: RoughtimeTree, index: number, target: Uint8Array): void => {
  let at = index
  for (let height = 0; height + 1 < levels.length; height += 1) {
    const level = levels[height] ?? []
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1] ?? level[at]
    assert(sibling !== undefined, 'the tree has this leaf')
    target.set(sibling, height * root.length)
    at = Math.floor(at / 2)
  }
}

/** As `writePath`, in bytes of its own. */
export const roughtimePath = (tree: RoughtimeTree, index: number): Uint8Array => {
  const path = new Uint8Array(pathBytesOf(tree))
  writePath(tree, index, path)
  return path
}

/** A claim that a leaf is in the tree with a root. All of it may be anybody's. */
export interface RoughtimePathClaim {
  readonly leaf: Uint8Array
  /** 0 to 2^32 − 1: INDX. */
  readonly index: number
  /** PATH. */
  readonly path: Uint8Array
  readonly digestBytes: number
  /** Is the right one of two nodes hashed first? Some drafts read so. */
  readonly isReversed?: boolean
}

/**
 * The root that the claim leads to (RFC 10049 "Root Value Validity Check Algorithm"), or undefined: a path of a wrong length, or bits
 * of the index left over.
 */
export const rootOfPath = (claim: RoughtimePathClaim): Uint8Array | undefined => {
  const { leaf, path, digestBytes, isReversed = false } = claim
  const steps = path.length / digestBytes
  if (!Number.isInteger(steps) || steps > ROUGHTIME_PATH_MAX) return undefined
  let digest = roughtimeLeaf(leaf, digestBytes)
  let { index } = claim
  for (let step = 0; step < steps; step += 1) {
    const sibling = path.subarray(step * digestBytes, (step + 1) * digestBytes)
    const isLeft = (index % 2 === 0) !== isReversed
    digest = isLeft ? nodeOf(digest, sibling, digestBytes) : nodeOf(sibling, digest, digestBytes)
    index = Math.floor(index / 2)
  }
  return index === 0 ? digest : undefined
}
