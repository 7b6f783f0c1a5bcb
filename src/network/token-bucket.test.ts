import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { TokenBuckets } from './token-bucket.ts'

test('a burst, then one for each interval, each peer by itself', () => {
  const buckets = new TokenBuckets({ ratePerSec: 10, burst: 3 }, 8)
  const steps: readonly (readonly [string, bigint, boolean])[] = [
    ['a', 0n, true],
    ['a', 0n, true],
    ['a', 0n, true],
    ['a', 0n, false],
    ['b', 0n, true],
    ['a', 100n * NS_PER_MS - 1n, false],
    ['a', 100n * NS_PER_MS, true],
    ['a', 100n * NS_PER_MS, false],
    ['a', NS_PER_SEC, true],
    ['a', NS_PER_SEC, true],
    ['a', NS_PER_SEC, true],
    ['a', NS_PER_SEC, false],
  ]
  for (const [peer, atNs, taken] of steps) assert.equal(buckets.take(peer, atNs), taken, `${peer} at ${atNs}`)
})

test('what is refused costs nothing: a flood does not push its own next token away', () => {
  const buckets = new TokenBuckets({ ratePerSec: 1, burst: 1 }, 1)
  assert(buckets.take('a', 0n))
  for (let i = 0n; i < 1000n; i += 1n) assert(!buckets.take('a', i))
  assert(buckets.take('a', NS_PER_SEC))
})

test('never more peers than allowed; the one longest silent is forgotten', () => {
  const buckets = new TokenBuckets({ ratePerSec: 1, burst: 1 }, 2)
  for (const peer of ['a', 'b', 'c']) buckets.take(peer, 0n)
  assert.equal(buckets.size, 2)
  assert(!buckets.take('c', 0n))
  assert(buckets.take('a', 0n))
})

test('limits out of range are bugs', () => {
  for (const limit of [
    { ratePerSec: 0, burst: 1 },
    { ratePerSec: Number.NaN, burst: 1 },
    { ratePerSec: 1e9, burst: 1 },
    { ratePerSec: 1, burst: 0 },
    { ratePerSec: 1, burst: 1.5 },
  ])
    assert.throws(() => new TokenBuckets(limit, 1), assert.AssertionError)
})

test('in any window no more than the burst and the rate times the window', () => {
  fc.assert(
    fc.property(
      fc.record({ ratePerSec: fc.integer({ min: 1, max: 1000 }), burst: fc.integer({ min: 1, max: 20 }) }),
      fc.array(fc.bigInt(0n, 20n * NS_PER_MS), { minLength: 1, maxLength: 200 }),
      (limit, gapsNs) => {
        const buckets = new TokenBuckets(limit, 1)
        let nowNs = 0n
        const takenAt = gapsNs.flatMap((gapNs) => {
          nowNs += gapNs
          return buckets.take('a', nowNs) ? [nowNs] : []
        })
        assert(takenAt.length >= 1)
        takenAt.forEach((fromNs, i) => {
          const withinMax = (toNs: bigint): number => limit.burst + (Number(toNs - fromNs) / 1e9) * limit.ratePerSec
          takenAt.slice(i).forEach((toNs, k) => assert(k + 1 <= withinMax(toNs) + 1e-6))
        })
      },
    ),
    { numRuns: 50 },
  )
})
