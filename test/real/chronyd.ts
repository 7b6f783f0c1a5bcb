/**
 * Real chrony as an NTP server on loopback that leaves the system clock alone (`-x`), serving that clock as stratum 1.
 * Debian package `chrony`. Source of the directives: chrony.conf(5).
 */
import { createSocket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { clientRequest, decodeNtpHeader } from '../../src/clock/index.ts'
import { seededRandom } from '../../src/base/index.ts'
import { freeUdpPort, programPath, startProgram, until } from './program.ts'

export interface RunningServer extends AsyncDisposable {
  readonly port: number
  said(): string
}

export const chronydPath = (): string | undefined => programPath('chronyd')

/** Has the server begun to answer as a synchronised one? */
const isServing = (port: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = createSocket('udp4')
  const timer = setTimeout(() => resolve(false), 200)
  socket.on('message', (bytes) => resolve((decodeNtpHeader(bytes)?.leap ?? 3) !== 3))
  socket.on('error', () => resolve(false))
  socket.send(clientRequest(seededRandom(1n)).bytes, port, '127.0.0.1')
  return promise.finally(() => {
    clearTimeout(timer)
    socket.close()
  })
}

/** Starts chronyd, on a free port unless one is given, and waits until it answers. Rejects where it does not within ten seconds. */
export const startChronyd = async (
  options: { readonly more?: readonly string[]; readonly port?: number } = {},
): Promise<RunningServer> => {
  const path = chronydPath()
  if (path === undefined) throw new TypeError('chronyd is not on this machine: ask chronydPath first')
  const port = options.port ?? (await freeUdpPort())
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-chronyd-'))
  const file = join(folder, 'chrony.conf')
  const lines = [
    `port ${port}`,
    'bindaddress 127.0.0.1',
    'cmdport 0',
    'bindcmdaddress /',
    'local stratum 1',
    'allow 127.0.0.0/8',
    `pidfile ${join(folder, 'chronyd.pid')}`,
    ...(options.more ?? []),
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  const program = await startProgram(path, ['-x', '-n', '-u', userInfo().username, '-f', file])
  const stop = async (): Promise<void> => {
    await program[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await until(
      () => `chronyd answers on port ${port}; it said: ${program.said()}`,
      () => isServing(port),
    )
  } catch (error) {
    await stop()
    throw error
  }
  return { port, said: () => program.said(), [Symbol.asyncDispose]: stop }
}
