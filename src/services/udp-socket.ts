/**
 * The UDP port of a server, bound, and what its binding and its answers share: a literal address, an error with advice, and
 * a bound on what waits to be sent. Source: socket(7), udp(7).
 *
 * Addresses are literal here, so that nothing is looked up between the stamp of an answer and its leaving. Holds no rules of any
 * protocol, and promises no answer its arrival.
 */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { ChimerError } from '../base/index.ts'

export interface UdpListen {
  /** An address, or a name that has one. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
}

/** Makes the error of a port that cannot be had. */
export type BindRefusal = (listen: UdpListen, cause: unknown) => ChimerError

const adviceOn = (cause: unknown): string => {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') return 'another program has it: stop that one, or choose another port'
  if (code === 'EACCES') return 'this process may not have it: ports under 1024 need the right CAP_NET_BIND_SERVICE'
  return 'choose an address of this machine'
}

/** Errors with this code, which say what cannot be served, where, and what to do about it. */
export const bindRefusal =
  (code: ChimerError['code'], served: string): BindRefusal =>
  ({ host, port }, cause) => {
    const say = `cannot serve ${served} on ${host} port ${port}: ${adviceOn(cause)}`
    return new ChimerError(code, say, { cause, facts: { host, port } })
  }

/** The literal address of a host. Rejects with the refusal where there is none. */
export const literalAddress = async ({ host, port }: UdpListen, refusal: BindRefusal): Promise<string> => {
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch (cause) {
    throw refusal({ host, port }, cause)
  }
}

export interface UdpBinding {
  /** A literal address. */
  readonly host: string
  readonly port: number
  readonly refusal: BindRefusal
  /** May others of this process listen on the same port? The kernel then spreads clients over them. */
  readonly reusePort?: boolean
  /** Bytes that the kernel keeps of datagrams that wait for us; the system's own choice where not given. */
  readonly recvBufferSize?: number
}

/** Binds the port. Rejects with the refusal where it cannot be had. */
export const bindUdp = ({ host, port, refusal, ...options }: UdpBinding): Promise<Socket> => {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const family = isIP(host) === 6 ? 6 : 4
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (literal, _options, done) => done(null, literal, family),
    ...options,
  })
  const fail = (cause: Error): void => {
    socket.close()
    reject(refusal({ host, port }, cause))
  }
  socket.once('error', fail)
  socket.bind(port, host, () => {
    socket.off('error', fail)
    // A refused or unroutable answer is the asker's loss; UDP promises it nothing.
    socket.on('error', () => undefined)
    resolve(socket)
  })
  return promise
}

/** Answers that the network has not taken yet may fill so many bytes; further ones are lost, as on a full wire. */
export const SEND_QUEUE_BYTES_MAX = 65_536

/** Is there room to send one more? A flood of requests over a slow network must not fill the memory with answers. */
export const hasSendRoom = (socket: Pick<Socket, 'getSendQueueSize'>): boolean =>
  socket.getSendQueueSize() < SEND_QUEUE_BYTES_MAX
