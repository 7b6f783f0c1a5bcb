/**
 * Waiting for the clock: until an instant has certainly passed (commit-wait, Corbett et al. 2012 §4.1.2), or until there is
 * a time at all. Each wait sleeps as long as the clock's word says, looks again when the clock changes, and ends for one of
 * the documented reasons: none is for ever.
 */
import { ChimerError, NS_PER_MS, NS_PER_SEC, max, min } from '../base/index.ts'
import type { Cancel, Time } from '../base/index.ts'

/** How long a wait bears a clock without the time, ns, unless told. */
export const WAIT_PATIENCE_NS = 10n * NS_PER_SEC
/** How long a wait may take, ns, unless told. */
export const WAIT_AT_MOST_NS = 60n * NS_PER_SEC
/** Waits at a time, over all callers. */
export const WAITS_MAX = 65_536
/** Two looks are at least this far apart, ns, if nothing changes meanwhile. */
const LOOK_NS_MIN = NS_PER_MS / 10n

export interface WaitOptions {
  /** Ends the wait with `TC_CLOCK_ABORTED`. */
  readonly signal?: AbortSignal
  /** A clock that has had no time for so long ends the wait with `TC_CLOCK_UNSYNCHRONISED`; ns, >= 0. */
  readonly patienceNs?: bigint
  /** A wait that takes longer, or certainly would, ends with `TC_CLOCK_WAIT_TOO_LONG`; ns, >= 0. */
  readonly atMostNs?: bigint
}

/** How far off the end of a wait is, ns: by the clock's cautious word, and in the best case. 0 or less: there. */
export interface Ahead {
  readonly remainingNs: bigint
  readonly bestNs: bigint
}

/** Nothing: the clock does not have the time. */
type Measure = () => Ahead | undefined

class Wait {
  readonly #time: Time
  readonly #measure: Measure
  readonly #patienceNs: bigint
  readonly #atMostNs: bigint
  readonly #startNs: bigint
  readonly #settled = Promise.withResolvers<void>()
  #lostNs: bigint | undefined
  #cancel: Cancel = () => {}
  #isOver = false

  constructor(time: Time, measure: Measure, options: WaitOptions) {
    this.#time = time
    this.#measure = measure
    this.#patienceNs = options.patienceNs ?? WAIT_PATIENCE_NS
    this.#atMostNs = options.atMostNs ?? WAIT_AT_MOST_NS
    this.#startNs = time.elapsedNs()
  }

  get ended(): Promise<void> {
    return this.#settled.promise
  }

  fail(error: ChimerError): void {
    if (this.#end()) this.#settled.reject(error)
  }

  /** Ends if it is time, or sleeps until it may be. */
  look(): void {
    if (this.#isOver) return
    this.#cancel()
    const now = this.#time.elapsedNs()
    const ahead = this.#measure()
    if (ahead !== undefined && ahead.remainingNs <= 0n) {
      if (this.#end()) this.#settled.resolve()
      return
    }
    this.#lostNs = ahead === undefined ? (this.#lostNs ?? now) : undefined
    const patienceLeftNs = this.#lostNs === undefined ? undefined : this.#lostNs + this.#patienceNs - now
    if (patienceLeftNs !== undefined && patienceLeftNs <= 0n) return this.fail(unsynchronised(this.#patienceNs))
    const leftNs = this.#startNs + this.#atMostNs - now
    if (leftNs <= 0n || (ahead?.bestNs ?? 0n) > leftNs) return this.fail(tooLong(this.#atMostNs))
    const nextNs = min(leftNs, ahead?.remainingNs ?? patienceLeftNs ?? leftNs)
    this.#cancel = this.#time.schedule(max(LOOK_NS_MIN, nextNs), () => this.look())
  }

  /** False where it was over before. */
  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#cancel()
    return true
  }
}

const inSeconds = (ns: bigint): string => `${Number(ns) / 1e9} s`

const unsynchronised = (patienceNs: bigint): ChimerError =>
  new ChimerError(
    'TC_CLOCK_UNSYNCHRONISED',
    `The clock has had no majority of its sources, or too wide a bound, for ${inSeconds(patienceNs)}: see its status.`,
  )

const tooLong = (atMostNs: bigint): ChimerError =>
  new ChimerError(
    'TC_CLOCK_WAIT_TOO_LONG',
    `The instant will not certainly have passed within ${inSeconds(atMostNs)}: give the wait more time, or another instant.`,
  )

const aborted = (cause: unknown): ChimerError =>
  new ChimerError('TC_CLOCK_ABORTED', 'The wait was called off by its signal.', { cause })

/** All waits on one clock. */
export class Waits {
  readonly #time: Time
  readonly #waits = new Set<Wait>()

  constructor(time: Time) {
    this.#time = time
  }

  /** Resolves when `measure` says 0 or less; rejects with a code of `WaitOptions`, or `TC_CLOCK_BUSY`. */
  async until(measure: Measure, options: WaitOptions): Promise<void> {
    const { signal } = options
    if (signal?.aborted === true) throw aborted(signal.reason)
    if (this.#waits.size >= WAITS_MAX)
      throw new ChimerError('TC_CLOCK_BUSY', `${WAITS_MAX} waits are under way: let some end first.`)
    const wait = new Wait(this.#time, measure, options)
    const onAbort = (): void => wait.fail(aborted(signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#waits.add(wait)
    wait.look()
    try {
      await wait.ended
    } finally {
      this.#waits.delete(wait)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** The clock has changed: each wait may end sooner, or must go on longer. */
  look(): void {
    for (const wait of this.#waits) wait.look()
  }

  /** Ends all of them with `error`. */
  close(error: ChimerError): void {
    for (const wait of this.#waits) wait.fail(error)
  }
}
