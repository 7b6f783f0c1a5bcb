/**
 * The two things a core may never reach for by itself: time and chance. They are passed in, first. Only `node/io` makes
 * real ones; tests and the simulator make their own.
 */
import assert from 'node:assert/strict'

/** Stops what was scheduled. Calling it again, or too late, does nothing. */
export type Cancel = () => void

/**
 * Elapsed time, and the machine's own opinion of the date.
 * `elapsedNs` is monotonic and starts anywhere: only differences mean something. It is the counter that a node's clock
 * disciplines, so a simulated oscillator is an implementation of this port.
 */
export interface Time {
  /** Monotonic nanoseconds since some fixed but unknown start. Never decreases. */
  elapsedNs(): bigint
  /** The operating system's clock, Unix nanoseconds (UTC without leap seconds). May step; trusted by nobody. */
  hostUnixNs(): bigint
  /** Runs `run` once, no sooner than `delayNs` >= 0 from now on a perfect counter. */
  schedule(delayNs: bigint, run: () => void): Cancel
}

/** Unpredictable bytes. Seeded ones (`seededRandom`) are for tests, simulated oscillators and the simulator only. */
export interface Random {
  /** `length` fresh bytes, 0 <= length <= 65,536. */
  bytes(length: number): Uint8Array
}

/** A whole number in [0, below), unbiased, drawn by rejection; 1 <= below <= 2^48, anything else an asserted bug. */
export const drawBelow = (random: Random, below: number): number => {
  const span = 2 ** 48
  assert(Number.isSafeInteger(below) && below >= 1 && below <= span)
  const limit = span - (span % below)
  for (;;) {
    const value = random.bytes(6).reduce((sum, byte) => sum * 256 + byte, 0)
    if (value < limit) return value % below
  }
}

/** A float in [0, 1) with 48 bits of chance. */
export const drawUnit = (random: Random): number => drawBelow(random, 2 ** 48) / 2 ** 48

/** A float from the standard normal distribution (Box and Muller 1958). */
export const drawNormal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - drawUnit(random))) * Math.cos(2 * Math.PI * drawUnit(random))
