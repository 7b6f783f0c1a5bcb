/**
 * Time scales and the doors between them. Inside Truechimer an instant is TAI; UTC, Unix, GPS and NTP time exist at the
 * edges, and every crossing is here.
 *
 *   UTC  = TAI − leap seconds (table in leap-seconds.ts), written 23:59:60 during one
 *   Unix = UTC without leap seconds: the POSIX formula, by which an inserted second shares its number with the next one
 *   GPS  = TAI − 19 s, from 1980-01-06T00:00:00 UTC, in weeks of 604,800 s (IS-GPS-200)
 *   NTP  = UTC seconds since 1900-01-01 in 32.32 bits, an era every 2^32 s; era 1 begins 2036-02-07T06:28:16 (RFC 5905 §6)
 *
 * Not promised: smeared time (a smearing server is wrong by up to a second around a leap, and shows as such), and UTC
 * before 1972.
 */
import { NS_PER_DAY, NS_PER_SEC, floorDiv, max, min } from '../base/index.ts'
import type { NsInterval, Tai } from '../base/index.ts'
import { LEAP_TABLE, NTP_TO_UNIX_SEC, leapBoundNs, taiMinusUtcAtUnixSec } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'

/** GPS time is behind TAI by this much, always. */
export const TAI_MINUS_GPS_NS = 19n * NS_PER_SEC
/** 1980-01-06T00:00:00 UTC, where GPS week 0 begins: TAI − UTC was 19 s then. */
export const GPS_EPOCH_TAI: Tai = 315_964_819n * NS_PER_SEC
export const NS_PER_WEEK = 7n * NS_PER_DAY
/** GPS weeks are sent modulo 1,024 (L1 C/A) and wrap every 19.6 years. */
export const GPS_WEEK_ROLLOVER = 1024n
/** First day of the release this code belongs to, 2026-11-01T00:00:00 UTC: no honest source says an earlier time. */
export const RELEASE_TAI: Tai = (1_793_491_200n + 37n) * NS_PER_SEC

const ERA_SEC = 2n ** 32n
const FRACTION = 2n ** 32n

/** Unix ns to TAI. The ambiguous number of an inserted second is read as the second after it. */
export const taiFromUnixNs = (unixNs: bigint, table: LeapTable = LEAP_TABLE): Tai =>
  unixNs + taiMinusUtcAtUnixSec(floorDiv(unixNs, NS_PER_SEC), table) * NS_PER_SEC

/**
 * Every instant that a system clock can mean by a Unix time, as the table has it. Off the hours around a leap second that is one
 * instant; within one second of it both readings are covered, since systems differ in how they repeat or skip.
 *
 * The doubt past the table's expiry is not in it: it is common to all who hold the table, so it belongs to a reading and not to a
 * source's word (docs/spec/clock.md K-4).
 */
export const taiReadingsOfUnixNs = (unixNs: bigint, table: LeapTable = LEAP_TABLE): NsInterval => {
  const readings = [unixNs - NS_PER_SEC, unixNs, unixNs + NS_PER_SEC].map(
    (around) => unixNs + taiMinusUtcAtUnixSec(floorDiv(around, NS_PER_SEC), table) * NS_PER_SEC,
  )
  return { lo: readings.reduce((a, b) => min(a, b)), hi: readings.reduce((a, b) => max(a, b)) }
}

/** As `taiReadingsOfUnixNs`, and past the table's expiry one second either way. */
export const taiSpanOfUnixNs = (unixNs: bigint, table: LeapTable = LEAP_TABLE): NsInterval => {
  const { lo, hi } = taiReadingsOfUnixNs(unixNs, table)
  const bound = leapBoundNs(hi, table)
  return { lo: lo - bound, hi: hi + bound }
}

/** May a system clock mean two instants by this Unix time? So within a second of a leap second: the middle of its span is then no guess. */
export const isLeapAmbiguous = (unixNs: bigint, table: LeapTable = LEAP_TABLE): boolean => {
  const [before, after] = [unixNs - NS_PER_SEC, unixNs + NS_PER_SEC].map((around) =>
    taiMinusUtcAtUnixSec(floorDiv(around, NS_PER_SEC), table),
  )
  return before !== after
}

/** A TAI instant as Unix ns, and whether it lies within an inserted leap second (whose number the next second repeats). */
export const unixFromTai = (
  tai: Tai,
  table: LeapTable = LEAP_TABLE,
): { readonly unixNs: bigint; readonly leapSecond: boolean } => {
  const { steps } = table
  for (let i = steps.length - 1; i >= 0; i -= 1) {
    const step = steps[i]
    if (step === undefined) continue
    const startTai = (step.unixSec + step.taiMinusUtcSec) * NS_PER_SEC
    if (tai >= startTai) return { unixNs: tai - step.taiMinusUtcSec * NS_PER_SEC, leapSecond: false }
    const before = steps[i - 1]?.taiMinusUtcSec ?? step.taiMinusUtcSec
    if (step.taiMinusUtcSec > before && tai >= startTai - NS_PER_SEC) {
      return { unixNs: tai - before * NS_PER_SEC, leapSecond: true }
    }
  }
  return { unixNs: tai - (steps[0]?.taiMinusUtcSec ?? 0n) * NS_PER_SEC, leapSecond: false }
}

const digits = (value: bigint, length: number): string => value.toString().padStart(length, '0')

/** ISO 8601 in UTC with nine digits of a second, `2016-12-31T23:59:60.500000000Z`. Years 1678 to 2262. */
export const utcFromTai = (tai: Tai, table: LeapTable = LEAP_TABLE): string => {
  const { unixNs, leapSecond } = unixFromTai(tai, table)
  const unixSec = floorDiv(unixNs, NS_PER_SEC)
  const shown = new Date(Number(leapSecond ? unixSec - 1n : unixSec) * 1000).toISOString().slice(0, 19)
  return `${leapSecond ? shown.slice(0, 17) + '60' : shown}.${digits(unixNs - unixSec * NS_PER_SEC, 9)}Z`
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/

/**
 * Reads `YYYY-MM-DDThh:mm:ss[.fraction]Z`, up to nine digits. Nothing where the text is not that, names a day that does not
 * exist, a year outside 1678 to 2261, a 60th second that the table does not have, or a 59th one that was deleted.
 */
export const taiFromUtc = (text: string, table: LeapTable = LEAP_TABLE): Tai | undefined => {
  const [, year, month, day, hour, minute, second, fraction = ''] = ISO.exec(text) ?? []
  if (year === undefined || Number(year) < 1678 || Number(year) > 2261) return undefined
  const midnightMs = Date.UTC(Number(year), Number(month) - 1, Number(day))
  if (new Date(midnightMs).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  const unixSec = BigInt(midnightMs / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second))
  const leap = second === '60'
  // The 60th second has the Unix number of the next one, but TAI − UTC of the one before.
  const offsetSec = taiMinusUtcAtUnixSec(leap ? unixSec - 1n : unixSec, table)
  const tai = (unixSec + offsetSec) * NS_PER_SEC + BigInt(fraction.padEnd(9, '0'))
  const back = unixFromTai(tai, table)
  if (back.leapSecond !== leap) return undefined
  return utcFromTai(tai, table).slice(0, 19) === text.slice(0, 19) ? tai : undefined
}

/** A GPS date: full week since 1980 (not modulo 1,024) and ns into it, 0 to 604,800 × 10^9 − 1. */
export interface GpsDate {
  readonly week: bigint
  readonly timeOfWeekNs: bigint
}

export const gpsFromTai = (tai: Tai): GpsDate => {
  const week = floorDiv(tai - GPS_EPOCH_TAI, NS_PER_WEEK)
  return { week, timeOfWeekNs: tai - GPS_EPOCH_TAI - week * NS_PER_WEEK }
}

export const taiFromGps = (date: GpsDate): Tai => GPS_EPOCH_TAI + date.week * NS_PER_WEEK + date.timeOfWeekNs

/** The full week that `weekModulo` (0 to 1,023) means: the one nearest to `pivotTai`. */
export const gpsWeekNear = (weekModulo: bigint, pivotTai: Tai): bigint => {
  const pivot = gpsFromTai(pivotTai).week
  const rounds = floorDiv(2n * (pivot - weekModulo) + GPS_WEEK_ROLLOVER, 2n * GPS_WEEK_ROLLOVER)
  return weekModulo + rounds * GPS_WEEK_ROLLOVER
}

/** A 64-bit NTP timestamp (32.32, era dropped) as an unsigned integer, rounded to the nearest 2^-32 s. */
export const ntpFromUnixNs = (unixNs: bigint): bigint =>
  BigInt.asUintN(64, floorDiv((unixNs + NTP_TO_UNIX_SEC * NS_PER_SEC) * FRACTION * 2n + NS_PER_SEC, 2n * NS_PER_SEC))

/** The NTP timestamp of a TAI instant. During an inserted second it repeats what POSIX repeats. */
export const ntpFromTai = (tai: Tai, table: LeapTable = LEAP_TABLE): bigint =>
  ntpFromUnixNs(unixFromTai(tai, table).unixNs)

/** Seconds and era of an instant, as RFC 5905 figure 4 tables them: `era × 2^32 + seconds` since 1900. */
export const ntpEraOfUnixSec = (unixSec: bigint): { readonly era: bigint; readonly seconds: bigint } => {
  const era = floorDiv(unixSec + NTP_TO_UNIX_SEC, ERA_SEC)
  return { era, seconds: unixSec + NTP_TO_UNIX_SEC - era * ERA_SEC }
}

/**
 * Unix ns of a 64-bit NTP timestamp: of all eras, the instant nearest to `pivotUnixNs`, which therefore must be right to 68
 * years. Rounded to the nearest ns. The value 0 means "unknown" in a packet; that is the caller's to refuse.
 */
export const unixNsFromNtp = (timestamp: bigint, pivotUnixNs: bigint): bigint => {
  const inEra = floorDiv(timestamp * NS_PER_SEC * 2n + FRACTION, 2n * FRACTION) - NTP_TO_UNIX_SEC * NS_PER_SEC
  const eraNs = ERA_SEC * NS_PER_SEC
  return inEra + floorDiv(2n * (pivotUnixNs - inEra) + eraNs, 2n * eraNs) * eraNs
}

/** As `unixNsFromNtp`, to TAI. */
export const taiFromNtp = (timestamp: bigint, pivotTai: Tai, table: LeapTable = LEAP_TABLE): Tai =>
  taiFromUnixNs(unixNsFromNtp(timestamp, unixFromTai(pivotTai, table).unixNs), table)
