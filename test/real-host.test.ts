/**
 * The host clock by the word of real chronyd: synchronised with a true server and with one that lies, with none, with itself, and gone.
 * Where chrony is missing the test says so aloud; that is the only way in which it may be skipped.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, abs, holds, width } from '../src/base/index.ts'
import type { Time } from '../src/base/index.ts'
import { hostTrackingSource } from '../src/clock/io/host-tracking-source.ts'
import { taiFromUnixNs } from '../src/clock/index.ts'
import type { Measurement, SourceEvent } from '../src/clock/index.ts'
import { openNtpResponder } from '../src/services/ntp-responder.ts'
import { startChronyd } from './real/chronyd.ts'
import { chronyPath, startChronyClient } from './real/chrony-client.ts'
import type { ChronyClient } from './real/chrony-client.ts'
import { eventLog } from './real/event-log.ts'
import { machineTime } from './real/machine-time.ts'
import { missing } from './real/missing.ts'
import { until } from './real/program.ts'

const HOST_RESOLUTION_NS = 2n * NS_PER_MS

/** What the source says, poll by poll, until it says the word and as it should be; the last event. */
const askUntil = async (chrony: ChronyClient, word: string, isGood: (event: SourceEvent) => boolean = () => true) => {
  await using source = hostTrackingSource(machineTime(), { id: 'host', tellers: [chrony.teller] })
  const log = await eventLog(source)
  await until(
    () => `${word} from chronyd; so far ${[...new Set(log.words())].join(', ')}`,
    () => {
      source.poll()
      const last = log.events.at(-1)
      return log.words().at(-1) === word && last !== undefined && isGood(last)
    },
    20_000,
  )
  return log.events.at(-1)
}

const measurementOf = (event: Awaited<ReturnType<typeof askUntil>>): Measurement => {
  ok(event?.type === 'measurement')
  return event.measurement
}

const follow = (port: number): readonly string[] => [`server 127.0.0.1 port ${port} iburst minpoll -2 maxpoll -2`]

/** A server of the host clock, `aheadNs` ahead of it. */
const serverAhead = (aheadNs: bigint) => {
  const time = machineTime()
  const bent: Time = { ...time, hostUnixNs: () => time.hostUnixNs() + aheadNs }
  return openNtpResponder(bent, { port: 0 })
}

test('chronyd with a true server: the interval holds the host’s time, and becomes narrow', async (t) => {
  if (missing(t, 'chrony', chronyPath())) return
  await using server = await startChronyd()
  await using chrony = await startChronyClient(follow(server.port))
  // At first it states half a second; each sample makes it surer.
  const isNarrow = (event: SourceEvent): boolean =>
    event.type === 'measurement' && width(event.measurement.offset) < 100n * NS_PER_MS
  const { offset, leap, upstream } = measurementOf(await askUntil(chrony, 'measurement', isNarrow))
  const time = machineTime()
  // The host's clock was read between two readings of the counter; the machine may have stood still there.
  const before = time.elapsedNs()
  const hostTai = taiFromUnixNs(time.hostUnixNs())
  const host = { lo: hostTai - time.elapsedNs() - HOST_RESOLUTION_NS, hi: hostTai - before + HOST_RESOLUTION_NS }
  ok(offset.lo <= host.hi && host.lo <= offset.hi)
  deepEqual([leap, upstream?.stratum, upstream?.referenceId], ['none', 2, 0x7f_00_00_01])
})

test('chronyd with a server 300 ms ahead: its time is the estimate, and the interval reaches from it over the host’s', async (t) => {
  if (missing(t, 'chrony', chronyPath())) return
  await using server = await serverAhead(300n * NS_PER_MS)
  await using chrony = await startChronyClient(follow(server.port))
  const { offset, estimateNs } = measurementOf(await askUntil(chrony, 'measurement'))
  const time = machineTime()
  const hostNs = taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()
  ok(abs(estimateNs - hostNs - 300n * NS_PER_MS) < 50n * NS_PER_MS, String(estimateNs - hostNs))
  ok(holds(offset, hostNs) && holds(offset, estimateNs))
})

test('chronyd without a source is unsynchronised, and with only itself is not believed', async (t) => {
  if (missing(t, 'chrony', chronyPath())) return
  await using alone = await startChronyClient([])
  equal((await askUntil(alone, 'host-tracking-unsynchronised'))?.type, 'refused')
  await using own = await startChronyClient(['local stratum 3'])
  equal((await askUntil(own, 'host-tracking-local'))?.type, 'refused')
})

test('chronyd gone: unreachable, and nothing takes its place', async (t) => {
  if (missing(t, 'chrony', chronyPath())) return
  const chrony = await startChronyClient([])
  await askUntil(chrony, 'host-tracking-unsynchronised')
  await chrony[Symbol.asyncDispose]()
  equal((await askUntil(chrony, 'host-tracking-failed'))?.type, 'unreachable')
})
