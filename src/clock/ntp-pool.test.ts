import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_HOUR, NS_PER_SEC } from '../base/index.ts'
import {
  NTP_POOL_ADDRESSES_MAX,
  NTP_POOL_LEFT_NS,
  NTP_POOL_SERVERS_MAX,
  NTP_POOL_SPENT_POLLS,
  NtpPool,
} from './ntp-pool.ts'
import { NTP_POOL_LOOKUP_NS_MAX, NTP_POOL_LOOKUP_NS_MIN } from './ntp-pool.ts'

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}`)
const seats = (pool: NtpPool): readonly (string | undefined)[] =>
  Array.from({ length: pool.seats }, (_, seat) => pool.address(seat))
const filled = (count: number, seated = new Set<string>()): NtpPool => {
  const pool = new NtpPool(seated)
  pool.lookedUp(names(count), 0n)
  for (let seat = 0; seat < pool.seats; seat += 1) pool.move(seat, 0n)
  return pool
}
const times = (count: number, run: () => void): void => {
  for (let i = 0; i < count; i += 1) run()
}

test('four seats, each with an address of its own; beyond the addresses they stay empty', () => {
  equal(NTP_POOL_SERVERS_MAX, 4)
  deepEqual(seats(filled(6)), names(4))
  deepEqual(seats(filled(2)), [...names(2), undefined, undefined])
  deepEqual(seats(filled(0)), [undefined, undefined, undefined, undefined])
  equal(filled(2).wantsAnother(2), true)
})

test('an address sits once, over all pools, and not where it is named otherwise', () => {
  const seated = new Set(['10.0.0.2'])
  deepEqual(seats(filled(4, seated)), ['10.0.0.1', '10.0.0.3', '10.0.0.4', undefined])
  deepEqual(seats(filled(6, seated)), ['10.0.0.5', '10.0.0.6', undefined, undefined])
})

test('a closed pool gives its seats up, and no other’s', () => {
  const seated = new Set(['10.0.0.9'])
  filled(4, seated).close()
  deepEqual([...seated], ['10.0.0.9'])
})

describe('a seat is free for another', () => {
  test('after eight polls without an answer, an answer between starts the count anew', () => {
    const pool = filled(5)
    times(NTP_POOL_SPENT_POLLS - 1, () => pool.failed(1, 'ntp-timeout'))
    pool.answered(1)
    times(NTP_POOL_SPENT_POLLS - 1, () => pool.failed(1, 'ntp-timeout'))
    equal(pool.wantsAnother(1), false)
    pool.failed(1, 'ntp-unsynchronised')
    equal(pool.wantsAnother(1), true)
    equal(pool.move(1, 0n), true)
    deepEqual(seats(pool), ['10.0.0.1', '10.0.0.5', '10.0.0.3', '10.0.0.4'])
    equal(pool.wantsAnother(1), false, 'the new one begins afresh')
  })

  test('after eight words in a row that were outvoted', () => {
    const pool = filled(5)
    times(NTP_POOL_SPENT_POLLS - 1, () => pool.judged(0, true))
    pool.judged(0, false)
    equal(pool.wantsAnother(0), false)
    times(NTP_POOL_SPENT_POLLS, () => {
      pool.answered(0)
      pool.judged(0, true)
    })
    equal(pool.wantsAnother(0), true)
  })

  test('at the second poll that cannot be sent, and at once where it is told to stay away', () => {
    const pool = filled(5)
    pool.failed(0, 'ntp-network')
    equal(pool.wantsAnother(0), false)
    pool.failed(0, 'ntp-network')
    equal(pool.wantsAnother(0), true)
    for (const [seat, kiss] of [
      [1, 'kod-deny'],
      [2, 'kod-rstr'],
    ] as const) {
      pool.failed(seat, kiss)
      equal(pool.wantsAnother(seat), true)
    }
    pool.failed(3, 'kod-rate')
    equal(pool.wantsAnother(3), false)
  })
})

test('without another address the server stays; one that told us to stay away goes', () => {
  const pool = filled(4)
  times(NTP_POOL_SPENT_POLLS, () => pool.failed(0, 'ntp-timeout'))
  equal(pool.move(0, 0n), false)
  equal(pool.address(0), '10.0.0.1')
  pool.failed(0, 'kod-deny')
  equal(pool.move(0, 0n), true)
  equal(pool.address(0), undefined)
})

test('who lost a seat comes back after an hour; who told us to stay away never does', () => {
  const pool = filled(5)
  times(NTP_POOL_SPENT_POLLS, () => pool.failed(0, 'ntp-timeout'))
  pool.move(0, 0n)
  times(NTP_POOL_SPENT_POLLS, () => pool.failed(0, 'ntp-timeout'))
  equal(pool.move(0, NTP_POOL_LEFT_NS - 1n), false)
  equal(pool.move(0, NTP_POOL_LEFT_NS), true)
  equal(pool.address(0), '10.0.0.1')
  pool.failed(0, 'kod-deny')
  equal(pool.move(0, 2n * NTP_POOL_LEFT_NS), true)
  equal(pool.address(0), '10.0.0.5')
  times(NTP_POOL_SPENT_POLLS, () => pool.failed(0, 'ntp-timeout'))
  equal(pool.move(0, 1000n * NS_PER_HOUR), false)
})

test('the name: at once, then 4 s later, then ever later while nobody new comes, an hour at most', () => {
  const pool = new NtpPool(new Set())
  equal(pool.mayLookUp(0n), true)
  let now = 0n
  const pauses: bigint[] = []
  for (let asked = 0; asked < 14; asked += 1) {
    pool.lookedUp(asked < 2 ? names(asked + 1) : [], now)
    let pause = 0n
    while (!pool.mayLookUp(now + pause)) pause += NS_PER_SEC
    pauses.push(pause / NS_PER_SEC)
    now += pause
  }
  deepEqual(pauses, [4n, 4n, 8n, 16n, 32n, 64n, 128n, 256n, 512n, 1024n, 2048n, 3600n, 3600n, 3600n])
  deepEqual([NTP_POOL_LOOKUP_NS_MIN, NTP_POOL_LOOKUP_NS_MAX], [4n * NS_PER_SEC, NS_PER_HOUR])
  pool.lookedUp(names(3), now)
  equal(pool.mayLookUp(now + NTP_POOL_LOOKUP_NS_MIN), true)
})

test('the newest answer’s addresses come first, and no more are kept than the limit', () => {
  const pool = new NtpPool(new Set(), 1)
  pool.lookedUp(names(NTP_POOL_ADDRESSES_MAX), 0n)
  pool.lookedUp(['10.9.9.9'], 0n)
  pool.move(0, 0n)
  equal(pool.address(0), '10.9.9.9')
})

test('whatever happens: no address sits twice, and the shared list is what sits', () => {
  const step = fc.oneof(
    fc.record({
      act: fc.constant('look' as const),
      found: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
    }),
    fc.record({ act: fc.constant('move' as const), seat: fc.integer({ min: 0, max: 3 }) }),
    fc.record({
      act: fc.constant('fail' as const),
      seat: fc.integer({ min: 0, max: 3 }),
      reason: fc.constantFrom('ntp-timeout', 'ntp-network', 'kod-deny'),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const seated = new Set<string>()
      const pools = [new NtpPool(seated), new NtpPool(seated)] as const
      for (const [index, did] of steps.entries()) {
        const pool = pools[index % 2 === 0 ? 0 : 1]
        const now = BigInt(index) * NS_PER_HOUR
        if (did.act === 'look')
          pool.lookedUp(
            did.found.map((n) => `10.0.0.${n}`),
            now,
          )
        else if (did.act === 'fail') pool.failed(did.seat, did.reason)
        else if (pool.wantsAnother(did.seat)) pool.move(did.seat, now)
        const all = pools.flatMap(seats).filter((address) => address !== undefined)
        equal(new Set(all).size, all.length)
        deepEqual([...seated].sort(), all.sort())
      }
    }),
    { numRuns: 100 },
  )
  ok(seats(filled(4)).every((address) => address !== undefined))
})
