import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { taiFromUtc } from '../clock/index.ts'
import { handTime } from '../../test/real/hand-time.ts'
import { missing } from '../../test/real/missing.ts'
import { openRefclock } from './refclock-feed.ts'
import { encodeRefclockSample } from './refclock-sample.ts'
import { openRefclockSocket } from './refclock-socket.ts'
import type { TimeBasis } from './time-basis.ts'

const NOW = taiFromUtc('2026-11-21T12:00:00Z') ?? 0n
const NOW_UNIX_NS = 1_795_262_400n * NS_PER_SEC

/** By Python: struct.pack('<qqdiiii', 1795262400, 123456, -0.25, 0, 1, 0, 0x534f434b) */
const VECTOR = 'c087016b0000000040e2010000000000000000000000d0bf0000000001000000000000004b434f53'

test('a sample, as another program packs it', () => {
  const bytes = encodeRefclockSample({ hostUnixNs: NOW_UNIX_NS + 123_456_789n, offsetNs: -NS_PER_SEC / 4n, leap: 1 })
  equal(Buffer.from(bytes).toString('hex'), VECTOR)
})

test('any instant is cut to a microsecond of its second, also before 1970', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (hostUnixNs) => {
      const view = new DataView(encodeRefclockSample({ hostUnixNs, offsetNs: 0n, leap: 0 }).buffer)
      const [sec, us] = [view.getBigInt64(0, true), view.getBigInt64(8, true)]
      ok(us >= 0n && us < 1_000_000n && hostUnixNs - (sec * NS_PER_SEC + us * 1000n) < 1000n)
    }),
    { numRuns: 200 },
  )
})

const feed = async (basisOf: (localNs: bigint) => TimeBasis | undefined, answers: (number | undefined)[] = []) => {
  const hand = handTime()
  const sent: Uint8Array[] = []
  const told: string[] = []
  const server = await openRefclock({
    time: hand.time,
    basis: { basis: () => basisOf(hand.time.elapsedNs()) },
    path: '/run/chrony.sock',
    tell: ({ message }) => told.push(message),
    open: () =>
      Promise.resolve({
        send: (bytes) => {
          sent.push(bytes)
          return answers.shift()
        },
        systemUnixNs: () => NOW_UNIX_NS,
        [Symbol.dispose]: () => void sent.push(new Uint8Array(0)),
      }),
  })
  return { ...hand, sent, told, server }
}

const basis = (localNs: bigint, changes: Partial<TimeBasis> = {}): TimeBasis => ({
  localNs,
  tai: NOW + NS_PER_MS,
  halfWidthNs: NS_PER_MS,
  slopePpb: 0,
  growthPpb: 0,
  status: 'synchronised',
  ...changes,
})

test('a sample a second while there is time to tell: the offset is our clock less the system’s', async () => {
  let status: TimeBasis['status'] = 'synchronised'
  const { fire, sent, server, pending } = await feed((localNs) => basis(localNs, { status }))
  equal(sent.length, 1)
  const offsetSec = new DataView(sent[0]?.buffer ?? new ArrayBuffer(40)).getFloat64(16, true)
  // The basis is made a moment after or before the pair of readings.
  ok(Math.abs(offsetSec - 0.001) < 0.5, `${offsetSec}`)
  for (const next of ['holdover', 'disrupted', 'unsynchronised'] as const) {
    status = next
    deepEqual(pending(), [NS_PER_SEC])
    fire()
  }
  deepEqual([server.counts().answered, [...server.counts().refused]], [2, [['refclock-no-time', 2]]])
  await server[Symbol.asyncDispose]()
  deepEqual([pending(), sent.at(-1)?.length], [[], 0])
})

test('no clock, or one that nobody refreshed, is not told', async () => {
  const none = await feed(() => undefined)
  const old = await feed((localNs) => basis(localNs - 9n * NS_PER_SEC))
  deepEqual([none.sent.length, old.sent.length], [0, 0])
})

test('a chronyd that is away is told of once, and again when the trouble changes', async () => {
  const { fire, told, server } = await feed(basis, [2, 2, undefined, 111, 99])
  for (let count = 0; count < 4; count += 1) fire()
  deepEqual(
    told.map((message) => message.replace(/^.*sock: /, '')),
    [
      'there is no such socket; it is tried again every second',
      'nobody listens to it; it is tried again every second',
      'error 99; it is tried again every second',
    ],
  )
  deepEqual([server.counts().answered, server.counts().refused.get('refclock-not-sent')], [1, 4])
})

/** Where koffi is, if this machine has it and is one that it is used on. */
const koffi = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux') return undefined
  try {
    return typeof (await import('koffi')).default.load === 'function' ? 'koffi' : undefined
  } catch {
    return undefined // an optional package: npm leaves it out where it has no build
  }
}

test('the real socket: the system clock is read finely, and a missing listener is an error number', async (t) => {
  if (missing(t, 'koffi on Linux', await koffi())) return
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-refclock-'))
  using socket = await openRefclockSocket(join(folder, 'nobody'))
  const [before, between, after] = [Date.now(), socket.systemUnixNs(), Date.now()]
  ok(between >= BigInt(before) * NS_PER_MS && between < BigInt(after + 1) * NS_PER_MS)
  equal(socket.send(new Uint8Array(40)), 2)
  await rm(folder, { recursive: true })
})

test('a path that no socket can have is refused by code', () =>
  rejects(openRefclockSocket(`/${'x'.repeat(107)}`), { code: 'TC_REFCLOCK_PLATFORM' }))
