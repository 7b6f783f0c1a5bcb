/** Accuracy: seed 003 eq. 4.3, 4.5. W-4. */
import { describe, test } from 'node:test'
import { equal, ok, throws } from 'node:assert/strict'
import * as fc from 'fast-check'
import { NS_PER_MS, PPB_ONE } from '../base/index.ts'
import { accuracyPpb, systemAccuracy } from './index.ts'

describe('accuracy of a node', () => {
  for (const [distanceNs, toleranceNs, expected] of [
    [0n, 50n * NS_PER_MS, PPB_ONE],
    [25n * NS_PER_MS, 50n * NS_PER_MS, 500_000_000n],
    [-25n * NS_PER_MS, 50n * NS_PER_MS, 500_000_000n],
    [50n * NS_PER_MS, 50n * NS_PER_MS, 0n],
    [51n * NS_PER_MS, 50n * NS_PER_MS, 0n],
    [-(2n ** 63n), 50n * NS_PER_MS, 0n],
    [1n, 3n, 666_666_666n],
    [0n, 1n, PPB_ONE],
    [1n, 2n ** 80n, 999_999_999n],
  ] as const) {
    test(`${distanceNs} of ${toleranceNs} ns`, () => equal(accuracyPpb(distanceNs, toleranceNs), expected))
  }
  test('without a window it is a bug', () => {
    throws(() => accuracyPpb(0n, 0n))
    throws(() => accuracyPpb(0n, -1n))
  })
  test('is a share, the same for both signs, and never grows with the distance', () =>
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        (distance, tolerance) => {
          const here = accuracyPpb(distance, tolerance)
          ok(here >= 0n && here <= PPB_ONE)
          equal(accuracyPpb(-distance, tolerance), here)
          ok(accuracyPpb(distance < 0n ? distance - 1n : distance + 1n, tolerance) <= here)
        },
      ),
      { numRuns: 200 },
    ))
})

describe('accuracy of the system', () => {
  for (const [consensus, truth, deviationNsMax, expected] of [
    [1000n, 1000n, 100n, 1],
    [1000n, 1025n, 100n, 0.75],
    [1025n, 1000n, 100n, 0.75],
    [1100n, 1000n, 100n, 0],
    [1200n, 1000n, 100n, -1],
  ] as const) {
    test(`${consensus} against ${truth}`, () => equal(systemAccuracy({ consensus, truth, deviationNsMax }), expected))
  }
  test('without a maximum it is a bug', () =>
    throws(() => systemAccuracy({ consensus: 0n, truth: 0n, deviationNsMax: 0n })))
})
