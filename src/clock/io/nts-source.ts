/**
 * A source of time over NTS. The first poll establishes keys (TLS) and asks at once; each later poll is one authenticated
 * question with a cookie that never went out before. When the cookies are used up, or the server no longer knows our keys,
 * keys are established anew, with growing pauses where that does not help. Source: RFC 8915. Rules: docs/spec/sources.md S-100 to S-110.
 *
 * There is no path from here to plain NTP: whatever fails, nothing is sent that is not authenticated and nothing believed.
 * Does not promise an answer, nor that packets were not delayed.
 */
import type { Random, Time } from '../../base/index.ts'
import { LEAP_TABLE } from '../leap-seconds.ts'
import type { LeapTable } from '../leap-seconds.ts'
import { NTP_PACE } from '../ntp-manners.ts'
import { NTP_PORT } from '../ntp-packet.ts'
import { NtsCookieJar } from '../nts-cookie-jar.ts'
import { judgeNtsReply, NTS_LIMITS, ntsRequest } from '../nts-exchange.ts'
import type { NtsAnswer } from '../nts-exchange.ts'
import type { NtsKeys } from '../nts-fields.ts'
import { NTS_KE_PORT } from '../nts-ke.ts'
import { afterTry, mayEstablish, NTS_RETRY } from '../nts-retry.ts'
import type { Source } from '../port.ts'
import { NtpAddresses } from './ntp-addresses.ts'
import { exchangeKeys, NTS_KE_TIMEOUT_NS, rootsContext } from './nts-key-exchange.ts'
import type { KeOutcome, NtsKeReason } from './nts-key-exchange.ts'
import { NTP_TIMEOUT_NS } from './ntp-source.ts'
import { polledSource } from './polled-source.ts'
import type { Account } from './polled-source.ts'
import { askOverUdp } from './udp-question.ts'

export interface NtsSourceOptions {
  /** Names the source in measurements and reports, for example `nts:time.example:4460`. */
  readonly id: string
  /** Where keys are established: a name or a literal address. The certificate must be its. */
  readonly host: string
  /** 1 to 65,535; 4460 where not given. */
  readonly port?: number
  /** Certificates (PEM) that are trusted besides the platform's roots. */
  readonly extraRoots?: readonly string[]
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
  /** How long an NTP answer is waited for, ns. */
  readonly timeoutNs?: bigint
  /** How long key establishment may take, ns. */
  readonly keTimeoutNs?: bigint
}

/** Keys, cookies and the server that they are for. */
interface Session {
  readonly keys: NtsKeys
  readonly jar: NtsCookieJar
  readonly addresses: NtpAddresses
  readonly port: number
}

/** Why a poll came to nothing, besides the reasons of plain NTP (`ntp-timeout`, `ntp-network`, `ntp-no-address`) and of key establishment. */
export const NTS_UNREACHABLE_REASONS = ['nts-no-cookies', 'nts-nak'] as const

type NtsLoss = (typeof NTS_UNREACHABLE_REASONS)[number] | NtsKeReason

type Agreed = Extract<KeOutcome, { readonly type: 'agreed' }>

class NtsClient {
  readonly #time: Time
  readonly #random: Random
  readonly #options: NtsSourceOptions
  #roots: ReturnType<typeof rootsContext> | undefined
  #session: Session | undefined
  #retry = NTS_RETRY
  /** Why there is no session, told while none may be tried for. */
  #lostBy: NtsLoss = 'nts-no-cookies'

  constructor(time: Time, random: Random, options: NtsSourceOptions) {
    this.#time = time
    this.#random = random
    this.#options = options
  }

  async ask(account: Account): Promise<void> {
    const session = await this.#sessionWithCookie(account)
    const cookie = session?.jar.take()
    if (session === undefined || cookie === undefined || account.signal.aborted) return
    const address = await session.addresses.current(account.signal)
    if (account.signal.aborted) return
    if (address === undefined) return account.unreachable('ntp-no-address')
    await this.#question(account, { session, cookie, address })
  }

  /** The session, or a new one where it has no cookie left; undefined where there is none, which has been told. */
  async #sessionWithCookie(account: Account): Promise<Session | undefined> {
    if (this.#session !== undefined && this.#session.jar.size > 0) return this.#session
    if (this.#session !== undefined) this.#lose('nts-no-cookies')
    const now = this.#time.elapsedNs()
    if (mayEstablish(this.#retry, now)) {
      this.#retry = afterTry(this.#retry, now)
      const outcome = await this.#exchangeKeys(account.signal)
      if (outcome.type === 'agreed') this.#session = this.#sessionOf(outcome)
      if (outcome.type === 'failed') this.#lostBy = outcome.reason
    }
    if (this.#session === undefined) account.unreachable(this.#lostBy)
    return this.#session
  }

  #exchangeKeys(signal: AbortSignal): Promise<KeOutcome> {
    const { host, port = NTS_KE_PORT, extraRoots = [], keTimeoutNs: timeoutNs = NTS_KE_TIMEOUT_NS } = this.#options
    this.#roots ??= rootsContext(extraRoots)
    return exchangeKeys(this.#time, { host, port, roots: this.#roots, timeoutNs, signal })
  }

  #sessionOf({ agreement, keys, address }: Agreed): Session {
    const jar = new NtsCookieJar()
    jar.keep(agreement.cookies)
    const addresses = new NtpAddresses(this.#time, agreement.server ?? address)
    return { keys, jar, addresses, port: agreement.port ?? NTP_PORT }
  }

  #lose(reason: NtsLoss): void {
    this.#session = undefined
    this.#lostBy = reason
  }

  async #question(
    account: Account,
    asked: { readonly session: Session; readonly cookie: Uint8Array; readonly address: string },
  ): Promise<void> {
    const { session, cookie, address } = asked
    const { keys, jar, port } = session
    const to = { address, port }
    const request = ntsRequest(this.#random, { keys, cookie, cookiesHeld: jar.size })
    let isDenied = false
    const { leapTable = LEAP_TABLE, timeoutNs = NTP_TIMEOUT_NS } = this.#options
    const outcome = await askOverUdp(this.#time, {
      to,
      bytes: request.bytes,
      timeoutNs,
      signal: account.signal,
      judge: (arrival) => judgeNtsReply({ ...arrival, request, keys, expectedFrom: to, leapTable, limits: NTS_LIMITS }),
      onStranger: (reason) => {
        isDenied ||= reason === 'nts-nak'
        account.ignored(reason)
      },
    })
    if (outcome.type === 'answered') return this.#answered(account, session, outcome.value)
    if (outcome.type !== 'unreachable') return
    session.addresses.failed()
    // Anybody who saw the request can say NTSN, so it ends the session only where no better answer came in time.
    if (isDenied) this.#lose('nts-nak')
    account.unreachable(isDenied ? 'nts-nak' : `ntp-${outcome.lost}`)
  }

  #answered(account: Account, { jar }: Session, { judged, cookies }: NtsAnswer): void {
    jar.keep(cookies)
    this.#retry = NTS_RETRY
    if (judged.verdict === 'accept') account.measured(judged.value)
    else account.refused(judged.reason)
  }
}

/** An NTS client for one server. Nothing is sent before the first `poll`. */
export const ntsSource = (time: Time, random: Random, options: NtsSourceOptions): Source => {
  const client = new NtsClient(time, random, options)
  return polledSource(time, { id: options.id, kind: 'nts', pace: NTP_PACE, ask: (account) => client.ask(account) })
}
