/** Time scales against known instants (test/vectors/clock-scales.json), then round trips over their whole range. */
import { readFileSync } from 'node:fs'
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, holds } from '../base/index.ts'
import { LEAP_TABLE, isLeapTableExpired, leapBoundNs, parseLeapSecondsList } from './leap-seconds.ts'
import {
  GPS_EPOCH_TAI,
  RELEASE_TAI,
  gpsFromTai,
  gpsWeekNear,
  ntpEraOfUnixSec,
  ntpFromTai,
  ntpFromUnixNs,
  taiFromGps,
  taiFromNtp,
  taiFromUnixNs,
  taiFromUtc,
  taiSpanOfUnixNs,
  unixFromTai,
  unixNsFromNtp,
  utcFromTai,
} from './time-scales.ts'

interface Instant {
  readonly utc: string
  readonly tai: string
  readonly unix: string
  readonly leap: boolean
  readonly ntpEra: number
  readonly ntpSeconds: string
  readonly gpsWeek?: string
  readonly gpsTimeOfWeekNs?: string
}
const vectors: { readonly instants: readonly Instant[]; readonly notUtc: readonly string[] } = JSON.parse(
  readFileSync(new URL('../../test/vectors/clock-scales.json', import.meta.url), 'utf8'),
)
const runs = { numRuns: 300 }
const validTai = fc.bigInt({
  min: taiFromUtc('1972-01-01T00:00:00Z') ?? 0n,
  max: taiFromUtc('2261-12-31T00:00:00Z') ?? 0n,
})

test('known instants in every scale', () => {
  ok(vectors.instants.length >= 12)
  for (const known of vectors.instants) {
    const tai = BigInt(known.tai)
    const unixNs = BigInt(known.unix)
    equal(utcFromTai(tai), known.utc)
    equal(taiFromUtc(known.utc), tai, known.utc)
    deepEqual(unixFromTai(tai), { unixNs, leapSecond: known.leap }, known.utc)
    const unixSec = unixNs / NS_PER_SEC
    deepEqual(ntpEraOfUnixSec(unixSec), { era: BigInt(known.ntpEra), seconds: BigInt(known.ntpSeconds) }, known.utc)
    equal(ntpFromTai(tai) >> 32n, BigInt(known.ntpSeconds), known.utc)
    if (!known.leap) equal(taiFromNtp(ntpFromTai(tai), tai), tai, known.utc)
    if (known.gpsWeek === undefined) continue
    const date = { week: BigInt(known.gpsWeek), timeOfWeekNs: BigInt(known.gpsTimeOfWeekNs ?? '0') }
    deepEqual(gpsFromTai(tai), date, known.utc)
    equal(taiFromGps(date), tai, known.utc)
  }
})

test('RFC 5905 figure 4: eras before ours', () => {
  // First day of the Gregorian calendar (15 Oct 1582), last day of era -1 (31 Dec 1899), first of era 0, first day of Unix.
  deepEqual(ntpEraOfUnixSec(-12_219_292_800n), { era: -3n, seconds: 2_874_597_888n })
  deepEqual(ntpEraOfUnixSec(-2_209_075_200n), { era: -1n, seconds: 4_294_880_896n })
  deepEqual(ntpEraOfUnixSec(-2_208_988_800n), { era: 0n, seconds: 0n })
  deepEqual(ntpEraOfUnixSec(0n), { era: 0n, seconds: 2_208_988_800n })
})

test('what is not a UTC instant is nothing', () => {
  for (const text of vectors.notUtc) equal(taiFromUtc(text), undefined, text)
})

test('UTC text and TAI are one to one, leap seconds too', () => {
  fc.assert(
    fc.property(validTai, (tai) => {
      equal(taiFromUtc(utcFromTai(tai)), tai)
    }),
    runs,
  )
  for (const { unixSec, taiMinusUtcSec } of LEAP_TABLE.steps) {
    for (const fromStepNs of [-2_000_000_000n, -1_000_000_001n, -1_000_000_000n, -1n, 0n, 1n]) {
      const tai = (unixSec + taiMinusUtcSec) * NS_PER_SEC + fromStepNs
      equal(taiFromUtc(utcFromTai(tai)), tai, utcFromTai(tai))
    }
  }
})

test('a deleted second is skipped', () => {
  const table = {
    steps: [...LEAP_TABLE.steps, { unixSec: 1_800_000_000n, taiMinusUtcSec: 36n }],
    expiresTai: 2n ** 62n,
  }
  equal(utcFromTai((1_800_000_000n + 36n) * NS_PER_SEC, table), '2027-01-15T08:00:00.000000000Z')
  equal(utcFromTai((1_800_000_000n + 36n) * NS_PER_SEC - 1n, table), '2027-01-15T07:59:58.999999999Z')
  equal(taiFromUtc('2027-01-15T07:59:59Z', table), undefined)
})

test('Unix time: the POSIX formula, and the span that covers every habit around a leap', () => {
  fc.assert(
    fc.property(validTai, (tai) => {
      const { unixNs, leapSecond } = unixFromTai(tai)
      equal(taiFromUnixNs(unixNs), leapSecond ? tai + NS_PER_SEC : tai)
      ok(holds(taiSpanOfUnixNs(unixNs), tai))
    }),
    runs,
  )
  const step = 1_483_228_800n * NS_PER_SEC
  deepEqual(taiSpanOfUnixNs(step - 2n * NS_PER_SEC), { lo: step + 34n * NS_PER_SEC, hi: step + 34n * NS_PER_SEC })
  deepEqual(taiSpanOfUnixNs(step), { lo: step + 36n * NS_PER_SEC, hi: step + 37n * NS_PER_SEC })
  deepEqual(taiSpanOfUnixNs(step + NS_PER_SEC), { lo: step + 38n * NS_PER_SEC, hi: step + 38n * NS_PER_SEC })
  const late = unixFromTai(LEAP_TABLE.expiresTai).unixNs
  deepEqual(taiSpanOfUnixNs(late), { lo: LEAP_TABLE.expiresTai - NS_PER_SEC, hi: LEAP_TABLE.expiresTai + NS_PER_SEC })
})

test('NTP timestamps: halves round to the nearest 2^-32 s, eras follow the pivot', () => {
  equal(ntpFromUnixNs(-2_208_988_800n * NS_PER_SEC), 0n)
  equal(ntpFromUnixNs(500_000_000n) & 0xff_ff_ff_ffn, 0x80_00_00_00n)
  equal(unixNsFromNtp(2_208_988_800n << 32n, 0n), 0n)
  equal(unixNsFromNtp(0x1n << 32n, 2_085_978_496n * NS_PER_SEC), 2_085_978_497n * NS_PER_SEC)
  const within = fc.bigInt({ min: -(2n ** 31n) * NS_PER_SEC + 1n, max: 2n ** 31n * NS_PER_SEC - 1n })
  fc.assert(
    fc.property(validTai, within, (tai, offNs) => {
      const { unixNs } = unixFromTai(tai)
      const timestamp = ntpFromUnixNs(unixNs)
      ok(timestamp >= 0n && timestamp < 2n ** 64n)
      equal(unixNsFromNtp(timestamp, unixNs + offNs), unixNs)
    }),
    runs,
  )
})

test('GPS dates are one to one, and a week sent modulo 1,024 is found by its pivot', () => {
  equal(GPS_EPOCH_TAI, taiFromUtc('1980-01-06T00:00:00Z'))
  equal(RELEASE_TAI, taiFromUtc('2026-11-01T00:00:00Z'))
  fc.assert(
    fc.property(validTai, fc.bigInt({ min: -511n, max: 511n }), (tai, weeksOff) => {
      const date = gpsFromTai(tai)
      equal(taiFromGps(date), tai)
      ok(date.timeOfWeekNs >= 0n && date.timeOfWeekNs < 604_800n * NS_PER_SEC)
      const sent = ((date.week % 1024n) + 1024n) % 1024n
      equal(gpsWeekNear(sent, tai + weeksOff * 604_800n * NS_PER_SEC), date.week)
    }),
    runs,
  )
})

test('the leap table ends, and says so', () => {
  equal(utcFromTai(LEAP_TABLE.expiresTai), '2027-06-28T00:00:00.000000000Z')
  equal(isLeapTableExpired(LEAP_TABLE.expiresTai - 1n), false)
  equal(isLeapTableExpired(LEAP_TABLE.expiresTai), true)
  equal(leapBoundNs(LEAP_TABLE.expiresTai - 1n), 0n)
  equal(leapBoundNs(LEAP_TABLE.expiresTai), NS_PER_SEC)
  equal(LEAP_TABLE.steps.length, 28)
  equal(LEAP_TABLE.steps.at(-1)?.taiMinusUtcSec, 37n)
})

const file = (more: string): string =>
  LEAP_TABLE.steps.map((s) => `${s.unixSec + 2_208_988_800n}\t${s.taiMinusUtcSec}\t# x\n`).join('') + more

test('a leap-seconds.list is read, and refused where it is damaged', () => {
  const newer = parseLeapSecondsList(
    `#$ 3992312697\n#@\t4039027200\n${file('4023129600      38      # 28 Jun 2027\n')}`,
  )
  ok(newer.verdict === 'accept')
  deepEqual(newer.value.steps.at(-1), { unixSec: 1_814_140_800n, taiMinusUtcSec: 38n })
  equal(newer.value.expiresTai, (4_039_027_200n - 2_208_988_800n + 38n) * NS_PER_SEC)
  const refused: [string, string][] = [
    [file(''), 'leap-file-no-expiry'],
    [`#@ 4039027200\n${file('4023129600 39\n')}`, 'leap-file-bad-line'],
    [`#@ 4039027200\n${file('3692217600 38\n')}`, 'leap-file-bad-line'],
    [`#@ 4039027200\n${file('<html>\n')}`, 'leap-file-bad-line'],
    ['#@ 4039027200\n2272060800 10\n', 'leap-file-contradicts-history'],
    [`#@ 4039027200\n${file('').replace('3692217600', '3692217601')}`, 'leap-file-contradicts-history'],
    ['#'.repeat(70_000), 'leap-file-too-long'],
  ]
  for (const [text, reason] of refused) deepEqual(parseLeapSecondsList(text), { verdict: 'reject', reason })
})
