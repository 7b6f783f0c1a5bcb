import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../base/index.ts'
import { LEAP_TABLE, taiFromUtc } from '../clock/index.ts'
import type { Measurement, SourceReport } from '../clock/index.ts'
import { GPS_REFERENCE_ID, leapAt, NO_STANDING, referenceIdOf, standingOf, STRATUM_UNKNOWN } from './ntp-standing.ts'

const NOW = taiFromUtc('2026-11-21T12:00:00Z') ?? 0n

const upstream = (stratum: number, address = '192.0.2.1', referenceId = 7): NonNullable<Measurement['upstream']> => ({
  stratum,
  address,
  referenceId,
  rootDelayNs: 500n,
})

const report = (
  sourceId: string,
  state: SourceReport['state'],
  changes: Partial<Measurement> = {},
): SourceReport & { readonly measurement: Measurement } => {
  const said = { sourceId, kind: 'ntp' as const, localNs: 90n, offset: { lo: 0n, hi: 0n }, estimateNs: 0n }
  const measurement = { ...said, delayNs: 1000n, leap: 'none' as const, ...changes }
  return { sourceId, kind: measurement.kind, reach: 255, state, reason: '', measurement } as const
}

const standing = (reports: readonly SourceReport[], ownIds: readonly number[] = []) =>
  standingOf({ reports, reading: { estimate: NOW, localNs: 100n }, ownIds, before: NO_STANDING })

test('stratum: GPS makes a primary server, an upstream one below, an unknown one is said to be far down', () => {
  const table: readonly (readonly [Partial<Measurement>, number])[] = [
    [{ kind: 'gps' }, 1],
    [{ upstream: upstream(1) }, 2],
    [{ upstream: upstream(14) }, 15],
    [{ upstream: upstream(15) }, 16],
    [{ kind: 'roughtime' }, STRATUM_UNKNOWN],
    [{ kind: 'host' }, STRATUM_UNKNOWN],
  ]
  for (const [changes, stratum] of table) equal(standing([report('one', 'selected', changes)]).stratum, stratum)
})

test('of several the selected counts first, then the nearest to a reference, then the nearest to us', () => {
  const far = report('far', 'selected', { upstream: upstream(3, '192.0.2.3') })
  const near = report('near', 'selected', { upstream: upstream(2, '192.0.2.2'), delayNs: 9000n })
  const nearer = report('nearer', 'selected', { upstream: upstream(2, '192.0.2.9'), delayNs: 10n })
  const only = report('only', 'truechimer', { kind: 'gps' })
  const first = standing([far, near, only, nearer])
  deepEqual([first.stratum, first.referenceId, first.rootDelayNs], [3, 0xc0_00_02_09, 510n])
  equal(first.referenceTai, NOW - 10n)
  equal(standing([only, report('liar', 'falseticker', { upstream: upstream(1) })]).referenceId, GPS_REFERENCE_ID)
})

test('without a word that counts the standing stays as it was', () => {
  const before = standing([report('one', 'selected', { upstream: upstream(1) })])
  const silent = [report('one', 'unreachable', { upstream: upstream(1) })]
  deepEqual(standingOf({ reports: silent, reading: { estimate: NOW, localNs: 9n }, ownIds: [], before }), before)
  deepEqual(standing([]), NO_STANDING)
})

test('an upstream that follows us gives no standing; a primary server’s id is no address', () => {
  const loop = report('loop', 'selected', { upstream: upstream(3, '192.0.2.1', 77) })
  equal(standing([loop], [77]).stratum, 16)
  equal(standing([loop, report('other', 'truechimer', { upstream: upstream(4) })], [77]).stratum, 5)
  equal(standing([report('one', 'selected', { upstream: upstream(1, '192.0.2.1', 77) })], [77]).stratum, 2)
})

test('reference ids: an IPv4 address is its own, others are hashed, and loopback names nobody', () => {
  equal(referenceIdOf('ntp:a', '192.0.2.1'), 0xc0_00_02_01)
  equal(referenceIdOf('ntp:a', '2001:db8::1'), 0x39_ab_9b_37)
  equal(referenceIdOf('ntp:a', '::ffff:192.0.2.1'), 0xc0_00_02_01)
  notEqual(referenceIdOf('ntp:127.0.0.1:1', '127.0.0.1'), 0x7f_00_00_01)
  notEqual(referenceIdOf('ntp:127.0.0.1:1', '127.0.0.1'), referenceIdOf('ntp:127.0.0.1:2', '127.0.0.1'))
})

test('announced leap seconds: the table is believed first, then most of the sources', () => {
  const insert = (id: string): SourceReport => report(id, 'selected', { upstream: upstream(1), leap: 'insert' })
  equal(standing([insert('a'), insert('b'), report('c', 'selected')]).announced, 'insert')
  equal(standing([insert('a'), report('c', 'selected')]).announced, 'none')
  equal(leapAt(NOW, 'insert'), 0, 'the table knows that there is none')
  const expired = { ...LEAP_TABLE, expiresTai: NOW - 30n * 86_400n * NS_PER_SEC }
  deepEqual(
    (['none', 'insert', 'delete'] as const).map((said) => leapAt(NOW, said, expired)),
    [0, 1, 2],
  )
})
