/**
 * A node's Time over a simulated oscillator: its counter strays as the model says, while timers and the host's clock stay the
 * machine's. What a devnet's nodes run on.
 */
import type { Time } from '../../base/index.ts'
import type { Oscillator } from '../../clock/index.ts'

/** @param oscillator is asked with elapsed time since this call. */
export const timeOverOscillator = (time: Time, oscillator: Oscillator): Time => {
  const start = time.elapsedNs()
  return {
    elapsedNs: () => oscillator.read(time.elapsedNs() - start),
    hostUnixNs: () => time.hostUnixNs(),
    schedule: (delayNs, run) => time.schedule(delayNs, run),
  }
}
