/** The hard interval by hand: carrying, what history says of the slope, and contradictions. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, holds } from '../base/index.ts'
import { HardBound, carry, unknownSlope } from './hard-bound.ts'
import type { HardBoundOptions } from './hard-bound.ts'
import { wanderOver } from './hard-bound-slope.ts'

const SEC = NS_PER_SEC
const options: HardBoundOptions = {
  frequencyBoundPpb: 500_000,
  wanderPpb: 1000,
  baselineNsMax: 4096n * SEC,
  anchorsMax: 32,
}

test('carrying: 10 s at −2 to +3 ppm moves the ends by −20 and +30 µs; backwards the other way', () => {
  const point = { localNs: 100n * SEC, offset: { lo: 0n, hi: 1000n } }
  const slope = { loPpb: -2000n, hiPpb: 3000n }
  deepEqual(carry(point, 110n * SEC, slope), { lo: -20_000n, hi: 31_000n })
  deepEqual(carry(point, 90n * SEC, slope), { lo: -30_000n, hi: 21_000n })
  // Parts of a nanosecond go outwards.
  deepEqual(carry(point, 100n * SEC + 1n, slope), { lo: -1n, hi: 1001n })
})

test('an unknown counter spreads by 500 ppm; two words 1,000 s apart bound it by their widths and the wander', () => {
  const hard = new HardBound({ localNs: 0n, offset: { lo: -1_000_000n, hi: 1_000_000n } }, options)
  deepEqual(hard.at(2n * SEC), { lo: -2_000_000n, hi: 2_000_000n })
  equal(hard.vote(1000n * SEC, { lo: 9_000_000n, hi: 11_000_000n }), true)
  // (8 to 12 ms) / 1,000 s = 8 to 12 ppm, ± 1 ppm.
  deepEqual(hard.slope, { loPpb: 7000n, hiPpb: 13_000n })
  // A second later the wander has grown by a part of a ppb.
  deepEqual(hard.at(1001n * SEC), { lo: 9_006_999n, hi: 11_013_001n })
  // Four baselines in all allow twice the wander of one.
  deepEqual(hard.at((1000n + 3n * 4096n) * SEC), {
    lo: 9_000_000n + 6000n * 3n * 4096n - 3n * 4096n,
    hi: 11_000_000n + 14_000n * 3n * 4096n + 3n * 4096n,
  })
})

test('what the sources show of the frequency narrows the slope; where it contradicts the words, both are covered', () => {
  const make = (): HardBound => new HardBound({ localNs: 0n, offset: { lo: -1_000_000n, hi: 1_000_000n } }, options)
  const vote = (hard: HardBound, loPpb: bigint, hiPpb: bigint): void => {
    equal(hard.vote(1000n * SEC, { lo: 9_000_000n, hi: 11_000_000n }, { loPpb, hiPpb, wanderPpb: 400n }), true)
  }
  const [narrowed, apart] = [make(), make()]
  vote(narrowed, 9500n, 20_000n)
  deepEqual(narrowed.slope, { loPpb: 9500n, hiPpb: 12_400n })
  deepEqual(narrowed.at(1000n * SEC), { lo: 9_000_000n, hi: 11_000_000n })
  // The wander is the sources' too: at three baselines more it has doubled.
  const span = 3n * 4096n
  deepEqual(narrowed.at((1000n + span) * SEC), {
    lo: 9_000_000n + 9100n * span - span,
    hi: 11_000_000n + 12_800n * span + span,
  })
  vote(apart, 15_000n, 16_000n)
  deepEqual(apart.slope, { loPpb: 7600n, hiPpb: 16_000n })
})

test('a silence widens by the wander of the whole of it, and never past a counter of which nothing is known', () => {
  const hard = new HardBound({ localNs: 0n, offset: { lo: 0n, hi: 0n } }, options)
  hard.vote(4096n * SEC, { lo: 0n, hi: 0n })
  for (const age of [1n, 64n, 4096n, 40_000n, 10n ** 9n]) {
    const wander = wanderOver(4096n * SEC + age * SEC, 1000n, 4096n * SEC)
    const reach = (wander < 500_000n ? wander : 500_000n) * age
    deepEqual(hard.at((4096n + age) * SEC), { lo: -reach, hi: reach })
  }
})

test('a word that contradicts is not taken and changes nothing', () => {
  const hard = new HardBound({ localNs: 0n, offset: { lo: -1000n, hi: 1000n } }, options)
  equal(hard.vote(SEC, { lo: 502_000n, hi: 600_000n }), false)
  equal(hard.localNs, 0n)
  deepEqual(hard.slope, unknownSlope(options))
  equal(hard.vote(SEC, { lo: 501_000n, hi: 600_000n }), true)
})

test('while words are true and the frequency keeps to its mean, truth is held before and after every word', () => {
  const anyWord = fc.record({
    gapNs: fc.bigInt({ min: 1n, max: 600n * SEC }),
    below: fc.bigInt({ min: 0n, max: 20_000_000n }),
    above: fc.bigInt({ min: 0n, max: 20_000_000n }),
    wobblePpb: fc.bigInt({ min: -500n, max: 500n }),
  })
  fc.assert(
    fc.property(
      fc.bigInt({ min: -499_000n, max: 499_000n }),
      fc.array(anyWord, { minLength: 1, maxLength: 40 }),
      (slopePpb, words) => {
        // In ns × 10^9, so that the truth itself is not rounded.
        let exact = 0n
        let localNs = 0n
        const hard = new HardBound({ localNs, offset: { lo: -5n, hi: 7n } }, options)
        for (const { gapNs, below, above, wobblePpb } of words) {
          localNs += gapNs
          exact += gapNs * (slopePpb + wobblePpb)
          const truth = exact / SEC
          const before = hard.at(localNs)
          ok(before.lo - 1n <= truth && truth <= before.hi + 1n)
          ok(hard.vote(localNs, { lo: truth - below - 1n, hi: truth + above + 1n }))
          ok(holds({ lo: hard.at(localNs).lo - 1n, hi: hard.at(localNs).hi + 1n }, truth))
        }
      },
    ),
    { numRuns: 200 },
  )
})
