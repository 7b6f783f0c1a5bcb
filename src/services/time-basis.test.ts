import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { Discipline, RELEASE_TAI, createAdaptiveFilter } from '../clock/index.ts'
import { handTime } from '../../test/real/hand-time.ts'
import { BASIS_AGE_NS_MAX, basisOf, isFresh, openBasis, spanAt } from './time-basis.ts'
import type { BasisReading } from './time-basis.ts'

const START = RELEASE_TAI + 1000n * NS_PER_SEC

const reading = (localNs: bigint, changes: Partial<BasisReading> = {}): BasisReading => ({
  localNs,
  earliest: START + localNs - 10n * NS_PER_MS,
  latest: START + localNs + 10n * NS_PER_MS,
  estimate: START + localNs,
  status: 'synchronised',
  frequencyPpb: 0,
  ...changes,
})

/** A clock with one source that measured it every 16 s, ± `boundNs`, on a counter that is `driftPpb` fast. */
const disciplined = (driftPpb: bigint, boundNs: bigint): Discipline<never>['read'] => {
  const discipline = new Discipline({}, createAdaptiveFilter())
  discipline.register('one', 'ntp')
  for (let second = 0n; second <= 160n; second += 16n) {
    const localNs = second * NS_PER_SEC + second * driftPpb
    const estimateNs = START + second * NS_PER_SEC - localNs
    const offset = { lo: estimateNs - boundNs, hi: estimateNs + boundNs }
    const said = { localNs, offset, estimateNs, delayNs: boundNs }
    const measurement = { sourceId: 'one', kind: 'ntp' as const, leap: 'none' as const, ...said }
    discipline.onSourceEvent({ type: 'measurement', measurement }, localNs)
  }
  return (localNs) => discipline.read(localNs)
}

test('the span at the basis holds the reading, also where the estimate is not its middle', () => {
  const here = reading(7n, { latest: START + 7n + 25n * NS_PER_MS })
  const basis = basisOf(here, here)
  deepEqual([basis.tai, basis.halfWidthNs, basis.status], [here.estimate, 25n * NS_PER_MS, 'synchronised'])
  const span = spanAt(basis, 7n)
  ok(span.earliest <= here.earliest && span.latest >= here.latest)
})

test('a clock that cannot look ahead: its frequency is kept and its bound grows by a thousandth', () => {
  const here = reading(0n, { frequencyPpb: 12_000 })
  const basis = basisOf(here, here)
  deepEqual([basis.slopePpb, basis.growthPpb], [-12_000, 1_000_000])
  equal(spanAt(basis, NS_PER_SEC).tai - START, NS_PER_SEC - 12_000n)
})

test('between two refreshes the span covers what the real clock would have said', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -200_000n, max: 200_000n }),
      fc.bigInt({ min: 1000n, max: 20n * NS_PER_MS }),
      fc.bigInt({ min: 0n, max: BASIS_AGE_NS_MAX }),
      (driftPpb, boundNs, ageNs) => {
        const read = disciplined(driftPpb, boundNs)
        const localNs = 161n * NS_PER_SEC
        const [here, ahead] = [read(localNs), read(localNs + BASIS_AGE_NS_MAX)]
        const then = read(localNs + ageNs)
        ok(here !== undefined && ahead !== undefined && then !== undefined)
        const span = spanAt(basisOf(here, ahead), localNs + ageNs)
        ok(span.earliest <= then.earliest && span.latest >= then.latest)
        const needed = then.latest - then.earliest
        ok(span.latest - span.earliest <= needed * 2n + 100n, 'and is no wider than an off-centre estimate needs')
      },
    ),
    { numRuns: 60 },
  )
})

test('a basis is refreshed by its timer and on request, and not after its end', () => {
  const hand = handTime()
  let reads = 0
  const told: boolean[] = []
  const basis = openBasis({
    time: hand.time,
    refreshNs: 5n,
    onRefresh: (now) => told.push(now !== undefined),
    read: (localNs) => {
      reads += 1
      return reads < 3 ? undefined : reading(localNs)
    },
  })
  equal(basis.basis(), undefined, 'a clock that never had the time has no basis')
  equal(
    hand.fire((delayNs) => delayNs === 5n),
    1,
  )
  basis.refresh()
  ok(basis.basis() !== undefined)
  deepEqual(told, [false, false, true])
  basis[Symbol.dispose]()
  basis.refresh()
  deepEqual([told.length, hand.pending()], [3, []])
})

test('an old basis is not fresh; one made a moment after the question is', () => {
  const basis = basisOf(reading(100n), reading(100n))
  deepEqual(
    [100n + BASIS_AGE_NS_MAX, 101n + BASIS_AGE_NS_MAX, 50n].map((localNs) => isFresh(basis, localNs)),
    [true, false, true],
  )
})
