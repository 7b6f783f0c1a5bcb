/** A count crosses its bounds exactly where the set says that a weight is a quorum, whatever the weights. Rules: docs/spec/consensus.md B-42, B-43. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { validatorsOf, voteOf } from './round-machine.test-kit.ts'
import { leastWeightsOf, VoteCount } from './vote-count.ts'
import { VotesAhead } from './votes-ahead.ts'

const BLOCKS = ['aa'.repeat(32), 'bb'.repeat(32), null] as const
const cast = fc.array(fc.tuple(fc.bigInt({ min: 1n, max: 20n }), fc.nat(2), fc.integer({ min: -1, max: 1 })), {
  minLength: 1,
  maxLength: 9,
})

test('counts what was said, and tells when a bound is crossed', () =>
  fc.assert(
    fc.property(cast, (votes) => {
      const validators = validatorsOf(votes.map(([weight]) => weight))
      const count = new VoteCount('prevote', validators, leastWeightsOf(validators))
      const sums = new Map<string, bigint>()
      let all = 0n
      for (const [by, [weight, which, leaning]] of votes.entries()) {
        const block = BLOCKS[which] ?? null
        const validRound = block === null ? -1 : leaning
        const before = [validators.isQuorum(all), [...sums.values()].some((sum) => validators.isQuorum(sum))]
        const thing = `${block} ${validRound}`
        all += weight
        sums.set(thing, (sums.get(thing) ?? 0n) + weight)
        const outcome = count.add(by, weight, voteOf({ by, kind: 'prevote', round: 2, block, validRound }))
        const after = [validators.isQuorum(all), [...sums.values()].some((sum) => validators.isQuorum(sum))]
        equal(outcome, before.join() === after.join() ? 'counted' : 'crossed')
        deepEqual([count.isQuorum, count.quorum !== undefined], after)
        equal(count.weight, all)
        for (const id of BLOCKS.slice(0, 2)) {
          const sum = [...sums].reduce(
            (total, [name, part]) => (name.startsWith(String(id)) ? total + part : total),
            0n,
          )
          equal(count.isSupported(String(id)), validators.isOverThird(sum))
        }
      }
    }),
    { numRuns: 100 },
  ))

test('votes ahead: the latest round that more than a third have come to, after any votes and rounds', () =>
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 1n, max: 9n }), { minLength: 3, maxLength: 7 }),
      fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 9 })), { maxLength: 40 }),
      (weights, votes) => {
        const validators = validatorsOf(weights)
        const ahead = new VotesAhead(leastWeightsOf(validators))
        const weightOf = (index: number): bigint => weights[index] ?? 0n
        const newest = new Map<number, number>()
        let begun = 0
        for (const [who, round] of votes) {
          const by = who % weights.length
          if (round > begun) {
            ahead.add(by, weightOf(by), voteOf({ by, kind: 'prevote', round, block: null }))
            newest.set(by, Math.max(newest.get(by) ?? 0, round))
          } else {
            begun = Math.min(begun + 1, round)
            ahead.take(begun, weightOf)
          }
          const rounds = [9, 8, 7, 6, 5, 4, 3, 2, 1].filter((one) => one > begun)
          const reached = rounds.find((one) =>
            validators.isOverThird(
              [...newest].reduce((sum, [index, late]) => (late >= one ? sum + weightOf(index) : sum), 0n),
            ),
          )
          equal(ahead.reached(), reached)
        }
      },
    ),
    { numRuns: 100 },
  ))
