/**
 * The UDP port of an NTP server: hands each datagram to a desk and sends what it gives back. Holds no rules.
 * Addresses are literal here, so that nothing is looked up between the stamp of an answer and its leaving.
 */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { ChimerError } from '../base/index.ts'
import type { NtpDesk } from './ntp-desk.ts'

export interface NtpListen {
  /** An address, or a name that has one. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
}

export interface NtpSocketOptions extends NtpListen {
  readonly desk: Pick<NtpDesk, 'reply'>
  /** May others of this process listen on the same port? The kernel then spreads clients over them. */
  readonly reusePort?: boolean
}

export interface NtpSocket extends AsyncDisposable {
  /** The literal address and the port in use. */
  readonly host: string
  readonly port: number
}

/** `TC_NTP_BIND`, with what to do about it. */
export const cannotBind = ({ host, port }: NtpListen, cause: unknown): ChimerError => {
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const advice =
    code === 'EADDRINUSE'
      ? 'another program has it: stop that one, or choose another port'
      : code === 'EACCES'
        ? 'this process may not have it: ports under 1024 need the right CAP_NET_BIND_SERVICE'
        : 'choose an address of this machine'
  const facts = { host, port }
  return new ChimerError('TC_NTP_BIND', `cannot serve NTP on ${host} port ${port}: ${advice}`, { cause, facts })
}

/** The literal address of a host. Rejects with `TC_NTP_BIND` where there is none. */
export const literalAddress = async ({ host, port }: NtpListen): Promise<string> => {
  if (isIP(host) !== 0) return host
  try {
    return (await lookup(host)).address
  } catch (cause) {
    throw cannotBind({ host, port }, cause)
  }
}

const bind = (address: string, { port, reusePort = false }: NtpSocketOptions): Promise<Socket> => {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const family = isIP(address) === 6 ? 6 : 4
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reusePort,
    lookup: (literal, _options, done) => done(null, literal, family),
  })
  const fail = (cause: Error): void => {
    socket.close()
    reject(cannotBind({ host: address, port }, cause))
  }
  socket.once('error', fail)
  socket.bind(port, address, () => {
    socket.off('error', fail)
    // An unroutable answer is the asker's loss; UDP promises it nothing.
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

/** Opens the port, or rejects with `TC_NTP_BIND` where it cannot be had. */
export const openNtpSocket = async (options: NtpSocketOptions): Promise<NtpSocket> => {
  const { desk } = options
  const host = await literalAddress(options)
  const socket = await bind(host, options)
  socket.on('message', (bytes, from) => {
    const answer = desk.reply(bytes, from)
    if (answer !== undefined && hasSendRoom(socket)) socket.send(answer, from.port, from.address)
  })
  return {
    host,
    port: socket.address().port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void socket.close(() => resolve())),
  }
}
