/**
 * Week rollover: GPS L1 C/A sends its week modulo 1,024, so a receiver whose idea of the round is old tells a date that is wrong by
 * whole rounds of 1,024 weeks (19.6 years), and is otherwise right.
 * Source: IS-GPS-200 §20.3.3.3.1.1; the rollovers of 1999-08-22, 2019-04-07 and 2038-11-21.
 *
 * That a date can be moved into the present is no evidence: every date can. Two things are evidence:
 *
 *   the clock       the date plus k rounds is the time that the other sources, or the oscillator, already say it is
 *   the leap table  the receiver counts leap seconds that nobody had at the date it tells, so it has heard a newer almanac; and the
 *                   date plus k rounds lies between the release of this software and the end of the table, with that count
 *
 * A recording played again tells the count of its own day, and stays refused. Pure. Does not promise that a repaired date is true:
 * a forger can make the evidence too, and so it is told as suspicious (gps-detector.ts).
 */
import { floorDiv, holds, meets, middle, NS_PER_DAY, NS_PER_SEC, width } from '../base/index.ts'
import type { NsInterval, Tai } from '../base/index.ts'
import { taiMinusUtcAtUnixSec } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import { GPS_WEEK_ROLLOVER, NS_PER_WEEK, taiFromUnixNs, unixFromTai } from './time-scales.ts'

const ROUND_NS = GPS_WEEK_ROLLOVER * NS_PER_WEEK
/** How far a repaired fix may be from what the clock knows: a report is late by seconds, and leap seconds may be miscounted. */
const NEAR_NS = 60n * NS_PER_SEC
/** What the clock knows must be narrower than this to name a round. */
const KNOWN_NS_MAX = NS_PER_DAY

export interface GpsWeekEvidence {
  readonly earliestTai: Tai
  readonly leapTable: LeapTable
  /** Where TAI lies now by the clock's knowledge. */
  readonly near: NsInterval | undefined
}

/** `rounds` whole rounds later. A receiver counts in UTC with its own leap seconds, so the rounds are added to UTC. */
const later = (tai: Tai, rounds: bigint, table: LeapTable): Tai =>
  rounds === 0n ? tai : taiFromUnixNs(unixFromTai(tai, table).unixNs + rounds * ROUND_NS, table)

const roundsNear = (tai: Tai, near: NsInterval, table: LeapTable): bigint => {
  if (width(near) > KNOWN_NS_MAX) return 0n
  const rounds = floorDiv(2n * (middle(near) - tai) + ROUND_NS, 2n * ROUND_NS)
  const repaired = later(tai, rounds, table)
  return meets({ lo: repaired - NEAR_NS, hi: repaired + NEAR_NS }, near) ? rounds : 0n
}

const leapAt = (tai: Tai, table: LeapTable): bigint =>
  taiMinusUtcAtUnixSec(floorDiv(unixFromTai(tai, table).unixNs, NS_PER_SEC), table) - 19n

const roundsByTable = (tai: Tai, leapSec: number, evidence: GpsWeekEvidence): bigint => {
  const { earliestTai, leapTable } = evidence
  if (tai >= earliestTai || BigInt(leapSec) <= leapAt(tai, leapTable)) return 0n
  const rounds = floorDiv(earliestTai - tai + ROUND_NS - 1n, ROUND_NS)
  const repaired = later(tai, rounds, leapTable)
  const isKnown = holds({ lo: earliestTai, hi: leapTable.expiresTai - 1n }, repaired)
  return isKnown && BigInt(leapSec) === leapAt(repaired, leapTable) ? rounds : 0n
}

/** The fix's instant with the rounds put back that the evidence asks for, 0 where it asks for none. */
export const gpsWeekRepair = (
  fix: { readonly tai: Tai; readonly leapSec: number | undefined },
  evidence: GpsWeekEvidence,
): { readonly tai: Tai; readonly weekRounds: bigint } => {
  const { near, leapTable } = evidence
  const byClock = near === undefined ? 0n : roundsNear(fix.tai, near, leapTable)
  const byTable = near === undefined && fix.leapSec !== undefined ? roundsByTable(fix.tai, fix.leapSec, evidence) : 0n
  const weekRounds = byClock === 0n ? byTable : byClock
  return { tai: later(fix.tai, weekRounds, leapTable), weekRounds }
}
