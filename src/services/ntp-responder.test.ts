import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { holds, NS_PER_MS, NS_PER_SEC, seededRandom, widen } from '../base/index.ts'
import { eventLog } from '../../test/real/event-log.ts'
import { machineTime } from '../../test/real/machine-time.ts'
import { ntpSource } from '../clock/io/ntp-source.ts'
import { clientRequest, taiFromUnixNs } from '../clock/index.ts'
import { LOCAL_CLOCK_REFERENCE_ID, openNtpResponder } from './ntp-responder.ts'
import { askNtp, askUdp } from './time-servers.test-kit.ts'

test('a client measures the host clock by it', async () => {
  const time = machineTime()
  await using responder = await openNtpResponder(time, { port: 0 })
  await using source = ntpSource(time, seededRandom(3n), { id: 'ntp', host: '127.0.0.1', port: responder.port })
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.length === 1)
  const [event] = log.events
  ok(event?.type === 'measurement', log.words().join(' '))
  const truth = taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()
  ok(holds(widen(event.measurement.offset, 2n * NS_PER_MS), truth))
  equal(responder.counts().answered, 1)
})

test('what it says of itself: stratum 2, the local clock, its operator’s bound', async () => {
  await using responder = await openNtpResponder(machineTime(), { port: 0, rootDispersionNs: 5n * NS_PER_MS })
  const request = clientRequest(seededRandom(9n))
  const header = await askNtp(responder, request.bytes)
  const { leap, mode, stratum, referenceId, rootDelayNs, rootDispersionNs, origin } = header
  deepEqual([leap, mode, stratum, referenceId, rootDelayNs], [0, 4, 2, LOCAL_CLOCK_REFERENCE_ID, 0n])
  ok(rootDispersionNs >= 5n * NS_PER_MS && rootDispersionNs < 10n * NS_PER_MS)
  equal(origin, request.cookie)
})

test('garbage gets no answer and is counted; the request after it does', async () => {
  await using responder = await openNtpResponder(machineTime(), { port: 0 })
  const request = clientRequest(seededRandom(9n)).bytes
  const server = Uint8Array.from([0x24, ...request.subarray(1)])
  const long = new Uint8Array(1200)
  long.set(request)
  const [answer] = await askUdp(responder, [new Uint8Array(0), request.subarray(0, 40), server, long, request], 1)
  equal(answer?.length, 48)
  deepEqual(responder.counts(), {
    answered: 1,
    unsynchronised: 0,
    kissed: 0,
    dropped: new Map([
      ['ntp-request-too-short', 2],
      ['ntp-request-wrong-mode', 1],
      ['ntp-request-too-long', 1],
    ]),
  })
})

test('precision is measured: a clock of whole milliseconds says so', async () => {
  const coarse = { ...machineTime(), hostUnixNs: () => 1_795_219_200n * NS_PER_SEC }
  await using responder = await openNtpResponder(coarse, { port: 0 })
  equal((await askNtp(responder)).precision, -8)
  let ns = 0n
  const fine = { ...machineTime(), hostUnixNs: () => 1_795_219_200n * NS_PER_SEC + (ns += 1000n) }
  await using other = await openNtpResponder(fine, { port: 0 })
  equal((await askNtp(other)).precision, -19)
})

test('a port in use is refused by code', async () => {
  const time = machineTime()
  await using responder = await openNtpResponder(time, { port: 0 })
  await rejects(openNtpResponder(time, { port: responder.port }), { code: 'TC_NTP_BIND' })
})
