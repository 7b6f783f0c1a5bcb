/** How many stamps an address may ask for: a table by hand, and what holds for any asking. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert, integer, property, record } from 'fast-check'
import { StampRates } from './stamp-rates.ts'

const MINUTE_MS = 60_000

test('all at once, then one every 60/q seconds', () => {
  const rates = new StampRates(600)
  equal(rates.policy, '"stamps";q=600;w=60')
  deepEqual(rates.take('a', 600, 0), { isTaken: true, remaining: 0, fullSec: 60, waitSec: 0 })
  deepEqual(rates.take('a', 1, 0), { isTaken: false, remaining: 0, fullSec: 60, waitSec: 1 })
  deepEqual(rates.take('a', 100, 0), { isTaken: false, remaining: 0, fullSec: 60, waitSec: 10 })
  deepEqual(rates.take('a', 1, 100), { isTaken: true, remaining: 0, fullSec: 60, waitSec: 0 })
  deepEqual(rates.take('a', 50, 30_000), { isTaken: true, remaining: 249, fullSec: 36, waitSec: 0 })
})

test('addresses do not share, but for those of one IPv6 client', () => {
  const rates = new StampRates(100)
  ok(rates.take('2001:db8::1', 100, 0).isTaken)
  ok(!rates.take('2001:db8::2', 1, 0).isTaken)
  ok(rates.take('2001:db8:0:1::2', 1, 0).isTaken)
  ok(rates.take('192.0.2.1', 100, 0).isTaken)
  ok(!rates.take('::ffff:192.0.2.1', 1, 0).isTaken)
})

test('what is refused costs nothing', () => {
  const rates = new StampRates(100)
  ok(rates.take('a', 60, 0).isTaken)
  for (let i = 0; i < 10; i += 1) ok(!rates.take('a', 50, 0).isTaken)
  ok(rates.take('a', 40, 0).isTaken)
})

test('more addresses than are remembered: the one longest silent begins anew', () => {
  const rates = new StampRates(100, 2)
  for (const address of ['a', 'b', 'c']) ok(rates.take(address, 100, 0).isTaken)
  ok(!rates.take('c', 1, 0).isTaken)
  ok(rates.take('a', 1, 0).isTaken)
})

test('never more than twice the quota in a minute, and who waits as told is let in', () => {
  const steps = array(record({ stamps: integer({ min: 1, max: 100 }), afterMs: integer({ min: 0, max: 5000 }) }))
  assert(
    property(steps, integer({ min: 100, max: 2000 }), (asked, perMinute) => {
      const rates = new StampRates(perMinute)
      const taken: { readonly atMs: number; readonly stamps: number }[] = []
      let nowMs = 0
      for (const { stamps, afterMs } of asked) {
        nowMs += afterMs
        const { isTaken, waitSec, remaining } = rates.take('a', stamps, nowMs)
        if (isTaken) taken.push({ atMs: nowMs, stamps })
        else {
          ok(remaining < stamps)
          nowMs += waitSec * 1000
          ok(rates.take('a', stamps, nowMs).isTaken, 'who waited was refused')
          taken.push({ atMs: nowMs, stamps })
        }
      }
      for (const { atMs } of taken) {
        const within = taken.filter((one) => one.atMs >= atMs && one.atMs < atMs + MINUTE_MS)
        ok(within.reduce((sum, { stamps }) => sum + stamps, 0) <= 2 * perMinute)
      }
    }),
    { numRuns: 100 },
  )
})
