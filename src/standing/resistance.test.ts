/** Resistance: seed 003 §2, §7. W-8. */
import { describe, test } from 'node:test'
import { equal, ok, throws } from 'node:assert/strict'
import { asymmetricResistance, manipulationResistance } from './index.ts'

const near = (a: number, b: number): void => ok(Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b)), `${a}, not ${b}`)

describe('against power', () => {
  const base = { scale: 2, power: 1, powerBaseline: 1, exponent: 2, temporalFactor: 1 }
  for (const [name, options, expected] of [
    ['at the baseline: the constant', {}, 2],
    ['thrice the power, α = 2: nine times', { power: 3 }, 18],
    ['half the power: a quarter', { power: 0.5 }, 0.5],
    ['no power', { power: 0 }, 0],
    ['the baseline is a unit', { power: 30, powerBaseline: 10 }, 18],
    ['the factor multiplies', { temporalFactor: 0.25 }, 0.5],
    ['a factor of nothing, whatever the power', { temporalFactor: 0, power: 1e300 }, 0],
    ['α = 1.5', { power: 4, exponent: 1.5 }, 16],
  ] as const) {
    test(name, () => near(asymmetricResistance({ ...base, ...options }), expected))
  }
  test('past floats it is infinite', () => equal(asymmetricResistance({ ...base, power: 1e300 }), Infinity))
  test('out of range is a bug', () => {
    for (const wrong of [
      { scale: -1 },
      { power: -1 },
      { power: NaN },
      { powerBaseline: 0 },
      { exponent: 1 },
      { exponent: Infinity },
      { temporalFactor: -1 },
    ])
      throws(() => asymmetricResistance({ ...base, ...wrong }))
  })
})

describe('against manipulation of time', () => {
  const base = { scale: 2, rate: Math.LN2, nodes: 1, stake: Math.E }
  for (const [name, options, expected] of [
    ['one node halves what is missing', {}, 1],
    ['two leave a quarter', { nodes: 2 }, 1.5],
    ['none', { nodes: 0 }, 0],
    ['as many as one likes', { nodes: Infinity }, 2],
    ['a stake of one', { stake: 1 }, 0],
    ['a stake squared: twice', { stake: Math.E ** 2 }, 2],
    ['no constant', { scale: 0 }, 0],
  ] as const) {
    test(name, () => near(manipulationResistance({ ...base, ...options }), expected))
  }
  test('out of range is a bug', () => {
    for (const wrong of [
      { scale: -1 },
      { rate: 0 },
      { nodes: -1 },
      { nodes: NaN },
      { stake: 0.9 },
      { stake: Infinity },
    ])
      throws(() => manipulationResistance({ ...base, ...wrong }))
  })
})
