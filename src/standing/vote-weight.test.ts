/** Vote weight: seed 003 eq. 4.1. W-6. */
import { describe, test } from 'node:test'
import { equal, ok, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { PPB_ONE } from '../base/index.ts'
import { voteWeightPpb } from './index.ts'

const HALF = 500_000_000n

describe('by hand', () => {
  for (const [alphaPpb, reputation, stakeShare, integrity, expected] of [
    [HALF, HALF, PPB_ONE, PPB_ONE, 750_000_000n],
    [HALF, PPB_ONE, 0n, PPB_ONE, HALF],
    [HALF, PPB_ONE, PPB_ONE, PPB_ONE, PPB_ONE],
    [HALF, 0n, 0n, PPB_ONE, 0n],
    [HALF, PPB_ONE, PPB_ONE, 0n, 0n],
    [HALF, PPB_ONE, PPB_ONE, HALF, HALF],
    [0n, PPB_ONE, 250_000_000n, PPB_ONE, 250_000_000n],
    [PPB_ONE, 200_000_000n, PPB_ONE, PPB_ONE, 200_000_000n],
    [HALF, 1n, 0n, PPB_ONE, 0n],
    [HALF, 1n, 1n, PPB_ONE, 1n],
    [333_333_333n, 600_000_000n, 300_000_000n, 900_000_000n, 359_999_999n],
  ] as const) {
    test(`α ${alphaPpb}: R ${reputation}, S ${stakeShare}, I ${integrity}`, () =>
      equal(voteWeightPpb({ reputation, stakeShare, integrity }, { alphaPpb }), expected))
  }
})

test('what is no share is a bug', () => {
  const fine = { reputation: HALF, stakeShare: HALF, integrity: HALF }
  for (const wrong of [-1n, PPB_ONE + 1n]) {
    throws(() => voteWeightPpb({ ...fine, reputation: wrong }, { alphaPpb: HALF }))
    throws(() => voteWeightPpb({ ...fine, stakeShare: wrong }, { alphaPpb: HALF }))
    throws(() => voteWeightPpb({ ...fine, integrity: wrong }, { alphaPpb: HALF }))
    throws(() => voteWeightPpb(fine, { alphaPpb: wrong }))
  }
})

test('is a share, below the better of reputation and stake, and grows with each', () => {
  const share = fc.bigInt({ min: 0n, max: PPB_ONE })
  fc.assert(
    fc.property(share, share, share, share, (alphaPpb, reputation, stakeShare, integrity) => {
      const weight = voteWeightPpb({ reputation, stakeShare, integrity }, { alphaPpb })
      ok(weight >= 0n && weight <= integrity && weight <= (reputation > stakeShare ? reputation : stakeShare))
      ok(voteWeightPpb({ reputation: PPB_ONE, stakeShare, integrity }, { alphaPpb }) >= weight)
      ok(voteWeightPpb({ reputation, stakeShare: PPB_ONE, integrity }, { alphaPpb }) >= weight)
      ok(voteWeightPpb({ reputation, stakeShare, integrity: PPB_ONE }, { alphaPpb }) >= weight)
    }),
    { numRuns: 200 },
  )
})
