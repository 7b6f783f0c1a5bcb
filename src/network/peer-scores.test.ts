import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import { PEER_REFUSAL_REASONS_MAX, SCORED_CHANNELS_MAX } from './peer-account.ts'
import { PeerScores } from './peer-scores.ts'
import { BORNE_SCORE_MIN, CHOSEN_SCORE_MIN, SCORE_REASONS, SCORE_WEIGHTS, SHUT_OUT_NS } from './score-weights.ts'
import type { ScoreName } from './score-weights.ts'

const noted = (scores: PeerScores, what: ScoreName, count: number, { atNs = 0n, channel = 't', peer = 'a' } = {}) =>
  Array.from({ length: count }, () => scores.note(peer, channel, what, atNs))
const near = (actual: number, expected: number): void =>
  assert(Math.abs(actual - expected) < 1e-9 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`)

describe('shutting out', () => {
  test('by the fault after the last that is borne, once, and let in again after its time', () => {
    const scores = new PeerScores({ peersMax: 8 })
    const outs = noted(scores, 'rejected', 503)
    assert.deepEqual([outs.indexOf(true), outs.filter(Boolean).length], [-BORNE_SCORE_MIN, 1])
    assert(scores.isShutOut('a', 0n) && !scores.isShutOut('b', 0n))
    assert(scores.isShutOut('a', SHUT_OUT_NS - 1n) && !scores.isShutOut('a', SHUT_OUT_NS))
    assert(scores.score('a', SHUT_OUT_NS) > CHOSEN_SCORE_MIN, 'after its time it may be chosen again')
    assert(!scores.note('a', 't', 'rejected', SHUT_OUT_NS))
  })

  test('the worst is let in again too: no fault outlives the time by enough to shut out at once', () => {
    const scores = new PeerScores({ peersMax: 8 })
    noted(scores, 'rejected', 10_000)
    near(scores.score('a', 0n), SCORE_WEIGHTS.rejected.sumMax)
    assert(!scores.note('a', 't', 'rejected', SHUT_OUT_NS))
  })

  test('who is wrong more slowly than is forgiven never is, and who is a little faster is', () => {
    const isOut = (perSec: number): boolean => {
      const scores = new PeerScores({ peersMax: 8 })
      return Array.from({ length: 400 }, (_, sec) =>
        noted(scores, 'rejected', perSec, { atNs: BigInt(sec) * NS_PER_SEC }),
      ).some((outs) => outs.includes(true))
    }
    assert.deepEqual([isOut(16), isOut(19)], [false, true])
  })

  for (const what of ['ignored', 'flood', 'failed-request'] as const)
    test(`${what} alone never costs a place in the mesh`, () => {
      const scores = new PeerScores({ peersMax: 8 })
      for (const channel of ['t', 'u', 'v']) assert(!noted(scores, what, 10_000, { channel }).includes(true))
      near(scores.score('a', 0n), SCORE_WEIGHTS[what].sumMax)
      assert(scores.score('a', 0n) > CHOSEN_SCORE_MIN)
    })
})

describe('merit', () => {
  test('is capped on each topic and over all, so that it buys little', () => {
    const scores = new PeerScores({ peersMax: 8 })
    noted(scores, 'first-delivery', 10_000)
    near(scores.score('a', 0n), 20)
    for (const channel of ['u', 'v', 'w']) noted(scores, 'first-delivery', 10_000, { channel })
    near(scores.score('a', 0n), SCORE_WEIGHTS['first-delivery'].sumMax)
    assert.equal(noted(scores, 'rejected', 600).indexOf(true), -BORNE_SCORE_MIN + 40)
  })

  test('a topic may weigh more, less, or nothing', () => {
    const scores = new PeerScores({ peersMax: 8 })
    scores.setChannel('dear', { weight: 10 })
    scores.setChannel('free', { weight: 0 })
    scores.setChannel('poor', { meritMax: 1 })
    noted(scores, 'rejected', 3, { channel: 'dear' })
    noted(scores, 'rejected', 3, { channel: 'free' })
    noted(scores, 'first-delivery', 100, { channel: 'poor' })
    near(scores.score('a', 0n), -29)
    scores.forgetChannel('dear')
    noted(scores, 'rejected', 1, { channel: 'dear' })
    near(scores.score('a', 0n), -30)
    assert.throws(() => scores.setChannel('t', { weight: -1 }), assert.AssertionError)
    assert.throws(() => scores.setChannel('t', { meritMax: 41 }), assert.AssertionError)
  })
})

test('what is ignored costs only above its share, and only once enough was judged', () => {
  const scores = new PeerScores({ peersMax: 8 })
  noted(scores, 'ignored', 49)
  near(scores.score('a', 0n), 0)
  noted(scores, 'ignored', 1)
  near(scores.score('a', 0n), SCORE_WEIGHTS.ignored.points)
  const mixed = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 'first-delivery' : 'ignored') as ScoreName)
  for (const what of mixed) scores.note('b', 't', what, 0n)
  near(scores.score('b', 0n), 20)
})

test('all fades by half in its own time', () => {
  for (const what of SCORE_REASONS) {
    const scores = new PeerScores({ peersMax: 8 })
    noted(scores, what, 200)
    const halfNs = BigInt(SCORE_WEIGHTS[what].halfLifeSec) * NS_PER_SEC
    near(scores.score('a', halfNs), scores.score('a', 0n) / 2)
  }
})

test('a standing names channel, reason and points, worst first, and they add up to the score', () => {
  const scores = new PeerScores({ peersMax: 8 })
  noted(scores, 'rejected', 7, { channel: 'u' })
  noted(scores, 'first-delivery', 30)
  noted(scores, 'flood', 4000)
  noted(scores, 'flood', 1000, { channel: 'u' })
  scores.count('a', 'accept', 0n)
  scores.count('a', 'reject', 0n, 'nonsense')
  scores.count('a', 'ignore', 0n, 'late')
  scores.count('a', 'ignore', 0n, 'late')
  const { reasons, ...standing } = scores.standing('a', 0n)
  assert.deepEqual(
    reasons.map(({ channel, reason, points }) => [channel, reason, Math.round(points * 100) / 100]),
    [
      ['t', 'flood', -26.67],
      ['u', 'flood', -13.33],
      ['u', 'rejected', -7],
      ['t', 'first-delivery', 3],
    ],
  )
  near(standing.score, -44)
  assert.deepEqual(standing, {
    peer: 'a',
    score: standing.score,
    messages: { accepted: 1, ignored: 2, rejected: 1 },
    refusals: new Map([
      ['nonsense', 1],
      ['late', 2],
    ]),
    isShutOut: false,
  })
  assert.deepEqual(scores.standing('stranger', 0n).reasons, [])
})

describe('bounds', () => {
  test('reasons and channels of one peer', () => {
    const scores = new PeerScores({ peersMax: 8 })
    for (let i = 0; i < 200; i += 1) {
      scores.count('a', 'ignore', 0n, `reason ${i}`)
      noted(scores, 'rejected', 1, { channel: `channel ${i}` })
    }
    const { refusals, reasons, score } = scores.standing('a', 0n)
    assert.equal(refusals.size, PEER_REFUSAL_REASONS_MAX)
    assert.equal(refusals.get('other'), 200 - PEER_REFUSAL_REASONS_MAX + 1)
    assert.equal(reasons.length, SCORED_CHANNELS_MAX)
    near(score, -200)
  })

  test('peers: who stands well and is not connected is forgotten first, a flooder last', () => {
    const scores = new PeerScores({ peersMax: 16, isKept: (peer) => peer === 'kept' })
    noted(scores, 'rejected', 600, { peer: 'flooder' })
    noted(scores, 'rejected', 30, { peer: 'bad' })
    scores.count('kept', 'accept', 0n)
    for (let i = 0; i < 1000; i += 1) {
      scores.count(`new ${i}`, 'accept', 0n)
      assert(scores.size <= 16)
    }
    assert(scores.isShutOut('flooder', 0n))
    assert.deepEqual(
      ['bad', 'kept', 'new 0', 'new 999'].map((peer) => scores.isKnown(peer)),
      [true, true, false, true],
    )
    const [worst, second] = scores.standings(0n, ['connected'])
    assert.deepEqual([worst?.peer, second?.peer], ['flooder', 'bad'])
    assert(scores.standings(0n, ['connected']).some(({ peer }) => peer === 'connected'))
  })
})

test('whatever is done, a score stays within the sum of all bounds and never rises by itself above what was earned', () => {
  const [lowest, highest] = SCORE_REASONS.reduce(
    ([low, high], what) => {
      const { sumMax } = SCORE_WEIGHTS[what]
      return [low + Math.min(0, sumMax), high + Math.max(0, sumMax)]
    },
    [0, 0],
  )
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          what: fc.constantFrom(...SCORE_REASONS),
          channel: fc.constantFrom('t', 'u', 'v'),
          gapSec: fc.integer({ min: 0, max: 100 }),
          times: fc.integer({ min: 1, max: 300 }),
        }),
        { maxLength: 20, size: 'max' },
      ),
      (deeds) => {
        const scores = new PeerScores({ peersMax: 2 })
        let atNs = 0n
        for (const { what, channel, gapSec, times } of deeds) {
          atNs += BigInt(gapSec) * NS_PER_SEC
          noted(scores, what, times, { atNs, channel })
          const score = scores.score('a', atNs)
          assert(score >= lowest - 1e-6 && score <= highest + 1e-6)
          const { reasons } = scores.standing('a', atNs)
          const listed = reasons.reduce((sum, { points }) => sum + points, 0)
          assert(Math.abs(listed - score) < 0.3, 'what is too small to list is all that is missing')
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('some are asked for without the others, worst first, and strangers stand at nothing', () => {
  const scores = new PeerScores({ peersMax: 8 })
  for (const peer of ['a', 'b', 'c']) noted(scores, 'rejected', peer === 'b' ? 5 : 1, { peer })
  const some = scores.standingsOf(['a', 'stranger', 'b'], 0n)
  assert.deepEqual(
    some.map(({ peer, score }) => [peer, score]),
    [
      ['b', -5],
      ['a', -1],
      ['stranger', 0],
    ],
  )
  assert.deepEqual(some[0], scores.standings(0n)[0])
})
