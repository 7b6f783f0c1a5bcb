/** Security over the years and while cut off: seed 003 §8, §9. W-8. */
import { describe, test } from 'node:test'
import { ok, throws } from 'node:assert/strict'
import { longTermSecurity, offlineSecurity } from './index.ts'

const near = (a: number, b: number): void => ok(Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b)), `${a}, not ${b}`)

describe('over the years', () => {
  const base = { initial: 3, decayPerYear: Math.LN2, years: 0, nodes: 1 }
  for (const [name, options, expected] of [
    ['at once', {}, 3],
    ['after a half-life', { years: 1 }, 1.5],
    ['after two', { years: 2 }, 0.75],
    ['after all time', { years: Infinity }, 0],
    ['where nothing decays', { decayPerYear: 0, years: Infinity }, 3],
    ['a hundred nodes: ten times', { nodes: 100 }, 30],
    ['no nodes', { nodes: 0 }, 0],
    ['none to begin with', { initial: 0 }, 0],
  ] as const) {
    test(name, () => near(longTermSecurity({ ...base, ...options }), expected))
  }
  test('out of range is a bug', () => {
    for (const wrong of [
      { initial: -1 },
      { decayPerYear: -1 },
      { years: -1 },
      { years: NaN },
      { nodes: -1 },
      { nodes: Infinity },
    ])
      throws(() => longTermSecurity({ ...base, ...wrong }))
  })
})

describe('while cut off', () => {
  const base = { base: 8, offlineSec: 0, offlineSecMax: 100, driftPerSec: 0 }
  for (const [name, options, expected] of [
    ['at once', {}, 8],
    ['half of what is allowed', { offlineSec: 50 }, 2],
    ['half, and a clock that drifts', { offlineSec: 50, driftPerSec: Math.LN2 / 50 }, 1],
    ['all of it', { offlineSec: 100 }, 0],
    ['twice: still nothing, though the square would be one', { offlineSec: 200 }, 0],
    ['for ever', { offlineSec: Infinity }, 0],
    ['nothing to begin with', { base: 0, offlineSec: 1 }, 0],
  ] as const) {
    test(name, () => near(offlineSecurity({ ...base, ...options }), expected))
  }
  test('out of range is a bug', () => {
    for (const wrong of [
      { base: -1 },
      { offlineSec: -1 },
      { offlineSec: NaN },
      { offlineSecMax: 0 },
      { driftPerSec: -1 },
    ])
      throws(() => offlineSecurity({ ...base, ...wrong }))
  })
})
