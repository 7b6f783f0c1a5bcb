/** Consistency proofs: transparency-dev's vectors, and that proofs of any two trees hold and those of others do not. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { consistencyProof, merkleSha256, sparsePath, sparseRoot, verifyConsistency } from './index.ts'
import type { SparseTree } from './index.ts'

interface Case {
  readonly desc: string
  readonly size1: number
  readonly size2: number
  readonly root1: string | null
  readonly root2: string | null
  readonly proof: readonly string[] | null
  readonly wrong: boolean
}
const vectors: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../../test/vectors/crypto-consistency.json', import.meta.url), 'utf8'),
)
const bytes = (text: string | null): Uint8Array => Uint8Array.from(Buffer.from(text ?? '', 'base64'))

describe('C-21: outside vectors', () => {
  for (const { desc, size1, size2, root1, root2, proof, wrong } of vectors.cases)
    test(desc, () => {
      const claim = { oldSize: size1, newSize: size2, oldRoot: bytes(root1), newRoot: bytes(root2) }
      // One good vector has a text of 12 bytes for both roots; here a root has 32.
      const isHere = !wrong && claim.oldRoot.length === 32
      equal(verifyConsistency(merkleSha256, { ...claim, proof: (proof ?? []).map(bytes) }), isHere)
    })
  test('there are good ones and bad ones', () => ok(new Set(vectors.cases.map(({ wrong }) => wrong)).size === 2))
})

const hashes = Array.from({ length: 80 }, (_, i) => merkleSha256.leaf(Uint8Array.of(i)))
const tree: SparseTree = {
  hash: merkleSha256,
  subtree: (level, index) => merkleSha256.rootOfHashes(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level)),
}
const rootAt = (size: number): Uint8Array => merkleSha256.rootOfHashes(hashes.slice(0, size))

test('every two of the first 80 trees; no other size, root or proof', () => {
  for (let newSize = 0; newSize <= hashes.length; newSize += 1) {
    deepEqual(sparseRoot(tree, newSize), newSize === 0 ? merkleSha256.empty() : rootAt(newSize))
    for (let oldSize = 0; oldSize <= newSize; oldSize += 1) {
      const proof = consistencyProof(tree, { oldSize, newSize })
      const [oldRoot, newRoot] = [sparseRoot(tree, oldSize), sparseRoot(tree, newSize)]
      const claim = { oldSize, newSize, oldRoot, newRoot, proof }
      ok(verifyConsistency(merkleSha256, claim))
      equal(verifyConsistency(merkleSha256, { ...claim, oldRoot: merkleSha256.leaf(oldRoot) }), false)
      equal(verifyConsistency(merkleSha256, { ...claim, proof: [...proof, oldRoot] }), false)
      if (oldSize > 0) equal(verifyConsistency(merkleSha256, { ...claim, newRoot: merkleSha256.leaf(newRoot) }), false)
      if (proof.length > 0) equal(verifyConsistency(merkleSha256, { ...claim, proof: proof.slice(1) }), false)
    }
  }
})

test('paths of a tree that is not held are those of the whole tree', () => {
  for (const size of [1, 2, 3, 7, 8, 9, 64, 65, 80])
    for (let index = 0; index < size; index += 1)
      deepEqual(sparsePath(tree, { index, size }), merkleSha256.pathOfHashes(hashes.slice(0, size), index))
})

test('anything is answered', () => {
  const digest = fc.uint8Array({ maxLength: 33 })
  const size = fc.oneof(fc.integer({ min: -2, max: 100 }), fc.double())
  fc.assert(
    fc.property(
      size,
      size,
      digest,
      digest,
      fc.array(digest, { maxLength: 70 }),
      (oldSize, newSize, oldRoot, newRoot, proof) => {
        equal(typeof verifyConsistency(merkleSha256, { oldSize, newSize, oldRoot, newRoot, proof }), 'boolean')
      },
    ),
  )
})
