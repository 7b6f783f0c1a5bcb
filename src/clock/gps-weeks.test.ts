/** Rounds of 1,024 weeks: put back where something says which, and never otherwise. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_DAY, NS_PER_SEC } from '../base/index.ts'
import { gpsWeekRepair } from './gps-weeks.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import { RELEASE_TAI, taiFromUtc } from './time-scales.ts'

const tai = (text: string): bigint => taiFromUtc(text) ?? 0n
const EVIDENCE = { earliestTai: RELEASE_TAI, leapTable: LEAP_TABLE, near: undefined }
const NOW = tai('2026-11-21T00:00:00Z')
const near = (around: bigint, byNs: bigint) => ({ ...EVIDENCE, near: { lo: around - byNs, hi: around + byNs } })

const TABLE: readonly (readonly [
  name: string,
  told: string,
  leapSec: number | undefined,
  evidence: Parameters<typeof gpsWeekRepair>[1],
  repaired: string,
  rounds: bigint,
])[] = [
  ['nothing to repair', '2026-11-21T00:00:00Z', 18, EVIDENCE, '2026-11-21T00:00:00Z', 0n],
  ['one round, by the clock', '2007-04-07T00:00:00Z', undefined, near(NOW, NS_PER_SEC), '2026-11-21T00:00:00Z', 1n],
  ['two rounds', '1987-08-22T00:00:00Z', undefined, near(NOW, NS_PER_SEC), '2026-11-21T00:00:00Z', 2n],
  ['a round ahead', '2046-07-07T00:00:00Z', undefined, near(NOW, NS_PER_SEC), '2026-11-21T00:00:00Z', -1n],
  [
    'a round and an hour: not that',
    '2007-04-07T01:00:00Z',
    undefined,
    near(NOW, NS_PER_SEC),
    '2007-04-07T01:00:00Z',
    0n,
  ],
  [
    'a clock that knows a week only',
    '2007-04-07T00:00:00Z',
    undefined,
    near(NOW, 7n * NS_PER_DAY),
    '2007-04-07T00:00:00Z',
    0n,
  ],
  ['one round, by leap seconds of later', '2007-04-07T00:00:00Z', 18, EVIDENCE, '2026-11-21T00:00:00Z', 1n],
  ['leap seconds of its own day', '2007-04-07T00:00:00Z', 14, EVIDENCE, '2007-04-07T00:00:00Z', 0n],
  ['a count that the table does not have', '2007-04-07T00:00:00Z', 17, EVIDENCE, '2007-04-07T00:00:00Z', 0n],
  ['a recording of 2019', '2019-03-28T00:00:00Z', 18, EVIDENCE, '2019-03-28T00:00:00Z', 0n],
  ['a rollover recorded in 2022 would be 2041', '2002-08-17T00:00:00Z', 18, EVIDENCE, '2002-08-17T00:00:00Z', 0n],
  [
    'the clock speaks against the table',
    '2007-04-07T00:00:00Z',
    18,
    near(NOW + NS_PER_DAY, NS_PER_SEC),
    '2007-04-07T00:00:00Z',
    0n,
  ],
]
for (const [name, told, leapSec, evidence, repaired, rounds] of TABLE)
  test(name, () =>
    deepEqual(gpsWeekRepair({ tai: tai(told), leapSec }, evidence), { tai: tai(repaired), weekRounds: rounds }),
  )

test('any instant of the next years, told whole rounds away, comes back', () =>
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 5000n * NS_PER_DAY }),
      fc.bigInt({ min: -2n, max: 2n }),
      (afterNs, rounds) => {
        const truth = RELEASE_TAI + afterNs
        const told = gpsWeekRepair(
          { tai: truth, leapSec: undefined },
          near(truth + rounds * 1024n * 7n * NS_PER_DAY, 30n * NS_PER_SEC),
        )
        equal(told.weekRounds, rounds)
      },
    ),
    { numRuns: 100 },
  ))
