/**
 * A source of time over plain NTP (client mode, UDP). Each `poll` is one question on a socket of its own; what comes of it
 * is one event, after at most one `refused` event for each kind of wrong datagram that came meanwhile.
 * Source: RFC 5905. Rules: docs/spec/sources.md S-1 to S-9.
 *
 * Does not promise authenticity (see clock/ntp-exchange.ts), nor an answer.
 */
import assert from 'node:assert/strict'
import { NS_PER_SEC } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { LEAP_TABLE } from '../leap-seconds.ts'
import type { LeapTable } from '../leap-seconds.ts'
import { NTP_LIMITS } from '../ntp-exchange.ts'
import type { NtpLimits, NtpReplyReason, NtpSample } from '../ntp-exchange.ts'
import { afterAnswer, afterRefusal, mayAsk, NTP_MANNERS } from '../ntp-manners.ts'
import { NTP_PORT } from '../ntp-packet.ts'
import type { Source, SourceEvent } from '../port.ts'
import { NtpAddresses } from './ntp-addresses.ts'
import { queryNtp } from './ntp-query.ts'
import type { NtpOutcome } from './ntp-query.ts'

/** Why nothing came of a poll. `kod-…`: the server told us to stay away, and we do. */
export const NTP_UNREACHABLE_REASONS = [
  'ntp-timeout',
  'ntp-network',
  'ntp-no-address',
  'kod-deny',
  'kod-rstr',
  'kod-rate',
] as const
export type NtpUnreachableReason = (typeof NTP_UNREACHABLE_REASONS)[number]

export const NTP_TIMEOUT_NS = 2n * NS_PER_SEC

export interface NtpSourceOptions {
  /** Names the source in measurements and reports, for example `ntp:127.0.0.1:11123`. */
  readonly id: string
  /** A name or a literal address. */
  readonly host: string
  /** 1 to 65,535; 123 where not given. */
  readonly port?: number
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
  /** How long an answer is waited for, ns. */
  readonly timeoutNs?: bigint
  readonly limits?: NtpLimits
}

type Listener = (event: SourceEvent) => void

class NtpSource implements Source {
  readonly id: string
  readonly kind = 'ntp'
  readonly #time: Time
  readonly #random: Random
  readonly #options: NtpSourceOptions
  readonly #addresses: NtpAddresses
  readonly #abort = new AbortController()
  #manners = NTP_MANNERS
  #listener: Listener | undefined
  #asking: Promise<void> | undefined

  constructor(time: Time, random: Random, options: NtpSourceOptions) {
    this.id = options.id
    this.#time = time
    this.#random = random
    this.#options = options
    this.#addresses = new NtpAddresses(time, options.host)
  }

  start(listener: Listener): Promise<void> {
    assert(this.#listener === undefined, 'a source is started once')
    this.#listener = listener
    return Promise.resolve()
  }

  /** Does nothing while a question is open, before `start`, and after disposal. */
  poll(): void {
    const listener = this.#listener
    if (listener === undefined || this.#asking !== undefined || this.#abort.signal.aborted) return
    const reason = mayAsk(this.#manners, this.#time.elapsedNs())
    if (reason !== undefined) {
      listener({ type: 'unreachable', sourceId: this.id, reason })
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
    if (address === undefined) {
      listener({ type: 'unreachable', sourceId: this.id, reason: 'ntp-no-address' })
      return
    }
    const told = new Set<NtpReplyReason>()
    const outcome = await queryNtp(this.#time, this.#random, {
      to: { address, port: this.#options.port ?? NTP_PORT },
      timeoutNs: this.#options.timeoutNs ?? NTP_TIMEOUT_NS,
      leapTable: this.#options.leapTable ?? LEAP_TABLE,
      limits: this.#options.limits ?? NTP_LIMITS,
      signal,
      onStranger: (reason) => {
        if (told.has(reason)) return
        told.add(reason)
        listener({ type: 'refused', sourceId: this.id, verdict: 'ignore', reason })
      },
    })
    this.#conclude(listener, outcome)
  }

  #conclude(listener: Listener, outcome: NtpOutcome): void {
    if (this.#abort.signal.aborted) return
    const sourceId = this.id
    switch (outcome.type) {
      case 'sample':
        this.#manners = afterAnswer()
        listener({ type: 'measurement', measurement: { sourceId, kind: this.kind, ...measured(outcome.sample) } })
        return
      case 'refused':
        this.#manners = afterRefusal(this.#manners, outcome.reason, this.#time.elapsedNs())
        listener({ type: 'refused', sourceId, verdict: 'reject', reason: outcome.reason })
        return
      case 'unreachable':
        this.#addresses.failed()
        listener({ type: 'unreachable', sourceId, reason: outcome.reason })
        return
      case 'aborted':
        return
    }
  }
}

const measured = ({ localNs, offset, estimateNs, delayNs, leap }: NtpSample) => ({
  localNs,
  offset,
  estimateNs,
  delayNs,
  leap,
})

/** An NTP client for one server. Nothing is sent before the first `poll`. */
export const ntpSource = (time: Time, random: Random, options: NtpSourceOptions): Source =>
  new NtpSource(time, random, options)
