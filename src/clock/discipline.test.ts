/** The discipline step by step: events in, readings out, each rule of docs/spec/clock.md by a table or by hand. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { DISCIPLINE_DEFAULTS } from './discipline-options.ts'
import type { DisciplineOptions } from './discipline-options.ts'
import { Discipline } from './discipline.ts'
import type { AdaptiveState } from './adaptive-filter.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import type { ClockReading, Filter, Measurement } from './port.ts'
import { RELEASE_TAI } from './time-scales.ts'

const SEC = NS_PER_SEC
const MS = NS_PER_MS
const BASE = RELEASE_TAI + 20n * NS_PER_DAY

const make = (options: Partial<DisciplineOptions> = {}, ...ids: string[]): Discipline<AdaptiveState> => {
  const discipline = new Discipline(options, createAdaptiveFilter())
  for (const id of ids) discipline.register(id, 'ntp')
  return discipline
}
/** `sourceId` says at `localNs` that TAI − local is BASE + offNs ± halfNs. */
const word = (sourceId: string, localNs: bigint, offNs = 0n, halfNs = MS): Measurement => ({
  sourceId,
  kind: 'ntp',
  localNs,
  offset: { lo: BASE + offNs - halfNs, hi: BASE + offNs + halfNs },
  estimateNs: BASE + offNs,
  delayNs: 2n * halfNs,
  leap: 'none',
})
const tell = (discipline: Discipline<AdaptiveState>, measurement: Measurement) =>
  discipline.onSourceEvent({ type: 'measurement', measurement }, measurement.localNs)
const read = (discipline: Discipline<AdaptiveState>, localNs: bigint): ClockReading => {
  const reading = discipline.read(localNs)
  ok(reading !== undefined && reading.earliest <= reading.estimate && reading.estimate <= reading.latest)
  return reading
}
const states = (discipline: Discipline<AdaptiveState>, localNs: bigint) =>
  discipline.report(localNs).map(({ state, reason }) => (reason === '' ? state : `${state}:${reason}`))

test('before the first majority there is no reading; one word of the only source is one', () => {
  const discipline = make({}, 'a')
  equal(discipline.read(0n), undefined)
  deepEqual(states(discipline, 0n), ['waiting'])
  discipline.due(0n)
  deepEqual(tell(discipline, word('a', SEC)), { verdict: 'accept', value: null })
  const reading = read(discipline, SEC)
  deepEqual(
    [reading.earliest, reading.estimate, reading.latest].map((t) => t - BASE - SEC),
    [-MS, 0n, MS],
  )
  equal(reading.status, 'synchronised')
  deepEqual(states(discipline, SEC), ['selected'])
})

test('the first to answer is not a majority of three, and a source that never answers stops counting', () => {
  const discipline = make({}, 'a', 'b', 'c')
  discipline.due(0n)
  tell(discipline, word('a', SEC, 300n * MS))
  equal(discipline.read(SEC), undefined)
  tell(discipline, word('b', SEC))
  equal(discipline.read(SEC), undefined)
  tell(discipline, word('c', SEC + 1n))
  equal(read(discipline, SEC + 1n).earliest, BASE + SEC + 1n - MS)
  deepEqual(states(discipline, SEC + 1n), ['falseticker:outvoted', 'truechimer', 'selected'])

  const lonely = make({}, 'a', 'gone')
  for (let t = 0n; t <= 6n; t += 2n) {
    lonely.due(t * SEC)
    lonely.onSourceEvent({ type: 'unreachable', sourceId: 'gone', reason: 'ntp-timeout' }, t * SEC)
    tell(lonely, word('a', t * SEC + 1n))
    equal(lonely.read(t * SEC + 1n) !== undefined, t === 6n)
  }
  deepEqual(states(lonely, 6n * SEC), ['selected', 'unreachable:ntp-timeout'])
})

test('polls: a burst, then the configured interval, sooner than a minimum never', () => {
  const polledAt = (options: Partial<DisciplineOptions>, answers: boolean, untilSec: bigint): bigint[] => {
    const discipline = make(options, 'a')
    const at: bigint[] = []
    for (let t = 0n; t <= untilSec * SEC; t += SEC / 4n) {
      const { sourceIds, nextDueLocalNs } = discipline.due(t)
      ok(nextDueLocalNs !== undefined && nextDueLocalNs > t)
      if (sourceIds.length === 0) continue
      at.push(t / (SEC / 4n))
      if (answers) tell(discipline, word('a', t + 1n))
    }
    return at
  }
  deepEqual(polledAt({ burstPolls: 4 }, true, 150n), [0n, 8n, 16n, 24n, 280n, 536n])
  deepEqual(polledAt({ burstPolls: 4 }, false, 150n), [0n, 8n, 16n, 24n, 280n, 536n])
  deepEqual(polledAt({ pollIntervalNs: SEC / 2n }, true, 2n), [0n, 2n, 4n, 6n, 8n])
  // ±500 ppm of an unknown counter cross 80 % of 2 ms within two seconds: asked at the minimum until the slope is known.
  const tight = polledAt({ acceptedVarianceNs: 2n * MS, burstPolls: 4 }, true, 150n)
  ok(tight.length > 6 && tight.length < 30, tight.join())
})

test('asking early backs off while nobody answers', () => {
  const discipline = make({ acceptedVarianceNs: 2n * MS, burstPolls: 1 }, 'a')
  discipline.due(0n)
  tell(discipline, word('a', 1n))
  const gaps: bigint[] = []
  let last = 0n
  for (let t = SEC; t <= 300n * SEC; t += SEC) {
    if (discipline.due(t).sourceIds.length === 0) continue
    gaps.push((t - last) / SEC)
    last = t
  }
  deepEqual(gaps, [2n, 4n, 8n, 16n, 32n, 64n, 64n, 64n])
})

test('kiss of death: RATE doubles the interval, DENY and RSTR end it', () => {
  const discipline = make({}, 'slow', 'never')
  discipline.due(0n)
  discipline.onSourceEvent({ type: 'refused', sourceId: 'slow', verdict: 'ignore', reason: 'kod-rate' }, 1n)
  discipline.onSourceEvent({ type: 'refused', sourceId: 'never', verdict: 'ignore', reason: 'kod-deny' }, 1n)
  deepEqual(discipline.due(127n * SEC), { sourceIds: [], nextDueLocalNs: 128n * SEC })
  deepEqual(discipline.due(128n * SEC).sourceIds, ['slow'])
  deepEqual(states(discipline, 128n * SEC), ['refused:kod-rate', 'refused:kod-deny'])
  deepEqual(tell(discipline, word('never', 129n * SEC)), { verdict: 'ignore', reason: 'source-stopped' })
  for (let i = 0; i < 20; i += 1) {
    discipline.onSourceEvent({ type: 'refused', sourceId: 'slow', verdict: 'ignore', reason: 'kod-rate' }, 130n * SEC)
  }
  equal(discipline.due(130n * SEC).nextDueLocalNs, (128n + 4096n) * SEC)
})

test('what is refused, and with what reason', () => {
  const discipline = make({}, 'a')
  const early = { ...word('a', SEC), estimateNs: RELEASE_TAI - 2n * SEC, offset: { lo: 0n, hi: BASE } }
  deepEqual(tell(discipline, early), { verdict: 'reject', reason: 'before-release' })
  deepEqual(states(discipline, SEC), ['refused:before-release'])
  const late = word('a', SEC, 36_526n * NS_PER_DAY)
  deepEqual(tell(discipline, late), { verdict: 'reject', reason: 'far-future' })
  deepEqual(tell(discipline, word('b', SEC)), { verdict: 'ignore', reason: 'unknown-source' })
  equal(discipline.read(SEC), undefined)
  equal(tell(discipline, word('a', SEC)).verdict, 'accept')
  deepEqual(tell(discipline, word('a', SEC)), { verdict: 'reject', reason: 'out-of-order' })
  const ahead = discipline.onSourceEvent({ type: 'measurement', measurement: word('a', 3n * SEC) }, 2n * SEC)
  deepEqual(ahead, { verdict: 'reject', reason: 'out-of-order' })
})

test('two that disagree are no majority: unsynchronised, and the bound covers both', () => {
  const discipline = make({}, 'a', 'b')
  tell(discipline, word('a', SEC))
  tell(discipline, word('b', SEC))
  equal(read(discipline, SEC).status, 'synchronised')
  tell(discipline, word('b', 2n * SEC, 250n * MS))
  const torn = read(discipline, 2n * SEC)
  equal(torn.status, 'unsynchronised')
  ok(torn.earliest <= BASE + 2n * SEC - MS && torn.latest >= BASE + 2n * SEC + 251n * MS)
  deepEqual(states(discipline, 2n * SEC), ['waiting:no-majority', 'waiting:no-majority'])
  tell(discipline, word('b', 3n * SEC))
  equal(read(discipline, 3n * SEC).status, 'synchronised')
})

test('the only source lies by 250 ms: disrupted at once, followed after four words, and back likewise', () => {
  const discipline = make({ pollIntervalNs: SEC / 2n }, 'a')
  const log: string[] = []
  const run = (from: bigint, to: bigint, lieNs: bigint): void => {
    for (let t = from; t < to; t += SEC / 2n) {
      tell(discipline, word('a', t, lieNs))
      const { status, estimate, earliest, latest } = read(discipline, t)
      if (status === 'disrupted') ok(earliest <= BASE + t && latest >= BASE + t + 250n * MS - 2n * MS)
      log.push(`${status[0]}${(estimate - t - BASE + 50n * MS) / (100n * MS)}`)
    }
  }
  run(0n, 2n * SEC, 0n)
  run(2n * SEC, 5n * SEC, 250n * MS)
  run(5n * SEC, 8n * SEC, 0n)
  equal(log.join(' '), 's0 s0 s0 s0 d0 d0 d0 s3 s3 s3 d3 d3 d3 s0 s0 s0')
})

test('a word that does not last does not move the clock', () => {
  const discipline = make({}, 'a')
  for (let t = 1n; t <= 4n; t += 1n) tell(discipline, word('a', t * SEC))
  for (let t = 5n; t <= 12n; t += 1n) {
    // It lies by something else each time: never four alike.
    tell(discipline, word('a', t * SEC, t * 100n * MS))
    equal(read(discipline, t * SEC).status, 'disrupted')
    ok(read(discipline, t * SEC).estimate - t * SEC - BASE < MS)
  }
  tell(discipline, word('a', 13n * SEC))
  equal(read(discipline, 13n * SEC).status, 'synchronised')
})

test('a liar that overlaps the others narrows nothing that was promised', () => {
  const discipline = make({}, 'a', 'b', 'liar')
  tell(discipline, word('liar', SEC, 3n * MS, 2n * MS + MS / 2n))
  tell(discipline, word('a', SEC))
  tell(discipline, word('b', SEC))
  const reading = read(discipline, SEC)
  // All three meet in [0.5, 1] ms, where the truth, 0, is not; two of three cover [−1, 1] ms.
  deepEqual([reading.earliest - BASE - SEC, reading.latest - BASE - SEC], [-MS, MS])
})

test('silence: holdover while the bound allows, then unsynchronised, and the bound only grows', () => {
  const discipline = make({}, 'a')
  for (let t = 0n; t <= 640n; t += 64n) tell(discipline, word('a', t * SEC))
  const seen: string[] = []
  let widthNs = 0n
  for (let t = 640n; t <= 40_000n; t += 40n) {
    const reading = read(discipline, t * SEC)
    ok(reading.latest - reading.earliest >= widthNs)
    widthNs = reading.latest - reading.earliest
    if (seen.at(-1) !== reading.status) seen.push(reading.status)
    equal(reading.status === 'unsynchronised', widthNs > 2n * DISCIPLINE_DEFAULTS.acceptedVarianceNs)
  }
  deepEqual(seen, ['synchronised', 'holdover', 'unsynchronised'])
  tell(discipline, word('a', 40_001n * SEC))
  equal(read(discipline, 40_001n * SEC).status, 'synchronised')
})

test('a machine that slept: the reading covers both until the sources have spoken', () => {
  const discipline = make({}, 'a')
  discipline.due(0n)
  tell(discipline, word('a', SEC))
  equal(discipline.onHostClock(500n * SEC, SEC), false)
  equal(discipline.onHostClock(502n * SEC, 3n * SEC), false)
  equal(discipline.onHostClock(4103n * SEC, 4n * SEC), true)
  const asleep = read(discipline, 4n * SEC)
  equal(asleep.status, 'disrupted')
  ok(asleep.earliest <= BASE + 4n * SEC && asleep.latest >= BASE + 3604n * SEC)
  deepEqual(discipline.due(4n * SEC).sourceIds, ['a'])
  for (let t = 5n; t <= 8n; t += 1n) {
    ok(read(discipline, t * SEC).status === 'disrupted')
    tell(discipline, word('a', t * SEC, 3600n * SEC))
  }
  const awake = read(discipline, 8n * SEC)
  equal(awake.status, 'synchronised')
  ok(awake.earliest >= BASE + 3607n * SEC)
  // The host was stepped, the counter was right: one word says so.
  equal(discipline.onHostClock(0n, 9n * SEC), true)
  equal(read(discipline, 9n * SEC).status, 'disrupted')
  tell(discipline, word('a', 10n * SEC, 3600n * SEC))
  equal(read(discipline, 10n * SEC).status, 'synchronised')
})

test('past the leap table the reading is wider by a second each way', () => {
  const leapTable = { ...LEAP_TABLE, expiresTai: BASE }
  const [valid, expired] = [make({}, 'a'), make({ leapTable }, 'a')].map((discipline) => {
    tell(discipline, word('a', SEC))
    return read(discipline, SEC)
  })
  deepEqual(
    [valid!.earliest - expired!.earliest, expired!.latest - valid!.latest, expired!.estimate, expired!.status],
    [SEC, SEC, valid!.estimate, valid!.status],
  )
})

test('whatever a filter says, the estimate stays inside the hard interval', () => {
  const wild: Filter<null> = {
    name: 'wild',
    start: () => null,
    update: () => ({ state: null, taken: true }),
    predict: () => ({ offsetNs: BASE + SEC, offsetSigmaNs: 1, slopePpb: 7, slopeSigmaPpb: 1 }),
  }
  const discipline = new Discipline({}, wild)
  discipline.register('a', 'gps')
  discipline.onSourceEvent({ type: 'measurement', measurement: word('a', SEC) }, SEC)
  const reading = discipline.read(SEC)
  equal(reading?.estimate, reading?.latest)
  equal(reading?.frequencyPpb, -7)
})

test('reach is eight polls, newest lowest', () => {
  const discipline = make({}, 'a')
  const reach: number[] = []
  for (let i = 0n; i < 12n; i += 1n) {
    discipline.due(i * 64n * SEC)
    if (i !== 1n && i < 4n) tell(discipline, word('a', i * 64n * SEC + 1n))
    reach.push(discipline.report(i * 64n * SEC)[0]!.reach)
  }
  deepEqual(reach, [1, 2, 5, 11, 22, 44, 88, 176, 96, 192, 128, 0])
  deepEqual(states(discipline, 800n * SEC), ['unreachable:no-answer'])
})

test('the defaults are frozen, and options keep what is not given', () => {
  ok(Object.isFrozen(DISCIPLINE_DEFAULTS))
  equal(make({ wanderPpb: 5 }).options.wanderPpb, 5)
  equal(make({ wanderPpb: 5 }).options.stepSamplesMin, 4)
})
