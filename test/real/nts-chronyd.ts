/**
 * Real chrony with NTS: as a server on loopback with a certificate of ours, and as a client that asks once (`-Q`) and says
 * what it measured. Debian package `chrony`. Source of the directives: chrony.conf(5), chronyd(8).
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { chronydPath, startChronyd } from './chronyd.ts'
import type { RunningServer } from './chronyd.ts'
import type { CertificateFiles } from './nts-authority.ts'
import { freeTcpPort, startProgram, until } from './program.ts'

export interface RunningNtsServer extends RunningServer {
  /** Where it establishes keys. */
  readonly kePort: number
}

export interface NtsChronydOptions extends CertificateFiles {
  /** Where it keeps its cookie keys from one run to the next; without it each run makes new ones. */
  readonly dumpFolder?: string
  /** Take up the place of one that ran before. */
  readonly at?: { readonly port: number; readonly kePort: number }
}

export const startNtsChronyd = async (options: NtsChronydOptions): Promise<RunningNtsServer> => {
  const kePort = options.at?.kePort ?? (await freeTcpPort())
  const { certFile, keyFile, dumpFolder, at } = options
  if (dumpFolder !== undefined) await mkdir(dumpFolder, { recursive: true })
  const server = await startChronyd({
    ...(at === undefined ? {} : { port: at.port }),
    more: [
      `ntsserverkey ${keyFile}`,
      `ntsservercert ${certFile}`,
      `ntsport ${kePort}`,
      'ntsprocesses 1',
      ...(dumpFolder === undefined ? [] : [`ntsdumpdir ${dumpFolder}`]),
    ],
  })
  return { ...server, kePort }
}

/**
 * What `chronyd -Q` says of one NTS server: it measures for at most ten seconds and leaves the machine's clock alone.
 */
export const askByChronyd = async (parts: {
  readonly port: number
  readonly kePort: number
  /** Whom it trusts. */
  readonly rootsFile: string
}): Promise<string> => {
  const path = chronydPath()
  if (path === undefined) throw new TypeError('chronyd is not on this machine: ask chronydPath first')
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-chronyd-'))
  const directives = [
    `server 127.0.0.1 nts port ${parts.port} ntsport ${parts.kePort} iburst maxsamples 4`,
    `ntstrustedcerts ${parts.rootsFile}`,
    'cmdport 0',
    'bindcmdaddress /',
    `pidfile ${join(folder, 'chronyd.pid')}`,
  ]
  const args = ['-Q', '-t', '10', '-u', userInfo().username, '-f', '/dev/null', ...directives]
  await using program = await startProgram(path, args)
  await until(
    () => `chronyd -Q ends; it said: ${program.said()}`,
    () => program.hasEnded(),
    20_000,
  )
  await rm(folder, { recursive: true, force: true })
  return program.said()
}
