/** A pool over loopback addresses that answer, stay silent, refuse or lie; the name is answered by the test. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { eventLog } from '../../../test/real/event-log.ts'
import type { EventLog } from '../../../test/real/event-log.ts'
import { handTime } from '../../../test/real/hand-time.ts'
import { seededRandom } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { Discipline } from '../discipline.ts'
import { createKalmanFilter } from '../kalman.ts'
import { NTP_POOL_SPENT_POLLS } from '../ntp-pool.ts'
import { hostAnswer, kissCode } from '../ntp-packets.test-kit.ts'
import type { Source } from '../port.ts'
import { NTP_TIMEOUT_NS } from './ntp-source.ts'
import { ntpPool } from './ntp-pool-source.ts'
import { serveUdp } from './udp-server.test-kit.ts'
import type { Behaviour } from './udp-server.test-kit.ts'

type Manner = 'answers' | 'silent' | 'denies'

/** One server on each of 127.0.0.1 to 127.0.0.N, all on one port. */
interface Servers extends AsyncDisposable {
  readonly port: number
  readonly addresses: readonly string[]
  /** How each behaves from now on; it answers unless told. */
  readonly manners: Map<string, Manner>
  /** Questions so far, by address. */
  readonly asked: Map<string, number>
  /** Questions so far that were not answered. */
  unanswered: number
}

const DENY = { leap: 3, stratum: 0, referenceId: kissCode('DENY') } as const

const serve = async (time: Time, count: number): Promise<Servers> => {
  const addresses = Array.from({ length: count }, (_, index) => `127.0.0.${index + 1}`)
  const manners = new Map<string, Manner>()
  const asked = new Map<string, number>()
  const at =
    (address: string): Behaviour =>
    (request, from, socket) => {
      asked.set(address, (asked.get(address) ?? 0) + 1)
      const manner = manners.get(address) ?? 'answers'
      if (manner === 'silent') servers.unanswered += 1
      else socket.send(hostAnswer(time, request, manner === 'denies' ? DENY : {}), from.port, from.address)
    }
  const first = await serveUdp(at('127.0.0.1'))
  const { port } = first
  const others = addresses.slice(1).map((address) => serveUdp(at(address), { address, port }))
  const all = [first, ...(await Promise.all(others))]
  const servers: Servers = {
    port,
    addresses,
    manners,
    asked,
    unanswered: 0,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((server) => server[Symbol.asyncDispose]()))
    },
  }
  return servers
}

interface Opened extends AsyncDisposable {
  readonly seats: readonly Source[]
  readonly logs: readonly EventLog[]
  readonly lookups: () => number
  /** Polls a seat, and what came of it. */
  poll(seat: number): Promise<readonly string[]>
}

const open = async (
  servers: Servers,
  time: Time,
  parts: { readonly fire: () => void; readonly resolve: () => readonly string[] | Promise<readonly string[]> },
): Promise<Opened> => {
  let lookups = 0
  const seats = ntpPool(time, seededRandom(1n), {
    id: 'ntp:pool:123',
    host: 'pool.test',
    port: servers.port,
    seated: new Set(),
    resolve: async () => {
      lookups += 1
      return parts.resolve()
    },
  })
  const logs = await Promise.all(seats.map((seat) => eventLog(seat)))
  const poll = async (seat: number): Promise<readonly string[]> => {
    const log = logs[seat]
    ok(log !== undefined)
    const heard = log.words().length
    seats[seat]?.poll()
    const unanswered = servers.unanswered
    // A question to a silent server ends when the test says that its time is up.
    const concluded = log.when((words) => words.slice(heard).some((word) => word !== 'replaced'))
    for (let isOver = false; !isOver;) {
      isOver = await Promise.race([
        concluded.then(() => true),
        new Promise<false>((go) => setImmediate(() => go(false))),
      ])
      if (!isOver && servers.unanswered > unanswered) parts.fire()
    }
    await new Promise(setImmediate)
    return log.words().slice(heard)
  }
  return {
    seats,
    logs,
    lookups: () => lookups,
    poll,
    [Symbol.asyncDispose]: async () => {
      for (const seat of seats) await seat[Symbol.asyncDispose]()
    },
  }
}

const byHand = () => {
  const { time, fire, pending } = handTime()
  return { time, pending, fire: () => void fire((delayNs) => delayNs === NTP_TIMEOUT_NS) }
}

test('four seats, four addresses, one question for the name, and each seat its own server', async () => {
  const { time, fire, pending } = byHand()
  await using servers = await serve(time, 6)
  await using pool = await open(servers, time, { fire, resolve: () => servers.addresses })
  deepEqual(
    pool.seats.map(({ id }) => id),
    ['ntp:pool:123#1', 'ntp:pool:123#2', 'ntp:pool:123#3', 'ntp:pool:123#4'],
  )
  deepEqual(
    await Promise.all([0, 1, 2, 3].map((seat) => pool.poll(seat))),
    Array.from({ length: 4 }, () => ['measurement']),
  )
  deepEqual(servers.asked, new Map(servers.addresses.slice(0, 4).map((address) => [address, 1])))
  equal(pool.lookups(), 1)
  deepEqual(pending(), [])
})

test('a server that falls silent is replaced, what it said is called off, and the name is not asked again', async () => {
  const { time, fire } = byHand()
  await using servers = await serve(time, 5)
  await using pool = await open(servers, time, { fire, resolve: () => servers.addresses })
  for (const seat of [0, 1, 2, 3]) await pool.poll(seat)
  servers.manners.set('127.0.0.2', 'silent')
  for (let poll = 0; poll < NTP_POOL_SPENT_POLLS; poll += 1) deepEqual(await pool.poll(1), ['ntp-timeout'])
  deepEqual(await pool.poll(1), ['replaced', 'measurement'])
  deepEqual([servers.asked.get('127.0.0.5'), pool.lookups()], [1, 1])
  deepEqual(await pool.poll(1), ['measurement'])
})

test('one that is outvoted is replaced: the clock tells it what it makes of each word, once', async () => {
  const { time, fire } = byHand()
  await using servers = await serve(time, 5)
  await using pool = await open(servers, time, { fire, resolve: () => servers.addresses })
  const [seat] = pool.seats
  ok(seat !== undefined)
  for (let poll = 0; poll < NTP_POOL_SPENT_POLLS; poll += 1) {
    deepEqual(await pool.poll(0), ['measurement'])
    const event = pool.logs[0]?.events.at(-1)
    ok(event?.type === 'measurement')
    const report = {
      sourceId: seat.id,
      kind: seat.kind,
      reach: 255,
      reason: 'outvoted',
      measurement: event.measurement,
    }
    for (let told = 0; told < 3; told += 1) seat.heed?.({ ...report, state: 'falseticker' })
  }
  deepEqual(await pool.poll(0), ['replaced', 'measurement'])
})

test('one that tells us to stay away is left at once, and for good: the seat is vacant where nobody else is free', async () => {
  const { time, fire } = byHand()
  await using servers = await serve(time, 1)
  await using pool = await open(servers, time, { fire, resolve: () => servers.addresses })
  servers.manners.set('127.0.0.1', 'denies')
  deepEqual(await pool.poll(0), ['kod-deny'])
  servers.manners.clear()
  deepEqual(await pool.poll(0), ['replaced', 'ntp-pool-vacant'])
  deepEqual(await pool.poll(0), ['ntp-pool-vacant'])
  deepEqual([servers.asked.get('127.0.0.1'), pool.lookups()], [1, 1])
})

test('a name without addresses: vacant, said once, and seated when the name is found', async () => {
  const { time, fire } = byHand()
  let elapsedNs = 0n
  const slow = { ...time, elapsedNs: () => elapsedNs }
  await using servers = await serve(time, 2)
  let found: readonly string[] = []
  await using pool = await open(servers, slow, {
    fire,
    resolve: () => (found.length === 0 ? Promise.reject(new RangeError('ENOTFOUND')) : found),
  })
  deepEqual(await pool.poll(0), ['replaced', 'ntp-pool-vacant'])
  found = servers.addresses
  deepEqual(await pool.poll(0), ['ntp-pool-vacant'])
  equal(pool.lookups(), 1)
  elapsedNs += 8_000_000_000n
  deepEqual(await pool.poll(0), ['replaced', 'measurement'])
  equal(pool.lookups(), 2)
})

test('vacant seats hold up no majority: two servers behind a name of four seats make a clock at once', async () => {
  const { time, fire } = byHand()
  await using servers = await serve(time, 2)
  await using pool = await open(servers, time, { fire, resolve: () => servers.addresses })
  const discipline = new Discipline({}, createKalmanFilter())
  for (const { id, kind } of pool.seats) discipline.register(id, kind)
  const { sourceIds } = discipline.due(time.elapsedNs())
  equal(sourceIds.length, 4)
  for (const seat of [0, 1, 2, 3]) await pool.poll(seat)
  for (const log of pool.logs) for (const event of log.events) discipline.onSourceEvent(event, time.elapsedNs())
  const last = pool.logs[1]?.events.at(-1)
  ok(last?.type === 'measurement')
  // The vote is taken when a voter speaks: the second one again, now that two seats are known to be empty.
  deepEqual(await pool.poll(1), ['measurement'])
  const again = pool.logs[1]?.events.at(-1)
  ok(again !== undefined)
  discipline.onSourceEvent(again, time.elapsedNs())
  equal(discipline.read(time.elapsedNs())?.status, 'synchronised')
  deepEqual(
    discipline.report(time.elapsedNs()).map(({ reason }) => reason),
    ['', '', 'ntp-pool-vacant', 'ntp-pool-vacant'],
  )
})

test('disposal in the middle of a question for the name: the seats are closed, and nothing is said', async () => {
  const { time, fire, pending } = byHand()
  await using servers = await serve(time, 1)
  const pool = await open(servers, time, { fire, resolve: () => new Promise<never>(() => {}) })
  for (const seat of pool.seats) seat.poll()
  await new Promise(setImmediate)
  await pool[Symbol.asyncDispose]()
  for (const seat of pool.seats) seat.poll()
  deepEqual(
    pool.logs.flatMap((log) => log.words()),
    [],
  )
  deepEqual(pending(), [])
})
