/** The axis: linear inside, joined at the edge, invertible, never folding; ticks that do not collide. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { assert, integer, property } from 'fast-check'
import { axisRange, axisTicksNs, easeRange, fromAxis, toAxis } from './axis.ts'

const BAND = 50_000_000

test('inside the band the axis is linear, outside it is compressed', () => {
  for (const [ns, axis] of [
    [0, 0],
    [25e6, 0.5],
    [-50e6, -1],
    [50e6, 1],
  ] as const)
    equal(toAxis(ns, BAND), axis)
  ok(toAxis(250e6, BAND) < 2 && toAxis(250e6, BAND) > 1.7)
  ok(toAxis(10e9, BAND) < 3.1)
})

test('value and slope join at the edge', () => {
  const slope = (ns: number): number => (toAxis(ns + 1e3, BAND) - toAxis(ns, BAND)) / 1e3
  ok(Math.abs(slope(BAND + 1) / slope(BAND - 2e3) - 1) < 1e-3)
})

test('it is odd, rising and invertible', () => {
  const offset = integer({ min: -20_000_000_000, max: 20_000_000_000 })
  assert(
    property(offset, offset, (a, b) => {
      equal(toAxis(-a, BAND) + toAxis(a, BAND), 0)
      if (a < b) ok(toAxis(a, BAND) < toAxis(b, BAND))
      ok(Math.abs(fromAxis(toAxis(a, BAND), BAND) - a) <= 1 + Math.abs(a) * 1e-9)
    }),
    { numRuns: 100 },
  )
})

test('the range opens on the side that needs it, and shows what it opened for', () => {
  const quiet = axisRange([-4e6, 9e6], BAND)
  equal(quiet.max, -quiet.min)
  const ahead = axisRange([250e6, 260e6], BAND)
  equal(ahead.min, quiet.min)
  ok(ahead.max > toAxis(260e6, BAND))
})

test('ticks hold the edges and the middle, and keep apart', () => {
  for (const extreme of [0, 250e6, -3e9, 40e9]) {
    const ticks = axisTicksNs(axisRange([extreme], BAND), BAND)
    for (const must of [-BAND, 0, BAND]) ok(ticks.includes(must))
    for (const [index, tick] of ticks.entries())
      if (index > 0) ok(toAxis(tick, BAND) - toAxis(ticks[index - 1] ?? tick, BAND) >= 0.15)
  }
})

test('easing arrives', () => {
  const to = { min: -1, max: 2 }
  let range = { min: -3, max: 1 }
  for (let step = 0; step < 60; step += 1) range = easeRange(range, to, 0.3)
  deepEqual(range, to)
})
