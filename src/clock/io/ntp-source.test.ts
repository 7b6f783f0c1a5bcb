import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { holds, NS_PER_MS, NS_PER_SEC, seededRandom, widen, width } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { eventLog } from '../../../test/real/event-log.ts'
import { handTime } from '../../../test/real/hand-time.ts'
import type { Source } from '../port.ts'
import { decodeNtpHeader } from '../ntp-packet.ts'
import { hostAnswer, kissCode } from '../ntp-packets.test-kit.ts'
import { taiFromUnixNs } from '../time-scales.ts'
import { NTP_LOOKUP_TIMEOUT_NS, NtpAddresses } from './ntp-addresses.ts'
import { NTP_TIMEOUT_NS, ntpSource } from './ntp-source.ts'
import { serveUdp } from './udp-server.test-kit.ts'

const client = (time: Time, port: number, host = '127.0.0.1'): Source =>
  ntpSource(time, seededRandom(BigInt(port)), { id: 'ntp:test', host, port })

test('a good answer becomes one measurement that holds the host’s time; nothing is left behind', async () => {
  const { time, pending } = handTime()
  await using server = await serveUdp((request, from, socket) =>
    socket.send(hostAnswer(time, request), from.port, from.address),
  )
  await using source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  source.poll() // while one is open: nothing more is sent
  await log.when((words) => words.length === 1)
  const [event] = log.events
  ok(event?.type === 'measurement')
  const { offset, sourceId, kind } = event.measurement
  deepEqual([sourceId, kind], ['ntp:test', 'ntp'])
  const truth = taiFromUnixNs(time.hostUnixNs()) - time.elapsedNs()
  // The host clock is read in whole milliseconds, here and by the server.
  ok(holds(widen(offset, 2n * NS_PER_MS), truth), `${offset.lo} ${truth} ${offset.hi}`)
  ok(width(offset) < NS_PER_SEC)
  deepEqual(Object.keys(event.measurement).sort(), [
    'delayNs',
    'estimateNs',
    'kind',
    'leap',
    'localNs',
    'offset',
    'sourceId',
    'upstream',
  ])
  deepEqual(pending(), [])
})

test('each poll asks from another port with another cookie', async () => {
  const { time } = handTime()
  const seen: [number, bigint][] = []
  await using server = await serveUdp((request, from, socket) => {
    seen.push([from.port, decodeNtpHeader(request)?.transmit ?? 0n])
    socket.send(hostAnswer(time, request), from.port, from.address)
  })
  await using source = client(time, server.port)
  const log = await eventLog(source)
  for (const count of [1, 2, 3, 4]) {
    source.poll()
    await log.when((words) => words.length === count)
    // The socket closes before the next poll may open one.
    await new Promise(setImmediate)
  }
  equal(new Set(seen.map(([, cookie]) => cookie)).size, 4)
  ok(new Set(seen.map(([port]) => port)).size > 1)
})

test('an answer from another port or address is not the answer; the right one still counts', async () => {
  const { time } = handTime()
  await using other = await serveUdp(() => undefined)
  await using elsewhere = await serveUdp(() => undefined, { address: '127.0.0.2' })
  await using server = await serveUdp((request, from, socket) => {
    other.socket.send(hostAnswer(time, request), from.port, from.address, () =>
      elsewhere.socket.send(hostAnswer(time, request), from.port, from.address, () =>
        socket.send(hostAnswer(time, request), from.port, from.address),
      ),
    )
  })
  await using source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.includes('measurement'))
  deepEqual(log.words(), ['ntp-wrong-address', 'measurement'])
})

test('a flood of wrong answers before the right one: one event a kind, and the right one still counts', async () => {
  const { time } = handTime()
  await using server = await serveUdp(async (request, from, socket) => {
    const send = (bytes: Uint8Array): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>()
      socket.send(bytes, from.port, from.address, () => resolve())
      return promise
    }
    for (let i = 0; i < 400; i += 1) {
      await send(hostAnswer(time, request, { origin: BigInt(i + 1) }))
      await send(new Uint8Array(i % 48))
      // The flood goes on for as long as the client can read it: what no buffer holds is lost, the right answer too.
      if (i % 8 === 0) await new Promise(setImmediate)
    }
    await send(hostAnswer(time, request))
  })
  await using source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.includes('measurement'))
  deepEqual([...log.words()].sort(), ['measurement', 'ntp-too-short', 'ntp-wrong-origin'])
})

test('a silent server: unreachable when the time is up, and asked again at the next poll', async () => {
  const { time, fire, pending } = handTime()
  let requests = 0
  await using server = await serveUdp((request, from, socket) => {
    requests += 1
    if (requests === 2) socket.send(hostAnswer(time, request), from.port, from.address)
  })
  await using source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  await server.asked
  deepEqual(pending(), [NTP_TIMEOUT_NS])
  equal(fire(), 1)
  await log.when((words) => words.length === 1)
  await new Promise(setImmediate)
  source.poll()
  await log.when((words) => words.length === 2)
  deepEqual(log.words(), ['ntp-timeout', 'measurement'])
})

test('kiss-o’-death: DENY ends all asking, RATE makes a pause; the reason is told at each poll', async () => {
  for (const [kiss, reason] of [
    ['DENY', 'kod-deny'],
    ['RSTR', 'kod-rstr'],
    ['RATE', 'kod-rate'],
  ] as const) {
    const { time } = handTime()
    let requests = 0
    await using server = await serveUdp((request, from, socket) => {
      requests += 1
      socket.send(
        hostAnswer(time, request, { stratum: 0, leap: 3, referenceId: kissCode(kiss) }),
        from.port,
        from.address,
      )
    })
    await using source = client(time, server.port)
    const log = await eventLog(source)
    source.poll()
    await log.when((words) => words.length === 1)
    await new Promise(setImmediate)
    source.poll()
    source.poll()
    deepEqual(log.words(), [reason, reason, reason])
    deepEqual(
      log.events.map(({ type }) => type),
      ['refused', 'unreachable', 'unreachable'],
    )
    equal(requests, 1)
  }
})

test('an unsynchronised or truncated answer is refused by name', async () => {
  const { time, fire } = handTime()
  await using server = await serveUdp((request, from, socket) =>
    socket.send(hostAnswer(time, request, { leap: 3 }), from.port, from.address),
  )
  await using short = await serveUdp((request, from, socket) =>
    socket.send(hostAnswer(time, request).subarray(0, 47), from.port, from.address),
  )
  await using source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.length === 1)
  deepEqual(log.words(), ['ntp-unsynchronised'])
  await using truncated = client(time, short.port)
  const cut = await eventLog(truncated)
  truncated.poll()
  await cut.when((words) => words.length === 1)
  equal(fire(), 1)
  await cut.when((words) => words.length === 2)
  deepEqual(cut.words(), ['ntp-too-short', 'ntp-timeout'])
})

test('addresses: localhost is found, and one that failed makes room for the next', async () => {
  const { time, pending } = handTime()
  const { signal } = new AbortController()
  const addresses = new NtpAddresses(time, 'localhost')
  const first = await addresses.current(signal)
  ok(first === '127.0.0.1' || first === '::1', first)
  equal(await addresses.current(signal), first)
  addresses.failed()
  ok(await addresses.current(signal))
  deepEqual(pending(), [])
})

test('a literal address is used as the system would write it, and stays', async () => {
  const { time } = handTime()
  const { signal } = new AbortController()
  for (const [host, address] of [
    ['127.0.0.1', '127.0.0.1'],
    ['0:0:0:0:0:0:0:0001', '::1'],
    ['fe80::1%lo', 'fe80::1%lo'],
  ] as const) {
    const addresses = new NtpAddresses(time, host)
    addresses.failed()
    equal(await addresses.current(signal), address)
  }
})

test('names: nonsense is not found, and a resolver that sits still is given up', async () => {
  const { time, fire } = handTime()
  await using server = await serveUdp((request, from, socket) =>
    socket.send(hostAnswer(time, request), from.port, from.address),
  )
  await using source = client(time, server.port, 'name with spaces')
  const log = await eventLog(source)
  source.poll()
  // Whichever comes first: the resolver's no, or the end of our patience.
  setImmediate(() => fire((delayNs) => delayNs === NTP_LOOKUP_TIMEOUT_NS))
  await log.when((words) => words.length === 1)
  deepEqual(log.words(), ['ntp-no-address'])
})

test('disposal in the middle of a question ends it at once and says nothing', async () => {
  const { time, pending } = handTime()
  await using server = await serveUdp(() => undefined)
  const source = client(time, server.port)
  const log = await eventLog(source)
  source.poll()
  await server.asked
  await source[Symbol.asyncDispose]()
  source.poll()
  deepEqual(log.words(), [])
  deepEqual(pending(), [])
})

test('an address that cannot be sent to is reported, not thrown', async () => {
  const { time } = handTime()
  await using source = client(time, 9, '255.255.255.255')
  const log = await eventLog(source)
  source.poll()
  await log.when((words) => words.length === 1)
  deepEqual(log.words(), ['ntp-network'])
})

test('the default patience is two seconds', () => equal(NTP_TIMEOUT_NS, 2n * NS_PER_SEC))
