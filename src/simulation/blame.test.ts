/** Blame: what a transcript proves, by hand. B-15 to B-20. */
import { describe, test } from 'node:test'
import { deepEqual, equal } from 'node:assert/strict'
import type { Message, VoteChoice } from '../consensus/index.ts'
import { blame } from './blame.ts'
import { TwinsWorld } from './twins-world.ts'

const world = new TwinsWorld(4)
const blockA = world.block({ instance: 0, validator: 0, round: 0 })
const blockB = world.block({ instance: 4, validator: 0, round: 0 })
const vote = (validator: number, choice: Partial<VoteChoice>): Message => ({
  type: 'vote',
  vote: world.vote(validator, { kind: 'prevote', round: 0, block: blockA.id, validRound: -1, ...choice }),
})
const proposal = (validator: number, block: typeof blockA, polka: readonly Message[] = []): Message => ({
  type: 'proposal',
  proposal: {
    head: world.head(validator, { round: 0, validRound: -1, block: block.id }),
    block,
    polka: polka.flatMap((message) => (message.type === 'vote' ? message.vote.vote : [])),
  },
})
const lockA = vote(1, { kind: 'precommit' })
const forged: Message = (() => {
  const { vote: honest } = world.vote(2, { kind: 'prevote', round: 0, block: blockB.id, validRound: -1 })
  return { type: 'vote', vote: { vote: { ...honest, signature: new Uint8Array(64) }, time: null } }
})()

describe('a transcript', () => {
  const table: readonly (readonly [name: string, messages: readonly Message[], types: readonly string[]])[] = [
    ['of nothing', [], []],
    ['of one vote, heard thrice', [vote(1, {}), vote(1, {}), vote(1, {})], []],
    ['of two validators who differ', [vote(1, {}), vote(2, { block: blockB.id })], []],
    ['of two prevotes', [vote(1, {}), vote(1, { block: blockB.id })], ['votes']],
    ['of two prevotes of two rounds', [vote(1, {}), vote(1, { block: blockB.id, round: 1 })], []],
    ['of a prevote and nothing', [vote(1, {}), vote(1, { block: null })], ['votes']],
    [
      'of three: one offence of one place',
      [vote(1, {}), vote(1, { block: null }), vote(1, { block: blockB.id })],
      ['votes'],
    ],
    ['of a lock forgotten', [lockA, vote(1, { round: 1, block: blockB.id })], ['amnesia']],
    ['of a lock forgotten, heard the other way round', [vote(1, { round: 1, block: blockB.id }), lockA], ['amnesia']],
    ['of a lock let go for a later quorum', [lockA, vote(1, { round: 2, block: blockB.id, validRound: 1 })], []],
    [
      'of a lock let go for a quorum of its own round',
      [lockA, vote(1, { round: 2, block: blockB.id, validRound: 0 })],
      [],
    ],
    ['of a lock, and nothing later', [lockA, vote(1, { round: 1, block: null })], []],
    ['of two proposals', [proposal(0, blockA), proposal(0, blockB)], ['proposals']],
    [
      'of a vote that only a proposal carries',
      [vote(1, {}), proposal(0, blockA, [vote(1, { block: blockB.id })])],
      ['votes'],
    ],
    ['of a forged vote', [vote(2, {}), forged], []],
  ]
  for (const [name, messages, types] of table)
    test(name, () => {
      const { evidence } = blame(messages, world)
      deepEqual(
        evidence.map(({ type }) => type),
        types,
      )
    })

  test('names each offender once, with its weight', () => {
    const both = [vote(3, {}), vote(3, { block: null }), lockA, vote(1, { round: 1, block: blockB.id })]
    const found = blame([...both, proposal(3, blockA), proposal(3, blockB)], world)
    equal(found.evidence.length, 3)
    deepEqual(
      found.offenders,
      [world.places[1], world.places[3]].map(Number).sort((a, b) => a - b),
    )
    equal(2n * found.weight, world.validators.total)
  })
  test('says nothing of who does not vote', () => {
    const other = new TwinsWorld(3)
    const outsider = [0, 1, 2, 3].find((k) => other.validatorOf(keyOf(k)) === -1) ?? -1
    const messages = [vote(outsider, {}), vote(outsider, { block: null })]
    equal(blame(messages, world).evidence.length, 1)
    deepEqual(blame(messages, { networkId: world.networkId, verifier: world.verifier, validators: other.validators }), {
      evidence: [],
      offenders: [],
      weight: 0n,
    })
  })
})

const keyOf = (validator: number): Uint8Array =>
  world.vote(validator, { kind: 'prevote', round: 0, block: null, validRound: -1 }).vote.author
