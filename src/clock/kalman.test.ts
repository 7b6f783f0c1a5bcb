/** The Kalman filter: one step by hand, recovery of offset and slope, outliers, and that it stays a covariance. */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, drawNormal, seededRandom } from '../base/index.ts'
import { KALMAN_DEFAULTS, createKalmanFilter } from './kalman.ts'
import type { Measurement } from './port.ts'

const SEC = NS_PER_SEC
const ORIGIN = 1_800_000_000n * SEC
const word = (localNs: bigint, estimateNs: bigint, halfNs = 1_000_000n, delayNs = 2n * halfNs): Measurement => ({
  sourceId: 's',
  kind: 'ntp',
  localNs,
  offset: { lo: estimateNs - halfNs, hi: estimateNs + halfNs },
  estimateNs,
  delayNs,
  leap: 'none',
})
const near = (actual: number, expected: number, by: number, say: string): void =>
  ok(Math.abs(actual - expected) <= by, `${say}: ${actual}, expected ${expected} ± ${by}`)

test('one step by hand', () => {
  // P0 = diag(1e-9 + (1e-3)²/3, 1e-8), Δ = 1 s, q1 = 1e-12, q2 = 1e-16, R = 1e-9, innovation 100 µs.
  const p0 = 1e-9 + 1e-6 / 3
  const p11 = p0 + 1e-8 + 1e-12 + 1e-16 / 3
  const p12 = 1e-8 + 0.5e-16
  const filter = createKalmanFilter({ windowSamplesMin: 1 })
  const { state, taken } = filter.update(filter.start(word(0n, ORIGIN)), word(SEC, ORIGIN + 100_000n))
  equal(taken, true)
  const after = filter.predict(state, SEC)
  near(Number(after.offsetNs - ORIGIN), (1e5 * p11) / (p11 + 1e-9), 1, 'offset ns')
  near(after.slopePpb, (1e5 * p12) / (p11 + 1e-9), 1e-6, 'slope ppb')
  near(after.offsetSigmaNs, Math.sqrt((p11 * 1e-9) / (p11 + 1e-9)) * 1e9, 1e-3, 'sigma ns')
})

test('offset and slope are recovered from noisy words', () => {
  for (const seed of [1n, 2n, 3n]) {
    const random = seededRandom(seed)
    const filter = createKalmanFilter({ offsetNoise: 0, slopeNoise: 1e-20 })
    const truth = (t: bigint): bigint => ORIGIN - t / 100_000n
    const said = (t: bigint): Measurement => word(t, truth(t) + BigInt(Math.round(drawNormal(random) * 30_000)))
    let state = filter.start(said(0n))
    for (let t = 16n; t <= 3200n; t += 16n) ({ state } = filter.update(state, said(t * SEC)))
    const last = filter.predict(state, 3200n * SEC)
    near(Number(last.offsetNs - truth(3200n * SEC)), 0, 5 * last.offsetSigmaNs, 'offset ns')
    near(last.slopePpb, -10_000, 5 * last.slopeSigmaPpb, 'slope ppb')
    ok(last.offsetSigmaNs < 15_000 && last.slopeSigmaPpb < 20, `${last.offsetSigmaNs} ${last.slopeSigmaPpb}`)
  }
})

test('a packet that queued counts less than one that did not', () => {
  const filter = createKalmanFilter({ windowSamplesMin: 1 })
  const start = filter.update(filter.start(word(0n, ORIGIN)), word(SEC, ORIGIN)).state
  const quick = filter.predict(filter.update(start, word(2n * SEC, ORIGIN + 20_000n)).state, 2n * SEC)
  const queued = filter.predict(filter.update(start, word(2n * SEC, ORIGIN + 20_000n, 3_000_000n)).state, 2n * SEC)
  ok(quick.offsetNs - ORIGIN > 5000n)
  ok(queued.offsetNs - ORIGIN < 100n)
})

test('while the path is unknown a round trip counts by its interval, and no noise makes a slope beyond its bound', () => {
  const filter = createKalmanFilter()
  let state = filter.start(word(0n, ORIGIN, 5_000_000n))
  for (let t = 1n; t <= 6n; t += 1n) {
    const noisy = word((t * SEC) / 2n, ORIGIN + (t % 2n === 0n ? 4_000_000n : -4_000_000n), 5_000_000n)
    ;({ state } = filter.update(state, noisy))
    const { slopePpb, offsetSigmaNs } = filter.predict(state, noisy.localNs)
    ok(Math.abs(slopePpb) <= 500_000, `${slopePpb}`)
    ok(offsetSigmaNs > 500_000, `${offsetSigmaNs}`)
  }
})

test('a source without round trip counts by its interval', () => {
  const filter = createKalmanFilter()
  const first = filter.predict(filter.start(word(0n, ORIGIN, 6_000_000n, 0n)), 0n)
  near(first.offsetSigmaNs, 6e6 / Math.sqrt(3), 1000, 'sigma ns')
})

test('an outlier is gated; several on one side restart the filter there and keep the slope', () => {
  const filter = createKalmanFilter()
  let state = filter.start(word(0n, ORIGIN))
  for (let t = 1n; t <= 50n; t += 1n) ({ state } = filter.update(state, word(t * SEC, ORIGIN + t * 1000n)))
  const before = filter.predict(state, 50n * SEC)
  const one = filter.update(state, word(51n * SEC, ORIGIN + 50_000_000n))
  equal(one.taken, false)
  equal(filter.predict(one.state, 50n * SEC).offsetNs, before.offsetNs)
  // The other side breaks the row.
  state = filter.update(one.state, word(52n * SEC, ORIGIN - 50_000_000n)).state
  const takes: boolean[] = []
  for (let t = 53n; takes.length < KALMAN_DEFAULTS.gateRefusalsMax; t += 1n) {
    const next = filter.update(state, word(t * SEC, ORIGIN + 50_000_000n))
    state = next.state
    takes.push(next.taken)
  }
  equal(takes.join(), 'false,false,false,true')
  const moved = filter.predict(state, 56n * SEC)
  equal(moved.offsetNs, ORIGIN + 50_000_000n)
  equal(moved.slopePpb, before.slopePpb)
})

test('the covariance stays one, whatever comes', () => {
  const anyWord = fc.record({
    afterNs: fc.bigInt({ min: -SEC, max: 100_000n * SEC }),
    movedNs: fc.bigInt({ min: -SEC, max: SEC }),
    halfNs: fc.bigInt({ min: 0n, max: SEC }),
    delayNs: fc.bigInt({ min: 0n, max: SEC }),
  })
  fc.assert(
    fc.property(fc.array(anyWord, { minLength: 1, maxLength: 40 }), (words) => {
      const filter = createKalmanFilter()
      let state = filter.start(word(0n, ORIGIN))
      let localNs = 0n
      for (const { afterNs, movedNs, halfNs, delayNs } of words) {
        localNs += afterNs
        ;({ state } = filter.update(state, word(localNs, ORIGIN + movedNs, halfNs, delayNs)))
        const [p11, p12, p22] = state.p
        ok(p11 > 0 && p22 > 0 && p11 * p22 >= p12 * p12 * (1 - 1e-9), state.p.join())
        ok(Number.isFinite(filter.predict(state, localNs + 1_000_000n * SEC).slopePpb))
      }
    }),
    { numRuns: 150 },
  )
})
