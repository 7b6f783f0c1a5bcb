/** The counter of a journey: what has gone by, and every way in which somebody has set the clock. Rule P-74. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NS_PER_HOUR, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { elapsedBetween, readCount, readWrittenCount, writeCount } from './offline-counter.ts'
import type { Count } from './offline-counter.ts'

const WALL = 1_790_000_000_000_000_000n
const BOOT = { id: 'first', elapsedNs: NS_PER_HOUR }
const from: Count = { wallNs: WALL, boot: BOOT }
/** An hour later by the time since boot, and `strayNs` more by the wall clock. */
const hourLater = (strayNs: bigint, id = 'first'): Count => ({
  wallNs: WALL + NS_PER_HOUR + strayNs,
  boot: { id, elapsedNs: BOOT.elapsedNs + NS_PER_HOUR },
})
/** 100 ppm: 360 ms an hour, and 200 ms for a clock that is being slewed. */
const DRIFT_PPB = 100_000

describe('what has gone by', () => {
  const table: readonly (readonly [string, Count, bigint])[] = [
    ['an hour', hourLater(0n), NS_PER_HOUR],
    ['with all the drift that it may have', hourLater(559n * NS_PER_MS), NS_PER_HOUR + 559n * NS_PER_MS],
    ['backwards too', hourLater(-559n * NS_PER_MS), NS_PER_HOUR - 559n * NS_PER_MS],
    [
      'after a restart, whatever the wall clock says',
      hourLater(5n * NS_PER_SEC, 'second'),
      NS_PER_HOUR + 5n * NS_PER_SEC,
    ],
    ['on a system that counts no time since boot', { wallNs: WALL + 1n, boot: null }, 1n],
  ]
  for (const [name, to, expected] of table) test(name, () => equal(elapsedBetween(from, to, DRIFT_PPB), expected))
})

describe('a clock that was set', () => {
  const table: readonly (readonly [string, Count])[] = [
    ['back, before the last look', { wallNs: WALL - 1n, boot: BOOT }],
    ['back, by less than has gone by', hourLater(-10n * NS_PER_SEC)],
    ['ahead', hourLater(561n * NS_PER_MS)],
    ['back, on a system that counts no time since boot', { wallNs: WALL - 1n, boot: null }],
  ]
  for (const [name, to] of table)
    test(name, () => throws(() => elapsedBetween(from, to, DRIFT_PPB), { code: 'TC_OFFLINE_CLOCK' }))
})

test('this machine’s counter goes on', () => {
  const [one, other] = [readCount(), readCount()]
  equal(elapsedBetween(one, other, DRIFT_PPB) >= 0n, true)
  deepEqual(readWrittenCount(writeCount(one)), one)
})
