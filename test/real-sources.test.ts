/**
 * Our clients against the real programs: chrony as an NTP server, gpsd with a receiver made of NMEA sentences, and gpsd with
 * recorded logs. Where a program is missing the test says so aloud; that is the only way in which it may be skipped.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { holds, NS_PER_SEC, seededRandom } from '../src/base/index.ts'
import type { Time } from '../src/base/index.ts'
import { gpsdSource } from '../src/clock/io/gpsd-source.ts'
import { ntpSource } from '../src/clock/io/ntp-source.ts'
import { taiFromUnixNs } from '../src/clock/index.ts'
import type { Measurement, Source, SourceEvent } from '../src/clock/index.ts'
import { chronydPath, startChronyd } from './real/chronyd.ts'
import { gpsdPath, presentTime, recorded, startGpsd } from './real/gpsd.ts'
import { missing } from './real/missing.ts'
import { PLACE_DIGITS } from './real/nmea.ts'
import { until } from './real/program.ts'
import { machineTime } from './real/machine-time.ts'

const LOGS = '../shared/gps-logs'
const HOST_RESOLUTION_NS = 2_000_000n

/** TAI − local by the host clock, now. */
const hostOffsetNs = (time: Time): bigint => taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()

/** Does the interval hold the host's time, give or take how coarsely that is read? */
const holdsHostTime = (time: Time, measurement: Measurement): boolean => {
  const { lo, hi } = measurement.offset
  return holds({ lo: lo - HOST_RESOLUTION_NS, hi: hi + HOST_RESOLUTION_NS }, hostOffsetNs(time))
}

const listen = async (source: Source): Promise<SourceEvent[]> => {
  const events: SourceEvent[] = []
  await source.start((event) => events.push(event))
  return events
}

const measurementsOf = (events: readonly SourceEvent[]): Measurement[] =>
  events.flatMap((event) => (event.type === 'measurement' ? [event.measurement] : []))

const written = (events: readonly SourceEvent[]): string =>
  JSON.stringify(events, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

test('real chronyd: eight exchanges, each interval holds the host’s time', async (t) => {
  if (missing(t, 'chronyd', chronydPath())) return
  const time = machineTime()
  await using server = await startChronyd()
  await using source = ntpSource(time, seededRandom(7n), { id: 'ntp:chronyd', host: '127.0.0.1', port: server.port })
  const events = await listen(source)
  for (let count = 1; count <= 8; count += 1) {
    source.poll()
    await until(
      () => `answer ${count} of chronyd`,
      () => events.length >= count,
    )
  }
  const measurements = measurementsOf(events)
  equal(measurements.length, 8, written(events))
  for (const measurement of measurements) {
    ok(holdsHostTime(time, measurement), written(events))
    ok(measurement.offset.hi - measurement.offset.lo < NS_PER_SEC, 'narrower than a second')
    equal(measurement.leap, 'none')
  }
})

test('real gpsd with the present time: intervals hold the host’s time, and the place is nowhere', async (t) => {
  if (missing(t, 'gpsd', gpsdPath())) return
  const time = machineTime()
  await using server = await startGpsd(presentTime())
  await using source = gpsdSource(time, seededRandom(7n), {
    id: 'gps:real',
    port: server.port,
    intervalNs: NS_PER_SEC,
  })
  const events = await listen(source)
  await until(
    () => `four measurements from gpsd; so far ${written(events)}`,
    () => measurementsOf(events).length >= 4,
    20_000,
  )
  for (const measurement of measurementsOf(events)) ok(holdsHostTime(time, measurement), written(events))
  deepEqual(
    PLACE_DIGITS.filter((digits) => written(events).includes(digits)),
    [],
  )
})

/** What each log is, and what every refusal of it must say. */
const RECORDINGS: readonly (readonly [string, readonly string[]])[] = [
  ['bu303-nofix.log', ['gps-no-fix']],
  ['gp-320fw-2019-03-28.log', ['gps-before-release']],
  ['ublox-8-time.log', ['gps-before-release']],
]

for (const [name, expected] of RECORDINGS) {
  test(`real gpsd with the recording ${name}: never a measurement, and the reason is named`, async (t) => {
    if (missing(t, 'gpsd', gpsdPath())) return
    const file = join(LOGS, name)
    if (missing(t, `recording ${file}`, existsSync(file) ? file : undefined)) return
    let rounds = 0
    const feed = recorded(readFileSync(file), () => {
      rounds += 1
    })
    await using server = await startGpsd(feed)
    await using source = gpsdSource(machineTime(), seededRandom(7n), {
      id: 'gps:log',
      port: server.port,
      intervalNs: 1n,
    })
    const events = await listen(source)
    const reasons = (): string[] => events.flatMap((event) => ('reason' in event ? [event.reason] : []))
    await until(
      () => `a refusal for ${expected.join(', ')}; so far ${written(events)}`,
      () => rounds >= 3 && expected.every((reason) => reasons().filter((told) => told === reason).length >= 3),
      20_000,
    )
    deepEqual(measurementsOf(events), [])
    t.diagnostic(`${name}: ${[...new Set(reasons())].join(', ')}`)
  })
}
