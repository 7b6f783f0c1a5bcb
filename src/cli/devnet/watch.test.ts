/** What a devnet keeps of what it sees: who agrees on whom, and how large the errors of clocks are. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { lastWords } from './children.ts'
import { summaryLines } from './summary.ts'
import { Errors, Opinions } from './watch.ts'

test('agreement needs every node but the subject', () => {
  const opinions = new Opinions(['a', 'b', 'c'])
  opinions.note('a', 'c', 'falseticker')
  equal(opinions.agree('c', 'falseticker'), false)
  opinions.note('b', 'c', 'falseticker')
  equal(opinions.agree('c', 'falseticker'), true)
  opinions.note('c', 'c', 'truechimer')
  equal(opinions.agree('c', 'falseticker'), true)
  opinions.note('a', 'c', 'truechimer')
  equal(opinions.agree('c', 'falseticker'), false)
})

test('peace is every node a truechimer in the eyes of every other', () => {
  const ids = ['a', 'b', 'c']
  const opinions = new Opinions(ids)
  const pairs = ids.flatMap((observer) =>
    ids.filter((id) => id !== observer).map((subject) => [observer, subject] as const),
  )
  for (const [observer, subject] of pairs) {
    equal(opinions.isPeaceful(), false)
    opinions.note(observer, subject, 'truechimer')
  }
  equal(opinions.isPeaceful(), true)
  opinions.note('b', 'a', 'absent')
  equal(opinions.isPeaceful(), false)
})

const medians: readonly (readonly [errors: readonly number[], median: number | null])[] = [
  [[], null],
  [[-5], 5],
  [[1, -9, 3], 3],
  [[4, 1], 4],
]
for (const [errors, median] of medians)
  test(`the median of ${JSON.stringify(errors)} is ${median}`, () => {
    const seen = new Errors()
    for (const error of errors) seen.add(error)
    equal(seen.median(), median)
  })

test('half of the errors are at most the median', () =>
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 50 }), (errors) => {
      const seen = new Errors()
      for (const error of errors) seen.add(error)
      const median = seen.median() ?? -1
      const below = errors.filter((error) => Math.abs(error) <= median).length
      return below * 2 >= errors.length && errors.some((error) => Math.abs(error) === median)
    }),
    { numRuns: 100 },
  ))

const words: readonly (readonly [name: string, tail: string, told: string])[] = [
  ['one of our errors', '{"level":40}\nerror Cannot listen. [TC_X]', 'Cannot listen. [TC_X]'],
  ['the last of several', 'error first\nerror second\n', 'second'],
  ['a crash is told whole', 'TypeError: oh\n    at x', 'TypeError: oh\n    at x'],
  ['silence', '', ''],
]
for (const [name, tail, told] of words) test(`last words: ${name}`, () => equal(lastWords(tail), told))

test('the summary tells what is not known with a dash', () => {
  const seen = {
    nodes: 5,
    falsetickersFound: 1,
    honestFramed: 0,
    detectMs: 2130,
    recoverMs: null,
    medianAbsOffsetNs: 23_400,
    proofs: 7,
    attestations: null,
  }
  deepEqual(
    summaryLines(seen).map((line) => line.split(/ {2,}/).at(-1)),
    ['', '5', '1', '0', '2.1 s', '–', '23.4 µs', '7', '–'],
  )
})
