/** Drift compensation: seed 003 §5. */
import { describe, test } from 'node:test'
import { equal } from 'node:assert/strict'
import { TAI_MAX } from '../base/index.ts'
import { driftCorrected } from './index.ts'

describe('what a clock is ahead is taken off', () => {
  for (const [measured, estimate, expected] of [
    [1000n, 0n, 1000n],
    [1000n, 40n, 960n],
    [1000n, -40n, 1040n],
    [TAI_MAX, 1n, TAI_MAX - 1n],
  ] as const) {
    test(`${measured} less ${estimate}`, () => equal(driftCorrected(measured, estimate), expected))
  }
})
