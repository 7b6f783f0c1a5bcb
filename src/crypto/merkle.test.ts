/** Merkle trees against vectors computed outside, by the RFC's own recursion, and what no path may show. */
import { describe, test } from 'node:test'
import { deepEqual, equal, notEqual, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { z } from 'zod'
import { hexOf } from '../base/index.ts'
import {
  MERKLE_PATH_MAX,
  merkleLeaf,
  merkleNode,
  merklePath,
  merkleRoot,
  merkleTree,
  sha3,
  verifyMerklePath,
} from './index.ts'

const vectors = z
  .object({
    leaves: z.array(z.string()).length(8),
    roots: z.array(z.string()).length(9),
    paths: z.array(z.object({ size: z.int(), index: z.int(), path: z.array(z.string()) })),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/crypto-merkle.json', import.meta.url), 'utf8')))
const LEAVES = vectors.leaves.map((leaf) => new Uint8Array(Buffer.from(leaf, 'hex')))

describe('outside vectors', () => {
  for (const [size, root] of vectors.roots.entries()) {
    test(`root of ${size}`, () => equal(hexOf(merkleRoot(LEAVES.slice(0, size))), root))
  }
  for (const { size, index, path } of vectors.paths) {
    test(`path of ${index} in ${size}`, () => deepEqual(merklePath(LEAVES.slice(0, size), index).map(hexOf), path))
  }
})

test('three leaves, written out', () => {
  const [a, b, c] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]
  const leaf = (byte: number): Uint8Array => sha3(Uint8Array.of(0, byte))
  const left = sha3(Uint8Array.of(1, ...leaf(1), ...leaf(2)))
  equal(hexOf(merkleRoot([a, b, c])), hexOf(sha3(Uint8Array.of(1, ...left, ...leaf(3)))))
  deepEqual(merklePath([a, b, c], 2), [left])
})

const trees = fc
  .integer({ min: 1, max: 40 })
  .chain((size) =>
    fc.record({ size: fc.constant(size), index: fc.nat(size - 1), salt: fc.nat(255) }, { noNullPrototype: true }),
  )
const leavesOf = (size: number, salt: number): Uint8Array[] =>
  Array.from({ length: size }, (_, i) => Uint8Array.of(salt, i))

describe('of every tree', () => {
  test('each leaf has a path, of no more than log2 of the size rounded up', () =>
    fc.assert(
      fc.property(trees, ({ size, index, salt }) => {
        const leaves = leavesOf(size, salt)
        const path = merklePath(leaves, index)
        equal(path.length <= Math.ceil(Math.log2(size)), true)
        equal(verifyMerklePath({ leaf: Uint8Array.of(salt, index), index, size, path, root: merkleRoot(leaves) }), true)
      }),
      { numRuns: 60 },
    ))

  test('the path shows nothing else: not another leaf, place, longer, shorter or changed path', () =>
    fc.assert(
      fc.property(trees, fc.nat(), fc.nat(255), ({ size, index, salt }, at, bit) => {
        const leaves = leavesOf(size, salt)
        const claim = {
          leaf: Uint8Array.of(salt, index),
          index,
          size,
          path: merklePath(leaves, index),
          root: merkleRoot(leaves),
        }
        equal(verifyMerklePath({ ...claim, leaf: Uint8Array.of(salt, index, 0) }), false)
        if (size > 1) equal(verifyMerklePath({ ...claim, index: (index + 1 + (at % (size - 1))) % size }), false)
        equal(verifyMerklePath({ ...claim, path: [...claim.path, new Uint8Array(32)] }), false)
        equal(verifyMerklePath({ ...claim, path: [new Uint8Array(32), ...claim.path] }), false)
        if (claim.path.length > 0) {
          equal(verifyMerklePath({ ...claim, path: claim.path.slice(1) }), false)
          equal(verifyMerklePath({ ...claim, path: claim.path.slice(0, -1) }), false)
          const path = claim.path.map((digest) => digest.slice())
          const victim = path[at % path.length]
          if (victim !== undefined) victim[bit >> 3] = (victim[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          equal(verifyMerklePath({ ...claim, path }), false)
        }
      }),
      { numRuns: 60 },
    ))

  test('another order or another leaf is another root', () => {
    const leaves = leavesOf(7, 0)
    notEqual(hexOf(merkleRoot(leaves)), hexOf(merkleRoot(leaves.toReversed())))
    notEqual(hexOf(merkleRoot(leaves)), hexOf(merkleRoot([...leaves, leaves[6] ?? new Uint8Array(0)])))
  })
})

test('an inner node is not a leaf: its two halves as a leaf do not verify', () => {
  const [a, b, c, d] = leavesOf(4, 1).map(merkleLeaf)
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new TypeError('four leaves')
  const root = merkleRoot(leavesOf(4, 1))
  const right = merkleNode({ left: c, right: d })
  equal(verifyMerklePath({ leaf: Uint8Array.of(...a, ...b), index: 0, size: 2, path: [right], root }), false)
})

describe('numbers and digests of anybody are false, not errors', () => {
  const claim = {
    leaf: LEAVES[0] ?? new Uint8Array(0),
    index: 0,
    size: 1,
    path: [],
    root: merkleRoot(LEAVES.slice(0, 1)),
  }
  test('the claim itself holds', () => equal(verifyMerklePath(claim), true))
  for (const [name, change] of [
    ['no leaves', { size: 0 }],
    ['a negative size', { size: -1 }],
    ['a broken size', { size: 1.5 }],
    ['a size beyond the limit', { size: 2 ** 32 + 1 }],
    ['no number', { size: Number.NaN }],
    ['index out of the tree', { index: 1 }],
    ['a negative index', { index: -1 }],
    ['a broken index', { index: 0.5 }],
    ['a root of another length', { root: new Uint8Array(31) }],
    ['a short digest in the path', { size: 2, path: [new Uint8Array(31)] }],
    ['a path too long', { size: 2 ** 32, path: Array.from({ length: MERKLE_PATH_MAX + 1 }, () => new Uint8Array(32)) }],
  ] as const) {
    test(name, () => equal(verifyMerklePath({ ...claim, ...change }), false))
  }

  test('the largest tree takes a path of the longest length', () => {
    const path = Array.from({ length: MERKLE_PATH_MAX }, (_, i) => new Uint8Array(32).fill(i))
    let root = merkleLeaf(claim.leaf)
    for (const left of path) root = merkleNode({ left, right: root })
    equal(verifyMerklePath({ leaf: claim.leaf, index: 2 ** 32 - 1, size: 2 ** 32, path, root }), true)
  })
})

test('an index that is not there is a bug', () => throws(() => merklePath(LEAVES, 8)))

test('a whole tree is its root and every path', () => {
  for (let size = 1; size <= LEAVES.length; size += 1) {
    const leaves = LEAVES.slice(0, size)
    deepEqual(merkleTree(leaves), { root: merkleRoot(leaves), paths: leaves.map((_, i) => merklePath(leaves, i)) })
  }
  throws(() => merkleTree([]))
})
