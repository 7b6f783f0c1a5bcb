/**
 * The machine's counters as the `Time` port, for tests against real programs. Everything is real here: that is the point.
 */
import type { Time } from '../../src/base/index.ts'

/** A timer left behind keeps the test from ending, and is so found out. */
export const machineTime = (): Time => ({
  elapsedNs: () => process.hrtime.bigint(),
  hostUnixNs: () => BigInt(Date.now()) * 1_000_000n,
  schedule: (delayNs, run) => {
    const timer = setTimeout(run, Number(delayNs) / 1e6)
    return () => clearTimeout(timer)
  },
})
