/** The replay window against the rule said plainly: a set of all that was heard, and a highest. */
import { AssertionError } from 'node:assert'
import { equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { REPLAY_WINDOW, ReplayWindow, ReplayWindows } from './replay-window.ts'
import type { ReplayReason } from './replay-window.ts'

/** What the window promises, without bounds. */
class Everything {
  readonly #heard = new Set<number>()
  #highest = 0
  take(sequence: number): ReplayReason | undefined {
    if (sequence <= this.#highest - REPLAY_WINDOW) return 'behind-window'
    if (this.#heard.has(sequence)) return 'replayed'
    this.#heard.add(sequence)
    this.#highest = Math.max(this.#highest, sequence)
    return undefined
  }
}

const table: readonly (readonly [
  name: string,
  heard: readonly number[],
  sequence: number,
  fault: ReplayReason | undefined,
])[] = [
  ['the first', [], 1, undefined],
  ['a first that is high', [], Number.MAX_SAFE_INTEGER, undefined],
  ['the same again', [5], 5, 'replayed'],
  ['the next', [5], 6, undefined],
  ['one that was overtaken', [5], 4, undefined],
  ['one that was overtaken, again', [5, 4], 4, 'replayed'],
  ['the last of the window', [REPLAY_WINDOW], 1, undefined],
  ['the first behind it', [REPLAY_WINDOW + 1], 1, 'behind-window'],
  ['far behind', [10_000_000], 1, 'behind-window'],
  ['the same place of the ring, one round later', [7, 7 + REPLAY_WINDOW + 32], 7 + REPLAY_WINDOW + 32, 'replayed'],
  ['next to the same place, one round later', [7, 7 + REPLAY_WINDOW + 32], 8 + REPLAY_WINDOW + 32, undefined],
  ['inside the window after a jump', [3, 2 ** 40], 2 ** 40 - 2047, undefined],
  ['below the end of all sequences', [Number.MAX_SAFE_INTEGER], Number.MAX_SAFE_INTEGER - 1, undefined],
]
for (const [name, heard, sequence, fault] of table)
  test(name, () => {
    const window = new ReplayWindow()
    for (const one of heard) equal(window.take(one), undefined)
    equal(window.fault(sequence), fault, 'asked')
    equal(window.take(sequence), fault, 'taken')
    equal(window.highest, Math.max(sequence, ...heard))
  })

test('no sequence', () => {
  for (const sequence of [0, -1, 1.5, 2 ** 53]) throws(() => new ReplayWindow().take(sequence), AssertionError)
})

test('the same as the rule said plainly, whatever the order', () => {
  const step = fc.oneof(
    fc.integer({ min: -REPLAY_WINDOW - 40, max: 40 }),
    fc.integer({ min: -70, max: 70 }),
    fc.integer({ min: 0, max: 3 * REPLAY_WINDOW }),
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 52 }),
      fc.array(step, { minLength: 50, maxLength: 300 }),
      (start, steps) => {
        const [window, rule] = [new ReplayWindow(), new Everything()]
        for (const by of steps) {
          const sequence = Math.max(1, (window.highest === 0 ? start : window.highest) + by)
          equal(window.take(sequence), rule.take(sequence), `${sequence} with ${window.highest}`)
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('strangers push each other out, and never a member', () => {
  const windows = new ReplayWindows({ isMember: (author) => author === 'member', membersMax: 2, strangersMax: 3 })
  equal(windows.take('member', 5), undefined)
  for (let i = 0; i < 10; i += 1) equal(windows.take(`stranger ${i}`, 5), undefined)
  equal(windows.size, 4)
  equal(windows.fault('member', 5), 'replayed')
  equal(windows.fault('stranger 9', 5), 'replayed')
  equal(windows.fault('stranger 0', 5), undefined, 'forgotten')
})

test('asking remembers nobody', () => {
  const windows = new ReplayWindows({ isMember: () => true })
  equal(windows.fault('somebody', 1), undefined)
  equal(windows.size, 0)
})
