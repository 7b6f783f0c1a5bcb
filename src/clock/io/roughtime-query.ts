/**
 * One Roughtime question over UDP. Source: RFC 10049 "Protocol Details". All rules are in clock/roughtime-response.ts, the socket
 * is in udp-question.ts; this file joins them.
 *
 * Whatever is not validly signed is passed over and the question stays open, so that who races the server with rubbish ends
 * nothing; a signature is checked only of datagrams that come from the server's address and return our nonce.
 */
import { accept, ignore } from '../../base/index.ts'
import type { Admission, Time } from '../../base/index.ts'
import type { NtpAddress } from '../ntp-exchange.ts'
import { verifyRoughtimeResponse } from '../roughtime-response.ts'
import type { RoughtimeReply, RoughtimeResponseReason } from '../roughtime-response.ts'
import { askOverUdp } from './udp-question.ts'
import type { Arrival } from './udp-question.ts'

export const ROUGHTIME_STRANGER_REASONS = ['roughtime-wrong-address'] as const
export type RoughtimeStrangerReason = (typeof ROUGHTIME_STRANGER_REASONS)[number] | RoughtimeResponseReason

/** An exchange as it went: what was signed, the bytes of both, and the counter before and after. */
export interface RoughtimeAnswer {
  readonly reply: RoughtimeReply
  readonly request: Uint8Array
  readonly response: Uint8Array
  readonly t1: bigint
  readonly t4: bigint
}

export type RoughtimeOutcome =
  | { readonly type: 'answer'; readonly answer: RoughtimeAnswer }
  | { readonly type: 'refused'; readonly reason: RoughtimeStrangerReason }
  | { readonly type: 'unreachable'; readonly reason: 'roughtime-timeout' | 'roughtime-network' }
  /** The signal ended it. */
  | { readonly type: 'aborted' }

export interface RoughtimeQuery {
  /** A literal address, as the operating system writes it. */
  readonly to: NtpAddress
  readonly request: Uint8Array
  /** The server's long-term key, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly timeoutNs: bigint
  readonly signal: AbortSignal
  /** Called for each datagram that was not the answer. */
  readonly onStranger: (reason: RoughtimeStrangerReason) => void
}

/** Asks once. Always settles, at the latest after `timeoutNs`, with the socket closed and no timer left. */
export const queryRoughtime = async (time: Time, query: RoughtimeQuery): Promise<RoughtimeOutcome> => {
  const { to, request, publicKey, timeoutNs, signal, onStranger } = query
  const judge = (arrival: Arrival): Admission<RoughtimeAnswer, RoughtimeStrangerReason> => {
    const { bytes, from, t1, t4 } = arrival
    if (from.address !== to.address || from.port !== to.port) return ignore('roughtime-wrong-address')
    // A plain array: what a report keeps must not be a view of a pool.
    const response = new Uint8Array(bytes)
    const judged = verifyRoughtimeResponse({ response, request, publicKey })
    return judged.verdict === 'accept' ? accept({ reply: judged.value, request, response, t1, t4 }) : judged
  }
  const outcome = await askOverUdp(time, { to, bytes: request, timeoutNs, signal, judge, onStranger })
  if (outcome.type === 'answered') return { type: 'answer', answer: outcome.value }
  return outcome.type === 'unreachable' ? { type: 'unreachable', reason: `roughtime-${outcome.lost}` } : outcome
}
