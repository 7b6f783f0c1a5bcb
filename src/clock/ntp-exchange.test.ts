import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { holds, NS_PER_MS, NS_PER_SEC, seededRandom, width } from '../base/index.ts'
import { judgeReply, NTP_LIMITS, NTP_REPLY_REASONS } from './ntp-exchange.ts'
import type { NtpReply, NtpSample } from './ntp-exchange.ts'
import { afterAnswer, afterRefusal, mayAsk, NTP_MANNERS, NTP_PACE, NTP_RATE_PAUSE_NS_MAX } from './ntp-manners.ts'
import { clientRequest, encodeNtpHeader } from './ntp-packet.ts'
import type { NtpHeader } from './ntp-packet.ts'
import { goodHeader, kissCode, NOW_UNIX_NS as NOW } from './ntp-packets.test-kit.ts'
import { ntpFromUnixNs, taiFromUnixNs } from './time-scales.ts'

const REQUEST = clientRequest(seededRandom(3n))
const SERVER = { address: '127.0.0.1', port: 123 }
const T1 = 5n * NS_PER_SEC
/** One way 3 ms there, 1 ms back, 0.1 ms in the server. */
const THERE = 3n * NS_PER_MS
const BACK = NS_PER_MS
const INSIDE = NS_PER_MS / 10n

const HEADER = goodHeader({
  reference: ntpFromUnixNs(NOW - NS_PER_SEC),
  origin: REQUEST.cookie,
  receive: ntpFromUnixNs(NOW + THERE),
  transmit: ntpFromUnixNs(NOW + THERE + INSIDE),
})

const judge = (header: Partial<NtpHeader> = {}, reply: Partial<NtpReply> = {}) =>
  judgeReply({
    bytes: encodeNtpHeader({ ...HEADER, ...header }),
    request: REQUEST,
    from: SERVER,
    expectedFrom: SERVER,
    t1: T1,
    t4: T1 + THERE + INSIDE + BACK,
    ...reply,
  })

const sampleOf = (admission: ReturnType<typeof judge>): NtpSample => {
  ok(admission.verdict === 'accept', JSON.stringify(admission.verdict === 'accept' ? '' : admission.reason))
  return admission.value
}

const padded = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  bytes.set(encodeNtpHeader(HEADER))
  return bytes
}

test('a good answer: the interval is the midpoint ± delay/2 and holds the true offset', () => {
  const sample = sampleOf(judge())
  const truth = taiFromUnixNs(NOW) - T1
  equal(sample.delayNs, THERE + BACK)
  equal(sample.localNs, (T1 + T1 + THERE + INSIDE + BACK) / 2n)
  ok(holds(sample.offset, truth))
  // Half of a path that is 3 ms one way and 1 ms the other: 1 ms off, as the delay allows.
  ok(sample.estimateNs - truth - NS_PER_MS < 10n && sample.estimateNs - truth - NS_PER_MS > -10n)
  // 1 µs of our own reading, 2^-24 s of the server's, 500 ppm of 4.1 ms.
  ok(width(sample.offset) >= THERE + BACK && width(sample.offset) < THERE + BACK + 10_000n)
  equal(sample.leap, 'none')
  equal(sample.stratum, 1)
})

test('the bound grows by root delay/2, root dispersion and precision, each as stated', () => {
  const plain = width(sampleOf(judge()).offset)
  const table: readonly (readonly [Partial<NtpHeader>, bigint])[] = [
    [{ rootDelayNs: 20n * NS_PER_MS }, 20n * NS_PER_MS],
    [{ rootDispersionNs: 20n * NS_PER_MS }, 40n * NS_PER_MS],
    [{ precision: -6 }, 31_250_000n],
  ]
  for (const [header, more] of table) {
    const grown = width(sampleOf(judge(header)).offset) - plain - more
    ok(grown > -40_000n && grown < 40_000n, `${grown}`)
  }
})

test('leap bits: announced leaps pass, the alarm does not', () => {
  equal(sampleOf(judge({ leap: 1 })).leap, 'insert')
  equal(sampleOf(judge({ leap: 2 })).leap, 'delete')
})

const IGNORED: readonly (readonly [string, ReturnType<typeof judge>])[] = [
  ['ntp-wrong-address', judge({}, { from: { address: '127.0.0.2', port: 123 } })],
  ['ntp-wrong-address', judge({}, { from: { address: '127.0.0.1', port: 124 } })],
  ['ntp-too-short', judge({}, { bytes: new Uint8Array(47) })],
  ['ntp-too-short', judge({}, { bytes: new Uint8Array(0) })],
  ['ntp-too-long', judge({}, { bytes: padded(1025) })],
  ['ntp-wrong-mode', judge({ mode: 3 })],
  ['ntp-wrong-mode', judge({ mode: 5 })],
  ['ntp-wrong-version', judge({ version: 3 })],
  ['ntp-wrong-version', judge({ version: 5 })],
  ['ntp-wrong-origin', judge({ origin: 1n })],
  // Interleaved mode returns our receive timestamp, which is zero: asked for by nobody, so taken from nobody.
  ['ntp-interleaved', judge({ origin: 0n })],
  ['ntp-interleaved', judge({ origin: 0n, stratum: 0, referenceId: kissCode('DENY') })],
  ['ntp-wrong-origin', judge({ origin: REQUEST.cookie ^ 1n })],
  // A kiss of death that does not know the cookie kills nothing.
  ['ntp-wrong-origin', judge({ stratum: 0, referenceId: kissCode('DENY'), origin: 1n })],
]
for (const [reason, admission] of IGNORED) {
  test(`not the answer: ${reason}`, () => deepEqual(admission, { verdict: 'ignore', reason }))
}

const REJECTED: readonly (readonly [string, ReturnType<typeof judge>])[] = [
  ['kod-deny', judge({ stratum: 0, leap: 3, referenceId: kissCode('DENY') })],
  ['kod-rstr', judge({ stratum: 0, leap: 3, referenceId: kissCode('RSTR') })],
  ['kod-rate', judge({ stratum: 0, leap: 3, referenceId: kissCode('RATE') })],
  ['kod-other', judge({ stratum: 0, referenceId: kissCode('INIT') })],
  ['kod-other', judge({ stratum: 0, referenceId: 0xff_00_ff_00 })],
  ['ntp-unsynchronised', judge({ leap: 3 })],
  ['ntp-unsynchronised', judge({ stratum: 16 })],
  ['ntp-unsynchronised', judge({ stratum: 0, referenceId: 0 })],
  ['ntp-bad-stratum', judge({ stratum: 17 })],
  ['ntp-bad-stratum', judge({ stratum: 255 })],
  ['ntp-bad-precision', judge({ precision: 127 })],
  ['ntp-root-distance', judge({ rootDispersionNs: NS_PER_SEC + NS_PER_MS })],
  ['ntp-root-distance', judge({ rootDelayNs: 65_535n * NS_PER_SEC })],
  ['ntp-zero-timestamp', judge({ receive: 0n })],
  ['ntp-zero-timestamp', judge({ transmit: 0n })],
  ['ntp-bad-reference', judge({ reference: HEADER.transmit + 2n ** 33n })],
  [
    'ntp-before-release',
    judge({
      receive: ntpFromUnixNs(946_684_800n * NS_PER_SEC),
      transmit: ntpFromUnixNs(946_684_800n * NS_PER_SEC),
      reference: 0n,
    }),
  ],
  ['ntp-backwards', judge({ transmit: HEADER.receive - 2n ** 32n, reference: 0n })],
  ['ntp-negative-delay', judge({ transmit: HEADER.receive + 2n ** 32n })],
  ['ntp-long-delay', judge({}, { t4: T1 + 4n * NS_PER_SEC })],
]
for (const [reason, admission] of REJECTED) {
  test(`the answer, not to be believed: ${reason}`, () => deepEqual(admission, { verdict: 'reject', reason }))
}

test('every reason is reached by these tables', () => {
  const reached = new Set([...IGNORED, ...REJECTED].map(([reason]) => reason))
  deepEqual(
    NTP_REPLY_REASONS.filter((reason) => !reached.has(reason)),
    [],
  )
})

test('extension fields and a MAC are passed over', () => {
  for (const length of [49, 68, 72, 1024]) equal(judge({}, { bytes: padded(length) }).verdict, 'accept')
})

test('a coarse server may seem to answer sooner than was possible', () => {
  const header = { precision: -6, transmit: ntpFromUnixNs(NOW + THERE + INSIDE + 10n * NS_PER_MS) }
  const sample = sampleOf(judge(header))
  // It says to have held the question for 10.1 ms; of that, 1 ms is believed.
  equal(sample.delayNs, 9_100_000n)
  ok(sample.offset.lo <= sample.offset.hi)
})

test('era 1: an answer across 2036-02-07T06:28:16Z is read in its own era', () => {
  const eraEnd = (2n ** 32n - 2_208_988_800n) * NS_PER_SEC
  for (const start of [eraEnd - NS_PER_SEC, eraEnd - THERE - 50_000n, eraEnd + NS_PER_SEC]) {
    const sample = sampleOf(
      judge({
        receive: ntpFromUnixNs(start + THERE),
        transmit: ntpFromUnixNs(start + THERE + INSIDE),
        reference: ntpFromUnixNs(start - NS_PER_SEC),
      }),
    )
    equal(sample.delayNs, THERE + BACK)
    ok(holds(sample.offset, taiFromUnixNs(start) - T1))
  }
})

test('around a leap second the interval covers both readings', () => {
  const leap = 1_798_761_600n // 2027-01-01
  const leapTable = {
    steps: [
      { unixSec: 0n, taiMinusUtcSec: 37n },
      { unixSec: leap, taiMinusUtcSec: 38n },
    ],
    expiresTai: 2n ** 62n,
  }
  const at = (unixNs: bigint): NtpSample =>
    sampleOf(
      judge(
        {
          receive: ntpFromUnixNs(unixNs + THERE),
          transmit: ntpFromUnixNs(unixNs + THERE + INSIDE),
          reference: ntpFromUnixNs(unixNs - NS_PER_SEC),
        },
        { leapTable },
      ),
    )
  const start = leap * NS_PER_SEC
  for (const away of [-NS_PER_SEC / 2n, 0n, NS_PER_SEC / 2n]) {
    const { offset } = at(start + away)
    ok(holds(offset, start + away + 37n * NS_PER_SEC - T1), 'before')
    ok(holds(offset, start + away + 38n * NS_PER_SEC - T1), 'after')
  }
  ok(width(at(start - 3n * NS_PER_SEC).offset) < NS_PER_SEC)
  ok(width(at(start + 3n * NS_PER_SEC).offset) < NS_PER_SEC)
})

test('any paths, any honest server error: the interval holds the true offset', () => {
  const ns = fc.bigInt({ min: 0n, max: 900_000_000n })
  fc.assert(
    fc.property(ns, ns, ns, fc.bigInt({ min: -400n, max: 400n }), (there, back, inside, errorMs) => {
      const wrong = errorMs * NS_PER_MS
      const sample = sampleOf(
        judge(
          {
            rootDelayNs: 400n * NS_PER_MS,
            rootDispersionNs: 200n * NS_PER_MS,
            receive: ntpFromUnixNs(NOW + there + wrong),
            transmit: ntpFromUnixNs(NOW + there + inside + wrong),
            reference: 0n,
          },
          { t4: T1 + there + inside + back },
        ),
      )
      ok(holds(sample.offset, taiFromUnixNs(NOW) - T1))
      ok(holds(sample.offset, sample.estimateNs))
    }),
    { numRuns: 200 },
  )
})

test('any bytes from anywhere: never throws, never gives an interval upside down', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.uint8Array({ minLength: 48, maxLength: 48 }).map((tail) => {
      const mixed = Uint8Array.from(tail)
      mixed[0] = 0x24
      mixed.set(encodeNtpHeader(HEADER).subarray(24, 32), 24)
      return mixed
    }),
  )
  fc.assert(
    fc.property(bytes, (bytes) => {
      const admission = judge({}, { bytes })
      if (admission.verdict === 'accept') ok(admission.value.offset.lo <= admission.value.offset.hi)
      else ok(NTP_REPLY_REASONS.includes(admission.reason))
    }),
    { numRuns: 500 },
  )
})

test('manners: DENY and RSTR end all asking, RATE doubles a pause, a good answer forgives', () => {
  equal(mayAsk(NTP_MANNERS, 0n), undefined)
  for (const kiss of ['kod-deny', 'kod-rstr'] as const) {
    equal(mayAsk(afterRefusal(NTP_MANNERS, kiss, 0n), 10n ** 18n), kiss)
  }
  const once = afterRefusal(NTP_MANNERS, 'kod-rate', 0n)
  equal(mayAsk(once, 63n * NS_PER_SEC), 'kod-rate')
  equal(mayAsk(once, 64n * NS_PER_SEC), undefined)
  const twice = afterRefusal(once, 'kod-rate', 0n)
  equal(mayAsk(twice, 127n * NS_PER_SEC), 'kod-rate')
  equal(mayAsk(twice, 128n * NS_PER_SEC), undefined)
  let manners = NTP_MANNERS
  for (let i = 0; i < 100; i += 1) manners = afterRefusal(manners, 'kod-rate', 0n)
  equal(manners.notBeforeNs, NTP_RATE_PAUSE_NS_MAX)
  equal(mayAsk(afterAnswer(), 0n), undefined)
  deepEqual(afterRefusal(once, 'ntp-unsynchronised', 0n), once)
})

test('the pace of a polled source: kisses count, silence does not, and a good answer forgives', () => {
  const { start, mayAsk: mayAskAt, after } = NTP_PACE
  const slowed = after(start, { type: 'refused', reason: 'kod-rate' }, 0n)
  equal(mayAskAt(slowed, 0n), 'kod-rate')
  equal(mayAskAt(after(slowed, { type: 'unreachable', reason: 'ntp-timeout' }, 0n), 0n), 'kod-rate')
  equal(mayAskAt(after(slowed, { type: 'measured' }, 0n), 0n), undefined)
  equal(mayAskAt(after(start, { type: 'unreachable', reason: 'ntp-timeout' }, 0n), 0n), undefined)
})

test('the limits are the documented ones', () => {
  equal(NTP_LIMITS.rootDistanceNsMax, NS_PER_SEC)
  equal(NTP_LIMITS.driftPpbMax, 500_000n)
})
