import { deepEqual, equal, notDeepEqual } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { roughtimeHash, roughtimeLeaf, roughtimePath, roughtimeTree, rootOfPath } from './roughtime-merkle.ts'

const leaf = fc.uint8Array({ minLength: 1, maxLength: 40 })
const leaves = fc.array(leaf, { minLength: 1, maxLength: 33 })
const digestBytes = fc.constantFrom(32, 64)

test('hashes are SHA-512, cut', () => {
  const parts = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)]
  const whole = createHash('sha512')
    .update(Uint8Array.of(1, 2, 3))
    .digest()
  deepEqual(Buffer.from(roughtimeHash(64, ...parts)), whole)
  deepEqual(Buffer.from(roughtimeHash(32, ...parts)), whole.subarray(0, 32))
})

test('two leaves, by hand', () => {
  const sha = (...parts: readonly Uint8Array[]): Buffer =>
    createHash('sha512').update(Buffer.concat(parts)).digest().subarray(0, 32)
  const [a, b] = [Uint8Array.of(7), Uint8Array.of(8)]
  const [one, two] = [sha(Uint8Array.of(0), a), sha(Uint8Array.of(0), b)]
  const tree = roughtimeTree([a, b], 32)
  deepEqual(Buffer.from(tree.root), sha(Uint8Array.of(1), one, two))
  deepEqual(Buffer.from(roughtimePath(tree, 1)), one)
  deepEqual(Buffer.from(roughtimePath(tree, 0)), two)
})

test('a tree of one leaf is that leaf, without a path', () => {
  const tree = roughtimeTree([Uint8Array.of(7)], 32)
  deepEqual(tree.root, roughtimeLeaf(Uint8Array.of(7), 32))
  equal(roughtimePath(tree, 0).length, 0)
})

test('every leaf’s path leads to the root, is as long as the tree is high, and leads nowhere else', () =>
  fc.assert(
    fc.property(leaves, digestBytes, fc.nat(), fc.nat(), (all, size, pick, flip) => {
      const index = pick % all.length
      const tree = roughtimeTree(all, size)
      const path = roughtimePath(tree, index)
      const claim = { leaf: all[index] ?? Uint8Array.of(), index, path, digestBytes: size }
      equal(path.length, size * Math.ceil(Math.log2(all.length)))
      deepEqual(rootOfPath(claim), tree.root)
      equal(
        rootOfPath({ ...claim, index: index + 2 ** (path.length / size) }),
        undefined,
        'bits of the index left over',
      )
      notDeepEqual(rootOfPath({ ...claim, leaf: Uint8Array.of(...claim.leaf, 0) }), tree.root)
      if (path.length === 0) return
      const bent = path.slice()
      bent[flip % bent.length] = (bent[flip % bent.length] ?? 0) ^ 1
      notDeepEqual(rootOfPath({ ...claim, path: bent }), tree.root)
      equal(rootOfPath({ ...claim, path: path.subarray(1) }), undefined, 'a path of parts')
    }),
    { numRuns: 60 },
  ))

test('a reversed tree is one whose right nodes come first', () => {
  const [a, b] = [Uint8Array.of(7), Uint8Array.of(8)]
  const reversed = roughtimeHash(32, Uint8Array.of(1), roughtimeLeaf(b, 32), roughtimeLeaf(a, 32))
  const claim = { leaf: a, index: 0, path: roughtimeLeaf(b, 32), digestBytes: 32 }
  deepEqual(rootOfPath({ ...claim, isReversed: true }), reversed)
  notDeepEqual(rootOfPath(claim), reversed)
})

test('a path has at most 32 nodes', () => {
  const claim = { leaf: Uint8Array.of(1), index: 0, digestBytes: 32 }
  equal(rootOfPath({ ...claim, path: new Uint8Array(32 * 32) })?.length, 32)
  equal(rootOfPath({ ...claim, path: new Uint8Array(33 * 32) }), undefined)
})
