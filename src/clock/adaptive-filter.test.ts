/** The clock's own filter: what it makes of several sources, of steps, routes, joiners and silence, and that nothing breaks it. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, drawNormal, secToNs } from '../base/index.ts'
import { createAdaptiveFilter } from './adaptive-filter.ts'
import type { AdaptiveState } from './adaptive-filter.ts'
import { Listener, NOISE_B, TRIAL_ORIGIN, Trial, rootMeanSquare } from './filter-trial.test-kit.ts'
import type { TrialPath } from './filter-trial.test-kit.ts'
import type { Measurement, SourceKind } from './port.ts'

const LAN: TrialPath = { outSec: 5e-4, backSec: 5e-4, jitterSec: 5e-5 }
/** Its midpoint is off by 1.5 ms. */
const WAN: TrialPath = { outSec: 0.0215, backSec: 0.0185, jitterSec: 1e-3 }
const filter = createAdaptiveFilter()

const begin = (seed: bigint, slope = 2e-5): { trial: Trial; clock: Listener<AdaptiveState> } => ({
  trial: new Trial({ seed, wander: 1e-9, slope }),
  clock: new Listener(filter),
})
const microseconds = (errorsNs: readonly number[]): number => rootMeanSquare(errorsNs) / 1000
const doubtedOf = ({ state }: Listener<AdaptiveState>): string =>
  (state?.paths ?? []).flatMap(({ sourceId, isDoubted }) => (isDoubted ? [sourceId] : [])).join()
/** `rounds` of one exchange with each, evenly spaced; the errors after each round, ns. */
const run = (
  { trial, clock }: { trial: Trial; clock: Listener<AdaptiveState> },
  rounds: number,
  sources: Readonly<Record<string, TrialPath | ((round: number) => TrialPath)>>,
  pollSec = 64,
): number[] => {
  const all = Object.entries(sources)
  return Array.from({ length: rounds }, (_, round) => {
    for (const [id, path] of all) {
      clock.hear(trial.exchange(id, typeof path === 'function' ? path(round) : path))
      trial.pass(pollSec / all.length)
    }
    return trial.errorNs(clock.at(trial.localNs))
  })
}

test('a lopsided far server does not pull the clock from a near one', () => {
  for (const seed of [1n, 2n]) {
    const errors = run(begin(seed), 80, { wan: WAN, lan: LAN })
    ok(microseconds(errors.slice(20)) < 30, String(microseconds(errors.slice(20))))
  }
})

test('a near server that joins late corrects what a far one had said; a far one that joins late changes nothing', () => {
  const near = begin(5n)
  ok(microseconds(run(near, 40, { wan: WAN }).slice(20)) > 1000)
  ok(microseconds(run(near, 60, { wan: WAN, lan: LAN }).slice(20)) < 30)
  const far = begin(5n)
  run(far, 40, { lan: LAN })
  ok(microseconds(run(far, 60, { lan: LAN, wan: WAN })) < 30)
})

test('one of four that wanders away is doubted, and followed again when it has stepped and stays', () => {
  const world = begin(5n)
  const honest = { a: NOISE_B, b: NOISE_B, c: NOISE_B }
  run(world, 30, { ...honest, d: NOISE_B })
  equal(doubtedOf(world.clock), '')
  const away = run(world, 40, { ...honest, d: (round) => ({ ...NOISE_B, lieSec: round * 1e-5 }) })
  equal(doubtedOf(world.clock), 'd')
  const stays = run(world, 60, { ...honest, d: { ...NOISE_B, lieSec: 2e-4 } })
  equal(doubtedOf(world.clock), '')
  for (const errors of [away, stays]) ok(microseconds(errors) < 25, String(microseconds(errors)))
})

const witnessed = (): ReturnType<typeof begin> => {
  const world = begin(5n)
  const honest = { a: NOISE_B, b: NOISE_B }
  run(world, 12, { ...honest, d: NOISE_B }, 192)
  run(world, 25, { ...honest, d: (round) => ({ ...NOISE_B, lieSec: 1e-4 + round * 2e-5 }) }, 192)
  equal(doubtedOf(world.clock), 'd')
  return world
}

test('a doubted source is followed again when those who spoke against it are gone', () => {
  const silent = witnessed()
  const before = silent.clock.state?.bank.atSec ?? 0
  run(silent, 129, { d: { ...NOISE_B, lieSec: 6e-4 } }, 16)
  equal(doubtedOf(silent.clock), '')
  ok((silent.clock.state?.bank.atSec ?? 0) > before + 2000)

  const { clock } = witnessed()
  ok(clock.state !== undefined)
  let left: AdaptiveState | undefined = clock.state
  for (const id of ['a', 'b']) left = left === undefined ? undefined : filter.forget?.(left, id)
  deepEqual(
    left?.paths.map(({ sourceId, isDoubted }) => [sourceId, isDoubted]),
    [['d', false]],
  )
})

test('a doubted source does not hide from the others that the counter has stepped', () => {
  const { trial, clock } = witnessed()
  trial.jump(3e-3)
  const away = { ...NOISE_B, lieSec: 6e-4 }
  run({ trial, clock }, 3, { a: NOISE_B, d: away, b: NOISE_B }, 192)
  ok(Math.abs(trial.errorNs(clock.at(trial.localNs))) < 2e5, String(trial.errorNs(clock.at(trial.localNs))))
})

test('forgotten: its words and its path are gone, the others’ stay; alone it leaves nothing', () => {
  const world = begin(2n)
  run(world, 20, { a: LAN, liar: { ...LAN, lieSec: 3e-4 } })
  const { state } = world.clock
  ok(state !== undefined && filter.forget !== undefined)
  const rest = filter.forget(state, 'liar')
  deepEqual(
    rest?.paths.map(({ sourceId }) => sourceId),
    ['a'],
  )
  ok(rest?.words.every(({ sourceId }) => sourceId === 'a'))
  const error = world.trial.errorNs(filter.predict(rest ?? state, world.trial.localNs))
  ok(Math.abs(error) < 5e4, String(error))
  equal(filter.forget(state, 'nobody'), state)
  equal(rest === undefined ? rest : filter.forget(rest, 'a'), undefined)
})

test('a counter that steps is refused thrice and then believed, with its frequency kept', () => {
  const { trial, clock } = begin(8n)
  run({ trial, clock }, 60, { a: NOISE_B })
  trial.jump(-3e-3)
  const taken: boolean[] = []
  for (let i = 0; i < 4; i += 1) {
    clock.hear(trial.exchange('a', NOISE_B))
    taken.push(clock.taken)
    trial.pass(64)
  }
  deepEqual(taken, [false, false, false, true])
  const after = clock.at(trial.localNs)
  ok(Math.abs(trial.errorNs(after)) < 2e5 && Math.abs(after.slopePpb + 20_000) < 1000, String(after.slopePpb))
})

test('one word far off is refused and hardly moves the clock', () => {
  const { trial, clock } = begin(8n)
  run({ trial, clock }, 40, { a: NOISE_B })
  clock.hear(trial.exchange('a', { ...NOISE_B, lieSec: 0.2 }))
  equal(clock.taken, false)
  ok(Math.abs(trial.errorNs(clock.at(trial.localNs))) < 1.5e5)
})

test('a way that grows longer on one side does not move the clock', () => {
  const world = begin(3n)
  const longer = { ...NOISE_B, outSec: 6e-3 }
  run(world, 60, { a: NOISE_B })
  const [during, after] = [run(world, 60, { a: longer }), run(world, 40, { a: NOISE_B })]
  for (const errors of [during, after]) ok(microseconds(errors) < 150, String(microseconds(errors)))
})

test('words over a route that is forgotten are not read by another’s floor', () => {
  const world = begin(3n)
  // Five routes within the words that are kept: each longer by 4 ms, on the way back alone.
  for (let route = 0; route < 6; route += 1) {
    const path = { ...NOISE_B, jitterSec: 1e-5, backSec: 1e-3 + 4e-3 * route }
    const errors = run(world, 24, { a: path }, 16)
    ok(microseconds(errors) < 200, `route ${route}: ${microseconds(errors)}`)
  }
  equal(world.clock.state?.paths[0]?.routes.length, 4)
})

/** A source that says the truth give or take `sigmaSec`, in an interval of `halfSec` each way. */
const coarse = (
  trial: Trial,
  { kind, sigmaSec, halfSec, delaySec }: { kind: SourceKind; sigmaSec: number; halfSec: number; delaySec: number },
): Measurement => {
  const one = trial.exchange('coarse', { outSec: delaySec / 2, backSec: delaySec / 2, jitterSec: 0 })
  const estimateNs = one.estimateNs + secToNs(sigmaSec * drawNormal(trial.random))
  const half = secToNs(halfSec)
  const offset = { lo: estimateNs - half, hi: estimateNs + half }
  return { ...one, kind, estimateNs, offset, delayNs: secToNs(delaySec) }
}

test('sources without a path are read by how far they scatter, whatever they claim', () => {
  const rows: readonly (readonly [SourceKind, number, number, number, number])[] = [
    ['gps', 1e-3, 0.05, 0, 500],
    ['gps', 1e-8, 1e-6, 0, 1],
    ['host', 1e-4, 1, 0, 60],
    ['roughtime', 0.2, 1, 0.03, 80_000],
  ]
  for (const [kind, sigmaSec, halfSec, delaySec, errorUsMax] of rows) {
    const { trial, clock } = begin(1n, 1e-5)
    const errors: number[] = []
    for (let i = 0; i < 100; i += 1) {
      clock.hear(coarse(trial, { kind, sigmaSec, halfSec, delaySec }))
      trial.pass(16)
      if (i >= 50) errors.push(trial.errorNs(clock.at(trial.localNs)))
    }
    ok(microseconds(errors) < errorUsMax, `${kind} ± ${sigmaSec}: ${microseconds(errors)} us`)
  }
})

test('what a server doubts of itself does not change how its round trips are read', () => {
  const estimates = [0n, 20_000_000n].map((rootNs) => {
    const { trial, clock } = begin(9n)
    for (let i = 0; i < 30; i += 1) {
      const { offset, ...rest } = trial.exchange('a', LAN)
      clock.hear({ ...rest, offset: { lo: offset.lo - rootNs, hi: offset.hi + rootNs } })
      trial.pass(64)
    }
    return clock.at(trial.localNs)
  })
  deepEqual(estimates[0], estimates[1])
})

test('five servers asked twice a second by a counter 47 ppm fast and seconds off', () => {
  const world = begin(7n, 47e-6)
  world.trial.jump(-3.2)
  const near = { outSec: 5e-5, backSec: 5e-5, jitterSec: 5e-5 }
  const errors = run(world, 40, { a: near, b: near, c: near, d: near, e: near }, 0.5)
  ok(microseconds(errors.slice(5)) < 20, String(microseconds(errors.slice(5))))
  equal(doubtedOf(world.clock), '')
})

test('64 sources: each has a path, the words and routes stay within their limits', () => {
  const world = begin(4n)
  const sources = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`s${i}`, i % 2 === 0 ? LAN : WAN]))
  const errors = run(world, 4, sources)
  const { state } = world.clock
  equal(state?.paths.length, 64)
  equal(state?.words.length, 128)
  ok(state.paths.every(({ routes }) => routes.length === 1))
  ok(Math.abs(errors.at(-1) ?? Number.NaN) < 1e5, String(errors.at(-1)))
})

const anyWord = fc.record({
  sourceId: fc.constantFrom('a', 'b', 'c', 'd'),
  kind: fc.constantFrom<SourceKind>('ntp', 'ntp', 'gps', 'roughtime'),
  gapNs: fc.constantFrom(0n, 1n, -5n, NS_PER_SEC / 2n, 64n * NS_PER_SEC, 1000n * NS_PER_SEC, 31_557_600n * NS_PER_SEC),
  aheadNs: fc.oneof(
    fc.constantFrom(0n, 1n, 1000n, -3_000_000n, 3_155_760_000n * NS_PER_SEC, -3_155_760_000n * NS_PER_SEC),
    fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }),
  ),
  delayNs: fc.constantFrom(0n, 0n, 1n, 2n, 100_000n, 30_000_000n, 10n * NS_PER_SEC),
  moreNs: fc.constantFrom(0n, 1n, 1_000_000n, NS_PER_SEC),
})

/** Words that differ in kind, width and place by source, and in a share of them from word to word. */
const anyHistory = fc.record({
  usual: fc.array(anyWord, { minLength: 1, maxLength: 4 }),
  words: fc.array(fc.oneof({ weight: 1, arbitrary: anyWord }, { weight: 6, arbitrary: fc.nat() }), {
    minLength: 1,
    maxLength: 70,
  }),
})

const measurementsOf = ({
  usual,
  words,
}: typeof anyHistory extends fc.Arbitrary<infer T> ? T : never): Measurement[] => {
  let localNs = 0n
  return words.flatMap((one) => {
    const word = typeof one === 'number' ? usual[one % usual.length] : one
    if (word === undefined) return []
    const { sourceId, kind, gapNs, aheadNs, delayNs, moreNs } = word
    localNs += gapNs
    const half = delayNs / 2n + moreNs
    const estimateNs = TRIAL_ORIGIN + aheadNs
    const offset = { lo: estimateNs - half, hi: estimateNs + half }
    return [{ sourceId, kind, localNs, offset, estimateNs, delayNs, leap: 'none' } as const]
  })
}

test('whatever finite words come: numbers, a doubt above 0, plain data, and nothing that was given is changed', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      let state: AdaptiveState | undefined
      for (const [index, measurement] of measurementsOf(history).entries()) {
        const before: AdaptiveState | undefined = state
        const copy: AdaptiveState | undefined = index % 16 === 5 ? structuredClone(before) : undefined
        state = before === undefined ? filter.start(measurement) : filter.update(before, measurement).state
        if (copy !== undefined) {
          deepEqual(before, copy)
          deepEqual(filter.update(copy, measurement).state, state)
        }
        for (const laterNs of [0n, NS_PER_SEC, 31_557_600n * NS_PER_SEC, -NS_PER_SEC]) {
          const said = filter.predict(state, measurement.localNs + laterNs)
          const { offsetSigmaNs, slopePpb, slopeSigmaPpb } = said
          ok(Number.isFinite(offsetSigmaNs) && offsetSigmaNs > 0, `sigma ${offsetSigmaNs} at word ${index}`)
          ok(Math.abs(slopePpb) <= 500_000 && Number.isFinite(slopeSigmaPpb) && slopeSigmaPpb > 0)
        }
        ok(state.words.length <= 128 && state.paths.length <= 4 && state.outliers.length < 4)
      }
      for (const id of ['a', 'b', 'c', 'd']) {
        state = state === undefined ? undefined : filter.forget?.(state, id)
        if (state !== undefined) ok(filter.predict(state, 0n).offsetSigmaNs > 0)
      }
    }),
    { numRuns: 40 },
  )
})
