/** Allan deviation: the outside vectors of NIST SP 1065, then the stream against the whole. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import { AllanStream, allanDeviation, allanDeviations } from './allan.ts'

/** Phases in ns from fractional frequencies a second apart. */
const phasesOf = (frequencies: readonly number[]): number[] => {
  let phase = 0
  return [0, ...frequencies.map((frequency) => (phase += frequency * 1e9))]
}

/** NIST SP 1065 §12.4: nᵢ₊₁ = 16807·nᵢ mod 2147483647 from 1234567890, as parts of the modulus. */
const nistFrequencies = (): number[] => {
  const modulus = 2_147_483_647
  let n = 1_234_567_890
  return Array.from({ length: 1000 }, () => {
    const frequency = n / modulus
    n = Number((16_807n * BigInt(n)) % BigInt(modulus))
    return frequency
  })
}

test('the 1000-point set of NIST SP 1065, table 31, overlapping', () => {
  const phases = phasesOf(nistFrequencies())
  const table = [
    [1, 2.922319e-1],
    [10, 9.159953e-2],
    [100, 3.241343e-2],
  ] as const
  for (const [factor, expected] of table) {
    const sigma = allanDeviation(phases, { intervalSec: 1, factor })?.sigma ?? 0
    ok(Math.abs(sigma / expected - 1) < 2e-7, `${factor}: ${sigma}`)
  }
})

test('the 9 frequencies of NBS Monograph 140, annex 8.E', () => {
  const phases = phasesOf([892, 809, 823, 798, 671, 644, 883, 903, 677])
  const table = [
    [1, 91.22945],
    [2, 85.95287],
  ] as const
  for (const [factor, expected] of table) {
    const sigma = allanDeviation(phases, { intervalSec: 1, factor })?.sigma ?? 0
    ok(Math.abs(sigma / expected - 1) < 1e-6, `${factor}: ${sigma}`)
  }
})

test('a constant frequency has no deviation, a steady drift D has D·τ/√2', () => {
  const seconds = Array.from({ length: 65 }, (_, i) => i)
  deepEqual(
    allanDeviations(
      seconds.map((t) => 500 * t),
      1,
    ).map(({ sigma }) => sigma),
    [0, 0, 0, 0, 0, 0],
  )
  const drifting = seconds.map((t) => t * t)
  for (const { tauSec, sigma } of allanDeviations(drifting, 1))
    ok(Math.abs(sigma / ((2e-9 * tauSec) / Math.SQRT2) - 1) < 1e-12)
})

test('as many figures as the phases reach', () => {
  equal(allanDeviation([0, 1], { intervalSec: 1, factor: 1 }), undefined)
  deepEqual(
    allanDeviations([0, 1, 0, 1, 0], 8).map(({ tauSec, samples }) => [tauSec, samples]),
    [
      [8, 3],
      [16, 1],
    ],
  )
})

const streamOf = (phases: readonly number[], skip: readonly number[] = []): AllanStream => {
  const stream = new AllanStream(NS_PER_SEC)
  for (const [second, phase] of phases.entries())
    if (!skip.includes(second)) stream.add(BigInt(second) * NS_PER_SEC + 77n, 10n ** 18n + BigInt(Math.round(phase)))
  return stream
}

test('the stream says the same as the whole: exactly up to four intervals, near it beyond', () => {
  const phases = phasesOf(nistFrequencies())
  const whole = allanDeviations(phases, 1)
  const figures = streamOf(phases).figures()
  deepEqual(
    figures.map(({ tauSec }) => tauSec),
    whole.map(({ tauSec }) => tauSec),
  )
  for (const [i, { tauSec, sigma, samples }] of figures.entries()) {
    const expected = whole[i]?.sigma ?? Number.NaN
    ok(Math.abs(sigma / expected - 1) < (tauSec <= 4 ? 1e-6 : 0.2), `${tauSec}: ${sigma} for ${expected}`)
    if (tauSec <= 4) equal(samples, whole[i]?.samples)
  }
})

test('a second word in one interval does not count, and the line is broken by a long gap or a step back', () => {
  const stream = new AllanStream(NS_PER_SEC)
  for (const [quarter, phase] of [
    [0n, 0n],
    [1n, 99n],
    [4n, 0n],
    [8n, 0n],
    [40_000n, 1000n],
    [40_004n, 1000n],
    [39_000n, 5n],
    [39_004n, 5n],
  ] as const)
    stream.add((quarter * NS_PER_SEC) / 4n, phase)
  deepEqual(stream.figures(), [{ tauSec: 1, sigma: 0, samples: 1 }])
  stream.interrupt()
  stream.add(9751n * NS_PER_SEC, 77n)
  equal(stream.figures()[0]?.samples, 1)
})

test('words that come seldom: only τ well above their distance is told, and as by a stream of that distance', () => {
  const phases = phasesOf(nistFrequencies())
  const seldom = streamOf(
    phases,
    phases
      .keys()
      .filter((second) => second % 8 !== 0)
      .toArray(),
  ).figures()
  deepEqual(
    seldom.map(({ tauSec }) => tauSec),
    [32, 64, 128, 256],
  )
  for (const { tauSec, sigma } of seldom) {
    const expected = allanDeviation(phases, { intervalSec: 1, factor: tauSec })?.sigma ?? Number.NaN
    ok(Math.abs(sigma / expected - 1) < 0.2, `${tauSec}: ${sigma} for ${expected}`)
  }
})

test('one word lost costs a few differences and brings no false ones', () => {
  const phases = phasesOf(nistFrequencies())
  const [whole, broken] = [streamOf(phases), streamOf(phases, [500])].map((stream) => stream.figures())
  for (const [i, { tauSec, sigma, samples }] of (broken ?? []).entries()) {
    const expected = whole?.[i]
    ok(expected !== undefined && expected.samples - samples <= 20, `${tauSec}: ${samples}`)
    ok(Math.abs(sigma / expected.sigma - 1) < 0.05, `${tauSec}: ${sigma} for ${expected.sigma}`)
  }
})

test('figures follow a change: after a quiet stretch a loud one is believed, and the other way round', () => {
  const stream = new AllanStream(NS_PER_SEC)
  let at = 0n
  const run = (count: number, stepNs: bigint): number => {
    for (let i = 0; i < count; i += 1) {
      stream.add(at * NS_PER_SEC, at % 2n === 0n ? 0n : stepNs)
      at += 1n
    }
    return stream.figures()[0]?.sigma ?? 0
  }
  const quiet = run(20_000, 1n)
  const loud = run(20_000, 1000n)
  const again = run(60_000, 1n)
  ok(loud > 300 * quiet && again < loud / 10, `${quiet} ${loud} ${again}`)
})

test('whatever comes in, figures are finite, by growing τ, and few', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })),
        {
          maxLength: 60,
        },
      ),
      (points) => {
        const stream = new AllanStream(1_000_000_000n)
        for (const [localNs, phaseNs] of points) stream.add(localNs, phaseNs)
        const figures = stream.figures()
        ok(figures.length <= 22 && figures.every(({ sigma }) => Number.isFinite(sigma) && sigma >= 0))
        deepEqual(
          figures.map(({ tauSec }) => tauSec),
          figures.map(({ tauSec }) => tauSec).toSorted((a, b) => a - b),
        )
      },
    ),
    { numRuns: 200 },
  )
})
