/** Replays: causal, lazy, on whatever scale the servers' time is, and silent before the first majority. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC, drawBelow, seededRandom } from '../base/index.ts'
import type { RecordedExchange } from './exchange-lines.ts'
import { openReplay, replayed } from './replay.ts'
import type { ReplayRow } from './replay.ts'

const SEC = NS_PER_SEC

/** Two servers at 2 and 20 ms, asked each 16 s, whose time is the counter's and `aheadNs`; in order of t4. */
const recording = (count: number, { aheadNs = 0n, seed = 1n } = {}): RecordedExchange[] => {
  const random = seededRandom(seed)
  const exchanges = Array.from({ length: count }, (_, i) => {
    const t1 = BigInt(i) * 8n * SEC
    const wayNs = (): bigint => (i % 2 === 0 ? 1_000_000n : 10_000_000n) + BigInt(drawBelow(random, 200_000))
    const out = wayNs()
    const t2 = t1 + out + aheadNs
    return { sourceId: `s${i % 2}`, t1, t2, t3: t2, t4: t1 + out + wayNs() }
  })
  return exchanges.toSorted((a, b) => (a.t4 < b.t4 ? -1 : 1))
}
const answers = (exchanges: Iterable<RecordedExchange>, localTimes: Iterable<bigint>): ReplayRow[] => [
  ...replayed(openReplay(), exchanges, localTimes),
]

test('nothing before the first answer, then the time, whatever its scale', () => {
  for (const aheadNs of [0n, 1_800_000_000n * SEC, -3600n * SEC, 10_000_000_000n * SEC, -10_000_000_000n * SEC]) {
    const exchanges = recording(20, { aheadNs })
    const [before, ...after] = answers(exchanges, [0n, 100n * SEC, 160n * SEC])
    equal(before?.reading, undefined)
    for (const { localNs, reading } of after) {
      ok(reading !== undefined, `ahead by ${aheadNs}`)
      const error = reading.estimate - localNs - aheadNs
      ok(error < 300_000n && error > -300_000n, String(error))
      ok(reading.earliest <= localNs + aheadNs && localNs + aheadNs <= reading.latest)
      // No leap second is put on top: two hops of 2 ms are all that is not known.
      ok(reading.latest - reading.earliest < 5_000_000n, String(reading.latest - reading.earliest))
    }
  }
})

test('what comes later changes no answer', () => {
  const scene = fc.record({
    seed: fc.bigInt({ min: 0n, max: 1000n }),
    cut: fc.integer({ min: 0, max: 24 }),
    other: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
  })
  fc.assert(
    fc.property(scene, ({ seed, cut, other }) => {
      const exchanges = recording(24, { seed })
      const cutNs = exchanges[cut]?.t4 ?? 200n * SEC
      const localTimes = Array.from({ length: 20 }, (_, i) => BigInt(i) * 10n * SEC).filter(
        (localNs) => localNs < cutNs,
      )
      const bent = exchanges.map((one) => (one.t4 < cutNs ? one : { ...one, t2: one.t2 + other, t3: one.t3 + other }))
      const expected = answers(exchanges, localTimes)
      deepEqual(answers(bent, localTimes), expected)
      deepEqual(answers(exchanges.slice(0, cut), localTimes), expected)
    }),
    { numRuns: 20 },
  )
})

test('an exchange counts from its t4 on, that instant included', () => {
  const [first] = recording(1)
  ok(first !== undefined)
  const said = answers([first], [first.t4 - 1n, first.t4]).map(({ reading }) => reading?.status)
  deepEqual(said, [undefined, 'synchronised'])
})

test('no more is read than the answers need', () => {
  let read = 0
  const counted = function* (): Generator<RecordedExchange> {
    for (const exchange of recording(20)) {
      read += 1
      yield exchange
    }
  }
  const rows = replayed(openReplay(), counted(), [9n * SEC, 1000n * SEC])
  equal(rows.next().value?.localNs, 9n * SEC)
  // Those before 9 s, and the one by which it knows that they are all.
  equal(read, 3)
})

test('two servers that contradict each other: no answer', () => {
  const torn = recording(10).map((one) =>
    one.sourceId === 's1' ? { ...one, t2: one.t2 + SEC, t3: one.t3 + SEC } : one,
  )
  equal(answers(torn, [100n * SEC])[0]?.reading, undefined)
})
