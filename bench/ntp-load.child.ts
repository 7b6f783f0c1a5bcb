/**
 * The clients of `bench -- ntp-server`: a process of its own that keeps so many datagrams in flight to a port on loopback and
 * counts what comes back. A datagram that got lost is replaced when nothing has come for 100 ms.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface LoadOrder {
  readonly port: number
  readonly inFlight: number
  /** Sockets over which the datagrams are spread: a kernel that shares a port shares it by socket. */
  readonly sockets: number
  readonly forMs: number
}

/** What every client sends, hex: version 4, mode 3, a cookie. */
const REQUEST = Buffer.from(`23${'00'.repeat(39)}0123456789abcdef`, 'hex')
const LOST_MS = 100
const WARM_MS = 100

const load = async ({ port, inFlight, sockets, forMs }: LoadOrder): Promise<number> => {
  let replies = 0
  let isOver = false
  const each = Math.max(1, Math.floor(inFlight / sockets))
  const opened = await Promise.all(
    Array.from({ length: sockets }, async () => {
      const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) })
      const listening = once(socket, 'listening')
      socket.bind(0, '127.0.0.1')
      await listening
      const ask = (): void => socket.send(REQUEST, port, '127.0.0.1')
      let last = -1
      let own = 0
      socket.on('message', () => {
        own += 1
        replies += 1
        if (!isOver) ask()
      })
      const fill = (): void => {
        if (own !== last) last = own
        else for (let count = 0; count < each; count += 1) ask()
      }
      fill()
      fill()
      const timer = setInterval(fill, LOST_MS)
      return { socket, timer }
    }),
  )
  await new Promise((resolve) => setTimeout(resolve, WARM_MS))
  const [from, start] = [replies, performance.now()]
  await new Promise((resolve) => setTimeout(resolve, forMs))
  const perSec = ((replies - from) * 1000) / (performance.now() - start)
  isOver = true
  for (const { socket, timer } of opened) {
    clearInterval(timer)
    socket.close()
  }
  return perSec
}

process.on('message', (order: LoadOrder) => void load(order).then((perSec) => process.send?.(perSec)))
