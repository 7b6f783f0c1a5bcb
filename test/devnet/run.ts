/** A devnet as a person starts it: the program in a process of its own, seen through what it prints and leaves. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'

const PROGRAM = new URL('../../bin/truechimer.js', import.meta.url).pathname

/** A line that a test waits for comes sooner than this, ms, or never. */
const LINE_MS_MAX = 60_000

export interface RunningProgram {
  readonly pid: number
  /** Resolves with the first line (of either stream) that matches; rejects where the program ends before, or says no such thing for a minute. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  /** Resolves when it has ended and said all. */
  ended(): Promise<{
    readonly code: number | null
    readonly stdout: readonly string[]
    readonly stderr: readonly string[]
  }>
}

export const runProgram = (args: readonly string[], environment: Record<string, string> = {}): RunningProgram => {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  const stdout: string[] = []
  const stderr: string[] = []
  const heard = new EventEmitter<{ line: [string] }>()
  const hear = (into: string[]) => (line: string) => {
    into.push(line)
    heard.emit('line', line)
  }
  createInterface({ input: child.stdout }).on('line', hear(stdout))
  createInterface({ input: child.stderr }).on('line', hear(stderr))
  const closed = once(child, 'close')
  return {
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    line: (pattern) => {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
      const look = (line: string): void => {
        const match = pattern.exec(line)
        if (match !== null) resolve(match)
      }
      const fail = (why: string): void =>
        reject(new Error(`${why} without a line like ${pattern}: ${[...stdout, ...stderr].join('\n')}`))
      // A program that never says it would keep the test's process, and itself, alive for ever.
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        fail('killed')
      }, LINE_MS_MAX)
      heard.on('line', look)
      for (const line of [...stdout, ...stderr]) look(line)
      void closed.then(() => fail('ended'))
      return promise.finally(() => {
        clearTimeout(timer)
        heard.off('line', look)
      })
    },
    ended: async () => {
      await closed
      return { code: child.exitCode, stdout, stderr }
    },
  }
}

/** Processes whose parent this is. Linux only. */
export const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statusOf(pid)?.includes(`\nPPid:\t${parent}\n`) === true)

/** Runs, and is not a zombie that somebody has yet to bury. */
export const isRunning = (pid: number): boolean => {
  const status = statusOf(pid)
  return status !== undefined && !/^State:\s+Z/m.test(status)
}

const statusOf = (pid: number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return undefined // gone
  }
}

/** Resolves once none of these runs; looks again every 20 ms until the signal. */
export const untilGone = async (pids: readonly number[], signal: AbortSignal): Promise<void> => {
  while (pids.some(isRunning)) {
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
