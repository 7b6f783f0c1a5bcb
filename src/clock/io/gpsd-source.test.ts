import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { holds, NS_PER_MS, NS_PER_SEC, seededRandom } from '../../base/index.ts'
import { eventLog } from '../../../test/real/event-log.ts'
import { handTime } from '../../../test/real/hand-time.ts'
import type { HandTime } from '../../../test/real/hand-time.ts'
import { gpsd, text } from '../../../test/real/scripted-gpsd.ts'
import type { Line } from '../../../test/real/scripted-gpsd.ts'
import { taiFromUnixNs } from '../time-scales.ts'
import { GPSD_LINES_PER_SEC_MAX, gpsdSource } from './gpsd-source.ts'
import type { GpsdSourceOptions } from './gpsd-source.ts'

const open = async (hand: HandTime, port: number, more: Partial<GpsdSourceOptions> = {}) => {
  const source = gpsdSource(hand.time, seededRandom(1n), { id: 'gps:test', port, intervalNs: 1n, ...more })
  return { source, log: await eventLog(source) }
}

const iso = (unixNs: bigint): string => new Date(Number(unixNs / NS_PER_MS)).toISOString()
/** A fix of `agoNs` ago by the host clock. */
const tpv = (hand: HandTime, agoNs = 0n, more: Record<string, unknown> = {}): Line => ({
  class: 'TPV',
  device: '/dev/gps',
  mode: 3,
  time: iso(hand.time.hostUnixNs() - agoNs),
  ept: 0.005,
  lat: 48.149975,
  lon: 11.584778,
  ...more,
})
/** The two timers of the source are told apart by their delay. */
const isSilence = (delayNs: bigint): boolean => delayNs === 60n * NS_PER_SEC
const isPause = (delayNs: bigint): boolean => !isSilence(delayNs)

test('a fix becomes a measurement that holds the host’s time and nothing of the place', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const socket = await server.client()
  socket.write(text(tpv(hand)))
  await log.when((words) => words.length === 1)
  const [event] = log.events
  ok(event?.type === 'measurement')
  const { offset, kind, sourceId } = event.measurement
  deepEqual([kind, sourceId], ['gps', 'gps:test'])
  ok(holds(offset, taiFromUnixNs(hand.time.hostUnixNs()) - hand.time.elapsedNs()))
  const written = JSON.stringify(event, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  ok(!written.includes('48.14') && !written.includes('11.58'))
})

test('PPS and TOFF narrow it', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const socket = await server.client()
  const pulse = (name: string): Line => {
    const now = hand.time.hostUnixNs()
    const [sec, nsec] = [Number(now / NS_PER_SEC), Number(now % NS_PER_SEC)]
    return { class: name, device: '/dev/gps', real_sec: sec, real_nsec: nsec, clock_sec: sec, clock_nsec: nsec }
  }
  socket.write(text(tpv(hand)) + text(pulse('TOFF')) + text({ ...Object(pulse('PPS')), precision: -20 }))
  await log.when((words) => words.length === 3)
  const widths = log.events.map((event) => {
    ok(event.type === 'measurement')
    return event.measurement.offset.hi - event.measurement.offset.lo
  })
  const [wide = 0n, narrower = 0n, narrow = 0n] = widths
  ok(wide > narrower && narrower > narrow && narrow < 10n * NS_PER_MS, widths.join(' '))
})

test('half a line waits for its other half; rubbish, a megabyte line and other decades are named and survived', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const socket = await server.client()
  const whole = text(tpv(hand))
  socket.write(whole.slice(0, 30))
  socket.write('rubbish\n')
  await log.when((words) => words.length === 1)
  socket.write(`${'x'.repeat(1_048_576)}\n`)
  await log.when((words) => words.length === 2)
  socket.write(text(tpv(hand, 24n * 365n * 86_400n * NS_PER_SEC)) + text(tpv(hand, -40n * 365n * 86_400n * NS_PER_SEC)))
  await log.when((words) => words.length === 4)
  socket.write(text({ class: 'ERROR', message: 'no' }) + text(tpv(hand, 0n, { mode: 1 })))
  await log.when((words) => words.length === 6)
  socket.write(text(tpv(hand)))
  await log.when((words) => words.length === 7)
  deepEqual(log.words(), [
    'gpsd-not-json',
    'gpsd-line-too-long',
    'gps-before-release',
    'gps-after-horizon',
    'gpsd-error',
    'gps-no-fix',
    'measurement',
  ])
})

test('gpsd closes: said, and connected to again after a pause that doubles and varies', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const pauses: bigint[] = []
  for (const round of [1, 2, 3]) {
    const socket = await server.client()
    socket.destroy()
    await log.when((words) => words.length === round)
    pauses.push(...hand.pending())
    equal(hand.fire(), 1, 'the pause, and no other timer')
  }
  deepEqual(log.words(), ['gpsd-closed', 'gpsd-closed', 'gpsd-closed'])
  for (const [index, pauseNs] of pauses.entries()) {
    const base = NS_PER_SEC << BigInt(index)
    ok(pauseNs >= base / 2n && pauseNs <= (base * 3n) / 2n, `${pauseNs}`)
  }
  const socket = await server.client()
  socket.write(text(tpv(hand)))
  await log.when((words) => words.includes('measurement'))
})

test('no gpsd at all: said at once and at each poll, and tried again', async () => {
  const hand = handTime()
  const gone = await gpsd()
  await gone[Symbol.asyncDispose]()
  const { source, log } = await open(hand, gone.port)
  await using _ = source
  await log.when((words) => words.length === 1)
  source.poll()
  deepEqual(log.words(), ['gpsd-no-connection', 'gpsd-no-connection'])
  equal(hand.pending().length, 1)
})

test('a gpsd that says nothing more is dropped and connected to again', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const socket = await server.client()
  socket.write(text(tpv(hand)))
  await log.when((words) => words.length === 1)
  equal(hand.fire(isSilence), 1)
  deepEqual(log.words(), ['measurement', 'gpsd-silent'])
  equal(hand.fire(isPause), 1)
  await server.client()
})

test('another protocol, and a flood, end the connection', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const first = await server.client()
  first.write(text({ class: 'VERSION', proto_major: 4 }))
  await log.when((words) => words.includes('gpsd-wrong-version'))
  hand.fire(isPause)
  const second = await server.client()
  const chunk = text({ class: 'ATT', padding: 'x'.repeat(8000) }).repeat(16)
  const pour = (): void => {
    if (!second.destroyed) second.write(chunk, pour)
  }
  pour()
  await log.when((words) => words.includes('gpsd-flood'))
})

test('lines so short that their bytes are few are a flood as well', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const socket = await server.client()
  socket.write('0\n'.repeat(2 * GPSD_LINES_PER_SEC_MAX))
  await log.when((words) => words.includes('gpsd-flood'))
})

test('bytes that never end a line are silence, however long they drip', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  await using _ = source
  const socket = await server.client()
  socket.write('no line\n')
  await log.when((words) => words.length === 1)
  const timers = hand.pending()
  // The line's own timer stays the one that counts: whoever drips sets no other.
  socket.write('{'.repeat(20_000))
  await log.when((words) => words.length === 2)
  deepEqual([hand.pending(), hand.fire(isSilence)], [timers, 1])
  deepEqual(log.words(), ['gpsd-not-json', 'gpsd-line-too-long', 'gpsd-silent'])
})

test('one measurement an interval, one more for a poll; a refusal once a reason', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port, { intervalNs: 3600n * NS_PER_SEC })
  await using _ = source
  const socket = await server.client()
  const late = [900n, 600n, 300n].map((ms) => text(tpv(hand, ms * NS_PER_MS))).join('')
  socket.write(late + text(tpv(hand, 0n, { mode: 1 })).repeat(50) + text({ class: 'ERROR' }))
  await log.when((words) => words.includes('gpsd-error'))
  deepEqual(log.words(), ['measurement', 'gps-no-fix', 'gpsd-error'])
})

test('another receiver than the one asked for is not heard', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port, { device: '/dev/gps' })
  await using _ = source
  const socket = await server.client()
  socket.write(text(tpv(hand, 500n * NS_PER_MS, { device: '/dev/other', mode: 1 })) + text(tpv(hand)))
  await log.when((words) => words.length === 1)
  deepEqual(log.words(), ['measurement'])
})

test('disposal closes the connection, cancels every timer, and silences the source', async () => {
  const hand = handTime()
  await using server = await gpsd()
  const { source, log } = await open(hand, server.port)
  const socket = await server.client()
  const closed = once(socket, 'close')
  await source[Symbol.asyncDispose]()
  await closed
  source.poll()
  deepEqual(hand.pending(), [])
  deepEqual(log.words(), [])
})
