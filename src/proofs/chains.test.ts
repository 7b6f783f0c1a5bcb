/** Chains of proofs: what fits in, what does not, and that no author can fill the memory. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { CHAIN_REASONS, Chains, FUTURE_NS_MAX, PROOFS_PER_AUTHOR_MAX, proofDigest, sealTimeProof } from './index.ts'
import type { SealedProof, TimeProofBody } from './index.ts'
import { NETWORK, NONCE, TAI, said } from './proofs.test-suite.ts'

const KEY = new Uint8Array(32).fill(7)
const AUTHOR = nodeIdText(KEY)
/** Chains look at no signature: whoever calls has. */
const proof = (given: Partial<TimeProofBody>): SealedProof =>
  sealTimeProof({
    networkId: NETWORK,
    nodeId: KEY,
    sequence: 1,
    tai: TAI,
    uncertaintyNs: 0,
    previous: new Uint8Array(32),
    beacon: new Uint8Array(32),
    nonce: NONCE,
    sources: [],
    signature: new Uint8Array(64),
    ...given,
  })
/** A chain of so many, a second apart. */
const chainOf = (length: number): SealedProof[] => {
  const made: SealedProof[] = []
  for (let i = 0; i < length; i += 1) {
    const before = made.at(-1)
    const previous = before === undefined ? new Uint8Array(32) : proofDigest(before)
    made.push(proof({ sequence: i + 1, tai: TAI + BigInt(i) * NS_PER_SEC, previous }))
  }
  return made
}
const fresh = (...others: string[]): Chains => new Chains({ members: new Set([AUTHOR, ...others]) })
const LATER = TAI + 1_000_000n * NS_PER_SEC
const at = (chain: readonly SealedProof[], index: number): SealedProof => {
  const one = chain[index]
  ok(one !== undefined)
  return one
}

describe('one after another', () => {
  const chain = chainOf(5)
  const [one, two, three] = [at(chain, 0), at(chain, 1), at(chain, 2)]
  const oneTwin = proof({ nonce: new Uint8Array(32) })
  const table: readonly (readonly [name: string, given: readonly SealedProof[], said: string])[] = [
    ['the first', [one], 'accept'],
    ['any number, where none is known', [three], 'accept'],
    ['its successor', [one, two], 'accept'],
    ['one missing between', [one, three], 'accept'],
    ['replayed', [one, one], 'ignore already-known'],
    ['replayed later', [one, two, one], 'ignore already-known'],
    ['reordered by the gossip', [two, one], 'accept'],
    ['the one that was missing', [one, three, two], 'accept'],
    ['an earlier time', [two, proof({ sequence: 3, tai: TAI })], 'ignore backwards-time'],
    ['the same time', [one, proof({ sequence: 3 })], 'ignore backwards-time'],
    [
      'a late one with a later time',
      [three, proof({ sequence: 2, tai: TAI + 9n * NS_PER_SEC })],
      'ignore backwards-time',
    ],
    [
      'naming another predecessor',
      [one, proof({ sequence: 2, tai: two.proof.tai, previous: NONCE })],
      'ignore broken-chain',
    ],
    ['late, and not what its successor names', [two, oneTwin], 'ignore broken-chain'],
    ['a second proof with one sequence', [one, oneTwin], 'ignore equivocation'],
    ['of a stranger', [proof({ nodeId: NONCE })], 'ignore not-member'],
    ['a minute ahead of our clock', [proof({ tai: LATER + FUTURE_NS_MAX })], 'accept'],
    ['one nanosecond more', [proof({ tai: LATER + FUTURE_NS_MAX + 1n })], 'ignore far-future'],
    ['older than all that are held', [...chainOf(66).slice(1), one], 'ignore superseded'],
  ]
  for (const [name, given, expected] of table)
    test(`${name}: ${expected}`, () => {
      const chains = fresh()
      const answers = given.map((sealed) => said(chains.admit(sealed, LATER)))
      equal(answers.at(-1), expected)
      deepEqual(
        answers.slice(0, -1).filter((answer) => answer !== 'accept'),
        [],
      )
    })

  test('every documented reason is reached', () => {
    const reached = new Set(table.map(([, , answer]) => answer.replace('ignore ', '')))
    deepEqual(
      CHAIN_REASONS.filter((reason) => !reached.has(reason)),
      [],
    )
  })

  test('without a clock nothing is too far ahead', () =>
    equal(said(fresh().admit(proof({ tai: LATER * 2n }), undefined)), 'accept'))

  test('the head is the highest sequence, whatever came last', () => {
    const chains = fresh()
    for (const index of [1, 4, 0, 3, 2]) equal(said(chains.admit(at(chain, index), LATER)), 'accept')
    equal(chains.head(AUTHOR), at(chain, 4))
    equal(chains.proof(at(chain, 2).cid), at(chain, 2))
    equal(chains.admitted, 5)
  })
})

test('an equivocation is kept as evidence, once, and both proofs can be asked for', () => {
  const chains = fresh()
  const [first, second, third] = [proof({}), proof({ nonce: new Uint8Array(32) }), proof({ beacon: NONCE })]
  for (const sealed of [first, second, third, second]) chains.admit(sealed, LATER)
  deepEqual(chains.equivocations(), [{ author: AUTHOR, first, second }])
  equal(chains.proof(second.cid), second)
  equal(chains.proof(third.cid), undefined)
  equal(chains.head(AUTHOR), first)
  equal(chains.held, 2)
})

test('ten thousand proofs of one author leave 64, the newest', () => {
  const chains = fresh()
  for (let i = 1; i <= 10_000; i += 1) {
    const sealed = proof({ sequence: 2 * i, tai: TAI + BigInt(i) })
    equal(chains.admit(sealed, LATER).verdict, 'accept')
    chains.admit(proof({ sequence: 2 * i, tai: TAI + BigInt(i), nonce: KEY }), LATER)
  }
  equal(chains.held, PROOFS_PER_AUTHOR_MAX + 1)
  equal(chains.head(AUTHOR)?.proof.sequence, 20_000)
  equal(chains.equivocations().length, 1)
})

test('with many members each has fewer', () => {
  const chains = fresh(...Array.from({ length: 20_000 }, (_, i) => `member ${i}`))
  for (const sealed of chainOf(20)) chains.admit(sealed, LATER)
  equal(chains.held, 8)
})

test('in whatever order a chain comes, the same is held in the end', () => {
  const chain = chainOf(12)
  fc.assert(
    fc.property(fc.shuffledSubarray(chain, { minLength: 12 }), (order) => {
      const chains = fresh()
      for (const sealed of order) ok(chains.admit(sealed, LATER).verdict === 'accept')
      return chains.held === 12 && chains.head(AUTHOR) === chain.at(-1)
    }),
    { numRuns: 50 },
  )
})
