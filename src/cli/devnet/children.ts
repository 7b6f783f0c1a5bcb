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
const STOP_MS_MAX = 5000
/** What is kept of what a node says, characters: its end. */
const COMPLAINT_MAX = 2000

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
  /** Where it serves NTP; nothing: not at all. */
  readonly ntpServe: string | undefined
  /** Calls off a start that is under way. */
  readonly signal: AbortSignal
  readonly onBend: (message: Extract<ToDevnet, { readonly type: 'bend' }>) => void
  /** It ran, and ended without being asked. */
  readonly onLost: (node: LaidNode, complaint: string) => void
}

/** Compiles what every node will run once, so that they all find it compiled. */
export const compileForChildren = async (): Promise<void> => {
  await Promise.all([import('../node.ts'), import('../node-run.ts')])
  flushCompileCache()
}

/**
 * Starts one node and waits until it runs. Rejects with `TC_DEVNET_NODE` and what the node said where it does not, and where
 * the signal called it off; it is gone then.
 */
export const startChild = async (options: ChildOptions): Promise<RunningChild> => {
  const { node, onLost } = options
  const child = fork(PROGRAM, argumentsOf(options), {
    execArgv: EXEC_ARGUMENTS,
    env: environmentOf(process.env),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C is for the devnet, which then stops its nodes in order.
    detached: true,
  })
  const complaint = keepTail(child)
  let isRunning = false
  child.once('exit', (code, signal) => {
    if (isRunning) onLost(node, `${endText(code, signal)}. ${lastWords(complaint())}`.trimEnd())
  })
  const stopIt = async (): Promise<void> => {
    isRunning = false
    await stop(child)
  }
  try {
    const api = await untilReady(child, { ...options, complaint })
    isRunning = true
    const send = (message: ToNode): void => void (child.connected && child.send(message))
    return { node, api, send, [Symbol.asyncDispose]: stopIt }
  } catch (error) {
    await stopIt()
    throw error
  }
}

/** A devnet's nodes are set by the devnet alone. */
const environmentOf = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TRUECHIMER_')))

const endText = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `exit code ${code ?? 'unknown'}` : `by ${signal}`

/** What a node said of its end: its last error, or all of its tail where it did not end with one of ours. */
export const lastWords = (tail: string): string => {
  const told = tail.split('\n').findLast((line) => line.startsWith('error '))
  return told?.slice('error '.length) ?? tail
}

const argumentsOf = ({ node, sources, bootstrap, ntpServe }: ChildOptions): string[] => {
  const { ntp, gpsd } = sources
  const own = [
    'node',
    '--devnet',
    '--validator',
    '--log-level',
    'warn',
    '--data',
    node.directory,
    '--api',
    node.api,
    '--listen',
    node.listen,
    '--tsa-serve',
    node.tsa,
  ]
  const latency = gpsd.length > 0 ? [`${GPSD_LATENCY_MS}`] : []
  const given = [option('--ntp', ntp), option('--gpsd', gpsd), option('--gpsd-latency-ms', latency)]
  const serving = option('--ntp-serve', ntpServe === undefined ? [] : [ntpServe])
  return [...own, ...given.flat(), ...serving, ...option('--bootstrap', bootstrap)]
}

const option = (name: string, values: readonly string[]): string[] =>
  values.length === 0 ? [] : [name, values.join(',')]

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
  { node, complaint, onBend, signal }: ChildOptions & { readonly complaint: () => string },
): Promise<string> =>
  new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', callOff)
      reject(new ChimerError('TC_DEVNET_NODE', `${node.name} did not start: ${why}`, { facts: { node: node.name } }))
    }
    const callOff = (): void => fail('it was called off')
    const timer = setTimeout(() => fail(`nothing heard for ${READY_MS_MAX / 1000} s. ${complaint()}`), READY_MS_MAX)
    signal.addEventListener('abort', callOff)
    if (signal.aborted) callOff()
    child.once('error', ({ message }) => fail(message))
    child.once('close', (code, ending) => fail(lastWords(complaint()) || endText(code, ending)))
    child.on('message', (message) => {
      const parsed = toDevnetSchema.parse(message)
      if (parsed.type === 'bend') return onBend(parsed)
      clearTimeout(timer)
      signal.removeEventListener('abort', callOff)
      resolve(parsed.api)
    })
  })

/** Asked first, then made to. A process that never came to be has no number, and no end to wait for. */
const stop = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await gone
  clearTimeout(timer)
}
