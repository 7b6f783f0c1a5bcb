/**
 * The UDP port of an NTP server: hands each datagram to a desk and sends what it gives back. Holds no rules; the binding is
 * in udp-socket.ts.
 */
import type { NtpDesk } from './ntp-desk.ts'
import { bindRefusal, bindUdp, hasSendRoom, literalAddress } from './udp-socket.ts'
import type { UdpListen } from './udp-socket.ts'

export interface NtpSocketOptions extends UdpListen {
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
export const cannotServeNtp = bindRefusal('TC_NTP_BIND', 'NTP')

/** Opens the port, or rejects with `TC_NTP_BIND` where it cannot be had. */
export const openNtpSocket = async (options: NtpSocketOptions): Promise<NtpSocket> => {
  const { desk, port, reusePort = false } = options
  const host = await literalAddress(options, cannotServeNtp)
  const socket = await bindUdp({ host, port, reusePort, refusal: cannotServeNtp })
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
