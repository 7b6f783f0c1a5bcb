/**
 * The real Time and Random: the only place in the product where a clock is read or chance is drawn. Everything else is
 * handed these, or a simulation of them.
 */
import { randomFillSync } from 'node:crypto'
import type { Random, Time } from '../../base/index.ts'
import { NS_PER_MS } from '../../base/index.ts'

/** Longest wait that the platform's timer takes in one piece, ms. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** Turns of the millisecond that one pairing watches: 4 ms of waiting, once, and again after a step of the host's clock. */
const TURNS = 4

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

  /** Between turns the counter fills in; a clock that has left the counter by more than 2 ms has stepped. */
  unixNs(): bigint {
    this.#pair ??= pairNow()
    const fine = process.hrtime.bigint() + this.#pair
    const coarse = BigInt(Date.now()) * NS_PER_MS
    if (fine > coarse - 2n * NS_PER_MS && fine < coarse + 3n * NS_PER_MS) return fine
    this.#pair = pairNow()
    return process.hrtime.bigint() + this.#pair
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
