import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefusalCounters } from './refusals.ts'

test('counts by channel and reason, sorted', () => {
  const counters = new RefusalCounters()
  const events = [
    ['t/b', 'too-large'],
    ['t/a', 'too-large'],
    ['t/a', 'malformed'],
    ['t/a', 'too-large'],
  ] as const
  for (const [channel, reason] of events) counters.count({ channel, reason })
  assert.deepEqual(counters.entries(), [
    { channel: 't/a', reason: 'malformed', count: 1 },
    { channel: 't/a', reason: 'too-large', count: 2 },
    { channel: 't/b', reason: 'too-large', count: 1 },
  ])
  assert.equal(counters.total, 4)
})

test('bounded: what finds no room is counted as other, what has one keeps it', () => {
  const counters = new RefusalCounters(2)
  for (let i = 0; i < 1000; i += 1) counters.count({ channel: `made-up-${i}`, reason: 'x' })
  counters.count({ channel: 'made-up-1', reason: 'x' })
  assert.deepEqual(counters.entries(), [
    { channel: 'made-up-0', reason: 'x', count: 1 },
    { channel: 'made-up-1', reason: 'x', count: 2 },
    { channel: 'other', reason: 'other', count: 998 },
  ])
  assert.equal(counters.total, 1001)
})

test('names that run together are told apart', () => {
  const counters = new RefusalCounters()
  counters.count({ channel: 'a b', reason: 'c' })
  counters.count({ channel: 'a', reason: 'b c' })
  assert.equal(counters.entries().length, 2)
})
