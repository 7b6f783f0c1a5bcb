/** The Allan plot: whole decades, everything inside its box, and nothing made of nothing. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert, double, property, record } from 'fast-check'
import { allanPlot, deviationText, powerText } from './allan-plot.ts'

const box = { left: 40, right: 240, top: 10, bottom: 110 }

test('a decade is a step, and τ grows to the right', () => {
  const figures = [
    { tauSec: 1, deviation: 1e-7 },
    { tauSec: 10, deviation: 1e-8 },
    { tauSec: 100, deviation: 1e-9 },
  ]
  const plot = allanPlot(figures, box)
  deepEqual(plot?.points, [
    { x: 40, y: 10 },
    { x: 140, y: 60 },
    { x: 240, y: 110 },
  ])
  deepEqual(plot?.xTicks, [
    { at: 40, label: '1' },
    { at: 140, label: '10' },
    { at: 240, label: '100' },
  ])
  deepEqual(
    plot?.yTicks.map(({ label }) => label),
    ['10⁻⁹', '10⁻⁸', '10⁻⁷'],
  )
})

test('one figure has two decades to stand in', () => {
  const plot = allanPlot([{ tauSec: 64, deviation: 2e-8 }], box)
  equal(plot?.xTicks.length, 3)
  equal(plot?.yTicks.length, 3)
})

test('nothing is drawn of nothing, nor of a perfect clock', () => {
  equal(allanPlot([], box), undefined)
  equal(allanPlot([{ tauSec: 1, deviation: 0 }], box), undefined)
})

test('all is inside the box, and at most five labels stand on an axis', () => {
  const figure = record({
    tauSec: double({ min: 1e-3, max: 1e8, noNaN: true }),
    deviation: double({ min: 1e-16, max: 1, noNaN: true }),
  })
  assert(
    property(array(figure, { minLength: 1, maxLength: 22 }), (figures) => {
      const plot = allanPlot(figures, box)
      ok(plot !== undefined && plot.points.length === figures.length)
      for (const { x, y } of plot.points)
        ok(x >= box.left - 1e-6 && x <= box.right + 1e-6 && y >= box.top - 1e-6 && y <= box.bottom + 1e-6, `${x} ${y}`)
      for (const ticks of [plot.xTicks, plot.yTicks]) ok(ticks.filter(({ label }) => label !== '').length <= 5)
    }),
    { numRuns: 200 },
  )
})

test('powers as people write them', () => {
  equal(powerText(-12), '10⁻¹²')
  equal(deviationText(2.17e-5), '2.2 × 10⁻⁵')
})
