/** The reputation update: seed 003 eq. 4.2. W-5. */
import { describe, test } from 'node:test'
import { equal, ok, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { PPB_ONE } from '../base/index.ts'
import { nextReputation, STANDING_DEFAULTS } from './index.ts'

const HALF = 500_000_000n

describe('by hand: β a tenth, γ a half', () => {
  for (const [reputation, accuracy, penalty, expected] of [
    [HALF, PPB_ONE, 0n, 550_000_000n],
    [HALF, 0n, 0n, 450_000_000n],
    [HALF, HALF, 0n, HALF],
    [PPB_ONE, PPB_ONE, 0n, PPB_ONE],
    [0n, 0n, 0n, 0n],
    [PPB_ONE, PPB_ONE, PPB_ONE, HALF],
    [HALF, PPB_ONE, HALF, 300_000_000n],
    [400_000_000n, 0n, PPB_ONE, 0n],
    [HALF, undefined, 0n, HALF],
    [HALF, undefined, HALF, 250_000_000n],
    [HALF, HALF + 9n, 0n, HALF],
    [HALF, HALF - 1n, 0n, HALF - 1n],
  ] as const) {
    test(`${reputation}, accurate to ${accuracy}, penalty ${penalty}`, () =>
      equal(nextReputation({ reputation, accuracy, penalty }, STANDING_DEFAULTS), expected))
  }
})

test('what is no share, and a rate that is none, is a bug', () => {
  const fine = { reputation: HALF, accuracy: HALF, penalty: 0n }
  for (const wrong of [-1n, PPB_ONE + 1n]) {
    throws(() => nextReputation({ ...fine, reputation: wrong }, STANDING_DEFAULTS))
    throws(() => nextReputation({ ...fine, accuracy: wrong }, STANDING_DEFAULTS))
    throws(() => nextReputation({ ...fine, penalty: wrong }, STANDING_DEFAULTS))
  }
  for (const betaPpb of [0n, PPB_ONE]) throws(() => nextReputation(fine, { betaPpb, gammaPpb: 0n }))
  throws(() => nextReputation(fine, { betaPpb: 1n, gammaPpb: -1n }))
})

const share = fc.bigInt({ min: 0n, max: PPB_ONE })
const rates = fc.record({
  betaPpb: fc.bigInt({ min: 1n, max: PPB_ONE - 1n }),
  gammaPpb: fc.bigInt({ min: 0n, max: 10n * PPB_ONE }),
})

test('stays a share; without a penalty it lies between reputation and accuracy', () =>
  fc.assert(
    fc.property(share, share, share, rates, (reputation, accuracy, penalty, parameters) => {
      const next = nextReputation({ reputation, accuracy, penalty }, parameters)
      ok(next >= 0n && next <= PPB_ONE)
      const spared = nextReputation({ reputation, accuracy, penalty: 0n }, parameters)
      ok(next <= spared)
      ok(
        reputation <= accuracy ? spared >= reputation && spared <= accuracy : spared < reputation && spared >= accuracy,
      )
    }),
    { numRuns: 200 },
  ))

test('a steady accuracy is reached to within 1/β ppb from below, and wholly from above', () => {
  const settle = (start: bigint, accuracy: bigint): bigint => {
    let reputation = start
    for (let epoch = 0; epoch < 400; epoch += 1)
      reputation = nextReputation({ reputation, accuracy, penalty: 0n }, STANDING_DEFAULTS)
    return reputation
  }
  equal(settle(PPB_ONE, 300_000_000n), 300_000_000n)
  ok(300_000_000n - settle(0n, 300_000_000n) < 10n)
})
