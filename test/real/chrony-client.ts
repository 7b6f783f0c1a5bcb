/**
 * Real chronyd that leaves the system clock alone (`-x`) and answers chronyc on a loopback port of its own: what the host-clock source
 * asks. Debian package `chrony`. Source of the directives: chrony.conf(5).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { TRACKING_TELLERS } from '../../src/clock/index.ts'
import type { TrackingTeller } from '../../src/clock/index.ts'
import { freeUdpPort, programPath, startProgram } from './program.ts'

export interface ChronyClient extends AsyncDisposable {
  /** Asks this chronyd, as the product asks the machine's. */
  readonly teller: TrackingTeller
}

/** Where both programs are, or nothing where this machine lacks one. */
export const chronyPath = (): string | undefined =>
  programPath('chronyc') === undefined ? undefined : programPath('chronyd')

/** Starts chronyd with these directives; it need not be synchronised, nor even listening yet. */
export const startChronyClient = async (directives: readonly string[]): Promise<ChronyClient> => {
  const path = chronyPath()
  const [usual] = TRACKING_TELLERS
  if (path === undefined || usual === undefined)
    throw new TypeError('chrony is not on this machine: ask chronyPath first')
  const port = await freeUdpPort()
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-chrony-'))
  const file = join(folder, 'chrony.conf')
  const lines = [
    'port 0',
    `cmdport ${port}`,
    'bindcmdaddress 127.0.0.1',
    `pidfile ${join(folder, 'chronyd.pid')}`,
    ...directives,
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  const program = await startProgram(path, ['-x', '-n', '-u', userInfo().username, '-f', file])
  return {
    teller: { ...usual, args: ['-h', '127.0.0.1', '-p', String(port), ...usual.args] },
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
