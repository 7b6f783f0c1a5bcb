/** The growing tree gives the same roots and paths as the whole one. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { hexOf } from '../base/index.ts'
import {
  MerkleFrontier,
  MerklePathWatch,
  frontierLength,
  merkleLeaf,
  merklePath,
  merkleRoot,
  verifyMerklePath,
} from './index.ts'

const leaves = Array.from({ length: 70 }, (_, i) => Uint8Array.of(i, 7))
const grown = (size: number): MerkleFrontier => {
  const frontier = new MerkleFrontier()
  for (const leaf of leaves.slice(0, size)) frontier.push(merkleLeaf(leaf))
  return frontier
}

test('roots of every size up to 70 are those of the whole tree', () => {
  for (let size = 0; size <= leaves.length; size += 1) {
    const frontier = grown(size)
    equal(hexOf(frontier.root()), hexOf(merkleRoot(leaves.slice(0, size))))
    equal(frontier.nodes.length, frontierLength(size))
  }
})

test('a frontier taken up again goes on as if it had never been put away, and a copy is its own', () => {
  const first = grown(37)
  const again = new MerkleFrontier({ size: first.size, nodes: first.nodes })
  const copy = first.copy()
  for (const leaf of leaves.slice(37)) again.push(merkleLeaf(leaf))
  equal(hexOf(again.root()), hexOf(merkleRoot(leaves)))
  copy.push(merkleLeaf(Uint8Array.of(1)))
  equal(hexOf(first.root()), hexOf(merkleRoot(leaves.slice(0, 37))))
})

describe('paths', () => {
  test('from any beginning, of any leaf after it, in any tree that holds it', () =>
    fc.assert(
      fc.property(fc.nat(69), fc.nat(69), fc.nat(69), (...numbers) => {
        const [from = 0, index = 0, last = 0] = numbers.toSorted((a, b) => a - b)
        const watch = new MerklePathWatch(grown(from), index)
        for (const leaf of leaves.slice(from, last + 1)) watch.push(merkleLeaf(leaf))
        const all = leaves.slice(0, last + 1)
        const path = watch.path()
        deepEqual(path.map(hexOf), merklePath(all, index).map(hexOf))
        const leaf = leaves[index] ?? new Uint8Array(0)
        equal(verifyMerklePath({ leaf, index, size: last + 1, path, root: merkleRoot(all) }), true)
      }),
      { numRuns: 80 },
    ))
  test('of a leaf that has not come is a bug', () => throws(() => new MerklePathWatch(grown(3), 5).path()))
  test('of a leaf that is past is a bug', () => throws(() => new MerklePathWatch(grown(3), 2)))
})

test('nodes that do not fit the size are a bug', () => {
  throws(() => new MerkleFrontier({ size: 3, nodes: [new Uint8Array(32)] }))
  throws(() => new MerkleFrontier({ size: 1, nodes: [new Uint8Array(31)] }))
})
