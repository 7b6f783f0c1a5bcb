/**
 * The tree of a batch with all its levels, so that the path of any entry is read and not worked out anew: proofs of one batch are asked for
 * by the thousand. The tree is RFC 6962's with SHA-256 (crypto/merkle.ts).
 */
import assert from 'node:assert/strict'
import { DIGEST_BYTES, merkleSha256 } from '../crypto/index.ts'

export class BatchTree {
  readonly size: number
  /** From the leaves up, each level's digests one after the other. */
  readonly #levels: readonly Uint8Array[]

  /** @param leaves hashes of the entries, 32 bytes each; at least one. About a microsecond and a half each. */
  constructor(leaves: readonly Uint8Array[]) {
    assert(leaves.length > 0)
    this.size = leaves.length
    let level = leaves
    const levels = [joined(level)]
    while (level.length > 1) {
      level = above(level)
      levels.push(joined(level))
    }
    this.#levels = levels
  }

  get root(): Uint8Array {
    return digestAt(this.#levels.at(-1), 0)
  }

  /** What is kept of a large batch when the tree is no longer. */
  outline(): BatchOutline {
    return new BatchOutline(this.size, this.#levels[OUTLINE_LEVEL] ?? this.root)
  }

  /** Siblings from the bottom up. An index that is not in the tree is a bug. */
  path(index: number): readonly Uint8Array[] {
    assert(Number.isSafeInteger(index) && index >= 0 && index < this.size)
    const path: Uint8Array[] = []
    let at = index
    for (const level of this.#levels.slice(0, -1)) {
      const sibling = at % 2 === 0 ? at + 1 : at - 1
      if ((sibling + 1) * DIGEST_BYTES <= level.length) path.push(digestAt(level, sibling))
      at = Math.floor(at / 2)
    }
    return path
  }
}

/** Levels that an outline leaves out: the nodes that it has stand over 256 leaves each. */
const OUTLINE_LEVEL = 8
const OUTLINE_LEAVES = 2 ** OUTLINE_LEVEL

/**
 * The upper levels of a batch's tree, 8 KiB of the largest batch: a path takes 256 leaves to be read, and not all, so that whoever asks for proofs out of
 * many batches in turn does not have a node build their trees again and again.
 */
export class BatchOutline {
  readonly size: number
  /** Nodes over OUTLINE_LEAVES leaves, the last over what there is, one after the other. */
  readonly #nodes: Uint8Array

  constructor(size: number, nodes: Uint8Array) {
    assert(nodes.length === Math.ceil(size / OUTLINE_LEAVES) * DIGEST_BYTES)
    this.size = size
    this.#nodes = nodes
  }

  /** As `BatchTree.path`. @param leavesAt reads so many leaves of the batch, from one on. */
  path(index: number, leavesAt: (first: number, count: number) => readonly Uint8Array[]): readonly Uint8Array[] {
    assert(Number.isSafeInteger(index) && index >= 0 && index < this.size)
    const place = Math.floor(index / OUTLINE_LEAVES)
    const first = place * OUTLINE_LEAVES
    const leaves = leavesAt(first, Math.min(OUTLINE_LEAVES, this.size - first))
    const nodes = Array.from({ length: this.#nodes.length / DIGEST_BYTES }, (_, i) => digestAt(this.#nodes, i))
    return [...merkleSha256.pathOfHashes(leaves, index - first), ...merkleSha256.pathOfHashes(nodes, place)]
  }
}

const above = (level: readonly Uint8Array[]): readonly Uint8Array[] => {
  const nodes: Uint8Array[] = []
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = [level[i], level[i + 1]]
    assert(left !== undefined)
    nodes.push(right === undefined ? left : merkleSha256.node({ left, right }))
  }
  return nodes
}

const joined = (digests: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(digests.length * DIGEST_BYTES)
  for (const [i, digest] of digests.entries()) bytes.set(digest, i * DIGEST_BYTES)
  return bytes
}

const digestAt = (level: Uint8Array | undefined, index: number): Uint8Array => {
  assert(level !== undefined)
  return level.slice(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)
}
