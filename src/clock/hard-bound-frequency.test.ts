/** What one source shows of the frequency: formulas by hand, an oracle for few words, and truth under the assumptions. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import { FrequencyMemory } from './hard-bound-frequency.ts'
import type { FrequencyOptions } from './hard-bound-frequency.ts'
import { changeBefore, slopeBetween, wanderOver, wanderSince } from './hard-bound-slope.ts'
import type { SlopeWord } from './hard-bound-slope.ts'

const SEC = NS_PER_SEC
const MS = SEC / 1000n
const BASELINE = 4096n * SEC
const options: FrequencyOptions = {
  frequencyBoundPpb: 500_000,
  wanderPpb: 1500,
  wanderPpbMin: 300,
  baselineNsMax: BASELINE,
  memoryNsMax: 4n * BASELINE,
  anchorsMax: 32,
}

/** A word at `sec` when TAI − local is `truthNs`, over a path with these delays each way, ns. */
const word = (sec: bigint, truthNs: bigint, outNs: bigint, backNs: bigint): SlopeWord => ({
  localNs: sec * SEC,
  offset: { lo: truthNs - backNs, hi: truthNs + outNs },
  delayNs: outNs + backNs,
})

test('two words: by their widths apart, and by what the round trip never fell below less', () => {
  const [from, to] = [word(0n, 0n, 3n * MS, MS), word(1000n, 10n * MS, 3n * MS, MS)]
  // 10 ppm; 4 ms in 1,000 s are 4 ppm.
  deepEqual(slopeBetween(from, to, 0n), { loPpb: 6000n, hiPpb: 14_000n })
  deepEqual(slopeBetween(from, to, 3n * MS), { loPpb: 9000n, hiPpb: 11_000n })
  deepEqual(slopeBetween(from, to, 4n * MS), { loPpb: 10_000n, hiPpb: 10_000n })
  // Parts of a ppb go outwards.
  deepEqual(slopeBetween(word(0n, 0n, 0n, 0n), word(3n, 1n, 0n, 0n), 0n), { loPpb: 0n, hiPpb: 1n })
})

test('wander: flat over the baseline, then with the root of the span, rounded up', () => {
  const rows: readonly (readonly [bigint, bigint])[] = [
    [0n, 300n],
    [BASELINE, 300n],
    [BASELINE + 1n, 301n],
    [2n * BASELINE, 425n],
    [4n * BASELINE, 601n],
    [100n * BASELINE, 3001n],
  ]
  for (const [span, ppb] of rows) equal(wanderOver(span, 300n, BASELINE), ppb, String(span))
})

test('what is added with age covers the growth of any span', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 16n }),
      fc.bigInt({ min: 0n, max: 10n ** 16n }),
      fc.bigInt({ min: 1n, max: 10n ** 6n }),
      (span, age, ppb) => {
        ok(wanderOver(span + age, ppb, BASELINE) <= wanderOver(span, ppb, BASELINE) + wanderSince(age, ppb, BASELINE))
      },
    ),
    { numRuns: 500 },
  )
})

test('a change of frequency: as it looks where delays are usual, and what is certain where one is not', () => {
  const truth = (sec: bigint): bigint => (sec <= 1000n ? sec * 1000n : 1_000_000n + (sec - 1000n) * 3000n)
  const words = [0n, 500n, 1000n, 1500n].map((sec) => word(sec, truth(sec), 9n * MS, 0n))
  const asked = { stretchNs: 1000n * SEC, allowanceNs: 100_000n }
  deepEqual(changeBefore(word(2000n, truth(2000n), 9n * MS, 0n), words, asked), {
    likelyPpb: 2000n,
    leastPpb: 2000n,
    noisePpb: 0n,
  })
  // 1 ms more on the way out in 1,000 s: 1 ppm of it may be that.
  deepEqual(changeBefore(word(2000n, truth(2000n), 10n * MS, 0n), words, asked), {
    likelyPpb: 2000n,
    leastPpb: 2000n,
    noisePpb: 500n,
  })
  deepEqual(changeBefore(word(2000n, truth(2000n), 9n * MS, MS), words, asked)?.leastPpb, 1000n)
  equal(changeBefore(word(1900n, truth(1900n), 9n * MS, 0n), words, asked), undefined)
})

/** Feeds words every 64 s from 0 while `sec` < `untilSec`; the truth starts at 0 and runs at `slopePpb(sec)`. */
const fed = (parts: {
  readonly untilSec: bigint
  readonly slopePpb: (sec: bigint) => bigint
  readonly path: (sec: bigint, index: number) => readonly [bigint, bigint]
}): FrequencyMemory => {
  const memory = new FrequencyMemory(options)
  let truth = 0n
  let index = 0
  for (let sec = 0n; sec < parts.untilSec; sec += 64n) {
    memory.add(word(sec, truth, ...parts.path(sec, index)))
    truth += 64n * parts.slopePpb(sec)
    index += 1
  }
  return memory
}

test('a steady counter: its wander is believed down to the least, and the share of the ways does not matter', () => {
  const parts = { untilSec: 13_000n, slopePpb: () => -10_000n }
  const paths = [[0n, 40n * MS] as const, [20n * MS, 20n * MS] as const, [40n * MS, 0n] as const]
  for (const path of paths) {
    deepEqual(fed({ ...parts, path: () => path }).at(12_992n * SEC), {
      loPpb: -10_300n,
      hiPpb: -9700n,
      wanderPpb: 300n,
    })
  }
  // Not watched for long enough.
  equal(fed({ ...parts, untilSec: 4000n, path: () => [MS, MS] }).at(4000n * SEC).wanderPpb, 1500n)
  // The same without a round trip to know: the whole widths count.
  const memory = new FrequencyMemory(options)
  for (let sec = 0n; sec < 13_000n; sec += 64n) memory.add({ ...word(sec, 0n, MS, MS), delayNs: 0n })
  const { loPpb, hiPpb } = memory.at(12_992n * SEC)
  ok(hiPpb - loPpb > 600n + 2n * 300n, `${loPpb} to ${hiPpb}`)
})

test('a counter seen to change is believed to wander three times as much, and not to be steady', () => {
  const changed = (byPpb: bigint): bigint =>
    fed({ untilSec: 20_000n, slopePpb: (sec) => (sec < 12_800n ? 0n : byPpb), path: () => [MS, 0n] }).at(20_000n * SEC)
      .wanderPpb
  equal(changed(50n), 300n)
  equal(changed(190n), 570n)
  equal(changed(300n), 1500n)
  equal(changed(-2000n), 6000n)
})

test('a longer route is delay and no wander, and what was known of the slope before it stays known', () => {
  const moved = (backNs: bigint, outNs: bigint): FrequencyMemory =>
    fed({
      untilSec: 14_000n,
      slopePpb: () => 5000n,
      path: (sec) => (sec < 13_000n ? [MS, MS] : [MS + outNs, MS + backNs]),
    })
  for (const memory of [moved(0n, 5n * MS), moved(5n * MS, 0n)]) {
    const { loPpb, hiPpb, wanderPpb } = memory.at(13_952n * SEC)
    equal(wanderPpb, 300n)
    ok(loPpb <= 5000n && hiPpb >= 5000n && hiPpb - loPpb < 1000n, `${loPpb} to ${hiPpb}`)
  }
})

test('age widens, and forgetting leaves what is true of any counter', () => {
  const memory = fed({ untilSec: 13_000n, slopePpb: () => 0n, path: () => [MS, MS] })
  deepEqual(memory.at((12_992n + 3n * 4096n) * SEC), { loPpb: -601n, hiPpb: 601n, wanderPpb: 300n })
  memory.forget()
  deepEqual(memory.at(0n), { loPpb: -500_000n, hiPpb: 500_000n, wanderPpb: 1500n })
})

test('few words of a counter that does not wander: exactly the slopes of the lines through all intervals', () => {
  // Every word is remembered, and none has a round trip.
  const exact: FrequencyOptions = {
    ...options,
    wanderPpb: 0,
    wanderPpbMin: 0,
    memoryNsMax: 1000n * SEC,
    anchorsMax: 1000,
  }
  const anyWord = fc.record({
    gapSec: fc.bigInt({ min: 2n, max: 6n }),
    below: fc.bigInt({ min: 0n, max: 60n }),
    above: fc.bigInt({ min: 0n, max: 60n }),
  })
  fc.assert(
    fc.property(
      fc.bigInt({ min: -20n, max: 20n }),
      fc.array(anyWord, { minLength: 2, maxLength: 8 }),
      (slope, rows) => {
        const memory = new FrequencyMemory(exact)
        const words: SlopeWord[] = []
        let sec = 0n
        for (const { gapSec, below, above } of rows) {
          sec += gapSec
          words.push({ ...word(sec, slope * sec, above, below), delayNs: 0n })
        }
        for (const said of words) memory.add(said)
        // A line of slope s runs through all of them if the intervals, each taken back along it to 0, share a point.
        const isFeasible = (s: bigint): boolean => {
          const back = words.map(({ localNs, offset }) => ({
            lo: offset.lo - (s * localNs) / SEC,
            hi: offset.hi - (s * localNs) / SEC,
          }))
          return back.every((a) => back.every((b) => a.lo <= b.hi))
        }
        const { loPpb, hiPpb } = memory.at(sec * SEC)
        for (let s = -100n; s <= 100n; s += 1n) {
          if (s > loPpb && s < hiPpb) ok(isFeasible(s), `${s} in ${loPpb} to ${hiPpb}`)
          if (s < loPpb || s > hiPpb) ok(!isFeasible(s), `${s} outside ${loPpb} to ${hiPpb}`)
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('while the counter keeps to its wander, the slope to every later word lies within the bounds, whatever the ways', () => {
  const anyWord = fc.record({
    gapSec: fc.bigInt({ min: 16n, max: 900n }),
    wobblePpb: fc.bigInt({ min: -150n, max: 150n }),
    outNs: fc.bigInt({ min: 0n, max: MS }),
    backNs: fc.bigInt({ min: 0n, max: MS }),
  })
  let narrow = 0
  fc.assert(
    fc.property(
      fc.bigInt({ min: -400_000n, max: 400_000n }),
      fc.tuple(fc.bigInt({ min: 0n, max: 40n * MS }), fc.bigInt({ min: 0n, max: 40n * MS })),
      fc.array(anyWord, { minLength: 60, maxLength: 100 }),
      (slopePpb, [out, back], rows) => {
        const memory = new FrequencyMemory(options)
        let [sec, truth] = [0n, 0n]
        rows.forEach(({ gapSec, wobblePpb, outNs, backNs }, index) => {
          const bounds = memory.at(sec * SEC)
          const mean = slopePpb + wobblePpb
          ok(bounds.loPpb <= mean && mean <= bounds.hiPpb, `${mean} at ${sec} s`)
          if (bounds.hiPpb - bounds.loPpb < 3000n) narrow += 1
          sec += gapSec
          truth += gapSec * mean
          // Now and then both ways are at their least at once: nothing is traded between them unseen.
          const queue: readonly [bigint, bigint] = index % 4 === 0 ? [0n, 0n] : [outNs, backNs]
          memory.add(word(sec, truth, out + queue[0], back + queue[1]))
        })
      },
    ),
    { numRuns: 20 },
  )
  ok(narrow > 150, 'the bounds were hardly ever narrow: the property says nothing')
})
