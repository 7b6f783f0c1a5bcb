/**
 * The leap-second table: by how many whole seconds TAI is ahead of UTC, and until when that is known.
 *
 * Source: the IERS file leap-seconds.list that came with Bulletin C 72 (NTP stamp 3_992_312_697, expiry 2027-06-28). It is
 * data with an end: past `expiresTai` nobody who holds only this table knows UTC better than to one second, and whoever
 * converts with it has to say so (`leapBoundNs`). A newer file is read with `parseLeapSecondsList`.
 *
 * Not promised: UTC before 1972, which ran in fractions of a second; there the table answers 10 s as if it had begun.
 */
import { NS_PER_SEC, accept, reject } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'

/** From `unixSec` (UTC midnight, Unix seconds) on, TAI − UTC is `taiMinusUtcSec` seconds. */
export interface LeapSecond {
  readonly unixSec: bigint
  readonly taiMinusUtcSec: bigint
}

/** Steps in rising order, at least one; each differs from the one before by +1 or −1 s. */
export interface LeapTable {
  readonly steps: readonly LeapSecond[]
  /** First instant at which the table no longer knows. */
  readonly expiresTai: Tai
}

/** Seconds from the NTP epoch 1900-01-01 to the Unix epoch 1970-01-01 (RFC 5905 figure 4). */
export const NTP_TO_UNIX_SEC = 2_208_988_800n

/** Most steps a file may bring: four chances a year for sixty years. */
export const LEAP_STEPS_MAX = 256
/** Longest file that is read, characters. */
export const LEAP_FILE_CHARS_MAX = 65_536

/** NTP seconds and TAI − UTC, as the IERS file writes them. */
const IERS: readonly (readonly [bigint, bigint])[] = [
  [2_272_060_800n, 10n], // 1972-01-01
  [2_287_785_600n, 11n], // 1972-07-01
  [2_303_683_200n, 12n], // 1973-01-01
  [2_335_219_200n, 13n], // 1974-01-01
  [2_366_755_200n, 14n], // 1975-01-01
  [2_398_291_200n, 15n], // 1976-01-01
  [2_429_913_600n, 16n], // 1977-01-01
  [2_461_449_600n, 17n], // 1978-01-01
  [2_492_985_600n, 18n], // 1979-01-01
  [2_524_521_600n, 19n], // 1980-01-01
  [2_571_782_400n, 20n], // 1981-07-01
  [2_603_318_400n, 21n], // 1982-07-01
  [2_634_854_400n, 22n], // 1983-07-01
  [2_698_012_800n, 23n], // 1985-07-01
  [2_776_982_400n, 24n], // 1988-01-01
  [2_840_140_800n, 25n], // 1990-01-01
  [2_871_676_800n, 26n], // 1991-01-01
  [2_918_937_600n, 27n], // 1992-07-01
  [2_950_473_600n, 28n], // 1993-07-01
  [2_982_009_600n, 29n], // 1994-07-01
  [3_029_443_200n, 30n], // 1996-01-01
  [3_076_704_000n, 31n], // 1997-07-01
  [3_124_137_600n, 32n], // 1999-01-01
  [3_345_062_400n, 33n], // 2006-01-01
  [3_439_756_800n, 34n], // 2009-01-01
  [3_550_089_600n, 35n], // 2012-07-01
  [3_644_697_600n, 36n], // 2015-07-01
  [3_692_217_600n, 37n], // 2017-01-01
]
const IERS_EXPIRES_NTP_SEC = 4_023_129_600n // 2027-06-28

const tableFrom = (rows: readonly (readonly [bigint, bigint])[], expiresNtpSec: bigint): LeapTable => {
  const steps = rows.map(([ntpSec, taiMinusUtcSec]) => ({ unixSec: ntpSec - NTP_TO_UNIX_SEC, taiMinusUtcSec }))
  const last = steps.at(-1)?.taiMinusUtcSec ?? 0n
  return { steps, expiresTai: (expiresNtpSec - NTP_TO_UNIX_SEC + last) * NS_PER_SEC }
}

/** The table that ships with this version. */
export const LEAP_TABLE: LeapTable = Object.freeze(tableFrom(IERS, IERS_EXPIRES_NTP_SEC))

/** TAI − UTC in seconds for a Unix second: the newest step at or before it, the first step's value before that. */
export const taiMinusUtcAtUnixSec = (unixSec: bigint, table: LeapTable = LEAP_TABLE): bigint =>
  (table.steps.findLast((step) => step.unixSec <= unixSec) ?? table.steps[0])?.taiMinusUtcSec ?? 0n

/** Is `tai` at or past the end of what the table knows? */
export const isLeapTableExpired = (tai: Tai, table: LeapTable = LEAP_TABLE): boolean => tai >= table.expiresTai

/** How wrong a conversion between UTC and TAI at `tai` may be, ns either way: 0 while the table is valid, 1 s after. */
export const leapBoundNs = (tai: Tai, table: LeapTable = LEAP_TABLE): bigint =>
  isLeapTableExpired(tai, table) ? NS_PER_SEC : 0n

export const LEAP_FILE_REASONS = [
  'leap-file-too-long',
  'leap-file-bad-line',
  'leap-file-no-expiry',
  'leap-file-contradicts-history',
] as const
export type LeapFileReason = (typeof LEAP_FILE_REASONS)[number]

const LINE = /^(\d{10}) {0,32}\t{0,8} {0,32}(\d{1,3})(?:\s*#.*)?$/
const EXPIRY = /^#@\s{0,32}(\d{10})$/

/**
 * Reads a leap-seconds.list (IERS, NIST or tzdata). Refused unless it repeats every step that ships here: history does not
 * change, so a file that says otherwise is damaged or forged. Its hash line is not checked (it names no signer).
 */
export const parseLeapSecondsList = (text: string): Admission<LeapTable, LeapFileReason> => {
  if (text.length > LEAP_FILE_CHARS_MAX) return reject('leap-file-too-long')
  const rows: [bigint, bigint][] = []
  let expiresNtpSec: bigint | undefined
  for (const line of text.split('\n').map((line) => line.trim())) {
    const expiry = EXPIRY.exec(line)?.[1]
    if (expiry !== undefined) expiresNtpSec = BigInt(expiry)
    if (line === '' || line.startsWith('#')) continue
    const [, ntpSec, offsetSec] = LINE.exec(line) ?? []
    const before = rows.at(-1)
    if (ntpSec === undefined || offsetSec === undefined || rows.length >= LEAP_STEPS_MAX)
      return reject('leap-file-bad-line')
    const row: [bigint, bigint] = [BigInt(ntpSec), BigInt(offsetSec)]
    const jump = before === undefined ? 1n : row[1] - before[1]
    if ((jump !== 1n && jump !== -1n) || (before !== undefined && row[0] <= before[0]))
      return reject('leap-file-bad-line')
    rows.push(row)
  }
  if (expiresNtpSec === undefined) return reject('leap-file-no-expiry')
  const agrees = IERS.every(([ntpSec, offsetSec], i) => rows[i]?.[0] === ntpSec && rows[i]?.[1] === offsetSec)
  if (!agrees) return reject('leap-file-contradicts-history')
  return accept(tableFrom(rows, expiresNtpSec))
}
