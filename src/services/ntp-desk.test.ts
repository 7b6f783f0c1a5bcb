import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { accept, ignore, NS_PER_MS, NS_PER_SEC, seededRandom } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { answer, clientRequest, decodeNtpHeader, LEAP_TABLE, taiFromUtc, unixFromTai } from '../clock/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { NtpDesk } from './ntp-desk.ts'
import type { NtpDeskOptions } from './ntp-desk.ts'
import type { NtpClock } from './ntp-face.ts'
import { NtpRate } from './ntp-rate.ts'
import { NO_STANDING } from './ntp-standing.ts'
import { spanAt } from './time-basis.ts'
import type { TimeBasis } from './time-basis.ts'

const NOW = taiFromUtc('2026-11-21T12:00:00Z') ?? 0n
const FROM = { address: '192.0.2.1', port: 123 }

const BASIS: TimeBasis = {
  localNs: 0n,
  tai: NOW,
  halfWidthNs: 3n * NS_PER_MS,
  slopePpb: 20_000,
  growthPpb: 1000,
  status: 'synchronised',
}
const CLOCK: NtpClock = {
  basis: BASIS,
  standing: { stratum: 2, referenceId: 0xc0_00_02_07, rootDelayNs: 0n, referenceTai: NOW, announced: 'none' },
}

/** A counter that shows the given readings, one after another, and then goes on by a ns each. */
const counter = (...readings: readonly bigint[]): Time => {
  let next = 0
  return {
    elapsedNs: () => {
      next += 1
      return readings[next - 1] ?? (readings.at(-1) ?? 0n) + BigInt(next - readings.length)
    },
    hostUnixNs: () => 0n,
    schedule: () => () => {},
  }
}

const desk = (changes: Partial<NtpDeskOptions> = {}): NtpDesk =>
  new NtpDesk({ time: counter(0n), clock: () => CLOCK, precision: -20, rate: undefined, ...changes })

const REQUEST = clientRequest(seededRandom(5n)).bytes
const extended = (length = 100): Uint8Array => {
  const bytes = new Uint8Array(length)
  bytes.set(REQUEST)
  return bytes
}
const headerOf = (bytes: Uint8Array | undefined) => {
  const header = bytes === undefined ? undefined : decodeNtpHeader(bytes)
  ok(header !== undefined)
  return header
}
const near = (a: bigint, b: bigint, by: bigint): boolean => (a > b ? a - b : b - a) <= by

test('every field is what the exact answer has, at any age of the clock, rate and date', () => {
  fc.assert(
    fc.property(
      fc.record({
        tai: fc.bigInt({ min: NOW, max: NOW + 50n * 365n * 86_400n * NS_PER_SEC }),
        slopePpb: fc.double({ min: -500_000, max: 500_000, noNaN: true }),
        growthPpb: fc.double({ min: 0, max: 1_000_000, noNaN: true }),
        halfWidthNs: fc.bigInt({ min: 0n, max: 900n * NS_PER_MS }),
        receivedNs: fc.bigInt({ min: 0n, max: 7n * NS_PER_SEC }),
        servedNs: fc.bigInt({ min: 0n, max: NS_PER_MS }),
        version: fc.constantFrom(3, 4),
        poll: fc.integer({ min: 0, max: 17 }),
      }),
      ({ tai, slopePpb, growthPpb, halfWidthNs, receivedNs, servedNs, version, poll }) => {
        const basis = { ...BASIS, tai, slopePpb, growthPpb, halfWidthNs }
        const clock = { ...CLOCK, basis, standing: { ...CLOCK.standing, rootDelayNs: 777_000n } }
        const request = Uint8Array.from(REQUEST)
        request[0] = (version << 3) | 3
        request[2] = poll
        const time = counter(0n, receivedNs, receivedNs + servedNs)
        const said = headerOf(desk({ time, clock: () => clock }).reply(request, FROM))
        const [then, sent] = [spanAt(basis, receivedNs), spanAt(basis, receivedNs + servedNs)]
        const exact = answer(request, {
          leap: 0,
          stratum: 2,
          precision: -20,
          rootDelayNs: said.rootDelayNs - 1n,
          rootDispersionNs: said.rootDispersionNs - 1n,
          referenceId: 0xc0_00_02_07,
          referenceUnixNs: unixFromTai(NOW).unixNs,
          receiveUnixNs: unixFromTai(then.tai).unixNs,
          transmitUnixNs: unixFromTai(sent.tai).unixNs,
        })
        const { receive, transmit, ...rest } = headerOf(exact.verdict === 'accept' ? exact.value : undefined)
        const { receive: ourReceive, transmit: ourTransmit, ...ours } = said
        deepEqual(ours, rest)
        // 2^-32 s is a quarter of a nanosecond; the exact path rounds to whole ones twice.
        ok(near(ourReceive, receive, 12n) && near(ourTransmit, transmit, 12n), `${ourReceive} ${receive}`)
        ok(ourTransmit >= ourReceive || servedNs === 0n)
        const promise = said.rootDelayNs / 2n + said.rootDispersionNs
        ok(promise + 3n >= sent.latest - sent.tai, 'the promise covers the bound at the transmit timestamp')
        ok(promise <= sent.latest - sent.tai + 40_000n, 'and two roundings to 15 µs more')
      },
    ),
    { numRuns: 300 },
  )
})

test('the promise grows while the clock is not refreshed', () => {
  const at = (localNs: bigint): bigint =>
    headerOf(desk({ time: counter(0n, localNs, localNs) }).reply(REQUEST, FROM)).rootDispersionNs
  ok(at(7n * NS_PER_SEC) > at(0n))
})

test('a clock that is shown anew is served from then on; an old one says that it has no time', () => {
  let clock: NtpClock = CLOCK
  const asked = desk({ time: counter(0n, 1n, 2n, 3n, 4n, 9n * NS_PER_SEC, 9n * NS_PER_SEC), clock: () => clock })
  equal(headerOf(asked.reply(REQUEST, FROM)).stratum, 2)
  clock = { ...CLOCK, standing: { ...CLOCK.standing, stratum: 1 } }
  equal(headerOf(asked.reply(REQUEST, FROM)).stratum, 1)
  const late = headerOf(asked.reply(REQUEST, FROM))
  deepEqual([late.leap, late.stratum], [3, 0])
  deepEqual(asked.counts(), { answered: 3, unsynchronised: 1, kissed: 0, dropped: new Map() })
})

test('a clock that never had the time: leap 3, and no timestamps but the asker’s own', () => {
  const said = headerOf(desk({ clock: () => ({ basis: undefined, standing: NO_STANDING }) }).reply(REQUEST, FROM))
  deepEqual([said.leap, said.stratum, said.receive, said.transmit], [3, 0, 0n, 0n])
  equal(said.origin, headerOf(REQUEST).transmit)
})

test('over a leap second the numbers go back, in a face of its own, and never within one answer', () => {
  const midnight = 1_798_761_600n
  const leapTable = { ...LEAP_TABLE, steps: [...LEAP_TABLE.steps, { unixSec: midnight, taiMinusUtcSec: 38n }] }
  const tai = (midnight + 37n) * NS_PER_SEC
  const half = NS_PER_SEC / 2n
  const readings = [0n, half, half, NS_PER_SEC - 1n, NS_PER_SEC + 1n, NS_PER_SEC + half, NS_PER_SEC + half]
  const clock = { ...CLOCK, basis: { ...BASIS, tai, slopePpb: 0 } }
  const asked = desk({ time: counter(...readings), clock: () => clock, leapTable })
  const said = [1, 2, 3].map(() => headerOf(asked.reply(REQUEST, FROM)))
  deepEqual(
    said.map(({ leap, transmit }) => [leap, Number((transmit >> 31n) - ((midnight + 2_208_988_800n) << 1n))]),
    [
      [1, 1], // 23:59:60.5, which POSIX numbers as 00:00:00.5
      [1, 2], // begun in the leap second, sent right after it: still its count
      [0, 1], // 00:00:00.5
    ],
  )
  ok(said.every(({ receive, transmit }) => transmit >= receive))
})

test('what is no request, and port 0, get nothing; each is counted', () => {
  const served = desk()
  const first = (byte: number): Uint8Array => Uint8Array.from([byte, ...REQUEST.subarray(1)])
  const wrong = [
    new Uint8Array(0),
    new Uint8Array(1025),
    first(0x13),
    first(0x2b),
    first(0x24),
    first(0x26),
    first(0x27),
  ]
  for (const bytes of wrong) equal(served.reply(bytes, FROM), undefined)
  equal(served.reply(REQUEST, { ...FROM, port: 0 }), undefined)
  deepEqual(Object.fromEntries(served.counts().dropped), {
    'ntp-request-too-short': 1,
    'ntp-request-too-long': 1,
    'ntp-request-wrong-version': 2,
    'ntp-request-wrong-mode': 3,
    'ntp-request-no-port': 1,
  })
})

test('an address over its rate: one kiss that shows no time, then silence', () => {
  const served = desk({ rate: new NtpRate({ perSec: 1e-9, burst: 1, addressesMax: 10 }) })
  equal(headerOf(served.reply(REQUEST, FROM)).stratum, 2)
  const kiss = headerOf(served.reply(REQUEST, FROM))
  deepEqual([kiss.leap, kiss.stratum, kiss.referenceId, kiss.mode], [3, 0, 0x52_41_54_45, 4])
  equal(kiss.origin, headerOf(REQUEST).transmit)
  equal(served.reply(REQUEST, FROM), undefined)
  deepEqual([served.counts().kissed, served.counts().dropped.get('ntp-request-rate-limited')], [1, 2])
  equal(headerOf(served.reply(REQUEST, { ...FROM, address: '192.0.2.2' })).stratum, 2)
})

test('extension fields: without a hook they are passed over; with one, its answer is sent if it is no longer', () => {
  equal(desk().reply(extended(), FROM)?.length, 48)
  const sealed = (length: number) =>
    desk({
      onExtended: ({ header }) => {
        const bytes = new Uint8Array(length)
        bytes.set(header())
        return accept(bytes)
      },
    })
  equal(sealed(100).reply(extended(), FROM)?.length, 100)
  const greedy = sealed(101)
  equal(greedy.reply(extended(), FROM), undefined)
  deepEqual([...greedy.counts().dropped], [['ntp-answer-too-long', 1]])
  equal(sealed(100).reply(REQUEST, FROM)?.length, 48, 'a bare header has nothing for the hook')
  const old = extended()
  old[0] = 0x1b
  equal(sealed(100).reply(old, FROM)?.length, 48, 'nor has version 3, which had no extension fields')
})

test('the hook may pass, refuse or kiss; the header is stamped when it asks', () => {
  equal(desk({ onExtended: () => 'plain' }).reply(extended(), FROM)?.length, 48)
  const refusing = desk({ onExtended: () => ignore('nts-something') })
  equal(refusing.reply(extended(), FROM), undefined)
  deepEqual([...refusing.counts().dropped], [['nts-something', 1]])
  const kissing = desk({ onExtended: ({ kiss }) => accept(kiss('NTSN')) })
  equal(headerOf(kissing.reply(extended(), FROM)).referenceId, 0x4e_54_53_4e)
  const time = counter(0n, 0n, NS_PER_SEC, 2n * NS_PER_SEC)
  const twice = desk({
    time,
    onExtended: ({ header }) => {
      const [one, two] = [headerOf(header()), headerOf(header())]
      ok(two.transmit - one.transmit >= 2n ** 32n - 1n && one.receive === two.receive)
      return 'plain'
    },
  })
  ok(twice.reply(extended(), FROM) !== undefined)
})

test('any bytes from anywhere: never a throw, never a longer answer, never to another mode', () => {
  const served = desk({ rate: new NtpRate({ perSec: 1000, burst: 100, addressesMax: 10 }) })
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80, size: 'max' }),
    fc.uint8Array({ minLength: 48, maxLength: 48, size: 'max' }),
  )
  fc.assert(
    fc.property(bytes, fc.string(), fc.nat(65_535), (request, address, port) => {
      const said = served.reply(request, { address, port })
      if (said === undefined) return
      ok(said.length <= request.length && ((request[0] ?? 0) & 7) === 3 && port !== 0)
      equal(decodeNtpHeader(said)?.mode, 4)
    }),
    { numRuns: fuzzRuns(1000) },
  )
})

test('the reference timestamp is never after the transmit one', () => {
  const late = { ...CLOCK, standing: { ...CLOCK.standing, referenceTai: NOW + NS_PER_SEC } }
  const said = headerOf(desk({ clock: () => late }).reply(REQUEST, FROM))
  ok(said.reference <= said.transmit)
})
