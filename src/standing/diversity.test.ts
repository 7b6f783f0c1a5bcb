/** Diversity: seed 003 §1, against entropies computed outside with 120 digits. W-3. */
import { describe, test } from 'node:test'
import { equal, ok, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { z } from 'zod'
import { diversityPpb, isDiverse, logarithmPpb } from './index.ts'

const vectors = z
  .object({ diversity: z.array(z.tuple([z.array(z.string()), z.string()])).min(20) })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/standing-logarithm.json', import.meta.url), 'utf8')))

describe('vectors', () => {
  for (const [weights, expected] of vectors.diversity)
    test(`of ${weights.join(', ')}`, () => equal(String(diversityPpb(weights.map(BigInt))), expected))
})

test('the minimum itself is not enough', () => {
  const two = diversityPpb([1n, 1n])
  equal(two, 693_147_181n)
  equal(isDiverse(two, two - 1n), true)
  equal(isDiverse(two, two), false)
  equal(isDiverse(diversityPpb([]), 0n), false)
})

test('less than nothing is a bug', () => {
  throws(() => diversityPpb([2n, -1n]))
  throws(() => diversityPpb([1n << 1024n]))
  throws(() => isDiverse(1n, -1n))
})

test('between nothing and ln n; neither order nor unit nor empty groups change it; splitting a group raises it', () =>
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 1n, max: 10n ** 15n }), { minLength: 1, maxLength: 12 }), (weights) => {
      const here = diversityPpb(weights)
      ok(here >= 0n && here <= logarithmPpb(BigInt(weights.length) * 1_000_000_000n) + 1n)
      equal(diversityPpb([0n, ...weights.toReversed(), 0n]), here)
      const scaled = diversityPpb(weights.map((weight) => 1000n * weight))
      ok(scaled - here <= 1n && here - scaled <= 1n)
      const [first = 1n, ...rest] = weights.map((weight) => 2n * weight)
      ok(diversityPpb([first / 2n, first / 2n, ...rest]) >= here)
    }),
    { numRuns: 200 },
  ))
