/**
 * One question over UDP: a socket of its own on a port that the operating system draws, closed with the answer. An off-path
 * forger must guess the port as well as what the question holds. Source: RFC 5905 §8; RFC 9109 (port randomisation);
 * RFC 10049 "Protocol Details".
 *
 * The counter is read right before the bytes leave and first thing when bytes come. What an answer is, `judge` says; this
 * file only performs. A flood of wrong datagrams costs their judging, and the memory of those that one turn of the loop reads.
 */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Admission, Time } from '../../base/index.ts'
import type { NtpAddress } from '../ntp-exchange.ts'

/** A datagram that came while the question was open. */
export interface Arrival {
  readonly bytes: Uint8Array
  readonly from: NtpAddress
  /** The local counter right before the question left, ns. */
  readonly t1: bigint
  /** The local counter right after the datagram came, ns. */
  readonly t4: bigint
}

export interface UdpQuestion<Value, Reason extends string> {
  readonly to: NtpAddress
  readonly bytes: Uint8Array
  readonly timeoutNs: bigint
  /** Ends the question: the outcome is then `aborted`. */
  readonly signal: AbortSignal
  /** `ignore` keeps the question open. */
  readonly judge: (arrival: Arrival) => Admission<Value, Reason>
  /** Called for each datagram that was not the answer. */
  readonly onStranger: (reason: Reason) => void
}

export type UdpOutcome<Value, Reason extends string> =
  | { readonly type: 'answered'; readonly value: Value }
  | { readonly type: 'refused'; readonly reason: Reason }
  /** No answer in time, or the network would not have it. The asker names this in its own protocol's words. */
  | { readonly type: 'unreachable'; readonly lost: 'timeout' | 'network' }
  /** The signal ended it. */
  | { readonly type: 'aborted' }

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
export const askOverUdp = <Value, Reason extends string>(
  time: Time,
  question: UdpQuestion<Value, Reason>,
): Promise<UdpOutcome<Value, Reason>> => {
  const { promise, resolve } = Promise.withResolvers<UdpOutcome<Value, Reason>>()
  const { to, bytes: asked, signal } = question
  const socket = openSocket(to.address)
  let t1 = 0n
  let isSettled = false
  const settle = (outcome: UdpOutcome<Value, Reason>): void => {
    if (isSettled) return
    isSettled = true
    cancel()
    signal.removeEventListener('abort', onAbort)
    socket.close(() => resolve(outcome))
  }
  const onAbort = (): void => settle({ type: 'aborted' })
  const onNetworkError = (): void => settle({ type: 'unreachable', lost: 'network' })
  const cancel = time.schedule(question.timeoutNs, () => settle({ type: 'unreachable', lost: 'timeout' }))
  socket.on('error', onNetworkError)
  const consider = (arrival: Arrival): void => {
    if (isSettled) return
    const admission = question.judge(arrival)
    if (admission.verdict === 'accept') settle({ type: 'answered', value: admission.value })
    else if (admission.verdict === 'reject') settle({ type: 'refused', reason: admission.reason })
    else question.onStranger(admission.reason)
  }
  socket.on('message', (bytes, from) => {
    const t4 = time.elapsedNs()
    // Judging may decipher. It waits until every datagram that came with this one has its t4 too.
    setImmediate(consider, { bytes, from, t1, t4 })
  })
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  socket.bind(0, () => {
    if (isSettled) return
    t1 = time.elapsedNs()
    socket.send(asked, to.port, to.address, (error) => {
      if (error !== null && error !== undefined) onNetworkError()
    })
  })
  return promise
}
