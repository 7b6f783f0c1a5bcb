/** A UDP server on loopback in a test's hand. */
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { once } from 'node:events'

export interface UdpServer extends AsyncDisposable {
  readonly port: number
  readonly socket: Socket
  /** Resolves with the first datagram. */
  readonly asked: Promise<unknown>
}

/** What a server does with each datagram. */
export type Behaviour = (request: Uint8Array, from: RemoteInfo, socket: Socket) => void | Promise<void>

/** Listens on 127.0.0.1 and any free port where not told otherwise. */
export const serveUdp = async (
  behave: Behaviour,
  { address = '127.0.0.1', port = 0 }: { readonly address?: string; readonly port?: number } = {},
): Promise<UdpServer> => {
  const socket = createSocket('udp4')
  socket.bind(port, address)
  await once(socket, 'listening')
  const asked = once(socket, 'message')
  socket.on('message', (request, from) => void behave(request, from, socket))
  return {
    port: socket.address().port,
    socket,
    asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}
