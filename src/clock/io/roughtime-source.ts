/**
 * A source of time over Roughtime. Each `poll` is one question, in the row of all Roughtime sources that share a sequence; what
 * comes of it is one event, after at most one `refused` event for each kind of wrong datagram that came meanwhile.
 * Source: RFC 10049. Rules: docs/spec/sources.md S-50 to S-58.
 *
 * The answer is signed by a key that the configuration names. What it says is whole seconds: this source keeps others honest, and
 * a clock from being wrong by more; it does not make a clock precise.
 */
import assert from 'node:assert/strict'
import { NS_PER_SEC } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { LEAP_TABLE } from '../leap-seconds.ts'
import type { LeapTable } from '../leap-seconds.ts'
import type { Source, SourceEvent } from '../port.ts'
import { roughtimeBackoffNs, ROUGHTIME_LIMITS, roughtimeSample } from '../roughtime-exchange.ts'
import type { RoughtimeLimits } from '../roughtime-exchange.ts'
import type { RoughtimeForm } from '../roughtime-request.ts'
import { NtpAddresses } from './ntp-addresses.ts'
import type { RoughtimeOutcome } from './roughtime-query.ts'
import { RoughtimeSequence } from './roughtime-sequence.ts'

/** Why nothing came of a poll. */
export const ROUGHTIME_UNREACHABLE_REASONS = ['roughtime-timeout', 'roughtime-network', 'roughtime-no-address'] as const
export type RoughtimeUnreachableReason = (typeof ROUGHTIME_UNREACHABLE_REASONS)[number]

export const ROUGHTIME_TIMEOUT_NS = 2n * NS_PER_SEC

export interface RoughtimeSourceOptions {
  /** Names the source in measurements and reports, for example `roughtime:127.0.0.1:2002`. */
  readonly id: string
  /** A name or a literal address. */
  readonly host: string
  readonly port: number
  /** The server's long-term key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** `framed`, the IETF's, where not given. */
  readonly form?: RoughtimeForm
  /** Shared by all sources whose answers are to be held against each other; one of its own where not given. */
  readonly sequence?: RoughtimeSequence
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
  /** How long an answer is waited for, ns. */
  readonly timeoutNs?: bigint
  readonly limits?: RoughtimeLimits
}

type Listener = (event: SourceEvent) => void

class RoughtimeSource implements Source {
  readonly id: string
  readonly kind = 'roughtime'
  readonly #time: Time
  readonly #options: RoughtimeSourceOptions
  readonly #sequence: RoughtimeSequence
  readonly #addresses: NtpAddresses
  readonly #abort = new AbortController()
  #listener: Listener | undefined
  #asking: Promise<void> | undefined
  /** Polls in a row without a properly signed answer, why the last one had none, and when it ended. */
  #failures = 0
  #failedFor: RoughtimeUnreachableReason = 'roughtime-timeout'
  #failedNs = 0n

  constructor(time: Time, random: Random, options: RoughtimeSourceOptions) {
    this.id = options.id
    this.#time = time
    this.#options = options
    this.#sequence = options.sequence ?? new RoughtimeSequence(time, random)
    this.#addresses = new NtpAddresses(time, options.host)
  }

  start(listener: Listener): Promise<void> {
    assert(this.#listener === undefined, 'a source is started once')
    this.#listener = listener
    return Promise.resolve()
  }

  /** Does nothing while a question is open, before `start`, and after disposal. In a pause after failures it tells the last one again. */
  poll(): void {
    const listener = this.#listener
    if (listener === undefined || this.#asking !== undefined || this.#abort.signal.aborted) return
    if (this.#failures > 0 && this.#time.elapsedNs() < this.#failedNs + roughtimeBackoffNs(this.#failures)) {
      listener({ type: 'unreachable', sourceId: this.id, reason: this.#failedFor })
      return
    }
    this.#asking = this.#ask(listener).finally(() => {
      this.#asking = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#asking
  }

  async #ask(listener: Listener): Promise<void> {
    const signal = this.#abort.signal
    const address = await this.#addresses.current(signal)
    if (signal.aborted) return
    if (address === undefined) return this.#fail(listener, 'roughtime-no-address')
    const { port, publicKey, form = 'framed', timeoutNs = ROUGHTIME_TIMEOUT_NS } = this.#options
    const told = new Set<string>()
    const outcome = await this.#sequence.ask({
      to: { address, port },
      publicKey,
      form,
      timeoutNs,
      signal,
      onStranger: (reason) => {
        if (told.has(reason)) return
        told.add(reason)
        listener({ type: 'refused', sourceId: this.id, verdict: 'ignore', reason })
      },
    })
    this.#conclude(listener, outcome)
  }

  #conclude(listener: Listener, outcome: RoughtimeOutcome): void {
    if (this.#abort.signal.aborted || outcome.type === 'aborted') return
    if (outcome.type === 'unreachable') {
      this.#addresses.failed()
      return this.#fail(listener, outcome.reason)
    }
    // Properly signed, whatever it says: the pause is over.
    this.#failures = 0
    const sourceId = this.id
    if (outcome.type === 'refused') {
      listener({ type: 'refused', sourceId, verdict: 'reject', reason: outcome.reason })
      return
    }
    const { leapTable = LEAP_TABLE, limits = ROUGHTIME_LIMITS } = this.#options
    const sample = roughtimeSample({ ...outcome.answer, leapTable, limits })
    if (sample.verdict === 'accept')
      listener({ type: 'measurement', measurement: { sourceId, kind: this.kind, ...sample.value } })
    else listener({ type: 'refused', sourceId, verdict: sample.verdict, reason: sample.reason })
  }

  #fail(listener: Listener, reason: RoughtimeUnreachableReason): void {
    this.#failures += 1
    this.#failedFor = reason
    this.#failedNs = this.#time.elapsedNs()
    listener({ type: 'unreachable', sourceId: this.id, reason })
  }
}

/** A Roughtime client for one server. Nothing is sent before the first `poll`. */
export const roughtimeSource = (time: Time, random: Random, options: RoughtimeSourceOptions): Source =>
  new RoughtimeSource(time, random, options)
