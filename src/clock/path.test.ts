/** Paths: floors and scales of known waits, which round trips make a new route, and what is read of a word on each. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_MS, NS_PER_SEC, drawNormal, drawUnit, seededRandom } from '../base/index.ts'
import {
  PATH_DEFAULTS,
  anchored,
  biased,
  edgesOf,
  hasUsualWait,
  isReadyToAnchor,
  newPath,
  readingsOf,
  routeOf,
  travelled,
} from './path.ts'
import type { Path, Word } from './path.ts'
import type { Measurement, SourceKind } from './port.ts'

const measured = (delayMs: number, options: { kind?: SourceKind; halfMs?: number } = {}): Measurement => {
  const { kind = 'ntp', halfMs = delayMs / 2 } = options
  const half = BigInt(Math.round(halfMs * 1e6))
  return {
    sourceId: 's',
    kind,
    localNs: 0n,
    offset: { lo: -half, hi: half },
    estimateNs: 0n,
    delayNs: BigInt(Math.round(delayMs * 1e6)),
    leap: 'none',
  }
}
const pathOver = (roundTripsMs: readonly number[]): Path => {
  const [first = 1, ...rest] = roundTripsMs
  let path = newPath(measured(first), PATH_DEFAULTS)
  for (const ms of rest) path = travelled(path, ms / 1000, PATH_DEFAULTS).path
  return path
}
const here = (path: Path): ReturnType<typeof routeOf> => routeOf(path, path.routeId)
/** Round trips of `floorMs` and two exponential waits of `waitMs`. */
const waiting = (count: number, { floorMs, waitMs }: { floorMs: number; waitMs: number }, seed = 1n): number[] => {
  const random = seededRandom(seed)
  const wait = (): number => -waitMs * Math.log(1 - drawUnit(random))
  return Array.from({ length: count }, () => floorMs + wait() + wait())
}
const wordOf = (lowerMs: number, upperMs: number, routeId = 0): Word => ({
  sourceId: 's',
  routeId,
  atSec: 0,
  lowerSec: lowerMs / 1000,
  upperSec: upperMs / 1000,
})

test('which sources are timed by their round trip', () => {
  const rows: readonly (readonly [string, Measurement, boolean])[] = [
    ['a server near by', measured(2), true],
    ['one that doubts itself by more than its path does', measured(0.4, { halfMs: 20 }), true],
    ['the same over NTS', measured(0.4, { kind: 'nts', halfMs: 20 }), true],
    ['Roughtime of a second', measured(30, { kind: 'roughtime', halfMs: 1000 }), false],
    ['Roughtime of the round trip alone', measured(30, { kind: 'roughtime', halfMs: 20 }), true],
    ['a receiver', measured(0, { kind: 'gps', halfMs: 1 }), false],
    ['the host', measured(0, { kind: 'host', halfMs: 50 }), false],
    ['NTP of no delay at all', measured(0, { halfMs: 0 }), false],
  ]
  for (const [name, measurement, isTimed] of rows) equal(newPath(measurement, PATH_DEFAULTS).isTimed, isTimed, name)
})

test('edges: the one-way readings of a timed path, the interval of another', () => {
  const word = { ...measured(4, { halfMs: 9 }), estimateNs: NS_PER_SEC + NS_PER_MS }
  deepEqual(edgesOf(word, { originNs: NS_PER_SEC, isTimed: true }), { lowerSec: -0.001, upperSec: 0.003 })
  deepEqual(edgesOf(word, { originNs: NS_PER_SEC, isTimed: false }), {
    lowerSec: 0.001 - 0.009,
    upperSec: 0.001 + 0.009,
  })
})

test('floor and scale are those of the waits', () => {
  for (const seed of [1n, 2n, 3n]) {
    const { floorSec, scaleSec, roundTripsSec } = here(pathOver(waiting(400, { floorMs: 20, waitMs: 1 }, seed)))
    equal(roundTripsSec.length, PATH_DEFAULTS.roundTripsMax)
    ok(Math.abs(floorSec - 0.02) < 1.5e-4, String(floorSec))
    ok(scaleSec > 7e-4 && scaleSec < 1.3e-3, String(scaleSec))
  }
})

test('one round trip is doubted by a quarter of itself, but never by nothing', () => {
  const { waiting: far } = readingsOf(pathOver([8]), wordOf(-4, 4), PATH_DEFAULTS)
  deepEqual(far, { offsetSec: 0, varianceSec2: 4e-6 })
  const { waiting: near } = readingsOf(newPath(measured(1e-6), PATH_DEFAULTS), wordOf(0, 0), PATH_DEFAULTS)
  equal(near.varianceSec2, PATH_DEFAULTS.readingSecMin ** 2)
  for (const width of [0, 1e-6]) {
    const path = newPath(measured(0, { kind: 'gps', halfMs: width }), PATH_DEFAULTS)
    ok(readingsOf(path, wordOf(0, 0), PATH_DEFAULTS).scatter.varianceSec2 >= PATH_DEFAULTS.readingSecMin ** 2)
  }
})

test('scatter is half of the round trip’s spread, whatever the waits', () => {
  const random = seededRandom(4n)
  const roundTrips = Array.from({ length: 200 }, () => 20 + 0.5 * drawNormal(random))
  const { scatter } = readingsOf(pathOver(roundTrips), wordOf(-10, 10), PATH_DEFAULTS)
  ok(Math.abs(Math.sqrt(scatter.varianceSec2) - 2.5e-4) < 6e-5, String(Math.sqrt(scatter.varianceSec2)))
})

test('the nearer to the floor the surer; a tilt moves slow words, and those far beyond the scale by half their excess', () => {
  const even = pathOver(waiting(200, { floorMs: 20, waitMs: 1 }))
  const tilted = { ...even, tilt: 1e5 }
  const floorMs = here(even).floorSec * 1000
  const read = (path: Path, excessMs: number): { offsetSec: number; varianceSec2: number } =>
    readingsOf(path, wordOf(-floorMs / 2, floorMs / 2 + excessMs), PATH_DEFAULTS).waiting
  ok(Math.abs(read(even, 0).offsetSec) < 1e-9)
  ok(Math.abs(read(even, 2).offsetSec - 1e-3) < 1e-9)
  ok(read(even, 0).varianceSec2 < read(even, 1).varianceSec2 && read(even, 1).varianceSec2 < read(even, 3).varianceSec2)
  ok(Math.abs(read(tilted, 2).offsetSec - 2e-3) < 2e-5)
  ok(hasUsualWait(even, 2e-3, PATH_DEFAULTS) && !hasUsualWait(even, 0.1, PATH_DEFAULTS))
  ok(Math.abs(read(tilted, 100).offsetSec - 50e-3) < 1e-9)
})

test('six slow ones are a route; five are not, nor are six of which each waited its own time', () => {
  const before = waiting(40, { floorMs: 20, waitMs: 0.1 })
  const rows: readonly (readonly [string, readonly number[], number])[] = [
    ['five', [30, 30.1, 30, 30.2, 30.1], 0],
    ['six', [30, 30.1, 30, 30.2, 30.1, 30], 1],
    ['a quick one between', [30, 30.1, 30, 20.1, 30.2, 30.1, 30], 0],
    ['a burst of waiting', [21, 30, 45, 38, 60, 52], 0],
  ]
  for (const [name, roundTrips, routeId] of rows) {
    let path = pathOver(before)
    const moves: number[] = []
    for (const ms of roundTrips) {
      const { path: next, moved } = travelled(path, ms / 1000, PATH_DEFAULTS)
      path = next
      moves.push(moved)
    }
    equal(path.routeId, routeId, name)
    equal(moves.at(-1), routeId === 0 ? 1 : 6, name)
    equal(here(path).isAnchored, routeId === 0, name)
    ok(routeId === 0 || (here(path).floorSec > 0.0295 && isReadyToAnchor(path, PATH_DEFAULTS)), name)
  }
})

test('slow from the start is no route: nothing faster was ever seen for long', () => {
  equal(pathOver([...waiting(10, { floorMs: 20, waitMs: 0.1 }), 30, 30, 30, 30, 30, 30, 30]).routeId, 0)
})

test('a shorter one is a new route at once, and an earlier one is known again', () => {
  const shorter = pathOver([...waiting(40, { floorMs: 20, waitMs: 0.1 }), 10])
  deepEqual([shorter.routeId, here(shorter).roundTripsSec.length, here(shorter).cameFromSec > 0.019], [1, 1, true])
  ok(!isReadyToAnchor(shorter, PATH_DEFAULTS))
  const away = pathOver([
    ...waiting(40, { floorMs: 20, waitMs: 0.1 }),
    ...waiting(40, { floorMs: 30, waitMs: 0.1 }, 2n),
  ])
  equal(away.routeId, 1)
  const back = travelled(away, 0.0202, PATH_DEFAULTS).path
  deepEqual([back.routeId, here(back).isAnchored, back.routes.length], [0, true, 2])
})

test('the routes that were left longest ago are forgotten', () => {
  const stay = (floorMs: number): number[] => waiting(40, { floorMs, waitMs: 0.1 }, BigInt(floorMs))
  const path = pathOver([20, 30, 40, 50].flatMap(stay))
  deepEqual(
    path.routes.map(({ id }) => id),
    [0, 1, 2, 3],
  )
  let again = path
  for (const ms of [...stay(20), ...stay(60)]) again = travelled(again, ms / 1000, PATH_DEFAULTS).path
  // The first was in use again until the last began.
  deepEqual(new Set(again.routes.map(({ id }) => id)), new Set([0, 2, 3, 4]))
  equal(again.routeId, 4)
})

test('a longer route believes the coasting clock; a shorter one shares the step as the squares of the floors', () => {
  const seen = { biasSec: 1e-3, varianceSec2: 1e-10 }
  const longer = pathOver([...waiting(40, { floorMs: 20, waitMs: 0.1 }), 30, 30, 30, 30, 30, 30])
  const route = here(anchored(longer, seen))
  deepEqual([route.isAnchored, route.biasSec, route.givenBiasSec, route.givenVarianceSec2], [true, 1e-3, 1e-3, 1e-10])
  const shorter = pathOver([...waiting(40, { floorMs: 20, waitMs: 0.001 }), 10])
  const share = here(anchored(shorter, seen)).biasSec / 1e-3
  ok(Math.abs(share - 0.2) < 0.02, String(share))
  // What the clock did not know at one route is still not known at the next.
  const bent = anchored(shorter, seen)
  equal(here(anchored(bent, seen)).givenVarianceSec2, 2e-10)
})

test('a bias goes off the reading and its doubt on top', () => {
  const path = pathOver(waiting(40, { floorMs: 20, waitMs: 0.1 }))
  const plain = readingsOf(path, wordOf(-10, 10.1), PATH_DEFAULTS)
  const moved = readingsOf(biased(path, { biasSec: 2e-3, biasVarianceSec2: 1e-6 }), wordOf(-10, 10.1), PATH_DEFAULTS)
  for (const kind of ['waiting', 'scatter'] as const) {
    ok(Math.abs(plain[kind].offsetSec - moved[kind].offsetSec - 2e-3) < 1e-12)
    ok(Math.abs(moved[kind].varianceSec2 - plain[kind].varianceSec2 - 1e-6) < 1e-15)
  }
})

test('whatever round trips come: numbers, doubt above 0, and no more kept than allowed', () => {
  const anyRoundTrips = fc.array(fc.constantFrom(0, 1e-9, 1e-3, 1e-2, 1.01e-2, 2e-2, 5, 3e9), { maxLength: 120 })
  fc.assert(
    fc.property(anyRoundTrips, fc.constantFrom(-1e6, 0, 1e4), (roundTrips, tilt) => {
      let path: Path = { ...newPath(measured(10), PATH_DEFAULTS), tilt }
      for (const sec of roundTrips) path = travelled(path, sec, PATH_DEFAULTS).path
      ok(path.routes.length <= PATH_DEFAULTS.routesMax)
      ok(path.routes.some(({ id }) => id === path.routeId))
      for (const { roundTripsSec } of path.routes) ok(roundTripsSec.length <= PATH_DEFAULTS.roundTripsMax)
      for (const { offsetSec, varianceSec2 } of Object.values(
        readingsOf(path, wordOf(-3, 9, path.routeId), PATH_DEFAULTS),
      ))
        ok(Number.isFinite(offsetSec) && varianceSec2 > 0 && Number.isFinite(varianceSec2))
    }),
    { numRuns: 100 },
  )
})
