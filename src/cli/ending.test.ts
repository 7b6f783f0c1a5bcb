import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { openEnding } from './ending.ts'

test('signals at one instant are one; a later one is the system’s again', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const before = process.listenerCount('SIGTERM')
  using ending = openEnding()
  equal(ending.signal.aborted, false)
  process.emit('SIGINT')
  equal(ending.signal.aborted, true)
  t.mock.timers.tick(499)
  equal(process.listenerCount('SIGTERM'), before + 1)
  t.mock.timers.tick(1)
  equal(process.listenerCount('SIGTERM'), before)
})

test('who ends without a signal leaves none held', () => {
  const before = process.listenerCount('SIGINT')
  {
    using ending = openEnding()
    ending.end()
    equal(ending.signal.aborted, true)
  }
  equal(process.listenerCount('SIGINT'), before)
})
