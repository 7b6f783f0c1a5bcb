/** `truechimer node`: runs one node in the foreground until it is told to stop. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import type { Logger } from 'pino'
import packageFile from '../../package.json' with { type: 'json' }
import type { Source } from '../clock/index.ts'
import { BentSource, overridesOf, readConfig, splitHostPort } from '../node/index.ts'
import type { Config, NodeEvent, Overrides } from '../node/index.ts'
import { configPathOf, readJson } from '../node/io/data-directory.ts'
import { realRandom, realTime } from '../node/io/real-ports.ts'
import { startNode } from '../node/io/start-node.ts'
import type { RunningNode } from '../node/io/start-node.ts'
import type { Backend } from '../services/backend.ts'
import { openHttpApi } from '../services/http-api.ts'
import { openNodeBackend } from '../services/node-backend.ts'
import { connectToDevnet } from './devnet/child.ts'
import type { DevnetLink } from './devnet/child.ts'
import { EXIT, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'

export interface NodeOptions {
  readonly data: string
  readonly api?: string
  readonly listen?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly ntp?: readonly string[]
  readonly gpsd?: readonly string[]
  readonly gpsdLatencyMs?: number
  readonly hostBoundMs?: number
  readonly pollIntervalMs?: number
  readonly logLevel?: string
  readonly devnet?: boolean
  readonly json?: boolean
}

export const node = async (options: NodeOptions): Promise<ExitCode> => {
  const config = readConfig(await readJson(configPathOf(options.data)), overridesOf(process.env), flagOverrides(options))
  const logger = pino({ level: config.logLevel }, pino.destination(2))
  await using stack = new AsyncDisposableStack()
  const { stopped } = stack.use(untilStopped())
  const bent: BentSource[] = []
  const wrapSource = (source: Source): Source => {
    const wrapped = new BentSource(source)
    bent.push(wrapped)
    return wrapped
  }
  const running = stack.use(
    await startNode({
      time: realTime,
      random: realRandom,
      directory: options.data,
      config,
      passphrase: process.env.TRUECHIMER_PASSPHRASE,
      ...(options.devnet === true ? { wrapSource } : {}),
    }),
  )
  running.chimer.events.listen((event) => logEvent(logger, event))
  const link = (): DevnetLink => connectToDevnet((offsetMs) => bent.forEach((source) => source.bend(offsetMs)))
  const devnet = options.devnet === true ? stack.use(link()) : undefined
  const api = stack.use(await serve({ running, config, logger, devnet: devnet?.backend }))
  const ready = { ready: true, id: running.chimer.id, api: api.address, addresses: running.chimer.network.addresses() }
  logger.info(ready, 'the node runs')
  if (options.json === true) sayJson(ready)
  devnet?.ready(ready)
  await stopped
  logger.info('the node stops')
  return EXIT.good
}

/** What flags were given, by the key that each sets. */
const flagOverrides = (options: NodeOptions): Overrides => {
  const { api, listen, bootstrap, ntp, gpsd, gpsdLatencyMs, hostBoundMs, pollIntervalMs, logLevel } = options
  const flags = {
    api,
    listen,
    bootstrap,
    'sources.ntp': ntp,
    'sources.gpsd': gpsd,
    'sources.gpsdLatencyMs': gpsdLatencyMs,
    'sources.hostBoundMs': hostBoundMs,
    'sources.pollIntervalMs': pollIntervalMs,
    logLevel,
  }
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
}

/** The dashboard, where it has been built. */
const WEB_ROOT = fileURLToPath(new URL('../../web/dist', import.meta.url))

const serve = (parts: {
  readonly running: RunningNode
  readonly config: Config
  readonly logger: Logger
  readonly devnet: Backend['devnet'] | undefined
}): ReturnType<typeof openHttpApi> => {
  const { running, config, logger, devnet } = parts
  const { chimer, time } = running
  const backend = openNodeBackend({ chimer, time, version: packageFile.version, ...(devnet === undefined ? {} : { devnet }) })
  return openHttpApi({
    backend,
    listen: splitHostPort(config.api),
    logger: logger.child({ part: 'api' }, { level: config.logLevel === 'info' ? 'warn' : config.logLevel }),
    ...(existsSync(WEB_ROOT) ? { webRoot: WEB_ROOT } : {}),
  })
}

/**
 * Settles at the first SIGINT or SIGTERM, or when the devnet that started this is gone; a second signal ends the process as
 * usual. Disposed of, because whoever listens to the channel keeps the process alive.
 */
const untilStopped = (): Disposable & { readonly stopped: Promise<void> } => {
  const { promise: stopped, resolve } = Promise.withResolvers<void>()
  const stop = (): void => resolve()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  if (process.connected) process.once('disconnect', stop)
  return {
    stopped,
    [Symbol.dispose]: () => void process.off('SIGINT', stop).off('SIGTERM', stop).off('disconnect', stop),
  }
}

const logEvent = (logger: Logger, event: NodeEvent): void => {
  switch (event.type) {
    case 'judgement':
      for (const { id, before, verdict } of event.judgements)
        if (before !== verdict.status) logger.info({ slot: event.slot, id, before, ...verdict }, 'a verdict changed')
      return
    case 'peer':
      return logger.info({ peer: event.peer, connected: event.connected }, 'a peer came or went')
    case 'refused':
      return logger.debug({ channel: event.channel, reason: event.reason, from: event.from }, 'refused')
    case 'trouble':
      return logger.warn({ code: event.code }, event.message)
    case 'clock':
    case 'proof':
    case 'attestation':
      return logger.trace({ type: event.type }, 'heard')
  }
}
