/** The GPS detector: each reason by hand-made evidence, verdicts, memory and recovery, and any numbers at all. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import {
  GPS_DETECTOR_STATE,
  GPS_SCORE_MAX,
  GPS_SUSPICION_REASONS,
  GPS_WEIGHTS,
  gpsDetect,
  verdictOfScore,
} from './gps-detector.ts'
import type { GpsDetectorState, GpsJudgement, GpsReport, GpsVerdict } from './gps-detector.ts'
import type { ClockKnowledge } from './gps-knowledge.ts'
import { GPS_REASONS } from './gpsd-measurement.ts'
import type { GpsSample } from './gpsd-measurement.ts'

const OFFSET = 1_795_219_200n * NS_PER_SEC
const S = NS_PER_SEC

/** A sky as a roof antenna hears it. */
const SKY = { count: 9, meanDbHz: 42, spreadDbHz: 4.5 }
const KNOWN: ClockKnowledge = {
  hard: { lo: OFFSET - NS_PER_MS, hi: OFFSET + NS_PER_MS },
  predicted: { offsetNs: OFFSET, offsetSigmaNs: 20_000, slopePpb: 0, slopeSigmaPpb: 1 },
  others: { lo: OFFSET - NS_PER_MS, hi: OFFSET + NS_PER_MS },
}

const sampleOf = (localNs: bigint, moreNs = 0n, more: Partial<GpsSample> = {}): GpsSample => ({
  localNs,
  offset: { lo: OFFSET + moreNs - 150_000n, hi: OFFSET + moreNs + 150_000n },
  estimateNs: OFFSET + moreNs,
  delayNs: 0n,
  leap: 'unknown',
  basis: 'PPS',
  weekRounds: 0n,
  ...more,
})

const report = (second: number, more: Partial<GpsReport> = {}, awayNs = 0n): GpsReport => {
  const localNs = BigInt(second) * S
  return { localNs, word: { sample: sampleOf(localNs, awayNs) }, signal: SKY, known: KNOWN, ...more }
}

const run = (
  reports: readonly GpsReport[],
  from: GpsDetectorState = GPS_DETECTOR_STATE,
): { readonly state: GpsDetectorState; readonly told: readonly GpsJudgement[] } => {
  let state = from
  const told = reports.map((one) => {
    const step = gpsDetect(state, one)
    state = step.state
    return step.judgement
  })
  return { state, told }
}

const one = (given: GpsReport): GpsJudgement => gpsDetect(GPS_DETECTOR_STATE, given).judgement

const away = (ns: bigint): Partial<GpsReport> => ({ word: { sample: sampleOf(0n, ns) } })
const alone: ClockKnowledge = { hard: KNOWN.hard, predicted: undefined, others: undefined }

const TABLE: readonly (readonly [name: string, GpsReport, score: number, GpsVerdict, readonly string[]])[] = [
  ['a healthy report', report(0), 0, 'accept', []],
  ['nothing known of clock or signal', report(0, { signal: undefined, known: undefined }), 0, 'accept', []],
  ['too strong', report(0, { signal: { ...SKY, meanDbHz: 52.5 } }), 350, 'doubt', ['gps-signal-strong']],
  ['strong, but possible', report(0, { signal: { ...SKY, meanDbHz: 52 } }), 0, 'accept', []],
  ['too even', report(0, { signal: { ...SKY, spreadDbHz: 1.4 } }), 350, 'doubt', ['gps-signal-uniform']],
  ['even, but few', report(0, { signal: { ...SKY, spreadDbHz: 0, count: 4 } }), 0, 'accept', []],
  [
    'one strong antenna for all',
    report(0, { signal: { count: 8, meanDbHz: 55, spreadDbHz: 0.3 } }),
    700,
    'refuse',
    ['gps-signal-strong', 'gps-signal-uniform'],
  ],
  [
    'against so many others that they outvote it',
    report(0, { ...away(5n * NS_PER_MS), known: { ...KNOWN, hard: undefined, predicted: undefined } }),
    800,
    'refuse',
    ['gps-disagrees'],
  ],
  [
    'against what the oscillator promises',
    report(0, { ...away(5n * NS_PER_MS), known: alone }),
    700,
    'refuse',
    ['gps-against-oscillator'],
  ],
  ['off the prediction, within all bounds', report(0, away(400_000n)), 200, 'accept', ['gps-off-prediction']],
  [
    'a week put right',
    report(0, { word: { sample: sampleOf(0n, 0n, { weekRounds: 1n }) } }),
    300,
    'doubt',
    ['gps-week-repaired'],
  ],
  [
    'everything at once is no more than 1000',
    report(0, { ...away(9n * NS_PER_MS), signal: { count: 8, meanDbHz: 60, spreadDbHz: 0 } }),
    1000,
    'refuse',
    ['gps-disagrees', 'gps-against-oscillator', 'gps-signal-strong', 'gps-signal-uniform', 'gps-off-prediction'],
  ],
  [
    'figures that are none',
    report(0, { signal: { count: 9, meanDbHz: Number.NaN, spreadDbHz: Number.NaN } }),
    0,
    'accept',
    [],
  ],
]
for (const [name, given, score, verdict, reasons] of TABLE)
  test(`${name}: ${score}, ${verdict}`, () => {
    const judgement = one(given)
    deepEqual([judgement.suspicion, judgement.verdict], [{ score, reasons }, verdict])
  })

for (const refusal of GPS_REASONS)
  test(`${refusal}: refused at once, and forgotten with the next good report`, () => {
    const { told } = run([report(0, { word: { refusal } }), report(1)])
    deepEqual(told[0]?.suspicion, { score: GPS_SCORE_MAX, reasons: [refusal] })
    deepEqual(
      told.map(({ verdict }) => verdict),
      ['refuse', 'accept'],
    )
  })

test('the verdict is the score’s', () =>
  deepEqual([0, 299, 300, 599, 600, 1000].map(verdictOfScore), [
    'accept',
    'accept',
    'doubt',
    'doubt',
    'refuse',
    'refuse',
  ]))

test('a verdict lasts a minute longer than its cause', () => {
  const forged = { signal: { count: 8, meanDbHz: 55, spreadDbHz: 0.3 } }
  const { told } = run([report(0, forged), ...Array.from({ length: 62 }, (_, i) => report(i + 1))])
  deepEqual(told[1]?.suspicion, { score: 600, reasons: ['gps-recovering'] })
  deepEqual(
    [told[59], told[60]].map((judgement) => judgement?.verdict),
    ['refuse', 'accept'],
  )
})

test('the minute begins anew when the cause comes back, and falls to doubt while a lesser one stays', () => {
  const both = { signal: { count: 8, meanDbHz: 55, spreadDbHz: 0.3 } }
  const even = { signal: { count: 8, meanDbHz: 42, spreadDbHz: 0.3 } }
  const { told } = run([report(0, both), report(30), report(40, both), report(99), report(100), report(101, even)])
  deepEqual(
    told.map(({ verdict }) => verdict),
    ['refuse', 'refuse', 'refuse', 'refuse', 'accept', 'doubt'],
  )
  const { told: lesser } = run([report(0, both), report(59, even), report(60, even), report(121)])
  deepEqual(
    lesser.map(({ verdict }) => verdict),
    ['refuse', 'refuse', 'doubt', 'accept'],
  )
  deepEqual(lesser[1]?.suspicion.reasons, ['gps-signal-uniform', 'gps-recovering'])
})

test('a series against the oscillator alone is refused, then left to the clock as doubtful', () => {
  const { told } = run(Array.from({ length: 130 }, (_, i) => report(i, { known: alone }, 5n * NS_PER_MS)))
  deepEqual(
    [told[59], told[60], told[129]].map((judgement) => judgement?.verdict),
    ['refuse', 'refuse', 'doubt'],
  )
  deepEqual(told[129]?.suspicion, { score: 300, reasons: ['gps-against-oscillator'] })
  const broken = [
    ...Array.from({ length: 50 }, (_, i) => report(i, { known: alone }, 5n * NS_PER_MS)),
    report(50, { known: alone }),
  ]
  const again = run([
    ...broken,
    report(51, { known: alone }, 5n * NS_PER_MS),
    report(100, { known: alone }, 5n * NS_PER_MS),
  ])
  equal(again.told.at(-1)?.suspicion.score, 700, 'agreement in between begins it anew')
})

/** White noise by hand: the same at every run. */
const jitter = (second: number): bigint => BigInt(((second * 7919) % 601) - 300)

test('a slow ramp: refused within a minute, for half an hour, and doubted for another', () => {
  const start = 2000
  const seconds = start + 4000
  const { told } = run(
    Array.from({ length: seconds }, (_, second) => {
      const ramp = second < start ? 0n : 100n * BigInt(Math.min(second - start, 600))
      return report(second, { known: undefined }, jitter(second) + ramp)
    }),
  )
  const found = told.findIndex(({ verdict }) => verdict === 'refuse')
  ok(found >= start && found <= start + 60, `found at ${found - start}`)
  deepEqual(told[found]?.suspicion, { score: GPS_WEIGHTS['gps-slow-ramp'].fresh, reasons: ['gps-slow-ramp'] })
  equal(told[found + 1799]?.verdict, 'refuse')
  equal(told[found + 1900]?.verdict, 'doubt')
  equal(told[found + 3661]?.verdict, 'accept')
  ok((told[start - 1]?.visibleNsPerSec ?? 100) < 60, 'it said that it would see it')
})

test('a step in the pulses: refused for a minute, doubted for ten', () => {
  const { told } = run(
    Array.from({ length: 3000 }, (_, second) =>
      report(second, { known: undefined }, jitter(second) + (second < 2000 ? 0n : 100_000n)),
    ),
  )
  const found = told.findIndex(({ verdict }) => verdict === 'refuse')
  ok(found >= 2000 && found <= 2020)
  deepEqual(told[found]?.suspicion.reasons, ['gps-phase-step'])
  equal(told[found + 121]?.verdict, 'doubt')
  equal(told[found + 661]?.verdict, 'accept')
})

test('phases of another kind are not mixed: fixes between pulses neither hide nor make a ramp', () => {
  const start = 2000
  const reports = Array.from({ length: start + 61 }, (_, second) => {
    const ramp = second < start ? 0n : 100n * BigInt(second - start)
    const localNs = BigInt(second) * S + S / 2n
    const fix = {
      ...report(second),
      localNs,
      word: { sample: sampleOf(localNs, 300n * NS_PER_MS, { basis: 'TPV' }) },
    } as const
    return [report(second, { known: undefined }, jitter(second) + ramp), { ...fix, known: undefined }]
  }).flat()
  const { told } = run(reports)
  const found = told.findIndex(({ verdict }) => verdict === 'refuse')
  ok(found >= 2 * start && told[found]?.suspicion.reasons[0] === 'gps-slow-ramp')
})

test('time that jumped makes the phases worthless: what was learned is dropped', () => {
  const { state } = run(Array.from({ length: 100 }, (_, second) => report(second)))
  ok(state.ramp !== undefined)
  equal(gpsDetect(state, report(100, { word: { refusal: 'gps-no-fix' } })).state.ramp, state.ramp)
  equal(gpsDetect(state, report(100, { word: { refusal: 'gps-implausible-step' } })).state.ramp, undefined)
})

test('every reason has its case here', () => {
  const reached = new Set([
    ...TABLE.flatMap(([, , , , reasons]) => reasons),
    'gps-slow-ramp',
    'gps-phase-step',
    'gps-recovering',
  ])
  deepEqual(
    GPS_SUSPICION_REASONS.filter((reason) => !reached.has(reason)),
    [],
  )
})

test('any numbers: never a throw, a whole score in range, a verdict that is the score’s', () => {
  const ns = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n })
  const interval = fc.tuple(ns, ns).map(([a, b]) => (a <= b ? { lo: a, hi: b } : { lo: b, hi: a }))
  const number = fc.double()
  const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined })
  const sample = fc.record({
    localNs: ns,
    offset: interval,
    estimateNs: ns,
    delayNs: fc.constant(0n),
    leap: fc.constant('unknown' as const),
    basis: fc.constantFrom('TPV' as const, 'TOFF' as const, 'PPS' as const),
    weekRounds: fc.constantFrom(0n, 1n),
  })
  const any = fc.record({
    localNs: ns,
    word: fc.oneof(fc.record({ sample }), fc.record({ refusal: fc.constantFrom(...GPS_REASONS) })),
    signal: maybe(fc.record({ count: number, meanDbHz: number, spreadDbHz: number })),
    known: maybe(
      fc.record({
        hard: maybe(interval),
        others: maybe(interval),
        predicted: maybe(fc.record({ offsetNs: ns, offsetSigmaNs: number, slopePpb: number, slopeSigmaPpb: number })),
      }),
    ),
  })
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), (reports) => {
      for (const { verdict, suspicion } of run(reports).told) {
        ok(Number.isInteger(suspicion.score) && suspicion.score >= 0 && suspicion.score <= GPS_SCORE_MAX)
        equal(verdict, verdictOfScore(suspicion.score))
        equal(suspicion.reasons.length > 0, suspicion.score > 0)
      }
    }),
    { numRuns: 150 },
  )
})
