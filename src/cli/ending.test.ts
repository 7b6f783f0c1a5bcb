import { equal } from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { openEnding } from './ending.ts'

test('signals at one instant are one; a later one is the system’s again', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const signals = new EventEmitter()
  using ending = openEnding(signals)
  equal(ending.signal.aborted, false)
  signals.emit('SIGINT')
  equal(ending.signal.aborted, true)
  t.mock.timers.tick(499)
  equal(signals.listenerCount('SIGTERM'), 1)
  t.mock.timers.tick(1)
  equal(signals.listenerCount('SIGTERM'), 0)
})

test('who ends without a signal leaves none held', () => {
  const signals = new EventEmitter()
  {
    using ending = openEnding(signals)
    ending.end()
    equal(ending.signal.aborted, true)
  }
  equal(signals.listenerCount('SIGINT'), 0)
})
