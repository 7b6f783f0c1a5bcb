/**
 * The machine's counters, with timers that go off only when the test says so: no test waits for one.
 */
import type { Time } from '../../src/base/index.ts'
import { machineTime } from './machine-time.ts'

export interface HandTime {
  readonly time: Time
  /** Delays of the timers that are set, ns, in the order in which they were set. */
  readonly pending: () => readonly bigint[]
  /** Runs, and forgets, every timer of this delay or of any; says how many. */
  readonly fire: (isMeant?: (delayNs: bigint) => boolean) => number
}

export const handTime = (): HandTime => {
  const timers = new Map<symbol, { readonly delayNs: bigint; readonly run: () => void }>()
  return {
    time: {
      ...machineTime(),
      schedule: (delayNs, run) => {
        const key = Symbol('timer')
        timers.set(key, { delayNs, run })
        return () => void timers.delete(key)
      },
    },
    pending: () => Array.from(timers.values(), ({ delayNs }) => delayNs),
    fire: (isMeant = () => true) => {
      const due = Array.from(timers).filter(([, { delayNs }]) => isMeant(delayNs))
      for (const [key, { run }] of due) {
        timers.delete(key)
        run()
      }
      return due.length
    },
  }
}
