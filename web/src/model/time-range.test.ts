/** The interval as a drawing: ordered, within its ends, whatever the reading. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert, bigInt, property } from 'fast-check'
import { timeRange } from './time-range.ts'

const reading = (instants: readonly bigint[]) => {
  const [earliest = '', from = '', estimate = '', to = '', latest = ''] = instants.map(String)
  return { earliest, latest, estimate, likely: { earliest: from, latest: to, uncertaintyNs: 0 } }
}

test('shares of the interval, and how far its ends are from the estimate', () => {
  const start = 1_795_222_837_000_000_000n
  const at = [0n, 300n, 400n, 500n, 1000n].map((ns) => start + ns)
  deepEqual(timeRange(reading(at)), { estimate: 0.4, likelyFrom: 0.3, likelyTo: 0.5, beforeNs: 400, afterNs: 600 })
})

test('an interval without width is drawn in its middle', () => {
  const { estimate, likelyFrom, beforeNs, afterNs } = timeRange(reading([7n, 7n, 7n, 7n, 7n]))
  deepEqual([estimate, likelyFrom, beforeNs, afterNs], [0.5, 0.5, 0, 0])
})

test('nothing leaves the interval', () => {
  const instants = array(bigInt({ min: 0n, max: 2n ** 62n }), { minLength: 5, maxLength: 5 })
  assert(
    property(instants, (given) => {
      const { estimate, likelyFrom, likelyTo } = timeRange(reading(given.toSorted((a, b) => (a < b ? -1 : 1))))
      ok(0 <= likelyFrom && likelyFrom <= estimate && estimate <= likelyTo && likelyTo <= 1)
    }),
    { numRuns: 200 },
  )
})
