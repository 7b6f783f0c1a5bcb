/**
 * Where a server of ours stands among servers of time: its stratum, whom it follows, how far that is, when its clock was last
 * set, and whether a leap second is coming. Source: RFC 5905 §7.3 and figure 9. Rules: docs/spec/sources.md S-72 to S-75.
 *
 * Pure. Does not promise that an upstream's stratum is true, only that ours follows from it.
 */
import { createHash } from 'node:crypto'
import { isIP, isIPv6 } from 'node:net'
import { NS_PER_SEC, floorDiv } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { LEAP_TABLE, unixFromTai } from '../clock/index.ts'
import type { ClockReading, LeapTable, Measurement, NtpLeap, SourceReport } from '../clock/index.ts'
import { ipv6Groups, plainAddress } from './ntp-rate.ts'

/** Stratum of a server whose source does not say its own: what chrony gives a clock that is only local. */
export const STRATUM_UNKNOWN = 10

/** The first stratum that means "unsynchronised". */
export const STRATUM_NONE = 16

/** `GPS`, the name that RFC 5905 figure 12 gives to that reference. */
export const GPS_REFERENCE_ID = 0x47_50_53_00

export interface NtpStanding {
  /** 1 to 15, or 16 where no answer may be used. */
  readonly stratum: number
  /** Four octets as one unsigned number; 0 where there is none. */
  readonly referenceId: number
  /** Round trip to the primary reference, ns. */
  readonly rootDelayNs: bigint
  /** When the clock last heard its reference; nothing where it never did. */
  readonly referenceTai: Tai | undefined
  /** A leap second that the sources announce for the end of this month. Counts where the table does not know. */
  readonly announced: 'none' | 'insert' | 'delete'
}

export const NO_STANDING: NtpStanding = {
  stratum: STRATUM_NONE,
  referenceId: 0,
  rootDelayNs: 0n,
  referenceTai: undefined,
  announced: 'none',
}

/** The first four octets of an MD5, as RFC 5905 §7.3 names what has no IPv4 address. No secret and no proof hangs on it. */
const hashedId = (name: string | Uint8Array): number => createHash('md5').update(name).digest().readUInt32BE(0)

const ipv6Octets = (address: string): Uint8Array =>
  Uint8Array.from(
    ipv6Groups(address).flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [value >> 8, value & 0xff]
    }),
  )

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1'

/**
 * The reference id of an upstream. An IPv4 address is its own id, by which that upstream sees that we follow it and does
 * not follow us; an IPv6 one is the hash of its octets. A loopback address names nobody (every client on this machine would see
 * its own address in it and suspect a loop), so such an upstream is named by a hash of our own name for it, as is one without
 * an address.
 */
export const referenceIdOf = (sourceId: string, address: string | undefined): number => {
  const plain = plainAddress(address ?? '')
  if (isLoopback(plain) || isIP(plain) === 0) return hashedId(sourceId)
  if (isIPv6(plain)) return hashedId(ipv6Octets(plain))
  return plain.split('.').reduce((id, octet) => id * 256 + Number(octet), 0)
}

type Heard = Measurement & { readonly state: SourceReport['state'] }

const stratumAfter = ({ kind, upstream }: Heard): number => {
  if (kind === 'gps') return 1
  return upstream === undefined ? STRATUM_UNKNOWN : Math.min(upstream.stratum + 1, STRATUM_NONE)
}

/** Selected before believed, nearer to a primary reference before farther, then by delay. */
const byRank = (a: Heard, b: Heard): number => {
  const selected = Number(b.state === 'selected') - Number(a.state === 'selected')
  return selected || stratumAfter(a) - stratumAfter(b) || Number(a.delayNs - b.delayNs)
}

export interface StandingFacts {
  readonly reports: readonly SourceReport[]
  readonly reading: Pick<ClockReading, 'estimate' | 'localNs'>
  /** Reference ids by which other servers would name this one: an upstream that names one of them follows us. */
  readonly ownIds: readonly number[]
  /** What held before: a clock in holdover keeps its standing while its bound grows. */
  readonly before: NtpStanding
}

/** Who follows us cannot be followed by us: such an upstream gives no standing. A primary server's id is no address. */
const isLoop = ({ upstream }: Heard, ownIds: readonly number[]): boolean =>
  upstream !== undefined && upstream.stratum > 1 && ownIds.includes(upstream.referenceId)

export const standingOf = ({ reports, reading, ownIds, before }: StandingFacts): NtpStanding => {
  const heard = reports
    .flatMap(({ state, measurement }): Heard[] => (measurement === undefined ? [] : [{ ...measurement, state }]))
    .filter(({ state }) => state === 'selected' || state === 'truechimer')
  const first = heard.filter((one) => !isLoop(one, ownIds)).toSorted(byRank)[0]
  if (first === undefined) return heard.length > 0 ? { ...NO_STANDING, referenceTai: before.referenceTai } : before
  const { sourceId, kind, upstream, delayNs } = first
  const votes = (leap: Measurement['leap']): number => heard.filter((one) => one.leap === leap).length
  const most = heard.length / 2
  return {
    stratum: stratumAfter(first),
    referenceId: kind === 'gps' ? GPS_REFERENCE_ID : referenceIdOf(sourceId, upstream?.address),
    rootDelayNs: delayNs + (upstream?.rootDelayNs ?? 0n),
    referenceTai: reading.estimate - (reading.localNs - first.localNs),
    announced: votes('insert') > most ? 'insert' : votes('delete') > most ? 'delete' : 'none',
  }
}

/** The first instant of the next month of UTC, Unix seconds. */
const nextMonthUnixSec = (tai: Tai, table: LeapTable): bigint => {
  const { unixNs, leapSecond } = unixFromTai(tai, table)
  const date = new Date(Number(floorDiv(unixNs, NS_PER_SEC) - (leapSecond ? 1n : 0n)) * 1000)
  return BigInt(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / 1000)
}

/**
 * Leap bits at an instant: what the table has for the end of this month, through the inserted second itself; where the
 * table has expired by then, what most sources announce. Never 3: that is for who has no time.
 */
export const leapAt = (tai: Tai, announced: NtpStanding['announced'], table: LeapTable = LEAP_TABLE): NtpLeap => {
  const unixSec = nextMonthUnixSec(tai, table)
  const at = table.steps.findIndex((step) => step.unixSec === unixSec)
  const [before, after] = [table.steps[at - 1], table.steps[at]]
  if (before !== undefined && after !== undefined) return after.taiMinusUtcSec > before.taiMinusUtcSec ? 1 : 2
  const known = table.expiresTai > (unixSec + (table.steps.at(-1)?.taiMinusUtcSec ?? 0n)) * NS_PER_SEC
  return known || announced === 'none' ? 0 : announced === 'insert' ? 1 : 2
}
