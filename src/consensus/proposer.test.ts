/** Turns: a vector, everybody once in as many rounds as there are validators, and round 0 in proportion to weight. Rule: docs/spec/consensus.md B-40. */
import { deepEqual, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { joinBytes } from '../base/index.ts'
import { domainDigest, pickNodes } from '../crypto/index.ts'
import { proposerOf, proposersOf } from './proposer.ts'
import { NETWORK, validatorsOf } from './round-machine.test-kit.ts'
import { ValidatorSet } from './validators.ts'

const WEIGHTED = validatorsOf([1n, 2n, 3n, 4n])
const at = (height: number, round: number, validators = WEIGHTED): number =>
  proposerOf({ networkId: NETWORK, validators, height, round })

test('is the rendezvous order of the digest of network and height, round after round', () => {
  for (const height of [1, 2, 3600, 2 ** 40]) {
    const number = new Uint8Array(8)
    new DataView(number.buffer).setBigUint64(0, BigInt(height))
    const key = domainDigest('truechimer/proposer/1', joinBytes(NETWORK, number))
    const nodes = WEIGHTED.list.map(({ key: id, weight }) => ({ id, weight }))
    const order = pickNodes({ key, nodes, count: 4 }).map(({ id }) => WEIGHTED.indexOf(id))
    deepEqual(
      [0, 1, 2, 3, 4, 9].map((round) => at(height, round)),
      [0, 1, 2, 3, 0, 1].map((place) => order[place]),
    )
    deepEqual(proposersOf({ networkId: NETWORK, validators: WEIGHTED, height, count: 4 }), order)
  }
})

test('vector', () => {
  const turns = [1, 2, 3, 4, 5, 6, 7, 8].map((height) => at(height, 0))
  deepEqual(turns, [0, 1, 3, 2, 2, 2, 1, 3])
})

test('in as many rounds as there are validators each has one turn', () => {
  for (let height = 1; height < 50; height += 1)
    deepEqual(new Set([0, 1, 2, 3].map((round) => at(height, round))), new Set([0, 1, 2, 3]))
})

test('in round 0 turns go by weight: within four standard deviations of 2,000 heights', () => {
  const turns = [0, 0, 0, 0]
  for (let height = 1; height <= 2000; height += 1) turns[at(height, 0)] = (turns[at(height, 0)] ?? 0) + 1
  for (const [index, { weight }] of WEIGHTED.list.entries()) {
    const share = Number(weight) / 10
    ok(Math.abs((turns[index] ?? 0) - 2000 * share) < 4 * Math.sqrt(2000 * share * (1 - share)), turns.join(' '))
  }
})

test('a set without validators is a bug', () => throws(() => at(1, 0, new ValidatorSet([]))))
