/** Weights at an epoch's end: the rate, the cap, and what a light client leans on. W-10 to W-13. */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { cappedTargets, nextWeights } from './index.ts'
import type { WeightChange } from './index.ts'

const sumOf = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((sum, amount) => sum + amount, 0n)
const weightOf = (members: readonly WeightChange[], isStaked?: boolean): bigint =>
  sumOf(members.filter((member) => isStaked === undefined || member.isStaked === isStaked).map(({ weight }) => weight))
const isUnderCap = (members: readonly WeightChange[]): boolean => 3n * weightOf(members, false) < weightOf(members)
const isAnyoneStaying = (members: readonly WeightChange[]): boolean =>
  members.some(({ isStaked, target }) => isStaked && target > 0n)
const move = (members: readonly WeightChange[]): readonly WeightChange[] => {
  const next = nextWeights({ members })
  return members.map((member) => ({ ...member, weight: next.get(member.id) ?? -1n }))
}

type Row = readonly [weight: bigint, target: bigint, isStaked: boolean]
const membersOf = (rows: readonly Row[]): readonly WeightChange[] =>
  rows.map(([weight, target, isStaked], index) => ({ id: `m${index}`, weight, target, isStaked }))
const S = true
const U = false

describe('by hand', () => {
  const table: readonly (readonly [string, readonly Row[], readonly bigint[]])[] = [
    [
      'at rest',
      [
        [600n, 600n, S],
        [300n, 300n, S],
      ],
      [600n, 300n],
    ],
    [
      'a small change is made at once',
      [
        [600n, 550n, S],
        [300n, 350n, S],
      ],
      [550n, 350n],
    ],
    [
      'one who leaves goes by a sixth of all',
      [
        [300n, 0n, S],
        [300n, 300n, S],
      ],
      [200n, 300n],
    ],
    [
      'two who leave share the sixth in proportion',
      [
        [400n, 0n, S],
        [200n, 0n, S],
        [600n, 600n, S],
      ],
      [267n, 134n, 600n],
    ],
    [
      'one who comes gains a sixth at most',
      [
        [600n, 600n, S],
        [0n, 600n, S],
      ],
      [600n, 100n],
    ],
    [
      'leaving is not slowed by coming',
      [
        [600n, 0n, S],
        [600n, 600n, S],
        [0n, 10_000n, S],
      ],
      [400n, 600n, 200n],
    ],
    [
      'those without stake: under a third',
      [
        [600n, 600n, S],
        [200n, 500n, U],
      ],
      [600n, 299n],
    ],
    [
      'and they share it',
      [
        [600n, 600n, S],
        [149n, 500n, U],
        [149n, 500n, U],
      ],
      [600n, 149n, 149n],
    ],
    [
      'one without stake cannot fill what stake leaves',
      [
        [200n, 100n, S],
        [99n, 99n, U],
      ],
      [168n, 83n],
    ],
    [
      'where nobody with stake stays there is no cap',
      [
        [600n, 0n, S],
        [0n, 600n, U],
      ],
      [500n, 100n],
    ],
    [
      'a total of five moves not at all',
      [
        [5n, 0n, S],
        [0n, 9n, S],
      ],
      [5n, 0n],
    ],
    [
      'over the cap already: others without stake gain nothing',
      [
        [100n, 100n, S],
        [100n, 100n, U],
      ],
      [100n, 67n],
    ],
  ]
  for (const [name, rows, expected] of table)
    test(name, () => deepEqual([...nextWeights({ members: membersOf(rows) }).values()], expected))

  test('an id twice, less than nothing, and no weight at all are bugs', () => {
    throws(() => nextWeights({ members: [...membersOf([[1n, 1n, S]]), ...membersOf([[1n, 1n, S]])] }))
    throws(() =>
      nextWeights({
        members: membersOf([
          [-1n, 1n, S],
          [5n, 1n, S],
        ]),
      }),
    )
    throws(() => nextWeights({ members: membersOf([[1n, -1n, S]]) }))
    throws(() => nextWeights({ members: membersOf([[0n, 1n, S]]) }))
    throws(() => nextWeights({ members: [] }))
  })
  test('targets under the cap', () => {
    const capped = (rows: readonly Row[]): readonly bigint[] => cappedTargets(membersOf(rows))
    deepEqual(
      capped([
        [0n, 100n, S],
        [0n, 49n, U],
      ]),
      [100n, 49n],
    )
    deepEqual(
      capped([
        [0n, 100n, S],
        [0n, 50n, U],
      ]),
      [100n, 49n],
    )
    deepEqual(
      capped([
        [0n, 1n, S],
        [0n, 50n, U],
      ]),
      [1n, 0n],
    )
    deepEqual(
      capped([
        [0n, 0n, S],
        [0n, 50n, U],
      ]),
      [0n, 50n],
    )
    deepEqual(capped([]), [])
  })
})

/** Of any size, from nothing to far more than a voice; small numbers often, for they round worst. */
const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: 12n }),
  fc.bigInt({ min: 0n, max: 1_000_000_000n }),
  fc.bigInt({ min: 0n, max: 2n ** 80n }),
)
const drawn = (each: fc.Arbitrary<bigint>, maxLength: number): fc.Arbitrary<readonly WeightChange[]> =>
  fc
    .array(fc.tuple(each, each, fc.boolean()), { minLength: 1, maxLength })
    .map(membersOf)
    .filter((members) => weightOf(members) > 0n)
const anyMembers = drawn(amount, 12)

test('the rate holds whatever comes in, and nobody falls below nothing', () =>
  fc.assert(
    fc.property(anyMembers, (members) => {
      const total = weightOf(members)
      const changes = move(members).map(({ weight }, index) => weight - (members[index]?.weight ?? 0n))
      ok(move(members).every(({ weight }) => weight >= 0n))
      ok(6n * -sumOf(changes.filter((change) => change < 0n)) <= total)
      ok(6n * sumOf(changes.filter((change) => change > 0n)) <= total)
      ok(weightOf(move(members)) > 0n)
    }),
    { numRuns: 500 },
  ))

test('the cap, once kept, is kept; where it was not, those without stake gain nothing on the others', () =>
  fc.assert(
    fc.property(anyMembers, (members) => {
      fc.pre(isAnyoneStaying(members))
      const next = move(members)
      const isNoWorse =
        weightOf(next, false) <= weightOf(members, false) && weightOf(next, true) >= weightOf(members, true)
      ok(isUnderCap(next) || (!isUnderCap(members) && isNoWorse))
    }),
    { numRuns: 1000 },
  ))

test('nobody moves away from the capped target, or past it', () =>
  fc.assert(
    fc.property(anyMembers, (members) => {
      const targets = cappedTargets(members)
      for (const [index, { weight }] of move(members).entries()) {
        const { weight: before = 0n } = members[index] ?? {}
        const target = targets[index] ?? 0n
        ok(before <= target ? weight >= before && weight <= target : weight <= before && weight >= target)
      }
    }),
    { numRuns: 300 },
  ))

test('the order of members does not matter', () =>
  fc.assert(
    fc.property(anyMembers, (members) => {
      const reversed = nextWeights({ members: members.toReversed() })
      for (const [id, weight] of nextWeights({ members })) equal(reversed.get(id), weight)
    }),
    { numRuns: 200 },
  ))

test('at rest nothing moves', () =>
  fc.assert(
    fc.property(anyMembers, (members) => {
      const targets = cappedTargets(members)
      const resting = members.map((member, index) => ({ ...member, weight: targets[index] ?? 0n }))
      fc.pre(weightOf(resting) > 0n)
      deepEqual([...nextWeights({ members: resting }).values()], targets)
    }),
    { numRuns: 300 },
  ))

test('targets that stay are reached', () =>
  fc.assert(
    fc.property(drawn(fc.bigInt({ min: 1_000_000n, max: 1_000_000_000n }), 8), (members) => {
      const targets = cappedTargets(members)
      let now = members
      for (let epoch = 0; epoch < 100; epoch += 1) now = move(now)
      deepEqual(
        now.map(({ weight }) => weight),
        targets,
      )
    }),
    { numRuns: 60 },
  ))

describe('what a light client leans on', () => {
  /** The least old weight that any quorum of the new weights holds. */
  const leastHeld = (old: readonly WeightChange[], next: readonly WeightChange[]): bigint => {
    const total = weightOf(next)
    const held = Array.from({ length: 2 ** old.length }, (_, chosen) => {
      const isIn = (_member: WeightChange, index: number): boolean => ((chosen >> index) & 1) === 1
      return 3n * weightOf(next.filter(isIn)) > 2n * total ? weightOf(old.filter(isIn)) : undefined
    })
    return held.reduce<bigint>((least, one) => (one !== undefined && one < least ? one : least), weightOf(old))
  }
  const keptOf = (old: readonly WeightChange[], next: readonly WeightChange[]): bigint =>
    sumOf(old.map(({ weight }, index) => (weight < (next[index]?.weight ?? 0n) ? weight : (next[index]?.weight ?? 0n))))
  const moved = fc.array(fc.array(amount, { minLength: 6, maxLength: 6 }), { minLength: 2, maxLength: 2 })

  test('after one epoch a quorum has over half of the old weight, after two over a third', () =>
    fc.assert(
      fc.property(drawn(amount, 6), moved, (members, [first = [], second = []]) => {
        const aim = (now: readonly WeightChange[], targets: readonly bigint[]): readonly WeightChange[] =>
          move(now.map((member, index) => ({ ...member, target: targets[index] ?? 0n })))
        const one = aim(members, first)
        const two = aim(one, second)
        ok(2n * leastHeld(members, one) > weightOf(members))
        ok(3n * leastHeld(members, two) > weightOf(members))
        ok(6n * keptOf(members, one) >= 5n * weightOf(one))
        ok(3n * keptOf(members, two) >= 2n * weightOf(two))
      }),
      { numRuns: 200 },
    ))

  test('and no more could be promised', () => {
    const old = membersOf([
      [799n, 399n, S],
      [401n, 801n, S],
    ])
    const one = move(old)
    const two = move(one)
    deepEqual(
      two.map(({ weight }) => weight),
      [399n, 801n],
    )
    equal(leastHeld(one, two), 601n, 'of 1200: just over half')
    equal(leastHeld(old, two), 401n, 'of 1200: just over a third')
  })
})
