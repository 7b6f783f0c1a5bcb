/** The gate lets through what it says and counts the rest; sums are bounded. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_SEC } from '../base/index.ts'
import { NOISY_AT_ONCE_MAX, NOISY_PER_SECOND, NoiseGate, SUMS_MAX, Sums } from './index.ts'

test('so many at once, then so many a second, and what was not told is', () => {
  const gate = new NoiseGate()
  for (let i = 0; i < NOISY_AT_ONCE_MAX; i += 1) deepEqual(gate.pass(0n), { untold: 0 })
  for (let i = 0; i < 9; i += 1) equal(gate.pass(0n), undefined)
  deepEqual(gate.pass(NS_PER_SEC / BigInt(NOISY_PER_SECOND)), { untold: 9 })
  equal(gate.pass(NS_PER_SEC / BigInt(NOISY_PER_SECOND)), undefined)
})

test('whatever the moments, never more than the bucket, and every one is told or counted', () =>
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: NS_PER_SEC }), { maxLength: 400, size: 'max' }), (gaps) => {
      const gate = new NoiseGate()
      let [now, passed, untold] = [0n, 0, 0]
      for (const gap of gaps) {
        now += gap
        const pass = gate.pass(now)
        if (pass === undefined) continue
        passed += 1
        untold += pass.untold
      }
      ok(passed <= NOISY_AT_ONCE_MAX + Number((now * BigInt(NOISY_PER_SECOND)) / NS_PER_SEC))
      ok(passed + untold <= gaps.length)
    }),
    { numRuns: 60 },
  ))

test('sums are told once, and names beyond the limit share one', () => {
  const sums = new Sums()
  equal(sums.take(), undefined)
  for (let i = 0; i < 3; i += 1) sums.add('a')
  deepEqual(sums.take(), { a: 3 })
  equal(sums.take(), undefined)
  for (let i = 0; i < 1000; i += 1) sums.add(`name ${i}`)
  const told = sums.take() ?? {}
  equal(Object.keys(told).length, SUMS_MAX + 1)
  equal(told['other'], 1000 - SUMS_MAX)
})
