/**
 * One Roughtime question over UDP: a socket of its own on a port that the operating system draws, closed with the answer.
 * Source: RFC 10049 "Protocol Details". The counter is read right before the bytes leave and first thing when bytes come. All
 * rules are in clock/roughtime-response.ts; this file only performs.
 *
 * Whatever is not validly signed is passed over and the question stays open, so that who races the server with rubbish ends
 * nothing; a signature is checked only of datagrams that come from the server's address and return our nonce.
 */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Time } from '../../base/index.ts'
import { verifyRoughtimeResponse } from '../roughtime-response.ts'
import type { RoughtimeReply, RoughtimeResponseReason } from '../roughtime-response.ts'

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
  | { readonly type: 'refused'; readonly reason: RoughtimeResponseReason }
  | { readonly type: 'unreachable'; readonly reason: 'roughtime-timeout' | 'roughtime-network' }
  /** The signal ended it. */
  | { readonly type: 'aborted' }

export interface RoughtimeQuery {
  /** A literal address, as the operating system writes it. */
  readonly to: { readonly address: string; readonly port: number }
  readonly request: Uint8Array
  /** The server's long-term key, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly timeoutNs: bigint
  readonly signal: AbortSignal
  /** Called for each datagram that was not the answer. */
  readonly onStranger: (reason: RoughtimeStrangerReason) => void
}

const openSocket = (address: string): Socket => {
  const family = isIPv6(address) ? 6 : 4
  return createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (host, _options, done) => done(null, host, family),
  })
}

/** Asks once. Always settles, at the latest after `timeoutNs`, with the socket closed and no timer left. */
export const queryRoughtime = (time: Time, query: RoughtimeQuery): Promise<RoughtimeOutcome> => {
  const { promise, resolve } = Promise.withResolvers<RoughtimeOutcome>()
  const { to, request, publicKey, signal } = query
  const socket = openSocket(to.address)
  let t1 = 0n
  let isSettled = false
  const settle = (outcome: RoughtimeOutcome): void => {
    if (isSettled) return
    isSettled = true
    cancel()
    signal.removeEventListener('abort', onAbort)
    socket.close(() => resolve(outcome))
  }
  const onAbort = (): void => settle({ type: 'aborted' })
  const onNetworkError = (): void => settle({ type: 'unreachable', reason: 'roughtime-network' })
  const cancel = time.schedule(query.timeoutNs, () => settle({ type: 'unreachable', reason: 'roughtime-timeout' }))
  socket.on('error', onNetworkError)
  socket.on('message', (bytes, from) => {
    const t4 = time.elapsedNs()
    if (isSettled) return
    if (from.address !== to.address || from.port !== to.port) return query.onStranger('roughtime-wrong-address')
    // A plain array: what a report keeps must not be a view of a pool.
    const response = new Uint8Array(bytes)
    const judged = verifyRoughtimeResponse({ response, request, publicKey })
    if (judged.verdict === 'accept') {
      settle({ type: 'answer', answer: { reply: judged.value, request, response, t1, t4 } })
    } else if (judged.verdict === 'reject') settle({ type: 'refused', reason: judged.reason })
    else query.onStranger(judged.reason)
  })
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  socket.bind(0, () => {
    if (isSettled) return
    t1 = time.elapsedNs()
    socket.send(request, to.port, to.address, (error) => {
      if (error !== null && error !== undefined) onNetworkError()
    })
  })
  return promise
}
