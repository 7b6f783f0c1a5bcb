/**
 * What every source has that asks one NTP server when it is polled: one question at a time, a client's manners (RFC 5905 §7.4),
 * each wrong kind of datagram told once a question, silence after disposal. How it asks is handed in.
 * Rules: docs/spec/sources.md S-2 to S-4.
 */
import assert from 'node:assert/strict'
import type { Time } from '../../base/index.ts'
import type { NtpReplyReason, NtpSample } from '../ntp-exchange.ts'
import { afterAnswer, afterRefusal, mayAsk, NTP_MANNERS } from '../ntp-manners.ts'
import type { Source, SourceEvent } from '../port.ts'

/** How one question says what comes of it. After disposal nothing that is said is heard. */
export interface Account {
  /** Aborted at disposal: end the question then. */
  readonly signal: AbortSignal
  /** A believed answer. */
  measured(sample: NtpSample): void
  /** A datagram that was not the answer. */
  ignored(reason: string): void
  /** The answer, not to be believed. */
  refused(reason: NtpReplyReason): void
  unreachable(reason: string): void
}

export interface PolledSourceParts {
  readonly id: string
  readonly kind: 'ntp' | 'nts'
  /** Asks once and says what came of it; never rejects. */
  readonly ask: (account: Account) => Promise<void>
}

type Listener = (event: SourceEvent) => void

class PolledSource implements Source {
  readonly id: string
  readonly kind: 'ntp' | 'nts'
  readonly #time: Time
  readonly #askOnce: PolledSourceParts['ask']
  readonly #abort = new AbortController()
  #manners = NTP_MANNERS
  #listener: Listener | undefined
  #asking: Promise<void> | undefined

  constructor(time: Time, { id, kind, ask }: PolledSourceParts) {
    this.id = id
    this.kind = kind
    this.#time = time
    this.#askOnce = ask
  }

  start(listener: Listener): Promise<void> {
    assert(this.#listener === undefined, 'a source is started once')
    this.#listener = listener
    return Promise.resolve()
  }

  /** Does nothing while a question is open, before `start`, and after disposal. */
  poll(): void {
    if (this.#listener === undefined || this.#asking !== undefined || this.#abort.signal.aborted) return
    const reason = mayAsk(this.#manners, this.#time.elapsedNs())
    if (reason !== undefined) {
      this.#say({ type: 'unreachable', sourceId: this.id, reason })
      return
    }
    this.#asking = this.#askOnce(this.#account()).finally(() => {
      this.#asking = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#asking
  }

  #say(event: SourceEvent): void {
    if (!this.#abort.signal.aborted) this.#listener?.(event)
  }

  #account(): Account {
    const { id: sourceId, kind } = this
    const told = new Set<string>()
    return {
      signal: this.#abort.signal,
      measured: (sample) => {
        this.#manners = afterAnswer()
        this.#say({ type: 'measurement', measurement: { sourceId, kind, ...measured(sample) } })
      },
      ignored: (reason) => {
        if (told.has(reason)) return
        told.add(reason)
        this.#say({ type: 'refused', sourceId, verdict: 'ignore', reason })
      },
      refused: (reason) => {
        this.#manners = afterRefusal(this.#manners, reason, this.#time.elapsedNs())
        this.#say({ type: 'refused', sourceId, verdict: 'reject', reason })
      },
      unreachable: (reason) => this.#say({ type: 'unreachable', sourceId, reason }),
    }
  }
}

const measured = ({ localNs, offset, estimateNs, delayNs, leap, upstream }: NtpSample) => ({
  localNs,
  offset,
  estimateNs,
  delayNs,
  leap,
  upstream,
})

/** A source that asks once a poll. Nothing is done before the first. */
export const polledSource = (time: Time, parts: PolledSourceParts): Source => new PolledSource(time, parts)
