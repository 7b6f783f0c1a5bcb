/** When a source is asked: the burst, the interval that may grow, and what makes it shrink; and a source that is replaced. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC, seededRandom } from '../base/index.ts'
import { DISCIPLINE_DEFAULTS } from './discipline-options.ts'
import type { DisciplineOptions } from './discipline-options.ts'
import { Discipline } from './discipline.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import { createOscillator } from './oscillator.ts'
import { STEADY_SAMPLES, dueAtNs, firstSchedule, hurried, paced, slowed, soon } from './poll-policy.ts'
import type { PollEvidence } from './poll-policy.ts'
import type { Measurement } from './port.ts'
import { SimulatedWorld } from './simulated-world.ts'
import type { SimulatedPath } from './simulated-world.ts'
import { RELEASE_TAI } from './time-scales.ts'

const SEC = NS_PER_SEC
const OPTIONS: DisciplineOptions = {
  ...DISCIPLINE_DEFAULTS,
  pollIntervalNs: 16n * SEC,
  pollIntervalGrownNsMax: 128n * SEC,
}
const GOOD: PollEvidence = { isTaken: true, halfWidthThenNs: NS_PER_MS, sigmaThenNs: 1e5, wordHalfWidthNs: NS_PER_MS }
const FIRST = firstSchedule(OPTIONS)

/** The interval, s, after each of these words. */
const intervals = (words: readonly PollEvidence[], options = OPTIONS, start = FIRST): readonly number[] => {
  let schedule = start
  return words.map((word) => {
    schedule = paced(schedule, word, options)
    return Number(schedule.intervalNs / SEC)
  })
}
const good = (count: number): readonly PollEvidence[] => Array.from({ length: count }, () => GOOD)

test('the first questions: at once, then a burst, then the interval', () => {
  equal(dueAtNs(FIRST, undefined), undefined)
  const asked = { ...FIRST, polledNs: 5n * SEC }
  equal(dueAtNs(asked, undefined), 7n * SEC)
  equal(dueAtNs({ ...asked, burstLeft: 0 }, undefined), 21n * SEC)
  equal(dueAtNs({ ...asked, burstLeft: 0 }, 10n * SEC), 10n * SEC)
  equal(firstSchedule({ ...OPTIONS, pollIntervalNs: SEC }).intervalMinNs, SEC)
})

describe('the interval', () => {
  test('stays as it is where it may not grow', () => {
    const fixed = { ...OPTIONS, pollIntervalGrownNsMax: undefined }
    deepEqual(new Set(intervals(good(50), fixed)), new Set([16]))
    deepEqual(new Set(intervals([{ ...GOOD, isTaken: false }], fixed)), new Set([16]))
  })

  test('doubles after eight steady words, to its limit', () => {
    equal(STEADY_SAMPLES, 8)
    const seen = intervals(good(40))
    deepEqual(
      [6, 7, 14, 15, 23, 31, 39].map((word) => seen[word]),
      [16, 32, 32, 64, 128, 128, 128],
    )
  })

  const unsteady: readonly (readonly [string, Partial<PollEvidence>, number])[] = [
    ['a word that the filter refused', { isTaken: false }, 32],
    ['an estimate that would stray by more than a word tells, twice over', { sigmaThenNs: 2.1e6 }, 32],
    ['an estimate that would stray by more than a word tells', { sigmaThenNs: 1.1e6 }, 64],
    ['a bound that would pass its share of the accepted variance', { halfWidthThenNs: 41n * NS_PER_MS }, 64],
  ]
  for (const [name, word, expected] of unsteady)
    test(`${name}: ${expected} s after 64 s, and the count begins anew`, () => {
      const seen = intervals([...good(23), { ...GOOD, ...word }, ...good(8)])
      deepEqual([seen[22], seen[23], seen[30], seen[31]], [64, expected, expected, 2 * expected])
    })

  test('is short again at once where a question goes unanswered or the clock must know soon', () => {
    const grown = { ...FIRST, intervalNs: 128n * SEC, steady: 7 }
    deepEqual(soon(grown, OPTIONS), FIRST)
    deepEqual(hurried(soon({ ...grown, burstLeft: 0 }, OPTIONS), OPTIONS).burstLeft, OPTIONS.burstPolls)
  })

  test('never goes below what a server asked for', () => {
    const patient = slowed(slowed(FIRST, 4096n * SEC), 4096n * SEC)
    equal(patient.intervalNs, 64n * SEC)
    equal(soon(patient, OPTIONS).intervalNs, 64n * SEC)
    deepEqual(intervals([{ ...GOOD, isTaken: false }], OPTIONS, patient), [64])
    const far = slowed(slowed(patient, 4096n * SEC), 4096n * SEC)
    deepEqual(intervals(good(8), OPTIONS, far).at(-1), 256, 'nor does it shrink to its own limit from there')
  })

  test('whatever is heard: between the configured one and its limit', () => {
    const word = fc.record({
      isTaken: fc.boolean(),
      halfWidthThenNs: fc.bigInt({ min: 0n, max: 100n * NS_PER_MS }),
      sigmaThenNs: fc.double({ min: 0, max: 1e8, noNaN: true }),
      wordHalfWidthNs: fc.bigInt({ min: 0n, max: 100n * NS_PER_MS }),
    })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 100 }), (words) => {
        ok(intervals(words).every((seconds) => seconds >= 16 && seconds <= 128))
      }),
      { numRuns: 100 },
    )
  })
})

test('a good oscillator is asked more seldom at the same truth, a poor one is not', () => {
  const run = (grownNs: bigint | undefined, randomWalkPpb: number) => {
    const discipline = new Discipline({ ...OPTIONS, pollIntervalGrownNsMax: grownNs }, createAdaptiveFilter())
    const answer = (): SimulatedPath => ({ outNs: NS_PER_MS / 5n, backNs: NS_PER_MS / 5n, lieNs: 0n })
    const world = new SimulatedWorld({
      discipline,
      oscillator: createOscillator({ driftPpb: 3000, randomWalkPpb }, seededRandom(4n)),
      sources: ['a', 'b', 'c'].map((id) => ({ id, answer })),
      originTai: RELEASE_TAI + 1000n * SEC,
      tickNs: SEC,
    })
    let outside = 0
    const until = (sec: bigint): number => {
      const before = world.polls
      world.runUntil(sec * SEC, ({ reading, trueTai }) => {
        if (reading !== undefined && (reading.earliest > trueTai || reading.latest < trueTai)) outside += 1
      })
      return world.polls - before
    }
    until(1500n)
    const settled = until(2500n)
    return { settled, outside }
  }
  const fixed = run(undefined, 0)
  const grown = run(128n * SEC, 0)
  const poor = run(128n * SEC, 100)
  ok(grown.settled * 4 <= fixed.settled, `${grown.settled} questions instead of ${fixed.settled}`)
  ok(poor.settled > 2 * grown.settled, `a poor oscillator: ${poor.settled} questions`)
  deepEqual([fixed.outside, grown.outside], [0, 0])
})

describe('a source that is replaced', () => {
  const word = (sourceId: string, localNs: bigint, errorNs = 0n): Measurement => {
    const estimateNs = RELEASE_TAI + 10n ** 15n + errorNs
    const offset = { lo: estimateNs - NS_PER_MS, hi: estimateNs + NS_PER_MS }
    return { sourceId, kind: 'ntp', localNs, offset, estimateNs, delayNs: 2n * NS_PER_MS, leap: 'none' }
  }
  const opened = (): Discipline<unknown> => {
    const discipline = new Discipline(OPTIONS, createAdaptiveFilter())
    for (const id of ['a', 'b', 'c']) discipline.register(id, 'ntp')
    discipline.due(0n)
    return discipline
  }
  const hear = (discipline: Discipline<unknown>, measurement: Measurement): void =>
    void discipline.onSourceEvent({ type: 'measurement', measurement }, measurement.localNs)

  test('what was said before counts no more: no vote, no reach, no falseticker', () => {
    const discipline = opened()
    for (const [index, id] of ['b', 'c', 'a'].entries())
      hear(discipline, word(id, BigInt(index + 1), id === 'a' ? SEC : 0n))
    equal(discipline.report(5n)[0]?.state, 'falseticker')
    discipline.onSourceEvent({ type: 'replaced', sourceId: 'a', isVacant: false }, 6n)
    const [a] = discipline.report(6n)
    deepEqual([a?.state, a?.reach, a?.reason, a?.measurement], ['waiting', 0, '', undefined])
    hear(discipline, word('a', 7n))
    equal(discipline.report(8n)[0]?.state, 'selected')
  })

  test('a kiss that ended the one before does not bind the next', () => {
    const discipline = opened()
    const denied = { type: 'refused', sourceId: 'a', verdict: 'reject', reason: 'kod-deny' } as const
    discipline.onSourceEvent(denied, 1n)
    equal(discipline.due(1000n * SEC).sourceIds.includes('a'), false)
    discipline.onSourceEvent({ type: 'replaced', sourceId: 'a', isVacant: false }, 1000n * SEC)
    equal(discipline.due(1002n * SEC).sourceIds.includes('a'), true)
  })

  test('a vacant one is no voter that has yet to speak, and is again when it is seated', () => {
    const discipline = opened()
    hear(discipline, word('b', 1n))
    equal(discipline.read(1n), undefined, 'two more could outvote it')
    for (const sourceId of ['a', 'c']) discipline.onSourceEvent({ type: 'replaced', sourceId, isVacant: true }, 2n)
    hear(discipline, word('b', 3n))
    equal(discipline.read(3n)?.status, 'synchronised')
    const fresh = opened()
    for (const isVacant of [true, false])
      for (const sourceId of ['a', 'c']) fresh.onSourceEvent({ type: 'replaced', sourceId, isVacant }, 2n)
    hear(fresh, word('b', 3n))
    equal(fresh.read(3n), undefined)
  })
})
