/** The bank: one model is the plain filter, many find the wander that made the words, weights and mixtures are what they say. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { drawNormal, seededRandom } from '../base/index.ts'
import { corrected, predicted } from './kalman-step.ts'
import type { Belief } from './kalman-step.ts'
import { heaviestModel, mixtureAt, startBank, stepped, surpriseOf } from './model-bank.ts'
import type { Bank, BankOptions, ReadWord } from './model-bank.ts'
import { roughened } from './path.ts'

const OPTIONS: BankOptions = { wanders: [1e-10, 1e-9, 1e-8], memory: 0.985, slopeSigma: 3e-5, gateSigma: 5 }
const wordAt = (atSec: number, offsetSec: number, varianceSec2 = 1e-8): ReadWord => ({
  atSec,
  readings: {
    waiting: { offsetSec, varianceSec2 },
    ...roughened({ offsetSec: offsetSec / 2, varianceSec2: 2 * varianceSec2 }),
  },
})
const start = (options = OPTIONS): Bank => startBank({ ...wordAt(0, 1e-3), slope: 2e-6 }, options)
const near = (actual: number, expected: number, share: number): void =>
  ok(Math.abs(actual - expected) <= share * Math.abs(expected), `${actual}, expected ${expected}`)

test('it begins with each wander in each reading, all alike in weight', () => {
  const bank = start()
  deepEqual(
    bank.models.map(({ wander, reading, logWeight }) => [wander, reading, logWeight]),
    [1e-10, 1e-9, 1e-8].flatMap((wander) => [
      [wander, 'waiting', 0],
      [wander, 'scatter', 0],
      [wander, 'rough', 0],
      [wander, 'rougher', 0],
    ]),
  )
  deepEqual(bank.models[1]?.belief, { offsetSec: 5e-4, slope: 2e-6, p11: 2e-8, p12: 0, p22: 3e-5 ** 2 })
})

test('each model is a filter of its own, and its weight its fading likelihood', () => {
  const words = [wordAt(64, 1.1e-3), wordAt(128, 1.3e-3), wordAt(127.9, 5)]
  const bank = stepped(start(), words, OPTIONS)
  const weights: number[] = []
  for (const [index, { wander, reading }] of start().models.entries()) {
    let [belief, log, last]: [Belief, number, number] = [start().models[index]!.belief, 0, 0]
    for (const { atSec, readings } of words) {
      const said = corrected(predicted(belief, atSec - last, wander * wander), readings[reading], 5)
      log = 0.985 * log - 0.5 * (Math.log(said.varianceSec2) + Math.min(said.surprise, 25))
      belief = said.belief
      last = atSec
    }
    weights.push(log)
    deepEqual(bank.models[index]?.belief, belief)
  }
  const heaviest = Math.max(...weights)
  bank.models.forEach(({ logWeight }, i) => ok(Math.abs(logWeight - (weights[i]! - heaviest)) < 1e-9))
  equal(bank.atSec, 127.9)
})

test('all at once or one by one is the same', () => {
  const words = Array.from({ length: 40 }, (_, i) => wordAt(i * 64, 1e-3 + ((i * 7) % 5) * 1e-5))
  const atOnce = stepped(start(), words, OPTIONS)
  let oneByOne = start()
  for (const word of words) oneByOne = stepped(oneByOne, [word], OPTIONS)
  for (const [i, model] of atOnce.models.entries()) {
    deepEqual(model.belief, oneByOne.models[i]?.belief)
    ok(Math.abs(model.logWeight - (oneByOne.models[i]?.logWeight ?? 0)) < 1e-9)
  }
  deepEqual(stepped(atOnce, [], OPTIONS), atOnce)
})

test('the heaviest model has the wander that made the words, within half a decade', () => {
  const wanders = [1e-10, 3.16e-10, 1e-9, 3.16e-9, 1e-8, 3.16e-8, 1e-7]
  for (const wander of [1e-9, 1e-8, 1e-7]) {
    const random = seededRandom(3n)
    let [offset, slope] = [0, 0]
    const words = Array.from({ length: 400 }, (_, i) => {
      const step = drawNormal(random)
      offset += 64 * slope + wander * 64 ** 1.5 * (step / 2 + drawNormal(random) / Math.sqrt(12))
      slope += wander * 8 * step
      const varianceSec2 = 1e-12
      const waiting = { offsetSec: offset + 1e-6 * drawNormal(random), varianceSec2 }
      // The other reading is noisier than it says.
      const scatter = { offsetSec: offset + 1e-5 * drawNormal(random), varianceSec2 }
      return { atSec: i * 64, readings: { waiting, ...roughened(scatter) } }
    })
    const options = { ...OPTIONS, wanders }
    const [first = wordAt(0, 0), ...rest] = words
    const bank = stepped(startBank({ ...first, slope: 0 }, options), rest, options)
    const heaviest = heaviestModel(bank)
    ok(Math.abs(Math.log10((heaviest?.wander ?? 0) / wander)) < 0.51, `${heaviest?.wander}, made with ${wander}`)
    equal(heaviest?.reading, 'waiting')
  }
})

test('a mixture has its parts’ weighted mean, and their spread beside their own', () => {
  const belief = (offsetSec: number, slope: number): Belief => ({ offsetSec, slope, p11: 4, p12: 0, p22: 1 })
  const part = { wander: 0, reading: 'waiting' } as const
  const bank: Bank = {
    atSec: 10,
    models: [
      { ...part, belief: belief(1, 0), logWeight: 0 },
      { ...part, belief: belief(5, 2), logWeight: Math.log(1 / 3) },
    ],
  }
  const { offsetSec, offsetSigmaSec, slope, slopeSigma } = mixtureAt(bank, 10)
  near(offsetSec, 2, 1e-12)
  near(slope, 0.5, 1e-12)
  near(offsetSigmaSec, Math.sqrt(4 + (3 * 1 + 1 * 9) / 4), 1e-12)
  near(slopeSigma, Math.sqrt(1 + (3 * 0.25 + 2.25) / 4), 1e-12)
  near(mixtureAt(bank, 12).offsetSec, 3, 1e-12)
})

test('a surprise is that of the model that minds least, among those that weigh something', () => {
  const far = wordAt(0, 1e-3 + 3e-4)
  const [first, ...rest] = start().models
  ok(first !== undefined)
  const alone = { atSec: 0, models: [first] }
  near(surpriseOf(alone, far), 3e-4 / Math.sqrt(2e-8), 1e-9)
  const wide = { ...first, belief: { ...first.belief, p11: 1 } }
  ok(Math.abs(surpriseOf({ atSec: 0, models: [first, wide] }, far)) < 1e-3)
  near(surpriseOf({ atSec: 0, models: [first, { ...wide, logWeight: -5 }] }, far), 3e-4 / Math.sqrt(2e-8), 1e-9)
  ok(surpriseOf({ atSec: 0, models: [first, ...rest] }, wordAt(0, -1)) < -50)
  equal(heaviestModel({ atSec: 0, models: [] }), undefined)
})
