/**
 * The whole clock against known truth: simulated oscillator, random paths, liars, faults. The central promise is checked at
 * every tick: true time lies in the interval while a majority is true and the oscillator keeps its assumptions.
 */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_DAY, NS_PER_MS, NS_PER_SEC, abs, drawBelow, drawUnit, seededRandom } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { DISCIPLINE_DEFAULTS } from './discipline-options.ts'
import type { DisciplineOptions } from './discipline-options.ts'
import { Discipline } from './discipline.ts'
import type { AdaptiveState } from './adaptive-filter.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import { createOscillator } from './oscillator.ts'
import type { OscillatorFault, OscillatorParameters } from './oscillator.ts'
import { SimulatedWorld } from './simulated-world.ts'
import type { Observation, SimulatedSource } from './simulated-world.ts'
import { RELEASE_TAI } from './time-scales.ts'

const SEC = NS_PER_SEC
const MS = NS_PER_MS
const ORIGIN = RELEASE_TAI + 20n * NS_PER_DAY
/** From the first moment of a lie until `untilNs`, ns. */
interface Lie {
  readonly fromNs: bigint
  readonly untilNs: bigint
  readonly byNs: bigint
}

/** Losses in a row after which a server answers: one that is silent for longer no longer counts, and K-1 speaks of those that do. */
const LOST_MAX = 2

/** A server behind queues: each way `baseNs` and an exponential wait of mean `jitterNs`, one packet in `lossOneIn` lost. */
const server = (
  id: string,
  random: Random,
  path: { readonly outNs: number; readonly backNs: number; readonly jitterNs: number; readonly lossOneIn?: number },
  lies: readonly Lie[] = [],
): SimulatedSource => {
  const way = (baseNs: number): bigint => BigInt(Math.round(baseNs - path.jitterNs * Math.log(1 - drawUnit(random))))
  let lost = 0
  return {
    id,
    answer: (trueNs) => {
      const answer = { outNs: way(path.outNs), backNs: way(path.backNs) }
      const isLost = path.lossOneIn !== undefined && drawBelow(random, path.lossOneIn) === 0 && lost < LOST_MAX
      lost = isLost ? lost + 1 : 0
      if (isLost) return undefined
      const lie = lies.find(({ fromNs, untilNs }) => trueNs >= fromNs && trueNs < untilNs)
      return { ...answer, lieNs: lie?.byNs ?? 0n }
    },
  }
}

const world = (parts: {
  readonly seed: bigint
  readonly oscillator: Partial<OscillatorParameters>
  readonly faults?: readonly OscillatorFault[]
  readonly sources: (random: Random) => readonly SimulatedSource[]
  readonly options?: Partial<DisciplineOptions>
  readonly tickNs?: bigint
}): { readonly world: SimulatedWorld<AdaptiveState>; readonly discipline: Discipline<AdaptiveState> } => {
  const discipline = new Discipline(parts.options ?? {}, createAdaptiveFilter())
  const oscillator = createOscillator(parts.oscillator, seededRandom(parts.seed))
  for (const fault of parts.faults ?? []) oscillator.fault(fault)
  const sources = parts.sources(seededRandom(parts.seed + 1n))
  const tickNs = parts.tickNs ?? SEC / 4n
  return { discipline, world: new SimulatedWorld({ discipline, oscillator, sources, originTai: ORIGIN, tickNs }) }
}
const holdsTruth = ({ reading, trueTai }: Observation): boolean =>
  reading === undefined || (reading.earliest <= trueTai && trueTai <= reading.latest)
const errorNs = ({ reading, trueTai }: Observation): bigint => abs((reading?.estimate ?? 0n) - trueTai)

test('offset and drift of a simulated oscillator are recovered', () => {
  for (const driftPpb of [-80_000, 10_000]) {
    const sim = world({
      seed: 7n,
      oscillator: { offsetNs: 123n * SEC, driftPpb, randomWalkPpb: 1 },
      sources: (random) => [server('a', random, { outNs: 1e6, backNs: 1e6, jitterNs: 1e5 })],
      tickNs: SEC,
    })
    let worst = 0n
    sim.world.runUntil(4000n * SEC, (seen) => {
      ok(holdsTruth(seen), `at ${seen.trueNs}`)
      if (seen.trueNs > 1000n * SEC && errorNs(seen) > worst) worst = errorNs(seen)
      if (seen.trueNs < 4000n * SEC) return
      ok(Math.abs((seen.reading?.frequencyPpb ?? 0) - driftPpb) < 500, String(seen.reading?.frequencyPpb))
      equal(seen.reading?.status, 'synchronised')
    })
    ok(worst < 300_000n, String(worst))
    ok(sim.world.polls < DISCIPLINE_DEFAULTS.burstPolls + 4000 / 64 + 2, String(sim.world.polls))
  }
})

test('one falseticker among three and five is outvoted', () => {
  for (const honest of [2, 4]) {
    const lies = [{ fromNs: 60n * SEC, untilNs: 300n * SEC, byNs: 250n * MS }]
    const sim = world({
      seed: 3n,
      oscillator: { driftPpb: 20_000 },
      sources: (random) => [
        server('liar', random, { outNs: 1e6, backNs: 2e6, jitterNs: 2e5 }, lies),
        ...Array.from({ length: honest }, (_, i) =>
          server(`s${i}`, random, { outNs: 2e6, backNs: 1e6, jitterNs: 2e5 }),
        ),
      ],
      options: { pollIntervalNs: 4n * SEC },
    })
    const states = new Set<string>()
    sim.world.runUntil(420n * SEC, (seen) => {
      ok(holdsTruth(seen) && (seen.reading === undefined || errorNs(seen) < 4n * MS), `at ${seen.trueNs}`)
      const [liar] = sim.discipline.report(seen.localNs)
      if (seen.trueNs > 65n * SEC && seen.trueNs < 300n * SEC) states.add(`${liar?.state}:${liar?.reason}`)
    })
    equal([...states].join(), 'falseticker:outvoted')
    const after = sim.discipline.report(420n * SEC).map(({ state }) => state)
    ok(
      after.every((state) => state === 'selected' || state === 'truechimer'),
      after.join(),
    )
  }
})

test('the lie of the only source moves the clock within four seconds, and its end moves it back', () => {
  const sim = world({
    seed: 11n,
    oscillator: { driftPpb: -30_000 },
    sources: (random) => [
      server('a', random, { outNs: 1e5, backNs: 1e5, jitterNs: 5e4 }, [
        { fromNs: 15n * SEC, untilNs: 35n * SEC, byNs: 250n * MS },
      ]),
    ],
    options: { pollIntervalNs: SEC / 2n },
    tickNs: SEC / 10n,
  })
  const aheadMs = new Map<bigint, bigint>()
  sim.world.runUntil(45n * SEC, (seen) => {
    if (seen.reading !== undefined) aheadMs.set(seen.trueNs, (seen.reading.estimate - seen.trueTai) / MS)
    if (seen.trueNs < 15n * SEC || seen.trueNs > 39n * SEC) ok(holdsTruth(seen))
  })
  const at = (sec: bigint): bigint | undefined => aheadMs.get(sec * SEC)
  ok(abs(at(14n)!) <= 1n && abs(at(19n)! - 250n) <= 1n && abs(at(34n)! - 250n) <= 1n && abs(at(39n)!) <= 1n)
})

test('step, freeze and ramp of the counter: noticed at the next word, and the interval holds again from then on', () => {
  const faults: OscillatorFault[] = [
    { type: 'step', atNs: 100n * SEC, stepNs: 80n * MS },
    { type: 'freeze', atNs: 100n * SEC, forNs: 3n * SEC },
    { type: 'ramp', atNs: 100n * SEC, forNs: 30n * SEC, ratePpb: 200_000 },
  ]
  for (const fault of faults) {
    const sim = world({
      seed: 5n,
      oscillator: { driftPpb: 5000 },
      faults: [fault],
      sources: (random) => [0, 1, 2].map((i) => server(`s${i}`, random, { outNs: 1e6, backNs: 1e6, jitterNs: 1e5 })),
      options: { pollIntervalNs: 2n * SEC },
      tickNs: SEC / 10n,
    })
    const statuses: string[] = []
    let outsideAfter = 0
    sim.world.runUntil(200n * SEC, (seen) => {
      const status = seen.reading?.status ?? 'none'
      if (statuses.at(-1) !== status) statuses.push(status)
      // The counter may be wrong until the sources have been asked again and a majority of them has answered.
      const blind = seen.trueNs >= fault.atNs && seen.trueNs <= fault.atNs + 6n * SEC
      if (!blind && !holdsTruth(seen)) outsideAfter += 1
    })
    ok(statuses.includes('disrupted'), `${fault.type}: ${statuses.join()}`)
    equal(statuses.at(-1), 'synchronised')
    equal(outsideAfter, 0, fault.type)
  }
})

test('the hard interval holds true time at every tick, whatever paths, drift and minority of liars', () => {
  const anySource = fc.record({
    outNs: fc.double({ min: 0, max: 5e7, noNaN: true }),
    backNs: fc.double({ min: 0, max: 5e7, noNaN: true }),
    jitterNs: fc.constantFrom(0, 1e4, 1e6, 2e7),
    lossOneIn: fc.integer({ min: 2, max: 20 }),
  })
  const anyLie = fc.record({
    fromNs: fc.bigInt({ min: 0n, max: 400n * SEC }),
    untilNs: fc.bigInt({ min: 0n, max: 800n * SEC }),
    byNs: fc.oneof(fc.bigInt({ min: -50n * MS, max: 50n * MS }), fc.bigInt({ min: -3600n * SEC, max: 3600n * SEC })),
  })
  const scenario = fc.record({
    seed: fc.bigInt({ min: 0n, max: 2n ** 32n }),
    oscillator: fc.record({
      driftPpb: fc.double({ min: -400_000, max: 400_000, noNaN: true }),
      randomWalkPpb: fc.constantFrom(0, 1, 5),
      phaseNoiseNs: fc.constantFrom(0, 50),
    }),
    honest: fc.array(anySource, { minLength: 1, maxLength: 4 }),
    liars: fc.array(fc.record({ path: anySource, lies: fc.array(anyLie, { maxLength: 2 }) }), { maxLength: 3 }),
    pollIntervalNs: fc.constantFrom(4n * SEC, 16n * SEC, 64n * SEC),
  })
  let readings = 0
  fc.assert(
    fc.property(scenario, ({ seed, oscillator, honest, liars, pollIntervalNs }) => {
      fc.pre(liars.length < honest.length)
      const sim = world({
        seed,
        oscillator,
        sources: (random) => [
          ...liars.map(({ path, lies }, i) => server(`liar${i}`, random, path, lies)),
          ...honest.map((path, i) => server(`true${i}`, random, path)),
        ],
        options: { pollIntervalNs },
        tickNs: SEC / 2n,
      })
      sim.world.runUntil(500n * SEC, (seen) => {
        if (seen.reading !== undefined && seen.reading.status !== 'unsynchronised') readings += 1
        ok(holdsTruth(seen), `at ${seen.trueNs}: ${seen.reading?.status}`)
      })
    }),
    { numRuns: 15 },
  )
  ok(readings > 1000, 'the clock was hardly ever synchronised: the property says nothing')
})
