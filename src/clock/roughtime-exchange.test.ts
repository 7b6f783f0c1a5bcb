import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { holds, NS_PER_DAY, NS_PER_MS, NS_PER_SEC, TAI_MAX } from '../base/index.ts'
import { CLASSIC } from './roughtime-dialect.ts'
import { ROUGHTIME_PACE, roughtimeBackoffNs, roughtimeSample } from './roughtime-exchange.ts'
import type { RoughtimeReply } from './roughtime-response.ts'
import { taiFromUnixNs, taiFromUtc } from './time-scales.ts'

const reply = (midpointUnixNs: bigint, radiusNs: bigint): RoughtimeReply => ({
  dialect: CLASSIC,
  midpointUnixNs,
  radiusNs,
})
const NOON = 1_795_219_200n * NS_PER_SEC
const heard = (midpointUnixNs: bigint, radiusNs: bigint): string => {
  const sample = roughtimeSample({ reply: reply(midpointUnixNs, radiusNs), t1: 0n, t4: 10n * NS_PER_MS })
  return sample.verdict === 'accept' ? 'accept' : `${sample.verdict} ${sample.reason}`
}

describe('what is believed', () => {
  for (const [name, midpoint, radius, say] of [
    ['a good answer', NOON, NS_PER_SEC, 'accept'],
    ['a radius of a minute', NOON, 60n * NS_PER_SEC, 'accept'],
    ['a radius over a minute', NOON, 60n * NS_PER_SEC + 1n, 'reject roughtime-radius-too-large'],
    ['1970', 0n, NS_PER_SEC, 'reject roughtime-before-release'],
    ['the end of what is counted', TAI_MAX, NS_PER_SEC, 'reject roughtime-after-horizon'],
    ['the largest number of seconds', (2n ** 64n - 1n) * NS_PER_SEC, NS_PER_SEC, 'reject roughtime-after-horizon'],
  ] as const)
    test(name, () => equal(heard(midpoint, radius), say))
})

test('the interval, by hand', () => {
  const sample = roughtimeSample({ reply: reply(NOON, 2n * NS_PER_SEC), t1: 5n * NS_PER_SEC, t4: 6n * NS_PER_SEC })
  ok(sample.verdict === 'accept')
  // One microsecond of the counter's grain, 500 ppm of one second, one of rounding.
  const slackNs = 1000n + 500_000n + 1n
  const noon = taiFromUnixNs(NOON)
  deepEqual(sample.value, {
    localNs: 5_500_000_000n,
    offset: { lo: noon - 8n * NS_PER_SEC - slackNs, hi: noon - 3n * NS_PER_SEC + slackNs },
    estimateNs: noon - 5_500_000_000n,
    delayNs: NS_PER_SEC,
    leap: 'unknown',
  })
})

test('true offset is inside, whenever in the exchange an honest server looked, also at a leap second', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(taiFromUnixNs(NOON), (taiFromUtc('2026-11-21T12:00:00Z') ?? 0n) + 1n),
      fc.bigInt({ min: 0n, max: NS_PER_SEC }),
      fc.bigInt({ min: 0n, max: NS_PER_SEC }),
      fc.bigInt({ min: -499_999_999n, max: 499_999_999n }),
      (tai, there, back, rounding) => {
        const [t1, t4] = [1000n, 1000n + there + back]
        const offsetNs = tai - (t1 + there)
        const midpoint = tai - 37n * NS_PER_SEC + rounding
        const sample = roughtimeSample({ reply: reply(midpoint, NS_PER_SEC), t1, t4 })
        ok(sample.verdict === 'accept')
        ok(holds(sample.value.offset, offsetNs))
        ok(holds(sample.value.offset, sample.value.estimateNs))
      },
    ),
    { numRuns: 200 },
  ))

test('failures make pauses that grow by half and end at a day', () => {
  deepEqual([0, 1, 2, 3, 4].map(roughtimeBackoffNs), [0n, NS_PER_SEC, 1_500_000_000n, 2_250_000_000n, 3_375_000_000n])
  deepEqual([40, 10_000].map(roughtimeBackoffNs), [NS_PER_DAY, NS_PER_DAY])
})

test('pauses: each failure tells its reason until its pause is over, and a signed answer forgives, believed or not', () => {
  const { start, mayAsk, after } = ROUGHTIME_PACE
  equal(mayAsk(start, 0n), undefined)
  const once = after(start, { type: 'unreachable', reason: 'roughtime-network' }, 0n)
  equal(mayAsk(once, NS_PER_SEC - 1n), 'roughtime-network')
  equal(mayAsk(once, NS_PER_SEC), undefined)
  const twice = after(once, { type: 'unreachable', reason: 'roughtime-timeout' }, NS_PER_SEC)
  equal(mayAsk(twice, (5n * NS_PER_SEC) / 2n - 1n), 'roughtime-timeout')
  equal(mayAsk(twice, (5n * NS_PER_SEC) / 2n), undefined)
  for (const end of [{ type: 'measured' }, { type: 'refused', reason: 'roughtime-radius-too-large' }] as const)
    equal(mayAsk(after(twice, end, NS_PER_SEC), NS_PER_SEC), undefined)
})
