import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as topics from './topics.ts'

const networkId = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 10)

test('names carry the first eight hex digits of the network id', () => {
  assert.equal(topics.proofsTopic(networkId), 'truechimer/0a11181f/proofs/1')
  assert.equal(topics.attestationsTopic(networkId), 'truechimer/0a11181f/attestations/1')
  assert.equal(topics.challengeProtocol(networkId), '/truechimer/0a11181f/challenge/1')
  assert.throws(() => topics.networkTag(networkId.subarray(1)), assert.AssertionError)
})

test('the table of docs/spec/network.md says the same numbers', () => {
  const spec = readFileSync(new URL('../../docs/spec/network.md', import.meta.url), 'utf8')
  const rowOf = (name: string): readonly string[] => {
    const row = spec.split('\n').find((line) => line.startsWith('|') && line.includes(name))
    assert(row !== undefined, `no row for ${name}`)
    return row.split('|').map((cell) => cell.trim().replaceAll(',', ''))
  }
  const limits = ({ ratePerSec, burst }: { readonly ratePerSec: number; readonly burst: number }): string =>
    `${ratePerSec}/s burst ${burst}`
  for (const [name, sizes, rate] of [
    ['/proofs/1', `${topics.PROOFS_LIMITS.messageBytesMax} B`, topics.PROOFS_LIMITS],
    ['/attestations/1', `${topics.ATTESTATIONS_LIMITS.messageBytesMax} B`, topics.ATTESTATIONS_LIMITS],
    [
      '/challenge/1',
      `${topics.CHALLENGE_LIMITS.requestBytesMax} B → ${topics.CHALLENGE_LIMITS.responseBytesMax} B`,
      topics.CHALLENGE_LIMITS,
    ],
  ] as const) {
    const cells = rowOf(name)
    assert(cells.includes(sizes), `${name}: ${sizes}`)
    assert(cells.includes(limits(rate)), `${name}: ${limits(rate)}`)
  }
})
