/**
 * One NTP question over UDP: a socket of its own on a port that the operating system draws, closed with the answer. An
 * off-path forger must guess the port and the 64-bit cookie. Source: RFC 5905 §8; RFC 9109 (port randomisation).
 *
 * The counter is read right before the bytes leave and first thing when bytes come. All rules are in
 * clock/ntp-exchange.ts; this file only performs. A flood of wrong datagrams costs their judging and no memory.
 */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Random, Time } from '../../base/index.ts'
import type { LeapTable } from '../leap-seconds.ts'
import { judgeReply } from '../ntp-exchange.ts'
import type { NtpAddress, NtpLimits, NtpReplyReason, NtpSample } from '../ntp-exchange.ts'
import { clientRequest } from '../ntp-packet.ts'

export type NtpOutcome =
  | { readonly type: 'sample'; readonly sample: NtpSample }
  | { readonly type: 'refused'; readonly reason: NtpReplyReason }
  | { readonly type: 'unreachable'; readonly reason: 'ntp-timeout' | 'ntp-network' }
  /** The signal ended it. */
  | { readonly type: 'aborted' }

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

/**
 * Addresses are literal here, so there is nothing to look up; answering at once keeps Node from putting the datagram off
 * to a later turn of its loop, which would count as path delay.
 */
const openSocket = (address: string): Socket => {
  const family = isIPv6(address) ? 6 : 4
  return createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (host, _options, done) => done(null, host, family),
  })
}

/** Asks once. Always settles, at the latest after `timeoutNs`, with the socket closed and no timer left. */
export const queryNtp = (time: Time, random: Random, query: NtpQuery): Promise<NtpOutcome> => {
  const { promise, resolve } = Promise.withResolvers<NtpOutcome>()
  const request = clientRequest(random)
  const socket = openSocket(query.to.address)
  let t1 = 0n
  let isSettled = false
  const settle = (outcome: NtpOutcome): void => {
    if (isSettled) return
    isSettled = true
    cancel()
    query.signal.removeEventListener('abort', onAbort)
    socket.close(() => resolve(outcome))
  }
  const onAbort = (): void => settle({ type: 'aborted' })
  const onNetworkError = (): void => settle({ type: 'unreachable', reason: 'ntp-network' })
  const cancel = time.schedule(query.timeoutNs, () => settle({ type: 'unreachable', reason: 'ntp-timeout' }))
  socket.on('error', onNetworkError)
  socket.on('message', (bytes, from) => {
    const t4 = time.elapsedNs()
    if (isSettled) return
    const { to: expectedFrom, leapTable, limits } = query
    const admission = judgeReply({ bytes, request, from, expectedFrom, t1, t4, leapTable, limits })
    if (admission.verdict === 'accept') settle({ type: 'sample', sample: admission.value })
    else if (admission.verdict === 'reject') settle({ type: 'refused', reason: admission.reason })
    else query.onStranger(admission.reason)
  })
  query.signal.addEventListener('abort', onAbort, { once: true })
  if (query.signal.aborted) onAbort()
  socket.bind(0, () => {
    if (isSettled) return
    t1 = time.elapsedNs()
    socket.send(request.bytes, query.to.port, query.to.address, (error) => {
      if (error !== null && error !== undefined) onNetworkError()
    })
  })
  return promise
}
