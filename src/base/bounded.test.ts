/** Bounded collections against plain ones. */
import { describe, test } from 'node:test'
import { deepEqual, equal, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { BoundedMap, BoundedQueue } from './index.ts'

describe('queue', () => {
  test('a full queue refuses and keeps what it has', () => {
    const queue = new BoundedQueue<number>(2)
    deepEqual([queue.push(1), queue.push(2), queue.push(3)], [true, true, false])
    deepEqual([queue.shift(), queue.shift(), queue.shift()], [1, 2, undefined])
    equal(queue.push(4), true)
  })

  test('does what an array with a limit does', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.option(fc.nat()), { maxLength: 60 }),
        (itemsMax, steps) => {
          const queue = new BoundedQueue<number>(itemsMax)
          const model: number[] = []
          for (const step of steps) {
            if (step === null) equal(queue.shift(), model.shift())
            else {
              equal(queue.push(step), model.length < itemsMax)
              if (model.length < itemsMax) model.push(step)
            }
            equal(queue.size, model.length)
          }
        },
      ),
      { numRuns: 200 },
    ))
})

describe('map', () => {
  test('the least recently written goes, and is handed back', () => {
    const map = new BoundedMap<string, number>(2)
    equal(map.set('a', 1), undefined)
    equal(map.set('b', 2), undefined)
    equal(map.set('a', 3), undefined)
    deepEqual(map.set('c', 4), ['b', 2])
    deepEqual(
      [...map],
      [
        ['a', 3],
        ['c', 4],
      ],
    )
    deepEqual([...map.values()], [3, 4])
    equal(map.has('b'), false)
  })

  test('reading does not make a key younger, deleting makes room', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    equal(map.get('a'), 1)
    deepEqual(map.set('c', 3), ['a', 1])
    equal(map.delete('b'), true)
    equal(map.delete('b'), false)
    equal(map.set('d', 4), undefined)
    equal(map.size, 2)
  })

  test('never exceeds its limit', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(9), { maxLength: 40 }), (entriesMax, keys) => {
        const map = new BoundedMap<number, number>(entriesMax)
        for (const key of keys) {
          map.set(key, key)
          equal(map.size <= entriesMax && map.get(key) === key, true)
        }
      }),
      { numRuns: 100 },
    ))
})

for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`a limit of ${limit} is a bug`, () => {
    throws(() => new BoundedQueue(limit))
    throws(() => new BoundedMap(limit))
  })
}
