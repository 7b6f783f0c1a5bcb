/** The one tally: quorums, and the proof that a block's time holds the truth, put to chance (B-30 to B-36). */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, TAI_MAX, max, min } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { NO_TIME, OVERHANG_NS_MAX, UNBOUNDED, faultyWeightMax, tally } from './index.ts'
import type { BlockTime, CountedVote, Tally } from './index.ts'
import { validatorsOf } from './signed-things.test-kit.ts'

const DELAY = 100n
const four = validatorsOf([1n, 1n, 1n, 1n])
const span = (earliest: bigint, latest: bigint): TimeInterval => ({ earliest, latest })
const votesOf = (intervals: readonly TimeInterval[]): CountedVote[] =>
  intervals.map((received, index) => ({ index, received }))
const timeOf = (earliest: bigint, latest: bigint, timestamp: bigint): BlockTime => ({ earliest, latest, timestamp })
const of = (intervals: readonly TimeInterval[], parentTime = NO_TIME): Tally =>
  tally({ validators: four, votes: votesOf(intervals), parentTime, proposalDelayNs: DELAY })
const at = (middle: bigint): TimeInterval => span(middle - 10n, middle + 10n)

describe('quorum', () => {
  test('more than two thirds, not two thirds', () => {
    const three = validatorsOf([1n, 1n, 1n])
    const counted = (count: number): boolean =>
      tally({
        validators: three,
        votes: votesOf([at(9n), at(9n), at(9n)]).slice(0, count),
        parentTime: NO_TIME,
        proposalDelayNs: 1n,
      }).isQuorum
    deepEqual([counted(0), counted(2), counted(3)], [false, false, true])
  })
  test('without one there is no time', () =>
    deepEqual(of([at(1000n), at(1000n)]), { weight: 2n, isQuorum: false, time: undefined, isAgreed: false }))
  test('a validator counts once, by its first vote', () => {
    const [first] = votesOf([at(1000n)])
    ok(first !== undefined)
    const votes = [first, first, { index: 0, received: at(9000n) }]
    equal(tally({ validators: four, votes, parentTime: NO_TIME, proposalDelayNs: DELAY }).weight, 1n)
    const whole = [...votes, { index: 1, received: at(1000n) }, { index: 2, received: at(1000n) }]
    deepEqual(
      tally({ validators: four, votes: whole, parentTime: NO_TIME, proposalDelayNs: DELAY }),
      of([at(1000n), at(1000n), at(1000n)]),
    )
  })
  test('a vote of nobody in the set, or a reversed interval, is a bug', () => {
    throws(() => of([at(1n), at(1n), at(1n), at(1n), at(1n)]), { name: 'AssertionError' })
    throws(() => of([span(2n, 1n)]), { name: 'AssertionError' })
  })
})

describe('time, on four equal validators and Δ of 100', () => {
  const rows: readonly (readonly [
    string,
    readonly TimeInterval[],
    BlockTime,
    TimeInterval & { readonly timestamp: bigint },
    boolean,
  ])[] = [
    // Needed of three votes: 3 − 1 = 2; of four: 3.
    ['three alike', [at(1000n), at(1000n), at(1000n)], NO_TIME, timeOf(890n, 1010n, 950n), true],
    ['one far off, of three', [at(1000n), at(1000n), at(9000n)], NO_TIME, timeOf(890n, 1010n, 950n), true],
    ['one far off, of four', [at(1000n), at(9000n), at(1000n), at(1000n)], NO_TIME, timeOf(890n, 1010n, 950n), true],
    ['two and two', [at(1000n), at(1000n), at(9000n), at(9000n)], NO_TIME, timeOf(890n, 9010n, 4950n), false],
    ['all apart', [at(1000n), at(3000n), at(9000n)], NO_TIME, timeOf(890n, 9010n, 4950n), false],
    ['one does not know', [at(1000n), at(1020n), UNBOUNDED], NO_TIME, timeOf(890n, 1030n, 960n), true],
    ['one knows', [UNBOUNDED, UNBOUNDED, at(1000n)], NO_TIME, timeOf(1n, TAI_MAX, OVERHANG_NS_MAX + 1n), true],
    [
      'an equal interval of a point',
      [span(1000n, 1000n), span(1000n, 1000n), span(1000n, 1000n)],
      NO_TIME,
      timeOf(900n, 1000n, 950n),
      true,
    ],
    [
      'the parent pushes the earliest end',
      [at(1000n), at(1000n), at(1000n)],
      timeOf(900n, 905n, 902n),
      timeOf(901n, 1010n, 955n),
      true,
    ],
    [
      'and the timestamp',
      [at(1000n), at(1000n), at(1000n)],
      timeOf(800n, 1005n, 1000n),
      timeOf(890n, 1010n, 1001n),
      true,
    ],
    [
      'and the latest end',
      [at(1000n), at(1000n), at(1000n)],
      timeOf(800n, 1400n, 900n),
      timeOf(890n, 1401n, 950n),
      true,
    ],
    [
      'past what the votes say',
      [at(1000n), at(1000n), at(1000n)],
      timeOf(2000n, 2100n, 2050n),
      timeOf(2001n, 2101n, 2051n),
      true,
    ],
  ]
  for (const [name, intervals, parent, expected, isAgreed] of rows)
    test(name, () => {
      const { time, isAgreed: agreed } = of(intervals, parent)
      deepEqual([time, agreed], [expected, isAgreed])
    })

  const SECOND = NS_PER_SEC
  const NOW = 1000n * SECOND
  const good = [at(NOW), at(NOW), at(NOW)]
  test('a parent without an end leaves no mark', () => {
    deepEqual(of(good, timeOf(1n, TAI_MAX, OVERHANG_NS_MAX + 1n)).time, timeOf(NOW - 110n, NOW + 10n, NOW - 50n))
  })
  test('nor one whose end lies a year ahead: only its timestamp stays below', () => {
    const parent = timeOf(NOW - SECOND, NOW + 31_536_000n * SECOND, NOW - SECOND + OVERHANG_NS_MAX)
    const { time } = of(good, parent)
    deepEqual(time, timeOf(NOW - 110n, parent.timestamp + 1n, parent.timestamp + 1n))
  })
  test('an end a minute ahead still rises, one more does not', () => {
    const latest = NOW + 10n + OVERHANG_NS_MAX
    equal(of(good, timeOf(0n, latest, 1n)).time?.latest, latest + 1n)
    equal(of(good, timeOf(0n, latest + 1n, 1n)).time?.latest, NOW + 10n)
  })
  test('the end of all time', () => {
    const end = timeOf(TAI_MAX, TAI_MAX, TAI_MAX)
    deepEqual(of([UNBOUNDED, UNBOUNDED, UNBOUNDED], end).time, end)
    deepEqual(of([span(TAI_MAX, TAI_MAX), span(TAI_MAX, TAI_MAX), UNBOUNDED], NO_TIME).time?.latest, TAI_MAX)
  })
})

/** A height as it truly was: who is honest, when it was proposed, and the votes that a proposer picked. */
interface Scenario {
  readonly weights: readonly bigint[]
  readonly proposedAt: bigint
  readonly parent: BlockTime
  readonly votes: readonly CountedVote[]
  readonly honest: readonly TimeInterval[]
}

const PROPOSED = 1_000_000n
/** Anything that a liar may sign: near the truth, at its edges, or anywhere. */
const lie: fc.Arbitrary<TimeInterval> = fc
  .tuple(
    fc.oneof(fc.bigInt(PROPOSED - 300n, PROPOSED + 300n), fc.bigInt(0n, TAI_MAX), fc.constantFrom(0n, TAI_MAX)),
    fc.oneof(fc.bigInt(PROPOSED - 300n, PROPOSED + 300n), fc.bigInt(0n, TAI_MAX), fc.constantFrom(0n, TAI_MAX)),
  )
  .map(([a, b]) => span(min(a, b), max(a, b)))
/** What an honest validator signs: it received within Δ, and its clock's interval holds the instant. */
const truth: fc.Arbitrary<TimeInterval> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({ after: fc.bigInt(0n, DELAY), back: fc.bigInt(0n, 50n), ahead: fc.bigInt(0n, 50n) })
      .map(({ after, back, ahead }) => span(PROPOSED + after - back, PROPOSED + after + ahead)),
  },
  { weight: 1, arbitrary: fc.constant(UNBOUNDED) },
)
const weight = fc.oneof(fc.bigInt(1n, 9n), fc.constantFrom(1n, 100n, 1_000_000_000n))
const parentTime: fc.Arbitrary<BlockTime> = fc
  .tuple(fc.bigInt(0n, PROPOSED - 1n), fc.bigInt(0n, 400n), fc.bigInt(0n, 400n))
  .map(([earliest, toTimestamp, toLatest]) =>
    timeOf(earliest, earliest + toTimestamp + toLatest, earliest + toTimestamp),
  )

const validator = fc.record({ weight, isWilling: fc.boolean(), rank: fc.nat(1000), lie, truth })

/**
 * Liars weigh less than a third, as much as comes together in the order drawn. The proposer takes all liars' votes first and then honest
 * ones until there is a quorum, or as many more as are drawn.
 */
const scenario: fc.Arbitrary<Scenario> = fc
  .record({ drawn: fc.array(validator, { minLength: 1, maxLength: 12 }), more: fc.nat(12), parent: parentTime })
  .map(({ drawn, more, parent }) => {
    const weights = drawn.map((one) => one.weight)
    const validators = validatorsOf(weights)
    let faulty = 0n
    const all = drawn.map((one, index) => {
      const isLiar = one.isWilling && 3n * (faulty + one.weight) < validators.total
      if (isLiar) faulty += one.weight
      return { ...one, index, isLiar, received: isLiar ? one.lie : one.truth }
    })
    all.sort((a, b) => Number(b.isLiar) - Number(a.isLiar) || a.rank - b.rank)
    let sum = 0n
    let extra = more
    const picked = all.filter((one) => {
      if (validators.isQuorum(sum)) extra -= 1
      sum += one.weight
      return extra >= 0
    })
    return {
      weights,
      proposedAt: PROPOSED,
      parent,
      votes: picked.map(({ index, received }) => ({ index, received })),
      honest: picked.filter(({ isLiar }) => !isLiar).map(({ received }) => received),
    }
  })

const run = ({ weights, votes, parent }: Scenario): Tally =>
  tally({ validators: validatorsOf(weights), votes, parentTime: parent, proposalDelayNs: DELAY })
const timeOfRun = (one: Scenario): BlockTime => {
  const { time, isAgreed, isQuorum } = run(one)
  ok(isQuorum && isAgreed && time !== undefined)
  return time
}
const check = (property: (one: Scenario) => void): void => fc.assert(fc.property(scenario, property), { numRuns: 400 })

test('the most that is less than a third', () =>
  deepEqual([1n, 2n, 3n, 4n, 6n, 7n, 100n].map(faultyWeightMax), [0n, 0n, 0n, 1n, 1n, 2n, 33n]))

describe('with less than a third of the weight lying in any way', () => {
  test('the interval holds the true time of the proposal, and its own timestamp', () =>
    check((one) => {
      const { earliest, timestamp, latest } = timeOfRun(one)
      ok(earliest <= one.proposedAt && one.proposedAt <= latest, `${earliest} ${latest}`)
      ok(earliest <= timestamp && timestamp <= latest)
    }))

  test('it is later than the parent in all three', () =>
    check((one) => {
      const { earliest, timestamp, latest } = timeOfRun(one)
      ok(earliest > one.parent.earliest && timestamp > one.parent.timestamp && latest > one.parent.latest)
    }))

  test('each end lies within an honest interval, or is one more than the parent’s (B-33)', () =>
    check((one) => {
      const { earliest, timestamp, latest } = timeOfRun(one)
      const isHonest = (instant: bigint): boolean =>
        one.honest.some((honest) => honest.earliest - DELAY <= instant && instant <= honest.latest)
      ok(isHonest(earliest) || earliest === one.parent.earliest + 1n)
      ok(isHonest(latest) || latest === one.parent.latest + 1n || latest === timestamp)
    }))

  test('it is no wider than the honest intervals around it and Δ (B-33)', () =>
    check((one) => {
      const { earliest, latest } = timeOfRun({ ...one, parent: NO_TIME })
      const lo = one.honest.reduce((least, honest) => min(least, honest.earliest), TAI_MAX)
      const hi = one.honest.reduce((most, honest) => max(most, honest.latest), 0n)
      ok(latest - earliest <= hi - lo + DELAY)
    }))

  test('nothing narrower can be promised: either end may be the truth (B-34)', () =>
    check((one) => {
      const { earliest, latest } = timeOfRun({ ...one, parent: NO_TIME })
      const validators = validatorsOf(one.weights)
      for (const end of [earliest, latest]) {
        const wrong = one.votes.filter(({ received }) => end < received.earliest - DELAY || received.latest < end)
        const weighs = wrong.reduce((sum, { index }) => sum + (validators.at(index)?.weight ?? 0n), 0n)
        ok(weighs <= faultyWeightMax(validators.total) || end === 1n)
      }
    }))

  test('the order of the votes changes nothing', () =>
    check((one) => deepEqual(run({ ...one, votes: one.votes.toReversed() }), run(one))))
})

describe('with any votes at all', () => {
  const votes = fc.array(fc.record({ weight, received: lie }), { minLength: 1, maxLength: 9 })
  const anyTime = fc
    .tuple(fc.bigInt(0n, TAI_MAX), fc.bigInt(0n, TAI_MAX), fc.bigInt(0n, TAI_MAX))
    .map((three) => three.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
    .map(([earliest = 0n, timestamp = 0n, latest = 0n]) => timeOf(earliest, latest, timestamp))

  test('a time is an interval of TAI with a timestamp in it, and later than the parent wherever anything is', () =>
    fc.assert(
      fc.property(votes, anyTime, (drawn, parent) => {
        const validators = validatorsOf(drawn.map((one) => one.weight))
        const { time, isQuorum } = tally({
          validators,
          votes: votesOf(drawn.map(({ received }) => received)),
          parentTime: parent,
          proposalDelayNs: DELAY,
        })
        ok(isQuorum && time !== undefined)
        ok(0n <= time.earliest && time.earliest <= time.timestamp)
        ok(time.timestamp <= time.latest && time.latest <= TAI_MAX)
        ok(time.earliest > parent.earliest || parent.earliest === TAI_MAX)
        ok(time.timestamp > parent.timestamp || parent.timestamp === TAI_MAX)
      }),
      { numRuns: 300 },
    ))

  test('whatever a block’s time was, an hour of true votes makes it true and narrow again, unless its earliest end was beyond them', () =>
    fc.assert(
      fc.property(anyTime, fc.bigInt(1n, 10n ** 18n), (parent, now) => {
        const start = {
          ...parent,
          earliest: min(parent.earliest, now),
          timestamp: min(parent.timestamp, now + OVERHANG_NS_MAX),
        }
        let time: BlockTime = start
        for (let second = 1n; second <= 61n; second += 1n) {
          const instant = now + DELAY + second * NS_PER_SEC
          const next = of([at(instant), at(instant), at(instant)], time).time
          ok(next !== undefined)
          time = next
          ok(time.latest - instant <= 2n * OVERHANG_NS_MAX)
        }
        equal(time.latest - time.earliest, 120n)
      }),
      { numRuns: 50 },
    ))
})
