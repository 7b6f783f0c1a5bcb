/**
 * The NTP decoder and judge at the limits of every field, at the ends of eras, and under bytes made to be hard: near misses
 * of a good answer. `TRUECHIMER_FUZZ_RUNS` sets how many.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC, holds, seededRandom, width } from '../base/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { NTP_LIMITS, NTP_REPLY_REASONS, judgeReply } from './ntp-exchange.ts'
import type { NtpReply } from './ntp-exchange.ts'
import { clientRequest, decodeNtpHeader, encodeNtpHeader } from './ntp-packet.ts'
import type { NtpHeader, NtpLeap } from './ntp-packet.ts'
import { goodHeader, NOW_UNIX_NS as NOW } from './ntp-packets.test-kit.ts'
import { ntpFromUnixNs, taiFromUnixNs } from './time-scales.ts'

const REQUEST = clientRequest(seededRandom(3n))
const SERVER = { address: '192.0.2.1', port: 123 }
const T1 = 5n * NS_PER_SEC
const ONE_WAY = NS_PER_MS
const ERA_1 = (2n ** 32n - 2_208_988_800n) * NS_PER_SEC

const header = (unixNs: bigint): NtpHeader =>
  goodHeader({
    reference: ntpFromUnixNs(unixNs - NS_PER_SEC),
    origin: REQUEST.cookie,
    receive: ntpFromUnixNs(unixNs + ONE_WAY),
    transmit: ntpFromUnixNs(unixNs + ONE_WAY),
  })

const judge = (bytes: Uint8Array, reply: Partial<NtpReply> = {}) =>
  judgeReply({ bytes, request: REQUEST, from: SERVER, expectedFrom: SERVER, t1: T1, t4: T1 + 2n * ONE_WAY, ...reply })

const verdictOf = (bend: Partial<NtpHeader>, unixNs = NOW): string => {
  const admission = judge(encodeNtpHeader({ ...header(unixNs), ...bend }))
  return admission.verdict === 'accept' ? 'accept' : admission.reason
}

const STAMP_MAX = 2n ** 64n - 1n
const LIMITS: readonly (readonly [string, Partial<NtpHeader>, string])[] = [
  ...([0, 1, 2] as const).map((leap: NtpLeap) => [`leap ${leap}`, { leap }, 'accept'] as const),
  ['leap 3', { leap: 3 }, 'ntp-unsynchronised'],
  ...[0, 1, 2, 3, 5, 6, 7].map((version) => [`version ${version}`, { version }, 'ntp-wrong-version'] as const),
  ...[0, 1, 2, 3, 5, 6, 7].map((mode) => [`mode ${mode}`, { mode }, 'ntp-wrong-mode'] as const),
  ['stratum 0', { stratum: 0 }, 'kod-other'],
  ['stratum 15', { stratum: 15 }, 'accept'],
  ['stratum 16', { stratum: 16 }, 'ntp-unsynchronised'],
  ['stratum 255', { stratum: 255 }, 'ntp-bad-stratum'],
  ['poll −128', { poll: -128 }, 'accept'],
  ['poll 127', { poll: 127 }, 'accept'],
  ['precision −128', { precision: -128 }, 'accept'],
  ['precision −2', { precision: -2 }, 'ntp-bad-precision'],
  ['precision −3', { precision: -3 }, 'accept'],
  ['precision 127', { precision: 127 }, 'ntp-bad-precision'],
  ['root delay, the largest believed', { rootDelayNs: 2n * NTP_LIMITS.rootDistanceNsMax }, 'accept'],
  ['root delay, one step more', { rootDelayNs: 2n * NTP_LIMITS.rootDistanceNsMax + 20_000n }, 'ntp-root-distance'],
  ['root delay, the largest', { rootDelayNs: 65_536n * NS_PER_SEC }, 'ntp-root-distance'],
  ['root dispersion, the largest believed', { rootDispersionNs: NTP_LIMITS.rootDistanceNsMax }, 'accept'],
  ['root dispersion, one step more', { rootDispersionNs: NTP_LIMITS.rootDistanceNsMax + 16_000n }, 'ntp-root-distance'],
  ['root dispersion, the largest', { rootDispersionNs: 65_536n * NS_PER_SEC }, 'ntp-root-distance'],
  ['reference id 0', { referenceId: 0 }, 'accept'],
  ['reference id, the largest', { referenceId: 0xff_ff_ff_ff }, 'accept'],
  ['reference 0: not said', { reference: 0n }, 'accept'],
  ['reference at the answer', { reference: header(NOW).transmit }, 'accept'],
  ['reference 2^-32 s after the answer', { reference: header(NOW).transmit + 1n }, 'ntp-bad-reference'],
  ['origin 0', { origin: 0n }, 'ntp-interleaved'],
  ['origin, the largest', { origin: STAMP_MAX }, 'ntp-wrong-origin'],
  ['receive 0', { receive: 0n }, 'ntp-zero-timestamp'],
  // The first instant of era 1 that can be written is a time like any other: 2036.
  ['receive 1', { receive: 1n, transmit: 1n, reference: 0n }, 'accept'],
  ['receive at the end of an era', { receive: STAMP_MAX }, 'ntp-backwards'],
  ['transmit 0', { transmit: 0n }, 'ntp-zero-timestamp'],
  ['transmit at the end of an era', { transmit: STAMP_MAX, reference: 0n }, 'ntp-negative-delay'],
  [
    '1970, as a server without a battery says',
    { receive: 2_208_988_801n << 32n, transmit: 2_208_988_801n << 32n, reference: 0n },
    'ntp-before-release',
  ],
]
for (const [name, bend, expected] of LIMITS)
  test(`a field at its limit: ${name}`, () => equal(verdictOf(bend), expected))

test('every field at its limits comes back as it was written', () => {
  const fields: readonly Partial<NtpHeader>[] = [
    { leap: 3, version: 7, mode: 7, stratum: 255, poll: 127, precision: 127 },
    { leap: 0, version: 0, mode: 0, stratum: 0, poll: -128, precision: -128 },
    { referenceId: 0xff_ff_ff_ff, reference: STAMP_MAX, origin: STAMP_MAX, receive: STAMP_MAX, transmit: STAMP_MAX },
    { referenceId: 0, reference: 0n, origin: 0n, receive: 0n, transmit: 0n },
  ]
  for (const bend of fields) {
    const bytes = encodeNtpHeader({ ...header(NOW), ...bend })
    const decoded = decodeNtpHeader(bytes)
    deepEqual(decoded, { ...header(NOW), ...bend })
  }
})

test('the last and the first answers of an era: read in their own era, whichever side each of the four is on', () => {
  for (const awayNs of [-NS_PER_SEC, -ONE_WAY - 1n, -ONE_WAY, -1n, 0n, 1n, NS_PER_SEC]) {
    const startNs = ERA_1 + awayNs
    const bend = { transmit: ntpFromUnixNs(startNs + ONE_WAY) }
    const bytes = encodeNtpHeader({ ...header(startNs), ...bend })
    const decoded = decodeNtpHeader(bytes)
    ok(decoded !== undefined)
    const admission = judge(bytes)
    // The very start of an era is written as zero, which means "no time": that one answer is lost.
    if (decoded.receive === 0n) deepEqual(admission, { verdict: 'reject', reason: 'ntp-zero-timestamp' })
    else {
      ok(admission.verdict === 'accept', JSON.stringify(admission.verdict))
      ok(holds(admission.value.offset, taiFromUnixNs(startNs) - T1), `${awayNs}`)
      // Past the leap-second table's expiry every reading is a second wider each way.
      ok(width(admission.value.offset) < 2n * NS_PER_SEC + 10n * NS_PER_MS)
    }
  }
})

test('each leap bit says what it means in every era', () => {
  for (const startNs of [NOW, ERA_1 + NS_PER_SEC])
    for (const [leap, expected] of [
      [0, 'none'],
      [1, 'insert'],
      [2, 'delete'],
    ] as const) {
      const admission = judge(encodeNtpHeader({ ...header(startNs), leap }))
      equal(admission.verdict === 'accept' ? admission.value.leap : admission.reason, expected)
    }
})

/** A good answer with some bytes changed, cut short or made longer. */
const nearMiss = fc
  .record({
    flips: fc.array(fc.tuple(fc.nat(47), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    cut: fc.option(fc.nat(48), { freq: 8 }),
    tail: fc.uint8Array({ maxLength: 40, size: 'max' }),
    stamps: fc.array(fc.tuple(fc.constantFrom(16, 32, 40), fc.bigInt({ min: 0n, max: STAMP_MAX })), { maxLength: 2 }),
  })
  .map(({ flips, cut, tail, stamps }) => {
    const bytes = new Uint8Array(48 + tail.length)
    bytes.set(encodeNtpHeader(header(NOW)))
    bytes.set(tail, 48)
    const view = new DataView(bytes.buffer)
    for (const [at, stamp] of stamps) view.setBigUint64(at, stamp)
    for (const [at, value] of flips) bytes[at] = value
    return cut === null ? bytes : bytes.slice(0, cut)
  })
const anyBytes = fc.oneof(
  { arbitrary: nearMiss, weight: 4 },
  { arbitrary: fc.uint8Array({ maxLength: 1100, size: 'max' }), weight: 1 },
)

test('any bytes and any instants: one verdict, a named reason, and an interval the right way up around its estimate', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      anyBytes,
      fc.bigInt({ min: 0n, max: 2n ** 62n }),
      fc.bigInt({ min: 0n, max: 5n * NS_PER_SEC }),
      (bytes, t1, trip) => {
        equal(decodeNtpHeader(bytes) === undefined, bytes.length < 48)
        const admission = judge(bytes, { t1, t4: t1 + trip })
        seen.add(admission.verdict === 'accept' ? 'accept' : admission.reason)
        if (admission.verdict !== 'accept') return ok(NTP_REPLY_REASONS.includes(admission.reason))
        const { offset, estimateNs, delayNs, localNs, stratum } = admission.value
        ok(offset.lo <= estimateNs && estimateNs <= offset.hi && delayNs >= 0n)
        ok(localNs >= t1 && localNs <= t1 + trip)
        ok(stratum >= 1 && stratum <= 15)
        ok(t1 + offset.hi >= NTP_LIMITS.earliestTai, 'no time before the release')
      },
    ),
    { numRuns: fuzzRuns(2000) },
  )
  for (const verdict of ['accept', 'ntp-too-short', 'ntp-wrong-origin', 'ntp-wrong-mode', 'ntp-before-release'])
    ok(seen.has(verdict), `never ${verdict}: the cases do not reach it`)
})

test('what a true server says is believed, and holds the truth, on both sides of the era’s end', () => {
  const ns = fc.bigInt({ min: 0n, max: 400n * NS_PER_MS })
  fc.assert(
    fc.property(
      fc.bigInt({ min: NOW, max: NOW + 60n * 365n * 86_400n * NS_PER_SEC }),
      ns,
      ns,
      ns,
      (startNs, there, inside, back) => {
        const t3 = startNs + there + inside
        const bytes = encodeNtpHeader({
          ...header(startNs),
          reference: 0n,
          receive: ntpFromUnixNs(startNs + there),
          transmit: ntpFromUnixNs(t3),
        })
        const admission = judge(bytes, { t4: T1 + there + inside + back })
        ok(admission.verdict === 'accept', `${startNs}`)
        ok(holds(admission.value.offset, taiFromUnixNs(startNs) - T1))
      },
    ),
    { numRuns: fuzzRuns(500) },
  )
})
