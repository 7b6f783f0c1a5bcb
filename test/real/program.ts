/**
 * Starts and stops a real program for a test. It is stopped by its own process handle, never by name, and is known to be
 * gone when disposal is over.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'

/** Where a program is, or nothing where this machine lacks it. */
export const programPath = (name: string): string | undefined => {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/usr/local/sbin']
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        // Not there, or not to be run: the next folder.
        return false
      }
    })
}

/** A UDP port on 127.0.0.1 that was free a moment ago. */
export const freeUdpPort = async (): Promise<number> => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

/** A TCP port on 127.0.0.1 that was free a moment ago. */
export const freeTcpPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has an address with a port')
  return address.port
}

export interface Program extends AsyncDisposable {
  /** The last 16 KiB of what it wrote, for the message of a failing test. */
  said(): string
  /** Has it ended by itself? */
  hasEnded(): boolean
}

/** Runs `path` in the foreground until disposal: SIGTERM, and SIGKILL after 3 s. */
export const startProgram = async (path: string, args: readonly string[]): Promise<Program> => {
  const child: ChildProcess = spawn(path, [...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const hear = (chunk: unknown): void => {
    said = (said + String(chunk)).slice(-16_384)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const ended = once(child, 'exit')
  await once(child, 'spawn')
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    said: () => said,
    hasEnded,
    [Symbol.asyncDispose]: async () => {
      if (hasEnded()) return
      const killer = setTimeout(() => child.kill('SIGKILL'), 3000)
      child.kill('SIGTERM')
      await ended
      clearTimeout(killer)
    },
  }
}

/** Asks again and again, a tenth of a second apart, until the answer is yes; fails with `what` after `timeoutMs`. */
export const until = async (
  what: () => string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!(await isTrue())) {
    if (performance.now() > end) throw new RangeError(`not within ${timeoutMs} ms: ${what()}`)
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, 100)
    await promise
  }
}
