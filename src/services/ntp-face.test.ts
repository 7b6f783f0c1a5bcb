import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { decodeNtpHeader, LEAP_TABLE, taiFromUtc, unixFromTai } from '../clock/index.ts'
import type { LeapTable } from '../clock/index.ts'
import { DISPERSION_NS_UNKNOWN, faceOf, measurePrecision } from './ntp-face.ts'
import type { NtpClock } from './ntp-face.ts'
import { NO_STANDING } from './ntp-standing.ts'
import type { NtpStanding } from './ntp-standing.ts'
import { BASIS_AGE_NS_MAX } from './time-basis.ts'
import type { TimeBasis } from './time-basis.ts'

const at = (utc: string): bigint => taiFromUtc(utc) ?? 0n
const NOW = at('2026-11-21T12:00:00Z')

const BASIS: TimeBasis = {
  localNs: 5000n,
  tai: NOW,
  halfWidthNs: 3n * NS_PER_MS,
  slopePpb: 20_000,
  growthPpb: 1000,
  status: 'synchronised',
}
const STANDING: NtpStanding = {
  stratum: 3,
  referenceId: 0xc0_00_02_01,
  rootDelayNs: 2n * NS_PER_MS,
  referenceTai: NOW - 16n * NS_PER_SEC,
  announced: 'none',
}
const CLOCK: NtpClock = { basis: BASIS, standing: STANDING }
const OPTIONS = { precision: -20 }

const shown = (clock: NtpClock, localNs = 5000n, leapTable: LeapTable = LEAP_TABLE) => {
  const face = faceOf(clock, localNs, { ...OPTIONS, leapTable })
  const header = decodeNtpHeader(face.header)
  ok(header !== undefined)
  return { ...face, said: header }
}

test('a synchronised clock: what it says of itself', () => {
  const { said, hasTime, dispersionNs } = shown(CLOCK)
  deepEqual(
    [said.leap, said.stratum, said.mode, said.precision, said.referenceId, hasTime],
    [0, 3, 4, -20, 0xc0_00_02_01, true],
  )
  ok(said.rootDelayNs >= 2n * NS_PER_MS && said.rootDelayNs < 3n * NS_PER_MS)
  ok(dispersionNs + Number(said.rootDelayNs) / 2 >= 3e6, 'root delay/2 + dispersion cover the half width')
  ok(dispersionNs < 2.1e6, 'and not much more')
})

test('a path longer than the bound is shown as long as the bound allows', () => {
  const { said, dispersionNs } = shown({ ...CLOCK, standing: { ...STANDING, rootDelayNs: NS_PER_SEC } })
  ok(said.rootDelayNs >= 6n * NS_PER_MS && said.rootDelayNs < 7n * NS_PER_MS && dispersionNs >= 0)
})

const UNUSABLE: readonly (readonly [string, NtpClock, bigint])[] = [
  ['an unsynchronised clock', { ...CLOCK, basis: { ...BASIS, status: 'unsynchronised' } }, 5000n],
  ['a clock that nobody refreshed', CLOCK, 5001n + BASIS_AGE_NS_MAX],
  ['a clock without standing', { ...CLOCK, standing: NO_STANDING }, 5000n],
  ['a bound over a second', { ...CLOCK, basis: { ...BASIS, halfWidthNs: NS_PER_SEC + 1n } }, 5000n],
]
for (const [name, clock, localNs] of UNUSABLE)
  test(`${name} says leap 3, stratum 0 and no kiss, and shows its time with its bound`, () => {
    const { said, hasTime, dispersionNs } = shown(clock, localNs)
    deepEqual([said.leap, said.stratum, said.referenceId, hasTime], [3, 0, 0, true])
    ok(dispersionNs + Number(said.rootDelayNs) / 2 >= 3e6)
  })

test('a clock that never had the time shows none, and the widest bound there is', () => {
  const { said, hasTime, dispersionNs } = shown({ basis: undefined, standing: NO_STANDING })
  deepEqual([said.leap, said.stratum, said.referenceId, said.reference, hasTime], [3, 0, 0, 0n, false])
  equal(dispersionNs, Number(DISPERSION_NS_UNKNOWN))
})

test('holdover and disruption are served with their own bound', () => {
  for (const status of ['holdover', 'disrupted'] as const)
    equal(shown({ ...CLOCK, basis: { ...BASIS, status, halfWidthNs: 200n * NS_PER_MS } }).said.leap, 0)
})

/** Tables of a leap second at the end of 2026, and of one taken away. */
const tableWith = (change: 1n | -1n): LeapTable => {
  const midnight = unixFromTai(at('2027-01-01T00:00:00Z')).unixNs / NS_PER_SEC
  const steps = [...LEAP_TABLE.steps, { unixSec: midnight, taiMinusUtcSec: 37n + change }]
  return { ...LEAP_TABLE, steps }
}

const LEAPS: readonly (readonly [string, bigint, 1n | -1n, number, number])[] = [
  ['a day of the month before', at('2026-11-30T23:59:59Z'), 1n, 0, 8e9],
  ['the month of an inserted second', at('2026-12-01T00:00:00Z'), 1n, 1, 8e9],
  ['two seconds before it', at('2026-12-31T23:59:58Z'), 1n, 1, 3e9],
  ['half of it', at('2026-12-31T23:59:59Z') + (3n * NS_PER_SEC) / 2n, 1n, 1, 0.5e9],
  ['right after it', at('2026-12-31T23:59:59Z') + 2n * NS_PER_SEC, 1n, 0, 8e9],
  ['two seconds before a deleted one', at('2026-12-31T23:59:57Z'), -1n, 2, 2e9],
  ['right after a deleted one', at('2026-12-31T23:59:59Z'), -1n, 0, 8e9],
]
for (const [name, tai, change, leap, validNs] of LEAPS)
  test(`leap bits and the count of UTC: ${name}`, () => {
    const table = tableWith(change)
    const face = shown({ ...CLOCK, basis: { ...BASIS, tai } }, 5000n, table)
    deepEqual([face.said.leap, face.validNs], [leap, validNs])
    const { unixNs } = unixFromTai(tai, table)
    equal(BigInt(face.ntpSec) * NS_PER_SEC + BigInt(face.ns), unixNs + 2_208_988_800n * NS_PER_SEC)
  })

test('the end of era 0: the seconds begin anew', () => {
  const tai = at('2036-02-07T06:28:16Z')
  equal(shown({ ...CLOCK, basis: { ...BASIS, tai } }).ntpSec, 0)
  equal(shown({ ...CLOCK, basis: { ...BASIS, tai: tai - 1n } }).ntpSec, 2 ** 32 - 1)
})

test('precision is measured', () => {
  let ns = 0n
  equal(
    measurePrecision(() => (ns += 1000n)),
    -19,
  )
  equal(
    measurePrecision(() => 7n),
    -8,
  )
  equal(
    measurePrecision(() => (ns += 1n)),
    -24,
    'finer than reading it takes is not claimed',
  )
})
