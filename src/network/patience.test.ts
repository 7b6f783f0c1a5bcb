import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../base/index.ts'
import { Patience, SHUT_OUT_NS } from './patience.ts'

test('shut out by the charge after the last that is borne, once, and let in again after its time', () => {
  const patience = new Patience(8, { ratePerSec: 1, burst: 3 })
  const charges = Array.from({ length: 6 }, () => patience.charge('a', 0n))
  assert.deepEqual(charges, [false, false, false, true, false, false])
  assert(patience.isShutOut('a', 0n))
  assert(!patience.isShutOut('b', 0n))
  assert(patience.isShutOut('a', SHUT_OUT_NS - 1n))
  assert(!patience.isShutOut('a', SHUT_OUT_NS))
  assert(!patience.charge('a', SHUT_OUT_NS))
})

test('who is wrong more slowly than is forgiven is never shut out', () => {
  const patience = new Patience(8, { ratePerSec: 1, burst: 3 })
  for (let sec = 0n; sec < 1000n; sec += 1n) assert(!patience.charge('a', sec * NS_PER_SEC))
})
