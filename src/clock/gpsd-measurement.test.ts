import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { holds, NS_PER_MS, NS_PER_SEC, NS_PER_US, width } from '../base/index.ts'
import { GPS_LIMITS, GPS_REASONS, GPS_STATE, gpsMeasurement } from './gpsd-measurement.ts'
import type { GpsArrival, GpsSample, GpsState } from './gpsd-measurement.ts'
import type { ClockKnowledge } from './gps-knowledge.ts'
import { GPSD_PACE, paceAsked, paceMeasurement, paceRefusal } from './gpsd-pace.ts'
import type { GpsdMessage, GpsdPulse, GpsdTpv } from './gpsd-protocol.ts'
import { taiFromUnixNs, taiFromUtc } from './time-scales.ts'

/** 2026-11-21T00:00:00Z, Unix ns; the local counter reads 100 s then. */
const START = 1_795_219_200n * NS_PER_SEC
const LOCAL = 100n * NS_PER_SEC
const OFFSET = taiFromUnixNs(START) - LOCAL

/** `afterNs` since START; the host clock is `hostErrorNs` wrong. */
const at = (afterNs: bigint, hostErrorNs = 0n): GpsArrival => ({
  localNs: LOCAL + afterNs,
  hostUnixNs: START + afterNs + hostErrorNs,
  readingNs: 100n,
})

const fix = (afterNs: bigint, more: Partial<GpsdTpv> = {}): GpsdTpv => ({
  class: 'TPV',
  device: 'd',
  mode: 3,
  tai: taiFromUnixNs(START + afterNs),
  errorNs: 5n * NS_PER_MS,
  leapSec: undefined,
  ...more,
})

const pulse = (
  name: 'TOFF' | 'PPS',
  realAfterNs: bigint,
  clockAfterNs: bigint,
  more: Partial<GpsdPulse> = {},
): GpsdPulse => ({
  class: name,
  device: 'd',
  realUnixNs: START + realAfterNs,
  clockUnixNs: START + clockAfterNs,
  precision: undefined,
  ...more,
})

interface Told {
  readonly state: GpsState
  readonly said: readonly (GpsSample | string | undefined)[]
}

/** Plays messages with their arrivals; tells what was said to each. */
const play = (
  script: readonly (readonly [GpsdMessage, GpsArrival])[],
  state: GpsState = GPS_STATE,
  known?: ClockKnowledge,
): Told => {
  const said: (GpsSample | string | undefined)[] = []
  let now = state
  for (const [message, arrival] of script) {
    const step = gpsMeasurement(now, message, arrival, GPS_LIMITS, known)
    now = step.state
    const { admission } = step
    said.push(admission?.verdict === 'accept' ? admission.value : admission?.reason)
  }
  return { state: now, said }
}

const sample = (said: GpsSample | string | undefined): GpsSample => {
  ok(typeof said === 'object', typeof said === 'string' ? said : 'nothing was said')
  return said
}

test('TPV: the true time at arrival lies between the fix and the fix plus the greatest latency', () => {
  for (const latencyNs of [0n, 300n * NS_PER_MS, 1499n * NS_PER_MS]) {
    const { offset, basis } = sample(play([[fix(0n), at(latencyNs)]]).said[0])
    equal(basis, 'TPV')
    ok(holds(offset, OFFSET))
    equal(width(offset), 1506n * NS_PER_MS, 'ept 5 ms + margin 1 ms + latency 1.5 s')
  }
})

test('TOFF: the host clock’s date does not matter, its way to us drops out', () => {
  const wrong = -300n * 86_400n * NS_PER_SEC
  const toff = pulse('TOFF', NS_PER_SEC, NS_PER_SEC + 80n * NS_PER_MS + wrong)
  const { said } = play([
    [fix(0n), at(300n * NS_PER_MS, wrong)],
    [toff, at(NS_PER_SEC + 900n * NS_PER_MS, wrong)],
  ])
  const { offset, basis } = sample(said[1])
  equal(basis, 'TOFF')
  ok(holds(offset, OFFSET))
  ok(width(offset) < 1020n * NS_PER_MS)
})

test('PPS: within a pulse’s error of the second; its stated precision counts', () => {
  const script = (precision: number | undefined) =>
    play([
      [fix(0n), at(300n * NS_PER_MS)],
      [pulse('PPS', NS_PER_SEC, NS_PER_SEC + 40n * NS_PER_US, { precision }), at(NS_PER_SEC + 2n * NS_PER_MS)],
    ]).said[1]
  const plain = sample(script(undefined))
  equal(plain.basis, 'PPS')
  ok(holds(plain.offset, OFFSET))
  ok(width(plain.offset) < 3n * NS_PER_MS)
  const fine = sample(script(-20))
  ok(holds(fine.offset, OFFSET) && width(fine.offset) < NS_PER_MS / 2n, `${width(fine.offset)}`)
  // The stamp came 40 µs after the second, and is the best guess.
  equal(fine.estimateNs, OFFSET - 40n * NS_PER_US)
})

test('a pulse that contradicts the fix is not believed, nor one without a fix, nor by a stepped host clock', () => {
  const first = [fix(0n), at(0n)] as const
  deepEqual(play([[pulse('PPS', NS_PER_SEC, NS_PER_SEC), at(NS_PER_SEC)]]).said, [undefined])
  equal(play([first, [pulse('PPS', 4n * NS_PER_SEC, NS_PER_SEC), at(NS_PER_SEC)]]).said[1], 'gps-pulse-disagrees')
  equal(play([first, [pulse('PPS', NS_PER_SEC, 9n * NS_PER_SEC), at(NS_PER_SEC)]]).said[1], 'gps-host-clock-stepped')
  equal(play([first, [pulse('PPS', NS_PER_SEC, NS_PER_SEC), at(7n * NS_PER_SEC)]]).said[1], 'gps-host-clock-stepped')
  equal(play([first, [pulse('PPS', 12n * NS_PER_SEC, 12n * NS_PER_SEC), at(12n * NS_PER_SEC)]]).said[1], 'gps-no-fix')
  const lost = play([first, [fix(NS_PER_SEC, { mode: 1 }), at(NS_PER_SEC)]])
  deepEqual(play([[pulse('PPS', 2n * NS_PER_SEC, 2n * NS_PER_SEC), at(2n * NS_PER_SEC)]], lost.state).said, [undefined])
})

const known = (offset: { readonly lo: bigint; readonly hi: bigint }): ClockKnowledge => ({
  hard: offset,
  predicted: undefined,
  others: undefined,
})
const room = (aroundNs: bigint, byNs: bigint): ClockKnowledge => known({ lo: aroundNs - byNs, hi: aroundNs + byNs })

test('a pulse that could name two seconds is refused, unless TOFF or the clock leaves room for one only', () => {
  // A fix that states an error of 0.7 s leaves room for the second before.
  const vague = [fix(0n, { errorNs: 700n * NS_PER_MS }), at(400n * NS_PER_MS)] as const
  const tick = [pulse('PPS', NS_PER_SEC, NS_PER_SEC), at(NS_PER_SEC)] as const
  deepEqual(play([vague, tick]).said.slice(1), ['gps-pulse-ambiguous'])
  equal(sample(play([vague, tick], GPS_STATE, room(OFFSET, 300n * NS_PER_MS)).said[1]).basis, 'PPS')
  const clear = [fix(NS_PER_SEC / 10n), at(400n * NS_PER_MS)] as const
  equal(sample(play([vague, clear, tick]).said[2]).basis, 'PPS', 'a better fix narrows it')
  const wrong = play([clear, tick], GPS_STATE, room(OFFSET + NS_PER_SEC / 2n, 300n * NS_PER_MS))
  equal(wrong.said[1], 'gps-pulse-disagrees', 'the clock knows that it is another second')
})

test('a pulse numbered one too low or too high by gpsd is not taken, whatever the way of the fix took', () => {
  for (const latencyNs of [5n, 300n, 700n, 940n].map((ms) => ms * NS_PER_MS)) {
    const told = (numberNs: bigint) =>
      play([
        [fix(0n), at(latencyNs)],
        [pulse('PPS', NS_PER_SEC + numberNs, NS_PER_SEC), at(NS_PER_SEC + NS_PER_MS)],
      ]).said[1]
    ok(typeof told(0n) === 'object')
    deepEqual([told(NS_PER_SEC), told(-NS_PER_SEC)], ['gps-pulse-disagrees', 'gps-pulse-disagrees'])
  }
})

const ROUND = 1024n * 7n * 86_400n * NS_PER_SEC
test('week rollover: repaired where the clock or the leap count says in which round we are', () => {
  const old = (more: Partial<GpsdTpv> = {}): readonly [GpsdMessage, GpsArrival] => [
    fix(0n, { tai: taiFromUnixNs(START - ROUND), ...more }),
    at(0n),
  ]
  equal(play([old()]).said[0], 'gps-before-release', 'nothing pins the round')
  const byClock = sample(play([old()], GPS_STATE, room(OFFSET, NS_PER_SEC)).said[0])
  ok(holds(byClock.offset, OFFSET))
  equal(byClock.weekRounds, 1n)
  equal(play([old()], GPS_STATE, room(OFFSET + ROUND / 2n, NS_PER_SEC)).said[0], 'gps-before-release')
  const byTable = sample(play([old({ leapSec: 18 })]).said[0])
  ok(holds(byTable.offset, OFFSET))
  equal(play([old({ leapSec: 19 })]).said[0], 'gps-week-rollover', 'a count that is not ours at the repaired date')
  equal(play([old({ leapSec: 14 })]).said[0], 'gps-before-release', 'a recording of 2007')
  const pulsed = play([
    old({ leapSec: 18 }),
    [{ ...pulse('PPS', NS_PER_SEC, NS_PER_SEC), realUnixNs: START - ROUND + NS_PER_SEC }, at(NS_PER_SEC)],
  ]).said[1]
  ok(holds(sample(pulsed).offset, OFFSET), 'its pulses are moved by as much')
})

const utc = (text: string): bigint => taiFromUtc(text) ?? 0n
const REFUSED: readonly (readonly [string, Partial<GpsdTpv>])[] = [
  ['gps-no-fix', { mode: 1 }],
  ['gps-no-fix', { mode: 0, tai: utc('2002-11-14T14:32:55Z') }],
  ['gps-no-time', { tai: undefined }],
  ['gps-before-release', { tai: utc('2026-10-31T23:59:59Z') }],
  ['gps-before-release', { tai: utc('2005-06-09T14:33:00Z') }],
  ['gps-after-horizon', { tai: utc('2046-06-17T00:00:00Z') }],
  ['gps-after-horizon', { tai: utc('2099-01-01T00:00:00Z') }],
  ['gps-imprecise', { errorNs: 2n * NS_PER_SEC }],
  ['gps-leap-unknown', { leapSec: 15 }],
  ['gps-leap-unknown', { leapSec: 0 }],
]
for (const [reason, more] of REFUSED) {
  test(`a fix refused: ${reason} ${JSON.stringify(more, (_k, v: unknown) => (typeof v === 'bigint' ? String(v) : v))}`, () =>
    deepEqual(play([[fix(0n, more), at(0n)]]).said, [reason]))
}

test('leap seconds: ours, or made UTC by an NMEA receiver, or not known', () => {
  const device = (driver: string): readonly [GpsdMessage, GpsArrival] => [
    { class: 'DEVICE', drivers: [{ device: 'd', driver }] },
    at(0n),
  ]
  sample(play([[fix(0n, { leapSec: 18 }), at(0n)]]).said[0])
  sample(play([device('NMEA0183'), [fix(0n), at(0n)]]).said[1])
  sample(play([device('u-blox'), [fix(0n, { leapSec: 18 }), at(0n)]]).said[1])
  equal(play([device('SiRF'), [fix(0n), at(0n)]]).said[1], 'gps-leap-unknown')
})

test('too few satellites, but only where SKY says so and said so lately', () => {
  const sky = (usedCount: number | undefined): readonly [GpsdMessage, GpsArrival] => [
    { class: 'SKY', device: 'd', usedCount, seenCount: 9, signal: undefined },
    at(0n),
  ]
  equal(play([sky(2), [fix(0n), at(0n)]]).said[1], 'gps-few-satellites')
  sample(play([sky(3), [fix(0n), at(0n)]]).said[1])
  sample(play([sky(undefined), [fix(0n), at(0n)]]).said[1])
  sample(play([sky(2), [fix(11n * NS_PER_SEC), at(11n * NS_PER_SEC)]]).said[1])
})

test('the same fix told twice counts once; told for seconds it is a stopped clock', () => {
  const { said } = play([
    [fix(0n), at(0n)],
    [fix(0n), at(400n * NS_PER_MS)],
    [fix(0n), at(3n * NS_PER_SEC)],
  ])
  sample(said[0])
  deepEqual(said.slice(1), [undefined, 'gps-implausible-step'])
})

test('backwards, and steps against the oscillator', () => {
  const second = (afterNs: bigint, localAfterNs: bigint) =>
    play([
      [fix(0n), at(0n)],
      [fix(afterNs), at(localAfterNs)],
    ]).said[1]
  equal(second(-NS_PER_SEC, NS_PER_SEC), 'gps-backwards')
  equal(second(-1n, NS_PER_SEC), 'gps-backwards')
  equal(second(60n * NS_PER_SEC, NS_PER_SEC), 'gps-implausible-step')
  equal(second(10n ** 9n * NS_PER_SEC, NS_PER_SEC), 'gps-after-horizon')
  equal(second(3n * NS_PER_SEC, 13n * NS_PER_SEC), 'gps-implausible-step')
  sample(second(2n * NS_PER_SEC, NS_PER_SEC))
})

test('a new series of fixes wins only by a minute of agreement with itself; a break begins it anew', () => {
  const step = 3600n * NS_PER_SEC
  const series = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => {
      const afterNs = BigInt(from + i) * NS_PER_SEC
      return [fix(afterNs + step), at(afterNs)] as const
    })
  const { said } = play([[fix(0n), at(0n)], ...series(1, 65)])
  deepEqual(new Set(said.slice(1, 61)), new Set(['gps-implausible-step']))
  sample(said[61])
  const broken = [...series(1, 30), [fix(30n * NS_PER_SEC - step), at(30n * NS_PER_SEC)] as const, ...series(31, 85)]
  ok(
    play([[fix(0n), at(0n)], ...broken])
      .said.slice(1)
      .every((one) => typeof one === 'string'),
  )
})

test('every reason is reached here', () => {
  const reached = new Set([
    ...REFUSED.map(([reason]) => reason),
    'gps-backwards',
    'gps-implausible-step',
    'gps-few-satellites',
    'gps-host-clock-stepped',
    'gps-pulse-disagrees',
    'gps-pulse-ambiguous',
    'gps-week-rollover',
  ])
  deepEqual(
    GPS_REASONS.filter((reason) => !reached.has(reason)),
    [],
  )
})

test('any honest receiver within its limits: every interval holds the true offset', () => {
  const ns = (most: bigint) => fc.bigInt({ min: 0n, max: most })
  const refused = (said: Told['said'][number]): boolean =>
    said === 'gps-pulse-disagrees' || said === 'gps-pulse-ambiguous'
  fc.assert(
    fc.property(
      ns(GPS_LIMITS.latencyNsMax),
      ns(GPS_LIMITS.toffLatencyNsMax),
      ns(4n * NS_PER_SEC),
      fc.bigInt({ min: -GPS_LIMITS.ppsErrorNs, max: GPS_LIMITS.ppsErrorNs }),
      fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }),
      (latencyNs, toffNs, wayNs, ppsNs, hostErrorNs) => {
        const next = 2n * NS_PER_SEC
        const { said } = play([
          [fix(0n), at(latencyNs, hostErrorNs)],
          [pulse('TOFF', next, next + toffNs + hostErrorNs), at(next + toffNs + wayNs, hostErrorNs)],
          [pulse('PPS', next, next + ppsNs + hostErrorNs), at(next + ppsNs + wayNs, hostErrorNs)],
        ])
        // A receiver that tells of a second after the next pulse is one whose pulses cannot be numbered.
        const isPrompt = latencyNs <= GPS_LIMITS.pulseLatencyNsMax
        for (const [index, one] of said.entries()) {
          if (index === 2 && !isPrompt && refused(one)) continue
          const { offset, estimateNs } = sample(one)
          ok(holds(offset, OFFSET) && holds(offset, estimateNs))
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('pace: one an interval, the best kind, and one more for a poll', () => {
  const interval = 10n * NS_PER_SEC
  const s = (sec: number): bigint => BigInt(sec) * NS_PER_SEC
  let pace = GPSD_PACE
  const take = (basis: 'TPV' | 'TOFF' | 'PPS', sec: number): boolean => {
    const step = paceMeasurement(pace, basis, s(sec), interval)
    pace = step.pace
    return step.isPassed
  }
  equal(take('TPV', 0), true)
  equal(take('TPV', 1), false)
  equal(take('PPS', 2), true, 'a better kind need not wait for a worse one')
  equal(take('TPV', 3), false)
  equal(take('PPS', 4), false)
  pace = paceAsked(pace)
  equal(take('TPV', 5), false, 'a worse kind does not answer the poll')
  equal(take('PPS', 5), true)
  equal(take('PPS', 6), false)
  equal(take('PPS', 15), true)
  equal(take('TPV', 26), true, 'the better kind has ceased')
})

test('pace: a reason is told once an interval', () => {
  const first = paceRefusal(GPSD_PACE, 'gps-no-fix', 0n, NS_PER_SEC)
  equal(first.isPassed, true)
  equal(paceRefusal(first.pace, 'gps-no-fix', 1n, NS_PER_SEC).isPassed, false)
  equal(paceRefusal(first.pace, 'gps-no-time', 1n, NS_PER_SEC).isPassed, true)
  equal(paceRefusal(first.pace, 'gps-no-fix', NS_PER_SEC, NS_PER_SEC).isPassed, true)
})
