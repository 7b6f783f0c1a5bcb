/** What a source and its upstream look like from outside. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { assert, integer, property } from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import { LEAP_TABLE, taiFromUtc } from '../clock/index.ts'
import type { SourceReport } from '../clock/index.ts'
import { referenceText, sourceView, timeView } from './clock-views.ts'
import { sourceSchema, timeSchema } from './schema.ts'

const references: readonly (readonly [stratum: number, id: number, text: string])[] = [
  [1, 0x47_50_53_00, 'GPS'],
  [1, 0x50_50_53_31, 'PPS1'],
  [1, 0, ''],
  [1, 0x41_1b_5b_42, 'A.[B'],
  [2, 0xc0_00_02_01, '192.0.2.1'],
  [3, 0xff_ff_ff_ff, '255.255.255.255'],
]
for (const [stratum, referenceId, text] of references)
  test(`reference ${referenceId.toString(16)} at stratum ${stratum} is “${text}”`, () =>
    equal(referenceText({ stratum, referenceId }), text))

test('no reference has anything in it but printable ASCII', () => {
  assert(
    property(integer({ min: 0, max: 2 ** 32 - 1 }), (referenceId) => {
      equal(/^[\x20-\x7e]{0,4}$/.test(referenceText({ stratum: 1, referenceId })), true)
    }),
    { numRuns: 200 },
  )
})

const LEAPS: readonly (readonly [name: string, change: bigint, utc: readonly string[]])[] = [
  ['inserted', 1n, ['2026-12-31T23:59:59.5', '2026-12-31T23:59:60.5', '2027-01-01T00:00:00.5']],
  ['deleted', -1n, ['2026-12-31T23:59:57.5', '2026-12-31T23:59:58.5', '2027-01-01T00:00:00.5']],
  ['none', 0n, ['2026-12-31T23:59:58.5', '2026-12-31T23:59:59.5', '2027-01-01T00:00:00.5']],
]
for (const [name, change, utc] of LEAPS)
  test(`a leap second ${name}: the API shows each second of UTC by its own name, evenly`, () => {
    const step = { unixSec: BigInt(Date.UTC(2027, 0, 1) / 1000), taiMinusUtcSec: 37n + change }
    const table = change === 0n ? LEAP_TABLE : { ...LEAP_TABLE, steps: [...LEAP_TABLE.steps, step] }
    const first = taiFromUtc(`${utc[0] ?? ''}Z`, table)
    ok(first !== undefined)
    const shown = [0n, 1n, 2n].map((later) => {
      const estimate = first + later * NS_PER_SEC
      const span = { earliest: estimate - 10n, latest: estimate + 10n }
      const reading = { ...span, estimate, likely: span, status: 'synchronised', localNs: 0n, frequencyPpb: 0 } as const
      return timeSchema.parse(JSON.parse(JSON.stringify(timeView(reading, 0, table)))).utc.estimate
    })
    deepEqual(
      shown,
      utc.map((text) => `${text}00000000Z`),
    )
  })

const report = (over: Partial<SourceReport>): SourceReport => ({
  sourceId: 'gpsd:localhost:2947',
  kind: 'gps',
  reach: 0,
  state: 'waiting',
  reason: '',
  measurement: undefined,
  ...over,
})

test('a refused receiver says why, and how far it is distrusted', () => {
  const suspicion = { score: 700, reasons: ['gps-slow-ramp', 'gps-signal-uniform'] }
  const polls = [{ sourceId: 'gpsd:localhost:2947', intervalNs: 64n, dueLocalNs: 90n }]
  const refused = report({ state: 'refused', reason: 'gps-slow-ramp', suspicion })
  const view = sourceSchema.parse(sourceView(refused, { reading: undefined, polls, localNs: 100n }))
  deepEqual([view.reason, view.explanation], ['gps-slow-ramp', 'Its time drifts away from the counter.'])
  deepEqual(view.suspicion, {
    score: 700,
    reasons: [
      { reason: 'gps-slow-ramp', explanation: 'Its time drifts away from the counter.' },
      { reason: 'gps-signal-uniform', explanation: 'All satellites are heard alike, as from one antenna.' },
    ],
  })
  deepEqual([view.pollNs, view.dueNs], [64, 0], 'overdue is due now')
})

test('a source that is asked no more has no next time', () => {
  const polls = [{ sourceId: 'gpsd:localhost:2947', intervalNs: 64n, dueLocalNs: undefined }]
  equal(sourceView(report({}), { reading: undefined, polls, localNs: 0n }).dueNs, null)
  equal(sourceView(report({}), { reading: undefined, polls: [], localNs: 0n }).pollNs, null)
})

test('whom it asks, and whom that follows', () => {
  const measurement = {
    sourceId: 'ntp:a',
    kind: 'ntp',
    localNs: 0n,
    offset: { lo: -5n, hi: 5n },
    estimateNs: 0n,
    delayNs: 8n,
    leap: 'none',
    upstream: { stratum: 2, address: '192.0.2.7', referenceId: 0xc0_00_02_01, rootDelayNs: 1n },
  } as const
  const view = sourceView(report({ measurement }), { reading: undefined, polls: [], localNs: 3n })
  deepEqual(view.upstream, { stratum: 2, address: '192.0.2.7', reference: '192.0.2.1' })
  deepEqual([view.offsetNs, view.boundNs, view.delayNs, view.ageNs], [null, 5, 8, 3])
})
