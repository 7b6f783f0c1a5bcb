/** What an error carries, and that a verdict is plain data. */
import { test } from 'node:test'
import { deepEqual, equal } from 'node:assert/strict'
import { accept, ChimerError, ignore, reject } from './index.ts'

test('an error carries its code, its facts and its cause', () => {
  const cause = new RangeError('inner')
  const error = new ChimerError('TC_EXAMPLE', 'what to do', { facts: { path: '/x' }, cause })
  equal(error.code, 'TC_EXAMPLE')
  equal(error.message, 'what to do')
  equal(error.name, 'ChimerError')
  deepEqual(error.facts, { path: '/x' })
  equal(error.cause, cause)
  equal(error instanceof Error, true)
})

test('without facts or cause it has empty facts and no cause of its own', () => {
  const error = new ChimerError('TC_EXAMPLE', 'what to do')
  deepEqual(error.facts, {})
  equal('cause' in error, false)
})

test('verdicts', () => {
  deepEqual(accept(1), { verdict: 'accept', value: 1 })
  deepEqual(ignore('late'), { verdict: 'ignore', reason: 'late' })
  deepEqual(reject('torn'), { verdict: 'reject', reason: 'torn' })
})
