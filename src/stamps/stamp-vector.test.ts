/** A proof that was kept: its bytes, what they lead to on the way, and what they show. Changing it takes an ADR. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { bytesOfHex, hexOf } from '../base/index.ts'
import {
  encodeEntry,
  encodeReceiptBody,
  encodeStampProof,
  entryOfProof,
  imprintOf,
  leafOf,
  openStampProof,
  readCheckpoint,
  receiptOfProof,
  verifyStamp,
} from './index.ts'
import { keyNamed } from './stamp-trust.ts'

interface Vector {
  readonly thing: string
  readonly checkpoint: unknown
  readonly proof: string
  readonly parts: {
    readonly entry: string
    readonly leaf: string
    readonly payload: string
    readonly receiptBody: string
  }
  readonly shows: unknown
}

test('the kept proof', () => {
  const vector: Vector = JSON.parse(readFileSync('test/vectors/stamp-proof.json', 'utf8'))
  const [thing, bytes] = [bytesOfHex(vector.thing), bytesOfHex(vector.proof)]
  ok(thing !== undefined && bytes !== undefined)
  const trust = readCheckpoint(vector.checkpoint)
  const opened = openStampProof(bytes)
  ok(trust.verdict === 'accept' && opened.verdict === 'accept')
  const proof = opened.value
  deepEqual(encodeStampProof(proof), bytes)

  const entry = entryOfProof(proof)
  equal(hexOf(encodeEntry(entry)), vector.parts.entry)
  equal(hexOf(leafOf(entry)), vector.parts.leaf)
  const node = keyNamed(trust.value.genesisKeys, proof.transaction.author)
  ok(node !== undefined)
  equal(hexOf(encodeReceiptBody(receiptOfProof(proof, node))), vector.parts.receiptBody)

  const digest = { algorithm: proof.algorithm, digest: imprintOf(proof.algorithm, thing) }
  const found = verifyStamp(proof, { trust: trust.value, digest })
  ok(found.verdict === 'accept')
  const { height, block, beacon, interval, blockTime, attestedBy, receipt, isPromiseKept, sources } = found.value
  deepEqual(
    {
      height,
      block,
      beacon,
      notBefore: String(interval.notBefore),
      notAfter: String(interval.notAfter),
      timestamp: String(blockTime.timestamp),
      votes: attestedBy.count,
      of: attestedBy.of,
      weight: String(attestedBy.weight),
      total: String(attestedBy.total),
      node: hexOf(receipt.node),
      position: receipt.position,
      isPromiseKept,
      sources,
    },
    vector.shows,
  )
})
