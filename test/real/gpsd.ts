/**
 * Real gpsd on loopback, fed over TCP in place of a serial line: with the present time once a second, or with a recorded
 * log. Debian package `gpsd`. Source of the flags: gpsd(8).
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { report } from './nmea.ts'
import { freeTcpPort, programPath, startProgram, until } from './program.ts'
import type { RunningServer } from './chronyd.ts'

export const gpsdPath = (): string | undefined => programPath('gpsd')

/** What the receiver sends to each connection of gpsd; called once for each, and must stop when the signal says so. */
export type Feed = (socket: Socket, signal: AbortSignal) => void

/** At the start of every second of the host clock, a report of that second. `offsetMs` makes the receiver lie. */
export const presentTime =
  (offsetMs = 0): Feed =>
  (socket, signal) => {
    let timer: NodeJS.Timeout
    const speak = (): void => {
      const second = Math.round(Date.now() / 1000) * 1000
      socket.write(report(second + offsetMs))
      plan()
    }
    const plan = (): void => {
      timer = setTimeout(speak, 1000 - (Date.now() % 1000) + 1)
    }
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
    plan()
  }

/** A recorded log's bytes, over and over, 480 every 20 ms. `onWhole` is called each time that all of it has been sent. */
export const recorded =
  (log: Uint8Array, onWhole: () => void): Feed =>
  (socket, signal) => {
    const bytesPerTick = 480
    let from = 0
    const timer = setInterval(() => {
      socket.write(log.subarray(from, from + bytesPerTick))
      from += bytesPerTick
      if (from < log.length) return
      from = 0
      onWhole()
    }, 20)
    signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  }

/** Starts gpsd on a free port with `feed` as its receiver, and waits until it has connected to it. */
export const startGpsd = async (feed: Feed): Promise<RunningServer> => {
  const path = gpsdPath()
  if (path === undefined) throw new TypeError('gpsd is not on this machine: ask gpsdPath first')
  const abort = new AbortController()
  const sockets = new Set<Socket>()
  let connections = 0
  const receiver = createServer((socket) => {
    connections += 1
    const closed = new AbortController()
    sockets.add(socket)
    socket.on('error', () => undefined) // gpsd leaves as it likes
    socket.once('close', () => {
      sockets.delete(socket)
      closed.abort()
    })
    feed(socket, AbortSignal.any([abort.signal, closed.signal]))
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address = receiver.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has an address with a port')
  const port = await freeTcpPort()
  const program = await startProgram(path, ['-N', '-n', '-S', String(port), `tcp://127.0.0.1:${address.port}`])
  const stop = async (): Promise<void> => {
    abort.abort()
    await program[Symbol.asyncDispose]()
    for (const socket of sockets) socket.destroy()
    receiver.close()
    await once(receiver, 'close')
  }
  try {
    await until(
      () => `gpsd connects to its receiver; it said: ${program.said()}`,
      () => connections > 0,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return { port, said: () => program.said(), [Symbol.asyncDispose]: stop }
}
