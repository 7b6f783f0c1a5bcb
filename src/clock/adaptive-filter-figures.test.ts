/** What the clock's filter is worth, in seeded worlds: beside the first filter, by its own 95 % range, in silence and from cold. */
import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC, drawUnit, seededRandom } from '../base/index.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import { Discipline } from './discipline.ts'
import { Listener, NOISE_B, Trial, isLikely, rootMeanSquare } from './filter-trial.test-kit.ts'
import { createKalmanFilter } from './kalman.ts'
import { createOscillator } from './oscillator.ts'
import { SimulatedWorld } from './simulated-world.ts'
import { RELEASE_TAI } from './time-scales.ts'

const POLL_SEC = 64

test('it errs less than the first filter, and its 95 % range is one', () => {
  const noises = [
    { path: NOISE_B, wander: 1e-9, gain: 0.85 },
    { path: { outSec: 1e-2, backSec: 1e-2, jitterSec: 2e-3 }, wander: 3e-9, gain: 0.75 },
    { path: NOISE_B, wander: 2e-8, gain: 1 },
  ]
  let [likely, asked] = [0, 0]
  for (const [index, { path, wander, gain }] of noises.entries()) {
    const errors: [number[], number[]] = [[], []]
    for (const seed of [1n, 2n, 3n]) {
      const trial = new Trial({ seed: seed + 10n * BigInt(index), wander, slope: 2e-5 })
      const [clock, first] = [new Listener(createAdaptiveFilter()), new Listener(createKalmanFilter())]
      for (let word = 0; word < 180; word += 1) {
        const measurement = trial.exchange('a', path)
        clock.hear(measurement)
        first.hear(measurement)
        trial.pass(POLL_SEC * drawUnit(trial.random) * 2)
        if (word < 40) continue
        const said = clock.at(trial.localNs)
        const errorNs = trial.errorNs(said)
        errors[0].push(errorNs)
        errors[1].push(trial.errorNs(first.at(trial.localNs)))
        asked += 1
        if (isLikely(errorNs, said)) likely += 1
      }
    }
    const [ours, theirs] = errors.map(rootMeanSquare)
    ok(
      ours !== undefined && theirs !== undefined && ours < gain * theirs,
      `${index}: ${ours} ns, the first ${theirs} ns`,
    )
  }
  ok(likely / asked > 0.9 && likely / asked < 0.995, `${likely} of ${asked}`)
})

test('in silence: within 52, 201 and 709 us after 1000, 3600 and 9900 s', () => {
  const silences = [
    { sec: 1000, usMax: 52 },
    { sec: 3600, usMax: 201 },
    { sec: 9900, usMax: 709 },
  ]
  const errors = silences.map((): number[] => [])
  for (let seed = 1n; seed <= 40n; seed += 1n) {
    const trial = new Trial({ seed, wander: 1e-9, slope: 1e-5 })
    const clock = new Listener(createAdaptiveFilter())
    for (let word = 0; word < 60; word += 1) {
      trial.pass(POLL_SEC)
      clock.hear(trial.exchange('a', NOISE_B))
    }
    let passed = 0
    for (const [index, { sec }] of silences.entries()) {
      trial.pass(sec - passed)
      passed = sec
      errors[index]?.push(trial.errorNs(clock.at(trial.localNs)))
    }
  }
  for (const [index, { sec, usMax }] of silences.entries()) {
    const us = rootMeanSquare(errors[index] ?? []) / 1000
    ok(us < usMax, `after ${sec} s: ${us} us`)
  }
})

test('from cold: within 300 us from 30 s to 60 s after the first question, with the clock’s own burst', () => {
  const errors: number[] = []
  for (let seed = 1n; seed <= 12n; seed += 1n) {
    const random = seededRandom(seed)
    const wayNs = (): bigint => 1_000_000n + BigInt(Math.round(-1e5 * Math.log(1 - drawUnit(random))))
    const world = new SimulatedWorld({
      discipline: new Discipline({}, createAdaptiveFilter()),
      oscillator: createOscillator({ driftPpb: 10_000, randomWalkPpb: 1 }, random),
      originTai: RELEASE_TAI,
      tickNs: NS_PER_SEC,
      sources: [{ id: 'a', answer: () => ({ outNs: wayNs(), backNs: wayNs(), lieNs: 0n }) }],
    })
    world.runUntil(60n * NS_PER_SEC, ({ trueNs, trueTai, reading }) => {
      if (trueNs >= 30n * NS_PER_SEC) errors.push(Number((reading?.estimate ?? 0n) - trueTai))
    })
  }
  ok(rootMeanSquare(errors) < 300_000, `${rootMeanSquare(errors)} ns`)
})
