/** Trust in a claim: seed 003 §1. W-8. */
import { describe, test } from 'node:test'
import { equal, throws } from 'node:assert/strict'
import { claimTrust } from './index.ts'

const voice = (weight: number, validation: number, reputation: number) => ({ weight, validation, reputation })

describe('by hand', () => {
  for (const [name, voices, expected] of [
    ['nobody', [], 0],
    ['one, wholly', [voice(1, 1, 1)], 1],
    ['one without weight', [voice(0, 1, 1)], 0],
    ['one who says no', [voice(1, 0, 1)], 0],
    ['one without reputation', [voice(1, 1, 0)], 0],
    ['three', [voice(0.5, 1, 0.5), voice(0.25, 0.5, 1), voice(0.25, 1, 1)], 0.625],
  ] as const) {
    test(name, () => equal(claimTrust(voices), expected))
  }
  test('a voice out of range is a bug', () => {
    for (const wrong of [voice(-1, 1, 1), voice(Infinity, 1, 1), voice(1, 1.1, 1), voice(1, -0.1, 1), voice(1, 1, NaN)])
      throws(() => claimTrust([voice(1, 1, 1), wrong]))
  })
})
