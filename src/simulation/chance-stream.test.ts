import { deepEqual, equal, notDeepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { ChanceStream } from './chance-stream.ts'

const words = (seed: number, name: string): number[] => {
  const stream = new ChanceStream(seed, name)
  return Array.from({ length: 8 }, () => stream.word())
}

test('Z-2: a seed and a name say all', () => deepEqual(words(7, 'links'), words(7, 'links')))
test('another name, and another seed, are other streams', () => {
  notDeepEqual(words(7, 'links'), words(7, 'clock 0'))
  notDeepEqual(words(7, 'links'), words(8, 'links'))
})
test('the numbers are those of an independent reckoning (xoshiro128++ in Python)', () =>
  deepEqual(words(1, 'links').slice(0, 4), [1_749_998_220, 3_397_440_017, 1_875_765_293, 1_895_112_122]))

test('numbers below a limit are about even', () => {
  const stream = new ChanceStream(1, 'even')
  const counts = Array.from({ length: 6 }, () => 0)
  for (let i = 0; i < 6000; i += 1) {
    const drawn = stream.below(6)
    counts[drawn] = (counts[drawn] ?? 0) + 1
  }
  ok(
    counts.every((count) => count > 850 && count < 1150),
    counts.join(' '),
  )
})

test('what happens so many times in a million does', () => {
  const stream = new ChanceStream(1, 'often')
  const count = Array.from({ length: 20_000 }, () => stream.happens(100_000)).filter(Boolean).length
  ok(count > 1800 && count < 2200, String(count))
  equal(stream.happens(0), false)
})

test('a shuffle keeps everything', () => {
  const items = Array.from({ length: 20 }, (_, i) => i)
  const shuffled = new ChanceStream(3, 'shuffle').shuffled(items)
  notDeepEqual(shuffled, items)
  deepEqual(
    shuffled.toSorted((a, b) => a - b),
    items,
  )
})
