import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressKey, NTP_KISS_EVERY_NS, NtpRate, rateOf } from './ntp-rate.ts'

const SEC = 1e9

test('a burst, then the long run; one kiss, then silence', () => {
  const rate = new NtpRate({ perSec: 2, burst: 3, addressesMax: 10 })
  const at = (ns: number): string => rate.admit('192.0.2.1', ns)
  deepEqual([at(0), at(0), at(0), at(0), at(0)], ['pass', 'pass', 'pass', 'kiss', 'drop'])
  deepEqual([at(0.5 * SEC), at(0.5 * SEC), at(1 * SEC), at(60 * SEC)], ['pass', 'drop', 'pass', 'pass'])
  equal(rate.admit('192.0.2.2', 0), 'pass', 'another address has its own')
})

test('a kiss is repeated when it is time', () => {
  const rate = new NtpRate({ perSec: 1e-9, burst: 1, addressesMax: 10 })
  deepEqual(
    [0, 1, 2, 1 + NTP_KISS_EVERY_NS, 2 + NTP_KISS_EVERY_NS].map((ns) => rate.admit('a', ns)),
    ['pass', 'kiss', 'drop', 'kiss', 'drop'],
  )
})

test('in any window, no more pass than the burst and what flows in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2e9 }), { maxLength: 60 }), (gaps) => {
      const rate = new NtpRate({ perSec: 4, burst: 5, addressesMax: 10 })
      let ns = 0
      const passed: number[] = []
      for (const gap of gaps) {
        ns += gap
        if (rate.admit('a', ns) === 'pass') passed.push(ns)
      }
      for (const [i, from] of passed.entries())
        for (const [j, to] of passed.entries()) if (j >= i) ok(j - i + 1 <= 5 + ((to - from) / SEC) * 4 + 1e-6)
    }),
    { numRuns: 200 },
  )
})

test('a flood of addresses does not grow the table, and who keeps asking is kept', () => {
  const rate = new NtpRate({ perSec: 1e-9, burst: 1, addressesMax: 100 })
  equal(rate.admit('keeps asking', 0), 'pass')
  for (let i = 0; i < 10_000; i += 1) {
    equal(rate.admit(`192.0.${i >> 8}.${i & 0xff}`, 1), 'pass')
    ok(rate.size <= 100)
    if (i % 20 === 0) ok(rate.admit('keeps asking', 1) !== 'pass')
  }
})

test('addresses as they are counted', () => {
  const table: readonly (readonly [string, string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:0db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['nonsense', 'nonsense'],
  ]
  for (const [address, key] of table) equal(addressKey(address), key, address)
})

test('a server without a limit has none', () => equal(rateOf(undefined), undefined))
