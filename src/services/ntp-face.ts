/**
 * What an NTP server shows of its clock until it is shown anew: a header that needs only its timestamps, and the line
 * through the clock in plain numbers, so that an answer costs a few multiplications and no big integer beyond one difference.
 *
 * Source: RFC 5905 §7.3 (header), §6 (formats). The promise is the clock's own: the true time lies within
 * root delay/2 + root dispersion of the transmit timestamp. Rules: docs/spec/sources.md S-71 to S-76.
 *
 * UTC is never smeared. At the end of an inserted second the numbers go back by one (POSIX), at a deleted one they go on by one;
 * a face ends there (`validNs`) and the next one shows the new count.
 */
import { NS_PER_SEC, floorDiv, max, min } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { LEAP_TABLE, NTP_TO_UNIX_SEC, encodeNtpHeader, ntpFromTai, unixFromTai } from '../clock/index.ts'
import type { LeapTable, NtpTimestamp } from '../clock/index.ts'
import { leapAt, STRATUM_NONE } from './ntp-standing.ts'
import type { NtpStanding } from './ntp-standing.ts'
import { BASIS_AGE_NS_MAX, isFresh, spanAt } from './time-basis.ts'
import type { TimeBasis } from './time-basis.ts'

/** Wider than this either way and a clock is shown as unsynchronised, ns: RFC 5905 figure 27, MAXDIST. */
const SHOWN_HALF_WIDTH_NS_MAX = NS_PER_SEC

/** Root dispersion of a server that knows nothing, ns: RFC 5905 figure 6, MAXDISP. */
export const DISPERSION_NS_UNKNOWN = 16n * NS_PER_SEC

/** Node's counter reads the operating system's own, to the ns, in less than this; log2 seconds. */
const PRECISION_MIN = -24

/** All from which a face is made; plain data that may be copied to a worker. */
export interface NtpClock {
  readonly basis: TimeBasis | undefined
  readonly standing: NtpStanding
}

export interface NtpFace {
  /** Where ages are counted from, local ns. */
  readonly localNs: bigint
  /** A face older than this is done, ns. */
  readonly validNs: number
  /** False: the server never had the time, and shows none. */
  readonly hasTime: boolean
  /** UTC at age 0: seconds since 1900 within their era, and ns, 0 to 10^9. */
  readonly ntpSec: number
  readonly ns: number
  /** The line's run, ns of UTC in a ns of the counter. */
  readonly rate: number
  /** Root dispersion at age 0, ns, and its growth, ns in a ns. */
  readonly dispersionNs: number
  readonly growth: number
  /** 48 bytes of an answer; version, poll, root dispersion and the three later timestamps are empty. */
  readonly header: Uint8Array
}

/**
 * A counter's precision, log2 seconds: the smallest step seen between readings, rounded up; 2^-8 s where none is seen in
 * 1,000 readings. RFC 5905 §7.3 has precision measured so.
 */
export const measurePrecision = (read: () => bigint): number => {
  let stepNs = NS_PER_SEC / 256n
  let last = read()
  for (let reading = 0; reading < 1000; reading += 1) {
    const now = read()
    if (now > last && now - last < stepNs) stepNs = now - last
    last = now
  }
  return Math.max(PRECISION_MIN, Math.ceil(Math.log2(Number(stepNs) / 1e9)))
}

/** How long after `tai` the count of UTC goes on without a jump, ns, at most `BASIS_AGE_NS_MAX`. */
const unbrokenNs = (tai: Tai, table: LeapTable): bigint =>
  table.steps
    .map(({ unixSec, taiMinusUtcSec }) => (unixSec + taiMinusUtcSec) * NS_PER_SEC - tai)
    .filter((aheadNs) => aheadNs > 0n)
    .reduce(min, BASIS_AGE_NS_MAX)

interface Shown {
  readonly leap: 0 | 1 | 2 | 3
  readonly stratum: number
  readonly precision: number
  readonly rootDelayNs: bigint
  readonly referenceId: number
  readonly reference: NtpTimestamp
}

const headerOf = (shown: Shown): Uint8Array =>
  encodeNtpHeader({
    ...shown,
    version: 0,
    mode: 4,
    poll: 0,
    rootDispersionNs: 0n,
    origin: 0n,
    receive: 0n,
    transmit: 0n,
  })

/** Root delay 0, as the dispersion holds all doubt; no reference id, so that nobody reads it as a kiss. */
const emptyFace = (localNs: bigint, precision: number): NtpFace => ({
  localNs,
  validNs: Number(BASIS_AGE_NS_MAX),
  hasTime: false,
  ntpSec: 0,
  ns: 0,
  rate: 1,
  dispersionNs: Number(DISPERSION_NS_UNKNOWN),
  growth: 0,
  header: headerOf({ leap: 3, stratum: 0, precision, rootDelayNs: 0n, referenceId: 0, reference: 0n }),
})

export interface FaceOptions {
  /** log2 seconds. */
  readonly precision: number
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
}

/** The face of a clock from `localNs` on. An old basis, an unsynchronised clock, or one without standing shows leap 3. */
export const faceOf = ({ basis, standing }: NtpClock, localNs: bigint, options: FaceOptions): NtpFace => {
  const { precision, leapTable = LEAP_TABLE } = options
  if (basis === undefined) return emptyFace(localNs, precision)
  const { tai, latest } = spanAt(basis, localNs)
  const halfNs = latest - tai
  const isUsable =
    basis.status !== 'unsynchronised' &&
    standing.stratum < STRATUM_NONE &&
    isFresh(basis, localNs) &&
    halfNs <= SHOWN_HALF_WIDTH_NS_MAX
  const { unixNs } = unixFromTai(tai, leapTable)
  const unixSec = floorDiv(unixNs, NS_PER_SEC)
  const rootDelayNs = min(standing.rootDelayNs, 2n * halfNs)
  const precisionNs = Math.ceil(2 ** precision * 1e9)
  const { referenceTai = tai } = standing
  const rest = isFresh(basis, localNs) ? basis.localNs + BASIS_AGE_NS_MAX - localNs : BASIS_AGE_NS_MAX
  return {
    localNs,
    validNs: Number(max(1n, min(unbrokenNs(tai, leapTable), rest))),
    hasTime: true,
    ntpSec: Number(BigInt.asUintN(32, unixSec + NTP_TO_UNIX_SEC)),
    ns: Number(unixNs - unixSec * NS_PER_SEC),
    rate: 1 + basis.slopePpb / 1e9,
    dispersionNs: Number(halfNs - rootDelayNs / 2n) + precisionNs,
    growth: basis.growthPpb / 1e9,
    header: headerOf({
      leap: isUsable ? leapAt(tai, standing.announced, leapTable) : 3,
      stratum: isUsable ? standing.stratum : 0,
      precision,
      rootDelayNs,
      referenceId: isUsable ? standing.referenceId : 0,
      reference: ntpFromTai(min(referenceTai, tai), leapTable),
    }),
  }
}
