/**
 * One NTP question over UDP, with a cookie of 64 bits of chance. Source: RFC 5905 §8. All rules are in
 * clock/ntp-exchange.ts, the socket is in udp-question.ts; this file joins them.
 */
import type { Random, Time } from '../../base/index.ts'
import type { LeapTable } from '../leap-seconds.ts'
import { judgeReply } from '../ntp-exchange.ts'
import type { NtpAddress, NtpLimits, NtpReplyReason, NtpSample } from '../ntp-exchange.ts'
import { clientRequest } from '../ntp-packet.ts'
import { askOverUdp } from './udp-question.ts'
import type { UdpOutcome } from './udp-question.ts'

export type NtpOutcome = UdpOutcome<NtpSample, NtpReplyReason>

export interface NtpQuery {
  readonly to: NtpAddress
  readonly timeoutNs: bigint
  readonly leapTable: LeapTable
  readonly limits: NtpLimits
  /** Ends the question: the outcome is then `aborted`. */
  readonly signal: AbortSignal
  /** Called for each datagram that was not the answer. */
  readonly onStranger: (reason: NtpReplyReason) => void
}

/** Asks once. Always settles, at the latest after `timeoutNs`, with the socket closed and no timer left. */
export const queryNtp = (time: Time, random: Random, query: NtpQuery): Promise<NtpOutcome> => {
  const request = clientRequest(random)
  const { to, timeoutNs, leapTable, limits, signal, onStranger } = query
  return askOverUdp(time, {
    to,
    bytes: request.bytes,
    timeoutNs,
    signal,
    judge: (arrival) => judgeReply({ ...arrival, request, expectedFrom: to, leapTable, limits }),
    onStranger,
  })
}
