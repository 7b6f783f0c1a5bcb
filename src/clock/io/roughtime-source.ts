/**
 * A source of time over Roughtime. Each `poll` is one question, in the row of all Roughtime sources that share a sequence; what
 * comes of it is one event, after at most one `refused` event for each kind of wrong datagram that came meanwhile.
 * Source: RFC 10049. Rules: docs/spec/sources.md S-50 to S-58.
 *
 * The answer is signed by a key that the configuration names. What it says is whole seconds: this source keeps others honest, and
 * a clock from being wrong by more; it does not make a clock precise.
 */
import { NS_PER_SEC } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { LEAP_TABLE } from '../leap-seconds.ts'
import type { LeapTable } from '../leap-seconds.ts'
import type { Source } from '../port.ts'
import { ROUGHTIME_LIMITS, ROUGHTIME_PACE, roughtimeSample } from '../roughtime-exchange.ts'
import type { RoughtimeLimits } from '../roughtime-exchange.ts'
import type { RoughtimeForm } from '../roughtime-request.ts'
import { NtpAddresses } from './ntp-addresses.ts'
import { polledSource } from './polled-source.ts'
import type { Account } from './polled-source.ts'
import { RoughtimeSequence } from './roughtime-sequence.ts'

/** Why nothing came of a poll. */
export const ROUGHTIME_UNREACHABLE_REASONS = ['roughtime-timeout', 'roughtime-network', 'roughtime-no-address'] as const

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

/** A Roughtime client for one server. Nothing is sent before the first `poll`. */
export const roughtimeSource = (time: Time, random: Random, options: RoughtimeSourceOptions): Source => {
  const { id, host, sequence = new RoughtimeSequence(time, random) } = options
  const addresses = new NtpAddresses(time, host)
  const ask = (account: Account): Promise<void> => askServer({ options, sequence, addresses, account })
  return polledSource(time, { id, kind: 'roughtime', pace: ROUGHTIME_PACE, ask })
}

interface Asking {
  readonly options: RoughtimeSourceOptions
  readonly sequence: RoughtimeSequence
  readonly addresses: NtpAddresses
  readonly account: Account
}

const askServer = async ({ options, sequence, addresses, account }: Asking): Promise<void> => {
  const { signal } = account
  const address = await addresses.current(signal)
  if (signal.aborted) return
  if (address === undefined) return account.unreachable('roughtime-no-address')
  const { port, publicKey, form = 'framed', timeoutNs = ROUGHTIME_TIMEOUT_NS } = options
  const onStranger = (reason: string): void => account.ignored(reason)
  const outcome = await sequence.ask({ to: { address, port }, publicKey, form, timeoutNs, signal, onStranger })
  switch (outcome.type) {
    case 'answer': {
      const { leapTable = LEAP_TABLE, limits = ROUGHTIME_LIMITS } = options
      const sample = roughtimeSample({ ...outcome.answer, leapTable, limits })
      return sample.verdict === 'accept' ? account.measured(sample.value) : account.refused(sample.reason)
    }
    case 'refused':
      return account.refused(outcome.reason)
    case 'unreachable':
      addresses.failed()
      return account.unreachable(outcome.reason)
    case 'aborted':
      return undefined
  }
}
