/** Seeded bytes against the reference generator, and draws against what they promise of their distribution. */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { drawBelow, drawNormal, drawUnit, seededRandom } from './index.ts'
import type { Random } from './index.ts'

const words = (seed: bigint, count: number): bigint[] => {
  const bytes = seededRandom(seed).bytes(8 * count)
  const view = new DataView(bytes.buffer)
  return Array.from({ length: count }, (_, i) => view.getBigUint64(8 * i, true))
}

/** Outputs of Vigna's splitmix64.c (prng.di.unimi.it), as published for seeds 0 and 1234567. */
const SPLIT_MIX_64: readonly (readonly [bigint, readonly bigint[]])[] = [
  [0n, ['0xe220a8397b1dcdaf', '0x6e789e6aa1b965f4', '0x06c45d188009454f', '0xf88bb8a8724c81ec'].map(BigInt)],
  [
    1_234_567n,
    [
      6_457_827_717_110_365_317n,
      3_203_168_211_198_807_973n,
      9_817_491_932_198_370_423n,
      4_593_380_528_125_082_431n,
      16_408_922_859_458_223_821n,
    ],
  ],
]

describe('SplitMix64', () => {
  for (const [seed, expected] of SPLIT_MIX_64) {
    test(`seed ${seed}`, () => deepEqual(words(seed, expected.length), expected))
  }
  test('only the low 64 bits of a seed count', () => {
    deepEqual(words(2n ** 64n, 2), words(0n, 2))
    deepEqual(words(-1n, 2), words(2n ** 64n - 1n, 2))
  })
  test('a length that is no multiple of eight uses up whole words', () => {
    const random = seededRandom(0n)
    equal(random.bytes(3).length, 3)
    deepEqual(random.bytes(8), seededRandom(0n).bytes(16).slice(8))
    equal(random.bytes(0).length, 0)
  })
})

/** Gives out the six-byte numbers of a script, big end first. */
const scripted = (values: readonly number[]): Random => {
  let next = 0
  return {
    bytes: (length) => {
      const value = values[next] ?? 0
      next += 1
      return Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256)
    },
  }
}

describe('a number below a bound', () => {
  test('the tail that would bias is drawn again', () => {
    const tail = 2 ** 48 - (2 ** 48 % 10)
    equal(drawBelow(scripted([tail, 2 ** 48 - 1, 7]), 10), 7)
    equal(drawBelow(scripted([tail - 1, 7]), 10), 9)
  })

  test('every value comes equally often: chi-square of 20,000 draws below 10', () => {
    const random = seededRandom(7n)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 20_000; i += 1) {
      const value = drawBelow(random, 10)
      counts[value] = (counts[value] ?? 0) + 1
    }
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)
    ok(chiSquare < 27.88, `9 degrees of freedom, one in a thousand: ${chiSquare}`)
    equal(counts.length, 10)
  })

  test('the ends of the range', () => {
    equal(drawBelow(seededRandom(1n), 1), 0)
    equal(drawBelow(scripted([2 ** 48 - 1]), 2 ** 48), 2 ** 48 - 1)
  })

  for (const below of [0, -1, 1.5, 2 ** 48 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`below ${below} is a bug`, () => throws(() => drawBelow(seededRandom(1n), below)))
  }
})

test('a unit draw is in [0, 1), its largest value too', () => {
  equal(drawUnit(scripted([0])), 0)
  equal(drawUnit(scripted([2 ** 48 - 1])), 1 - 2 ** -48)
})

test('normal draws: mean 0, variance 1, tails as they should be', () => {
  const random = seededRandom(3n)
  const draws = Array.from({ length: 20_000 }, () => drawNormal(random))
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length
  const beyondTwo = draws.filter((value) => Math.abs(value) > 2).length / draws.length
  ok(Math.abs(mean) < 0.025, `mean ${mean}`)
  ok(Math.abs(variance - 1) < 0.04, `variance ${variance}`)
  ok(Math.abs(beyondTwo - 0.0455) < 0.006, `beyond two sigma ${beyondTwo}`)
  ok(draws.every(Number.isFinite))
})
