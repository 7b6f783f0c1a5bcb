/**
 * Pulses and forgeries through a real socket: a gpsd by script, and a Time that the script moves, so that an hour of pulses costs
 * no time. Each second is written once the last one has been heard.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { holds, middle, NS_PER_MS, NS_PER_SEC, NS_PER_US, seededRandom, width } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { eventLog } from '../../../test/real/event-log.ts'
import type { EventLog } from '../../../test/real/event-log.ts'
import { gpsd, text } from '../../../test/real/scripted-gpsd.ts'
import type { Line } from '../../../test/real/scripted-gpsd.ts'
import type { ClockKnowledge } from '../gps-knowledge.ts'
import type { SourceEvent } from '../port.ts'
import { taiFromUnixNs } from '../time-scales.ts'
import { gpsdSource } from './gpsd-source.ts'
import type { GpsdSourceOptions } from './gpsd-source.ts'

/** 2026-11-21T00:00:00Z; the counter reads 100 s then, and the host clock is a day wrong, which matters to nobody. */
const START = 1_795_219_200n * NS_PER_SEC
const OFFSET = taiFromUnixNs(START) - 100n * NS_PER_SEC
const HOST_ERROR = -86_400n * NS_PER_SEC

class ScriptedTime implements Time {
  sinceNs = 0n
  elapsedNs(): bigint {
    return 100n * NS_PER_SEC + this.sinceNs
  }
  hostUnixNs(): bigint {
    return START + HOST_ERROR + this.sinceNs
  }
  schedule(): () => void {
    return () => undefined
  }
}

interface Scene extends AsyncDisposable {
  readonly time: ScriptedTime
  readonly log: EventLog
  readonly socket: Socket
  /** Lets it be `sinceNs` after the start and says lines, one of which makes the source speak; returns its newest event. */
  say(sinceNs: bigint, ...lines: readonly Line[]): Promise<SourceEvent>
}

const scene = async (more: Partial<GpsdSourceOptions> = {}): Promise<Scene> => {
  await using stack = new AsyncDisposableStack()
  const time = new ScriptedTime()
  const server = stack.use(await gpsd())
  const source = stack.use(
    gpsdSource(time, seededRandom(1n), { id: 'gps:test', port: server.port, intervalNs: 1n, ...more }),
  )
  const log = await eventLog(source)
  const socket = await server.client()
  socket.setNoDelay(true)
  const opened = stack.move()
  const say: Scene['say'] = async (sinceNs, ...lines) => {
    const heard = log.events.length
    time.sinceNs = sinceNs
    socket.write(lines.map(text).join(''))
    await log.when((words) => words.length > heard)
    const event = log.events.at(-1)
    ok(event !== undefined)
    return event
  }
  return { time, log, socket, say, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const iso = (unixNs: bigint): string => new Date(Number(unixNs / NS_PER_MS)).toISOString()
const tpv = (atNs: bigint, more: Readonly<Record<string, unknown>> = {}): Line => ({
  class: 'TPV',
  device: '/dev/gps',
  mode: 3,
  time: iso(START + atNs),
  ept: 0.005,
  leapseconds: 18,
  ...more,
})
/** The receiver says it was `realNs`, when the host clock was that of `clockNs`. */
const pps = (realNs: bigint, clockNs: bigint, name = 'PPS'): Line => {
  const [real, clock] = [START + realNs, START + HOST_ERROR + clockNs]
  return {
    class: name,
    device: '/dev/gps',
    real_sec: Number(real / NS_PER_SEC),
    real_nsec: Number(real % NS_PER_SEC),
    clock_sec: Number(clock / NS_PER_SEC),
    clock_nsec: Number(clock % NS_PER_SEC),
    precision: -20,
    shm: 'NTP2',
  }
}
const sky = (strengths: readonly number[]): Line => ({
  class: 'SKY',
  device: '/dev/gps',
  satellites: strengths.map((ss, index) => ({ PRN: index + 1, el: 48.14, az: 11.58, ss, used: true })),
})

const s = (seconds: number): bigint => BigInt(seconds) * NS_PER_SEC
const measurementOf = (event: SourceEvent) => {
  ok(
    event.type === 'measurement',
    JSON.stringify(event, (_k, v: unknown) => (typeof v === 'bigint' ? String(v) : v)),
  )
  return event.measurement
}
const reasonOf = (event: SourceEvent): string => ('reason' in event ? event.reason : event.type)

test('a pulse holds the truth within a quarter of a millisecond, TOFF within a second, whatever the host clock shows', async () => {
  await using it = await scene()
  await it.say(300n * NS_PER_MS, tpv(0n))
  const toff = measurementOf(await it.say(s(1) + 500n * NS_PER_MS, pps(s(1), s(1) + 120n * NS_PER_MS, 'TOFF')))
  ok(holds(toff.offset, OFFSET) && width(toff.offset) < 1100n * NS_PER_MS)
  const pulse = measurementOf(await it.say(s(2) + 3n * NS_PER_MS, pps(s(2), s(2) + 12n * NS_PER_US)))
  ok(holds(pulse.offset, OFFSET) && width(pulse.offset) < 500n * NS_PER_US, `${width(pulse.offset)}`)
  equal(pulse.estimateNs, OFFSET - 12n * NS_PER_US)
})

test('a pulse before any fix names no second; one whose second is not plain is refused; the clock can make it plain', async () => {
  await using it = await scene()
  const vague = tpv(0n, { ept: 0.7 })
  const silent = pps(0n, 0n)
  equal(reasonOf(await it.say(400n * NS_PER_MS, silent, vague)), 'measurement')
  equal(it.log.events.length, 1, 'the first pulse said nothing')
  equal(reasonOf(await it.say(s(1), pps(s(1), s(1)))), 'gps-pulse-ambiguous')
  const hard = { lo: OFFSET - 200n * NS_PER_MS, hi: OFFSET + 200n * NS_PER_MS }
  await using sure = await scene({ knownAt: () => ({ hard, predicted: undefined, others: undefined }) })
  await sure.say(400n * NS_PER_MS, vague)
  equal(reasonOf(await sure.say(s(1), pps(s(1), s(1)))), 'measurement')
  equal(reasonOf(await sure.say(s(2), pps(s(3), s(2)))), 'gps-pulse-disagrees')
})

test('a ramp of 100 ns/s under a pulse a second is refused within a minute, and by name', async () => {
  await using it = await scene()
  const start = 1020
  let foundAfter: number | undefined
  for (let second = 1; second <= start + 60 && foundAfter === undefined; second += 1) {
    const forgedNs = BigInt(Math.max(0, second - start)) * 100n
    const jitterNs = BigInt((second * 7919) % 601)
    const lines = [tpv(s(second)), pps(s(second), s(second) + jitterNs - forgedNs)]
    const event = await it.say(s(second) + NS_PER_MS, ...lines)
    if (event.type !== 'refused') continue
    deepEqual(event.suspicion, { score: 700, reasons: ['gps-slow-ramp'] })
    foundAfter = second - start
  }
  ok(foundAfter !== undefined && foundAfter > 0, `${foundAfter}`)
})

test('one antenna for all satellites: even makes doubt, strong and even refuses, and nothing of the sky gets out', async () => {
  await using it = await scene()
  const healthy = await it.say(s(1), sky([44, 38, 47, 41, 35]), tpv(s(1)))
  ok(healthy.type === 'measurement')
  deepEqual(healthy.suspicion, { score: 0, reasons: [] })
  const even = await it.say(s(2), sky([45, 45, 45, 45, 46]), tpv(s(2)))
  ok(even.type === 'measurement')
  deepEqual(even.suspicion, { score: 350, reasons: ['gps-signal-uniform'] })
  const strong = await it.say(s(3), sky([55, 55, 55, 55, 56]), tpv(s(3)))
  equal(reasonOf(strong), 'gps-signal-strong')
  const written = JSON.stringify(it.log.events, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  ok(!written.includes('48.14') && !written.includes('11.58') && !written.includes('PRN'))
})

const around = (aroundNs: bigint): ClockKnowledge => ({
  hard: undefined,
  predicted: undefined,
  others: { lo: OFFSET + aroundNs - s(1), hi: OFFSET + aroundNs + s(1) },
})

test('other sources that outvote it refuse it, and put a wrapped week right', async () => {
  await using outvoted = await scene({ knownAt: () => around(s(20)) })
  equal(reasonOf(await outvoted.say(s(1), tpv(s(1)))), 'gps-disagrees')
  const early = tpv(s(1) - 1024n * 7n * s(86_400))
  await using repaired = await scene({ knownAt: () => around(0n) })
  const event = await repaired.say(s(1), early)
  ok(holds(measurementOf(event).offset, OFFSET))
  ok(event.type === 'measurement')
  deepEqual(event.suspicion?.reasons, ['gps-week-repaired'])
  await using alone = await scene()
  equal(reasonOf(await alone.say(s(1), { ...Object(early), leapseconds: undefined })), 'gps-before-release')
})

test('the clock is asked at each report, at the counter of its arrival', async () => {
  const asked: bigint[] = []
  await using it = await scene({
    knownAt: (localNs) => {
      asked.push(localNs)
      return undefined
    },
  })
  const event = await it.say(s(1), sky([40, 44, 37]), tpv(s(1)))
  deepEqual(asked, [101n * NS_PER_SEC])
  ok(middle(measurementOf(event).offset) > OFFSET)
})
