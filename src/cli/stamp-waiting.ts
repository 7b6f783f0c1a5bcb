/**
 * Asking a node for stamps with patience: it may be busy, its network may be faster than the way to it, and a proof takes a block or two. What is
 * asked for, and what is kept of the answers, is others' (stamp-run.ts, stamping-client.ts).
 */
import { ChimerError } from '../base/index.ts'
import { ApiError } from '../services/client.ts'
import type { StampNode } from './stamp-node.ts'

/** Beacons that are tried where the network is faster than the way to the node. */
const BEACON_ATTEMPTS = 3
/** Between two looks for a proof, ms; and looks between two looks at the node's promise. */
const LOOK_MS = 200
const LOOKS_BETWEEN = 5
/** Looks after which, and after as many again, it is told that the proof is still waited for: half a minute. */
const LOOKS_TOLD = 150
/** A block is final once the next one is decided, and a node takes a moment to make a proof. */
const HEIGHTS_SPARED = 3
/** Refusals that waiting mends; how long where the node does not say, at most, ms, and how often. */
const BUSY: readonly string[] = ['TC_API_RATE', 'TC_API_STAMPS_FULL']
const BUSY_PAUSE_MS = 1000
const BUSY_PAUSE_MS_MAX = 60_000
const BUSY_ATTEMPTS = 20

export interface StampWaitingOptions {
  readonly node: StampNode
  readonly signal: AbortSignal
  /** Resolves after so many ms, or when the signal fires. */
  readonly pause: (ms: number) => Promise<void>
}

/** A promise whose time is over. */
export interface LateStamp {
  readonly heightNewest: number
  readonly heightPromised: number
  /** Of the block that has it all the same; undefined where it is in none. */
  readonly height: number | undefined
}

export class StampWaiting {
  readonly #options: StampWaitingOptions

  constructor(options: StampWaitingOptions) {
    this.#options = options
  }

  /** Waits where the node says that it has too much to do; rejects with everything else. */
  async patiently<T>(ask: () => Promise<T>): Promise<T> {
    const { signal, pause } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await ask()
      } catch (cause) {
        signal.throwIfAborted()
        const isBusy = cause instanceof ApiError && BUSY.includes(cause.code)
        if (!isBusy || attempt === BUSY_ATTEMPTS) throw cause
        await pause(Math.min(cause.retryAfterMs ?? BUSY_PAUSE_MS, BUSY_PAUSE_MS_MAX))
      }
    }
  }

  /**
   * Hands in with the newest beacon (a block's id in hex), and again with a newer one where that was too old. `TC_STAMP_NO_BEACON` before the
   * first block.
   * @param otherwise what else people can do then, as the rest of the sentence.
   */
  async withBeacon<T>(hand: (beacon: string) => Promise<T>, otherwise = ''): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const beacon = await this.#beacon(otherwise)
      try {
        return await hand(beacon)
      } catch (cause) {
        const isOld = cause instanceof ApiError && cause.code === 'TC_API_STAMP_BEACON'
        if (!isOld || attempt === BEACON_ATTEMPTS) throw cause
      }
    }
  }

  async #beacon(otherwise: string): Promise<string> {
    const beacon = await this.patiently(() => this.#options.node.beacon())
    if (beacon !== undefined) return beacon.block
    throw new ChimerError(
      'TC_STAMP_NO_BEACON',
      'The node holds no newest block, so there is no beacon to mix in: the network has decided none yet, or the node has stopped, as truechimer status says. ' +
        `Try again in a moment, ask another node${otherwise}.`,
    )
  }

  /** The bytes of a stamp's proof as soon as it is final. Rejects with what `late` makes of a promise that was not kept, if there was one. */
  async proofOf(
    id: string,
    promise: {
      readonly heightPromised: number | undefined
      readonly late: (stamp: LateStamp) => ChimerError
      /** Called each half minute that it takes. */
      readonly onWaiting?: () => Promise<void> | void
    },
  ): Promise<Uint8Array> {
    const { node, signal, pause } = this.#options
    const { heightPromised, late, onWaiting } = promise
    for (let look = 1; ; look += 1) {
      signal.throwIfAborted()
      const proof = await this.patiently(() => node.proof(id))
      if (proof !== undefined) return proof
      if (heightPromised !== undefined && look % LOOKS_BETWEEN === 0) {
        const stamp = await this.#late(id, heightPromised)
        if (stamp !== undefined) throw late(stamp)
      }
      if (look % LOOKS_TOLD === 0) await onWaiting?.()
      await pause(LOOK_MS)
    }
  }

  async #late(id: string, heightPromised: number): Promise<LateStamp | undefined> {
    const { node } = this.#options
    const newest = await this.patiently(() => node.beacon())
    if (newest === undefined || newest.height <= heightPromised + HEIGHTS_SPARED) return undefined
    const height = await this.patiently(() => node.height(id))
    return { heightNewest: newest.height, heightPromised, height }
  }
}
