/** Logarithm and exponential against values computed outside with 120 digits, and against each other. W-1, W-2. */
import { describe, test } from 'node:test'
import { equal, ok, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { z } from 'zod'
import { PPB_ONE } from '../base/index.ts'
import { EXPONENT_PPB_MAX, exponentialPpb, LOGARITHM_ARGUMENT_LIMIT, logarithmPpb } from './index.ts'

const pairs = z.array(z.tuple([z.string(), z.string()])).min(20)
const vectors = z
  .object({ exponential: pairs, logarithm: pairs })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/standing-logarithm.json', import.meta.url), 'utf8')))

describe('vectors of the exponential', () => {
  for (const [x, expected] of vectors.exponential)
    test(`e^${x}`, () => equal(String(exponentialPpb(BigInt(x))), expected))
})

describe('vectors of the logarithm', () => {
  for (const [x, expected] of vectors.logarithm) test(`ln ${x}`, () => equal(String(logarithmPpb(BigInt(x))), expected))
})

test('limits', () => {
  equal(logarithmPpb(PPB_ONE), 0n)
  equal(exponentialPpb(0n), PPB_ONE)
  equal(exponentialPpb(-EXPONENT_PPB_MAX - 1n), 0n)
  equal(exponentialPpb(-(10n ** 40n)), 0n)
  for (const wrong of [0n, -1n, LOGARITHM_ARGUMENT_LIMIT]) throws(() => logarithmPpb(wrong))
  throws(() => exponentialPpb(EXPONENT_PPB_MAX + 1n))
})

const exponents = fc.bigInt({ min: -EXPONENT_PPB_MAX, max: EXPONENT_PPB_MAX - 1n })

test('neither falls as its argument grows', () =>
  fc.assert(
    fc.property(exponents, fc.bigInt({ min: 1n, max: 10n ** 40n }), (x, y) => {
      ok(exponentialPpb(x) <= exponentialPpb(x + 1n))
      ok(logarithmPpb(y) <= logarithmPpb(y + 1n))
    }),
    { numRuns: 200 },
  ))

test('the logarithm undoes the exponential, as far as rounding lets it', () =>
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: EXPONENT_PPB_MAX }), (x) => {
      const back = logarithmPpb(exponentialPpb(x))
      ok(back - x <= 1n && x - back <= 1n, `${x} came back as ${back}`)
    }),
    { numRuns: 200 },
  ))

test('a sum becomes a product', () =>
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n * PPB_ONE }), fc.bigInt({ min: 0n, max: 10n * PPB_ONE }), (a, b) => {
      const sum = Number(exponentialPpb(a + b))
      const product = (Number(exponentialPpb(a)) * Number(exponentialPpb(b))) / 1e9
      ok(Math.abs(sum / product - 1) < 3e-9)
    }),
    { numRuns: 200 },
  ))
