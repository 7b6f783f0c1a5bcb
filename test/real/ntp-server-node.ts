/** A node that serves time, as a person starts it, and the real programs that ask it. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { equal } from 'node:assert/strict'
import { runProgram } from '../devnet/run.ts'
import { programPath } from './program.ts'

export interface ServingNode extends AsyncDisposable {
  /** Where its HTTP API answers. */
  readonly api: string
  /** UDP port of its NTP server. */
  readonly port: number
}

/** Starts a node in a folder of its own. */
export const startServingNode = async (flags: readonly string[]): Promise<ServingNode> => {
  const directory = mkdtempSync(join(tmpdir(), 'truechimer-serving-'))
  const init = await runProgram(['init', '--data', directory, '--no-encrypt']).ended()
  equal(init.code, 0, init.stderr.join('\n'))
  const own = ['node', '--data', directory, '--api', '127.0.0.1:0', '--json', '--ntp-serve', '127.0.0.1:0']
  const program = runProgram([...own, '--poll-interval-ms', '500', ...flags])
  const [, api = '', port = ''] = await program.line(/"ready":true.*"api":"([^"]+)".*"ntp":"127\.0\.0\.1:(\d+)"/)
  return {
    api,
    port: Number(port),
    [Symbol.asyncDispose]: async () => {
      program.kill('SIGTERM')
      await program.ended()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export interface Ended {
  readonly code: number | null
  readonly said: string
}

/** Runs a program to its end, at most so long, and gives all that it wrote. */
export const runToEnd = async (path: string, args: readonly string[], forMs: number): Promise<Ended> => {
  const child = spawn(path, [...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: forMs })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => void (said += String(chunk)))
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  return { code: await promise, said }
}

/** Samples with a longer round trip are refused by chronyd, seconds: half of this is the most that a path can hide. */
export const CHRONYD_DELAY_SEC_MAX = 0.2

/** `chronyd -Q`: asks the server four times, and says by how much the host clock is wrong, without setting it. */
export const chronydQuery = async (path: string, port: number, forSec = 15): Promise<Ended> => {
  const folder = mkdtempSync(join(tmpdir(), 'truechimer-query-'))
  const server = `server 127.0.0.1 port ${port} iburst maxsamples 4 maxdelay ${CHRONYD_DELAY_SEC_MAX}`
  const args = [
    '-Q',
    '-t',
    String(forSec),
    '-u',
    userInfo().username,
    '-f',
    '/dev/null',
    server,
    `pidfile ${folder}/pid`,
  ]
  const ended = await runToEnd(path, [...args, 'cmdport 0'], 30_000)
  rmSync(folder, { recursive: true, force: true })
  return ended
}

/**
 * `ntpdig -j` against another port than 123, which it has no option for: a copy of the installed program in which that one
 * number is another. All else, and its library, are as installed.
 */
export const ntpdigQuery = async (port: number): Promise<Ended> => {
  const folder = mkdtempSync(join(tmpdir(), 'truechimer-ntpdig-'))
  const copy = join(folder, 'ntpdig')
  const source = readFileSync(ntpdigPath() ?? '', 'utf8')
  equal(source.split('port=123').length, 2, 'ntpdig names its port once')
  writeFileSync(copy, source.replace('port=123', `port=${port}`))
  chmodSync(copy, 0o755)
  const ended = await runToEnd(copy, ['-j', '-t', '5', '127.0.0.1'], 30_000)
  rmSync(folder, { recursive: true, force: true })
  return ended
}

export const ntpdigPath = (): string | undefined => programPath('ntpdig')
