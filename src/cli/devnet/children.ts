/**
 * The processes of a devnet. Each node is a real `truechimer node`; when the devnet goes, however it goes, they go: asked
 * first, then made to, and if the devnet itself is killed they see the channel close.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { ChimerError } from '../../base/index.ts'
import type { LaidNode, LayOptions } from './lay.ts'
import { toDevnetSchema } from './messages.ts'
import type { ToDevnet, ToNode } from './messages.ts'

const PROGRAM = fileURLToPath(new URL('../../../bin/truechimer.js', import.meta.url))
/** A small young generation: a node makes little rubbish, and five of them share one machine. MB. */
const EXEC_ARGUMENTS = ['--max-semi-space-size=4']
/** A node that does not run after this long does not run, ms. */
const READY_MS_MAX = 60_000
/** How late a devnet holds its gpsd to tell a fix, ms: less than twice the accepted variance, or no node would have the time. */
const GPSD_LATENCY_MS = 80
/** A node that was asked to stop is made to after this, ms. */
const STOP_MS_MAX = 5_000
/** What a node may have said before it failed, characters. */
const COMPLAINT_MAX = 2_000

export interface RunningChild extends AsyncDisposable {
  readonly node: LaidNode
  /** Where its HTTP API answers, as a URL. */
  readonly api: string
  send(message: ToNode): void
}

export interface ChildOptions {
  readonly node: LaidNode
  readonly sources: Pick<LayOptions, 'ntp' | 'gpsd'>
  readonly bootstrap: readonly string[]
  readonly onBend: (message: Extract<ToDevnet, { readonly type: 'bend' }>) => void
  /** It ended without being asked. */
  readonly onLost: (node: LaidNode, complaint: string) => void
}

/** Compiles what every node will run once, so that they all find it compiled. */
export const compileForChildren = async (): Promise<void> => {
  await import('../node.ts')
  flushCompileCache()
}

export const startChild = async (options: ChildOptions): Promise<RunningChild> => {
  const { node, onBend, onLost } = options
  const child = fork(PROGRAM, argumentsOf(options), {
    execArgv: EXEC_ARGUMENTS,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const complaint = keepTail(child)
  let stopping = false
  child.once('exit', () => void (stopping || onLost(node, complaint())))
  const api = await untilReady(child, { node, complaint, onBend })
  return {
    node,
    api,
    send: (message) => void (child.connected && child.send(message)),
    [Symbol.asyncDispose]: async () => {
      stopping = true
      await stop(child)
    },
  }
}

const argumentsOf = ({ node, sources, bootstrap }: ChildOptions): string[] => [
  'node',
  ...['--data', node.directory, '--api', node.api, '--listen', node.listen, '--log-level', 'warn', '--devnet'],
  ...option('--ntp', sources.ntp),
  ...option('--gpsd', sources.gpsd),
  ...(sources.gpsd.length > 0 ? ['--gpsd-latency-ms', `${GPSD_LATENCY_MS}`] : []),
  ...option('--bootstrap', bootstrap),
]

const option = (name: string, values: readonly string[]): string[] => (values.length === 0 ? [] : [name, values.join(',')])

const keepTail = (child: ChildProcess): (() => string) => {
  let tail = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (chunk: string) => {
    tail = (tail + chunk).slice(-COMPLAINT_MAX)
  })
  return () => tail.trim()
}

const untilReady = (
  child: ChildProcess,
  parts: { readonly node: LaidNode; readonly complaint: () => string; readonly onBend: ChildOptions['onBend'] },
): Promise<string> =>
  new Promise((resolve, reject) => {
    const { node, complaint, onBend } = parts
    const fail = (why: string): void =>
      reject(new ChimerError('TC_DEVNET_NODE', `${node.name} did not start: ${why}`, { facts: { node: node.name } }))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`nothing heard for ${READY_MS_MAX / 1_000} s. ${complaint()}`)
    }, READY_MS_MAX)
    child.once('exit', () => {
      clearTimeout(timer)
      fail(complaint())
    })
    child.on('message', (message) => {
      const parsed = toDevnetSchema.parse(message)
      if (parsed.type === 'bend') return onBend(parsed)
      clearTimeout(timer)
      resolve(parsed.api)
    })
  })

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await gone
  clearTimeout(timer)
}
