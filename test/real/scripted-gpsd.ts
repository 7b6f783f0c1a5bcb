/** A server that speaks as gpsd does, line by line, as a test tells it to: for what no receiver at hand will say. */
import { equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'

/** An object is written as JSON; text as it is, without a newline. */
export type Line = Readonly<Record<string, unknown>> | string
export const text = (line: Line): string => (typeof line === 'string' ? line : `${JSON.stringify(line)}\r\n`)
const VERSION = { class: 'VERSION', release: '3.22', proto_major: 3, proto_minor: 14 }

export interface ScriptedGpsd extends AsyncDisposable {
  readonly port: number
  /** Resolves with the next client's socket once it has sent its WATCH. */
  client(): Promise<Socket>
}

/** Greets each client as gpsd 3.22 does, checks its WATCH, and leaves the rest to the test. */
export const gpsd = async (): Promise<ScriptedGpsd> => {
  const sockets = new Set<Socket>()
  const watched: Socket[] = []
  const waiting: ((socket: Socket) => void)[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.write(text(VERSION))
    socket.once('data', (bytes) => {
      equal(String(bytes), '?WATCH={"enable":true,"json":true,"pps":true};\n')
      const wake = waiting.shift()
      if (wake === undefined) watched.push(socket)
      else wake(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  ok(address !== null && typeof address === 'object')
  return {
    port: address.port,
    client: () => {
      const { promise, resolve } = Promise.withResolvers<Socket>()
      const socket = watched.shift()
      if (socket === undefined) waiting.push(resolve)
      else resolve(socket)
      return promise
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
