/**
 * The real Time and Random: the only place in the product where a clock is read or chance is drawn. Everything else is
 * handed these, or a simulation of them.
 */
import { randomFillSync } from 'node:crypto'
import type { Random, Time } from '../../base/index.ts'
import { NS_PER_MS, NS_PER_US, max, min } from '../../base/index.ts'

/** Longest wait that the platform's timer takes in one piece, ms. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Turns of the millisecond that one pairing watches: 4 ms of waiting, once, and again after a step of the host's clock. */
const TURNS = 4

/** By how much the pairing may be wrong, ns: it was measured at under 5 µs on a busy machine. */
const PAIR_ERROR_NS = 50n * NS_PER_US

/**
 * Host clock − counter, ns. Node shows the host's clock in whole milliseconds only; at the turn of one, both are known. A turn
 * seen late (another program had the processor) gives too little, so the largest of several is the best.
 */
const pairNow = (): bigint => {
  let best: bigint | undefined
  for (let turn = 0; turn < TURNS; turn += 1) {
    const before = Date.now()
    let now = before
    while (now === before) now = Date.now()
    const pair = BigInt(now) * NS_PER_MS - process.hrtime.bigint()
    if (best === undefined || pair > best) best = pair
  }
  return best ?? 0n
}

class HostClock {
  #pair: bigint | undefined

  /**
   * Between turns the counter fills in. It must lie between the milliseconds read before and after it, or the clock has stepped; a
   * step of a part of a millisecond shows in as large a part of the readings.
   */
  unixNs(): bigint {
    this.#pair ??= pairNow()
    const first = this.#look(this.#pair)
    if (first.fits) return first.unixNs
    this.#pair = pairNow()
    return this.#look(this.#pair).unixNs
  }

  /** A reading by this pairing, never outside the milliseconds around it: a pairing made while others had the processor may be bad. */
  #look(pair: bigint): { readonly unixNs: bigint; readonly fits: boolean } {
    const before = BigInt(Date.now()) * NS_PER_MS
    const fine = process.hrtime.bigint() + pair
    const after = BigInt(Date.now()) * NS_PER_MS
    const fits = fine >= before - PAIR_ERROR_NS && fine < after + NS_PER_MS + PAIR_ERROR_NS
    return { unixNs: fits ? fine : max(before, min(fine, after + NS_PER_MS)), fits }
  }
}
const hostClock = new HostClock()

export const realTime: Time = {
  elapsedNs: () => process.hrtime.bigint(),
  hostUnixNs: () => hostClock.unixNs(),
  schedule: (delayNs, run) => {
    const delayMs = Math.min(Number((delayNs + NS_PER_MS - 1n) / NS_PER_MS), TIMER_MS_MAX)
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

export const realRandom: Random = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
}
