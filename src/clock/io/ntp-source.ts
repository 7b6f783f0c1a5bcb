/**
 * A source of time over plain NTP (client mode, UDP). Each `poll` is one question on a socket of its own; what comes of it
 * is one event, after at most one `refused` event for each kind of wrong datagram that came meanwhile.
 * Source: RFC 5905. Rules: docs/spec/sources.md S-1 to S-9.
 *
 * Does not promise authenticity (see clock/ntp-exchange.ts), nor an answer.
 */
import { NS_PER_SEC } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { LEAP_TABLE } from '../leap-seconds.ts'
import type { LeapTable } from '../leap-seconds.ts'
import { NTP_LIMITS } from '../ntp-exchange.ts'
import type { NtpLimits } from '../ntp-exchange.ts'
import { NTP_PACE } from '../ntp-manners.ts'
import { NTP_PORT } from '../ntp-packet.ts'
import type { Source } from '../port.ts'
import { NtpAddresses } from './ntp-addresses.ts'
import { queryNtp } from './ntp-query.ts'
import { polledSource } from './polled-source.ts'
import type { Account } from './polled-source.ts'

/** Why nothing came of a poll. `kod-…`: the server told us to stay away, and we do. */
export const NTP_UNREACHABLE_REASONS = [
  'ntp-timeout',
  'ntp-network',
  'ntp-no-address',
  'kod-deny',
  'kod-rstr',
  'kod-rate',
] as const

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

/** An NTP client for one server. Nothing is sent before the first `poll`. */
export const ntpSource = (time: Time, random: Random, options: NtpSourceOptions): Source => {
  const { id, host } = options
  const addresses = new NtpAddresses(time, host)
  const ask = (account: Account): Promise<void> => askServer({ time, random, options, addresses, account })
  return polledSource(time, { id, kind: 'ntp', pace: NTP_PACE, ask })
}

interface Asking {
  readonly time: Time
  readonly random: Random
  readonly options: NtpSourceOptions
  readonly addresses: NtpAddresses
  readonly account: Account
}

const askServer = async ({ time, random, options, addresses, account }: Asking): Promise<void> => {
  const { signal } = account
  const address = await addresses.current(signal)
  if (signal.aborted) return
  if (address === undefined) return account.unreachable('ntp-no-address')
  const outcome = await queryNtp(time, random, {
    to: { address, port: options.port ?? NTP_PORT },
    timeoutNs: options.timeoutNs ?? NTP_TIMEOUT_NS,
    leapTable: options.leapTable ?? LEAP_TABLE,
    limits: options.limits ?? NTP_LIMITS,
    signal,
    onStranger: (reason) => account.ignored(reason),
  })
  switch (outcome.type) {
    case 'answered':
      return account.measured(outcome.value)
    case 'refused':
      return account.refused(outcome.reason)
    case 'unreachable':
      addresses.failed()
      return account.unreachable(`ntp-${outcome.lost}`)
    case 'aborted':
      return undefined
  }
}
