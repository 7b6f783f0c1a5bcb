import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { holds, NS_PER_MS, NS_PER_SEC, seededRandom } from '../base/index.ts'
import { eventLog } from '../../test/real/event-log.ts'
import { machineTime } from '../../test/real/machine-time.ts'
import { ntpSource } from '../clock/io/ntp-source.ts'
import { clientRequest, decodeNtpHeader, taiFromUnixNs } from '../clock/index.ts'
import { LOCAL_CLOCK_REFERENCE_ID, openNtpResponder } from './ntp-responder.ts'

/** Sends datagrams one after another and gives the first answer. */
const ask = async (port: number, datagrams: readonly Uint8Array[]): Promise<Uint8Array> => {
  const socket = createSocket('udp4')
  const answered = once(socket, 'message')
  for (const bytes of datagrams) {
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.send(bytes, port, '127.0.0.1', () => resolve())
    await promise
  }
  const [bytes]: unknown[] = await answered
  socket.close()
  ok(bytes instanceof Uint8Array)
  return bytes
}

test('two ports, one lies: the client measures the host clock, and the host clock plus the lie', async () => {
  const time = machineTime()
  await using responder = await openNtpResponder(time, { ports: [0, 0] })
  const [honest = 0, liar = 0] = responder.ports
  ok(honest !== liar && honest > 0 && liar > 0)
  responder.setOffsetMs(liar, 250)
  const measure = async (port: number) => {
    await using source = ntpSource(time, seededRandom(BigInt(port)), { id: `ntp:${port}`, host: '127.0.0.1', port })
    const log = await eventLog(source)
    source.poll()
    await log.when((words) => words.length === 1)
    const [event] = log.events
    ok(event?.type === 'measurement', log.words().join(' '))
    return event.measurement.offset
  }
  const truth = (): bigint => taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()
  const slack = 2n * NS_PER_MS
  const near = (offset: { lo: bigint; hi: bigint }, value: bigint): boolean =>
    holds({ lo: offset.lo - slack, hi: offset.hi + slack }, value)
  ok(near(await measure(honest), truth()))
  const lied = await measure(liar)
  ok(near(lied, truth() + 250n * NS_PER_MS) && lied.lo > truth() + 100n * NS_PER_MS)
  responder.setOffsetMs(liar, 0)
  ok(near(await measure(liar), truth()))
  equal(responder.counts().answered, 3)
})

test('what it says of itself: stratum 2, the local clock, its operator’s bound', async () => {
  await using responder = await openNtpResponder(machineTime(), { ports: [0], rootDispersionNs: 5n * NS_PER_MS })
  const request = clientRequest(seededRandom(9n))
  const header = decodeNtpHeader(await ask(responder.ports[0] ?? 0, [request.bytes]))
  ok(header !== undefined)
  const { leap, mode, stratum, referenceId, rootDelayNs, rootDispersionNs, origin } = header
  deepEqual([leap, mode, stratum, referenceId, rootDelayNs], [0, 4, 2, LOCAL_CLOCK_REFERENCE_ID, 0n])
  ok(rootDispersionNs >= 5n * NS_PER_MS && rootDispersionNs < 10n * NS_PER_MS)
  equal(origin, request.cookie)
})

test('garbage gets no answer and is counted; the request after it does', async () => {
  await using responder = await openNtpResponder(machineTime(), { ports: [0] })
  const request = clientRequest(seededRandom(9n)).bytes
  const server = Uint8Array.from([0x24, ...request.subarray(1)])
  const long = new Uint8Array(1200)
  long.set(request)
  const answer = await ask(responder.ports[0] ?? 0, [new Uint8Array(0), request.subarray(0, 40), server, long, request])
  equal(answer.length, 48)
  deepEqual(responder.counts(), {
    answered: 1,
    dropped: new Map([
      ['ntp-request-too-short', 2],
      ['ntp-request-wrong-mode', 1],
      ['ntp-request-too-long', 1],
    ]),
  })
})

test('precision is measured: a clock of whole milliseconds says so', async () => {
  const coarse = { ...machineTime(), hostUnixNs: () => 1_795_219_200n * NS_PER_SEC }
  await using responder = await openNtpResponder(coarse, { ports: [0] })
  equal(decodeNtpHeader(await ask(responder.ports[0] ?? 0, [clientRequest(seededRandom(9n)).bytes]))?.precision, -8)
  let ns = 0n
  const fine = { ...machineTime(), hostUnixNs: () => 1_795_219_200n * NS_PER_SEC + (ns += 1000n) }
  await using other = await openNtpResponder(fine, { ports: [0] })
  equal(decodeNtpHeader(await ask(other.ports[0] ?? 0, [clientRequest(seededRandom(9n)).bytes]))?.precision, -19)
})

test('what cannot be had is refused by code, and leaves no port open', async () => {
  const time = machineTime()
  await using responder = await openNtpResponder(time, { ports: [0] })
  const [port = 0] = responder.ports
  await rejects(openNtpResponder(time, { ports: [0, port] }), { code: 'TC_NTP_BIND' })
  await rejects(openNtpResponder(time, { ports: [] }), { code: 'TC_NTP_PORTS' })
  throws(() => responder.setOffsetMs(port + 1, 0), { code: 'TC_NTP_NO_PORT' })
  throws(() => responder.setOffsetMs(port, 10_001), { code: 'TC_NTP_LIE' })
  throws(() => responder.setOffsetMs(port, Number.NaN), { code: 'TC_NTP_LIE' })
})
