/**
 * How many stamps one address may ask for: stamps are counted and not requests, so that a hundred in one body cost what a hundred bodies
 * cost. A token bucket for each address, kept as one instant (the generic cell rate algorithm, ITU-T I.371 Annex A).
 *
 * Promises nothing against somebody with many addresses: of more than `addressesMax` the one longest silent is forgotten and begins anew.
 */
import assert from 'node:assert/strict'
import { BoundedMap } from '../base/index.ts'
import { SUBMISSION_STAMPS_MAX } from '../stamps/port.ts'
import { addressKey } from './ntp-rate.ts'

/** Length of the window that the policy names, seconds. */
const WINDOW_SEC = 60
const ADDRESSES_MAX = 5000

/** What is left to an address, as the headers say it (draft-ietf-httpapi-ratelimit-headers-10). */
export interface StampAllowance {
  readonly isTaken: boolean
  /** Stamps that it may ask for at once. */
  readonly remaining: number
  /** Until the bucket is full again, whole seconds. */
  readonly fullSec: number
  /** Until what was asked for would be let in, whole seconds; 0 where it was. */
  readonly waitSec: number
}

export class StampRates {
  /** Value of `RateLimit-Policy`. */
  readonly policy: string
  readonly #perMinute: number
  readonly #tokenMs: number
  /** When the bucket of an address is full again, ms. */
  readonly #fullAt: BoundedMap<string, number>

  /** @param perMinute at least a whole submission, so that each can be let in. */
  constructor(perMinute: number, addressesMax: number = ADDRESSES_MAX) {
    assert(Number.isSafeInteger(perMinute) && perMinute >= SUBMISSION_STAMPS_MAX)
    this.#perMinute = perMinute
    this.#tokenMs = (WINDOW_SEC * 1000) / perMinute
    this.#fullAt = new BoundedMap(addressesMax)
    this.policy = `"stamps";q=${perMinute};w=${WINDOW_SEC}`
  }

  /** Takes `stamps` (0 or more) of an address's allowance, all or none. @param nowMs monotonic, milliseconds. */
  take(address: string, stamps: number, nowMs: number): StampAllowance {
    const key = addressKey(address)
    const fullAt = Math.max(this.#fullAt.get(key) ?? nowMs, nowMs)
    const after = fullAt + stamps * this.#tokenMs
    // The instant is a sum of fractions: a thousandth of a stamp is forgiven.
    const lateMs = after - nowMs - (this.#perMinute + 0.001) * this.#tokenMs
    const isTaken = lateMs <= 0
    if (isTaken && stamps > 0) this.#fullAt.set(key, after)
    const ahead = (isTaken ? after : fullAt) - nowMs
    return {
      isTaken,
      remaining: Math.max(0, Math.floor(this.#perMinute + 0.001 - ahead / this.#tokenMs)),
      fullSec: Math.ceil(ahead / 1000),
      waitSec: isTaken ? 0 : Math.max(1, Math.ceil(lateMs / 1000)),
    }
  }
}
