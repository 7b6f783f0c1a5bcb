/**
 * The node's NTP server: its clock, shown to whoever asks, from the node's own thread or from several workers on one port.
 * Rules: docs/spec/sources.md S-70 to S-79.
 *
 * Workers share the port (`SO_REUSEPORT`), and the kernel gives each client's datagrams to one of them, so each keeps the rate
 * of its own clients. They are sent the clock at every refresh; one that hears nothing for 8 s says "unsynchronised".
 */
import { Worker } from 'node:worker_threads'
import { ChimerError } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { NtpDesk } from './ntp-desk.ts'
import type { NtpCounts, OnExtended } from './ntp-desk.ts'
import { measurePrecision } from './ntp-face.ts'
import type { NtpClock } from './ntp-face.ts'
import { rateOf } from './ntp-rate.ts'
import { cannotServeNtp, openNtpSocket } from './ntp-socket.ts'
import { fromWorkerSchema } from './ntp-worker-messages.ts'
import type { ToWorker, WorkerStart } from './ntp-worker-messages.ts'
import { literalAddress } from './udp-socket.ts'
import type { UdpListen } from './udp-socket.ts'

export interface NtpServerOptions extends UdpListen {
  readonly time: Time
  /** The clock at the start; `show` brings the later ones. */
  readonly clock: NtpClock
  /** Requests a second that one address may make; nothing: no limit. */
  readonly ratePerSec: number | undefined
  /** Threads; 0: answers come from this one. */
  readonly workers: number
  readonly onExtended?: OnExtended
}

export interface NtpServer extends AsyncDisposable {
  /** The literal address and the port in use. */
  readonly host: string
  readonly port: number
  /** From now on this clock is served. */
  show(clock: NtpClock): void
  counts(): NtpCounts
}

/** Opens the port, or rejects with `TC_NTP_BIND` where it cannot be had. */
export const openNtpServer = async (options: NtpServerOptions): Promise<NtpServer> => {
  if (options.workers === 0) return openHere(options)
  if (options.onExtended !== undefined) {
    const say = 'serve.ntpWorkers must be 0 where NTS is served: its keys stay in the node’s own thread'
    throw new ChimerError('TC_CONFIG_INVALID', say)
  }
  return openWorkers(options)
}

const openHere = async (options: NtpServerOptions): Promise<NtpServer> => {
  const { time, ratePerSec, onExtended } = options
  let { clock } = options
  const desk = new NtpDesk({
    time,
    clock: () => clock,
    precision: measurePrecision(() => time.elapsedNs()),
    rate: rateOf(ratePerSec),
    ...(onExtended === undefined ? {} : { onExtended }),
  })
  const { host, port, [Symbol.asyncDispose]: close } = await openNtpSocket({ ...options, desk })
  const show = (next: NtpClock): void => void (clock = next)
  return { host, port, show, counts: () => desk.counts(), [Symbol.asyncDispose]: close }
}

/** In a checkout sources run as they stand; published they are compiled. */
const WORKER_URL = new URL(`./ntp-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

interface RunningWorker extends AsyncDisposable {
  send(message: ToWorker): void
  counts(): NtpCounts
}

const NO_COUNTS: NtpCounts = { answered: 0, unsynchronised: 0, kissed: 0, dropped: new Map() }

const startWorker = (start: WorkerStart): Promise<RunningWorker> => {
  const { promise, resolve, reject } = Promise.withResolvers<RunningWorker>()
  const worker = new Worker(WORKER_URL, { workerData: start })
  let counts = NO_COUNTS
  const running = (): RunningWorker => ({
    send: (message) => worker.postMessage(message, []),
    counts: () => counts,
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  })
  worker.on('message', (message: unknown) => {
    const said = fromWorkerSchema.parse(message)
    if (said.type === 'counts') counts = said.counts
    else if (said.type === 'ready') resolve(running())
    else reject(cannotServeNtp(start, said.message))
  })
  // Its desk does not throw and its socket's errors are heard, so what reaches this is a bug, and ends the process.
  worker.on('error', (bug) => {
    throw bug
  })
  return promise
}

/** The port, drawn where any will do. Bound alone first: a shared port would let a stranger with the same rights keep its half. */
const freePort = async (listen: UdpListen): Promise<number> => {
  await using alone = await openNtpSocket({ ...listen, desk: { reply: () => undefined } })
  return alone.port
}

const sumOf = (all: readonly NtpCounts[]): NtpCounts => {
  const dropped = new Map<string, number>()
  for (const [reason, count] of all.flatMap((counts) => [...counts.dropped]))
    dropped.set(reason, (dropped.get(reason) ?? 0) + count)
  const sum = (key: 'answered' | 'unsynchronised' | 'kissed'): number => all.reduce((total, one) => total + one[key], 0)
  return { answered: sum('answered'), unsynchronised: sum('unsynchronised'), kissed: sum('kissed'), dropped }
}

const openWorkers = async (options: NtpServerOptions): Promise<NtpServer> => {
  const { clock, ratePerSec, workers } = options
  const host = await literalAddress(options, cannotServeNtp)
  const port = await freePort({ host, port: options.port })
  await using stack = new AsyncDisposableStack()
  const running: RunningWorker[] = []
  for (let count = 0; count < workers; count += 1)
    running.push(stack.use(await startWorker({ host, port, clock, ratePerSec })))
  const opened = stack.move()
  return {
    host,
    port,
    show: (next) => {
      for (const worker of running) worker.send({ type: 'clock', clock: next })
    },
    counts: () => sumOf(running.map((worker) => worker.counts())),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
