/** A node as a process: started from its data directory, served over HTTP, logged, and stopped in order. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import packageFile from '../../package.json' with { type: 'json' }
import { ChimerError } from '../base/index.ts'
import type { Source } from '../clock/index.ts'
import { memberOf } from '../consensus/index.ts'
import type { NodeLog } from '../log/io/node-log.ts'
import { BentSource, splitHostPort } from '../node/index.ts'
import type { Config } from '../node/index.ts'
import { keepLog } from '../node/io/open-log.ts'
import { realRandom, realTime } from '../node/io/real-ports.ts'
import { startNode } from '../node/io/start-node.ts'
import type { RunningNode } from '../node/io/start-node.ts'
import type { Backend } from '../services/backend.ts'
import { archiveOf } from '../services/chain-archive.ts'
import { openHttpApi } from '../services/http-api.ts'
import { openNodeBackend } from '../services/node-backend.ts'
import type { TimeStampAuthority } from '../services/tsa-server.ts'
import { openTimeServers } from '../services/time-servers.ts'
import type { TimeServers } from '../services/time-servers.ts'
import { heraldChain } from './chain-news.ts'
import { heraldClock } from './clock-news.ts'
import { connectToDevnet } from './devnet/child.ts'
import type { DevnetLink } from './devnet/child.ts'
import { openEnding } from './ending.ts'
import { openNodeNews } from './node-news.ts'
import { EXIT, colours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { PASSPHRASE_ADVICE, readPassphrase } from './passphrase.ts'
import type { NodeOptions } from './node.ts'

export interface RunNodeOptions {
  readonly options: NodeOptions
  readonly config: Config
  /** For the HTTP server, which speaks for itself. */
  readonly logger: Logger
  readonly log: NodeLog
}

/** Returns when the node has been told to stop and has. Rejects with a documented code where it cannot start. */
export const runNode = async ({ options, config, logger, log }: RunNodeOptions): Promise<ExitCode> => {
  await using stack = new AsyncDisposableStack()
  const ending = stack.use(openEnding())
  if (options.devnet === true) endWithDevnet(stack, ending.end)
  const bent: BentSource[] = []
  const running = stack.use(await start(options, { config, bent, log }))
  stack.use(await keep(log, { running, config, directory: options.data }))
  const tell = openNodeNews(log, running.chimer.id)
  running.chimer.events.listen(tell)
  // Who came while the node began, before anybody listened.
  for (const peer of running.chimer.network.peers()) tell({ type: 'peer', peer, connected: true })
  const link = (): DevnetLink => connectToDevnet((offsetMs) => bent.forEach((source) => source.bend(offsetMs)))
  const devnet = options.devnet === true ? stack.use(link()) : undefined
  const servers = stack.use(await serveTime({ running, config, log, directory: options.data }))
  const tsa = await openTsa({ running, config, log, directory: options.data })
  const backend = backendOf({ running, config, devnet: devnet?.backend, servers, tsa })
  const api = stack.use(await serve(backend, { config, logger }))
  const serving = Object.fromEntries(servers.servers.map(({ name, address }) => [name, address]))
  const place = { id: running.chimer.id, api: api.address, addresses: running.chimer.network.addresses(), serving }
  log.record({ level: 'info', type: 'operator', message: 'the node runs', facts: place })
  if (options.json === true) sayJson({ ready: true, ...place })
  else if (process.stdout.isTTY) tellReady(api.address)
  stack.use(logClock(running, log))
  const { chain } = backend
  if (chain !== undefined)
    stack.use(
      heraldChain(
        running.time,
        () => chain.status(),
        (news) => log.record({ type: 'consensus', ...news }),
      ),
    )
  for (const warning of votingWarnings(running, config))
    log.record({ level: 'warn', type: 'operator', message: warning })
  devnet?.ready(place)
  await ending.ended
  log.record({ level: 'info', type: 'operator', message: 'the node stops' })
  return EXIT.good
}

const tellReady = (api: string): void => {
  const what = existsSync(WEB_ROOT) ? 'dashboard' : 'HTTP API'
  say(`${what} ${colours.bold(`${api}/`)}  ${colours.dim('Ctrl-C stops the node')}`)
}

/** The node of a devnet goes when its devnet goes, also where that was before this looked. */
const endWithDevnet = (stack: AsyncDisposableStack, end: () => void): void => {
  if (!process.connected)
    throw new ChimerError('TC_USAGE', '--devnet is for nodes that a devnet starts. Run: truechimer devnet')
  process.once('disconnect', end)
  stack.defer(() => void process.off('disconnect', end))
}

const AGENT = `truechimer/${packageFile.version}`

const start = async (
  options: NodeOptions,
  { config, bent, log }: { readonly config: Config; readonly bent: BentSource[]; readonly log: NodeLog },
): Promise<RunningNode> => {
  const wrapSource = (source: Source): Source => {
    const wrapped = new BentSource(source)
    bent.push(wrapped)
    return wrapped
  }
  try {
    return await startNode({
      time: realTime,
      random: realRandom,
      directory: options.data,
      config,
      passphrase: await readPassphrase(options, process.env),
      agent: AGENT,
      tell: ({ code, message }) => log.record({ level: 'warn', type: 'network', message, facts: { code } }),
      ...(options.devnet === true ? { wrapSource } : {}),
    })
  } catch (cause) {
    if (!(cause instanceof ChimerError) || cause.code !== 'TC_PASSPHRASE_NEEDED') throw cause
    throw new ChimerError(cause.code, `The key in ${options.data} is locked with a passphrase: ${PASSPHRASE_ADVICE}.`, {
      cause,
    })
  }
}

/** Gives the time back, as the configuration says; and as it is now, whenever the clock has changed. */
const serveTime = async (parts: {
  readonly running: RunningNode
  readonly config: Config
  readonly log: NodeLog
  readonly directory: string
}): Promise<TimeServers> => {
  const { running, config, log, directory } = parts
  const { timekeeper, events } = running.chimer
  const servers = await openTimeServers({
    time: running.time,
    random: realRandom,
    serve: config.serve,
    directory,
    read: (localNs) => timekeeper.read(localNs),
    reports: () => timekeeper.reports(),
    hasMachineCounter: config.oscillator === null,
    tell: ({ code, message }) => log.record({ level: 'warn', type: 'clock', message, facts: { code } }),
  })
  events.listen((event) => {
    if (event.type === 'clock') servers.refresh()
  })
  return servers
}

/** Gives the time as tokens that others' tools check, where an authority is set. */
const openTsa = async (parts: {
  readonly running: RunningNode
  readonly config: Config
  readonly log: NodeLog
  readonly directory: string
}): Promise<TimeStampAuthority | undefined> => {
  const { running, config, log, directory } = parts
  const { tsa, tsaPolicy: policy, tsaBoundMs } = config.serve
  if (tsa === null) return undefined
  const { openTimeStampAuthority, tsaDirectoryOf } = await import('../services/tsa-server.ts')
  return openTimeStampAuthority({
    time: realTime,
    random: realRandom,
    directory: tsa === true ? tsaDirectoryOf(directory) : tsa,
    policy,
    boundNsMax: BigInt(Math.round(tsaBoundMs * 1e6)),
    read: () => running.chimer.timekeeper.read(),
    tell: ({ code, message }) => log.record({ level: 'warn', type: 'operator', message, facts: { code } }),
  })
}

/** The dashboard, where it has been built. */
const WEB_ROOT = fileURLToPath(new URL('../../web/dist', import.meta.url))

const serve = (
  backend: Backend,
  { config, logger }: { readonly config: Config; readonly logger: Logger },
): ReturnType<typeof openHttpApi> =>
  openHttpApi({
    backend,
    listen: splitHostPort(config.api),
    logger: logger.child({ part: 'api' }, { level: config.logLevel === 'info' ? 'warn' : config.logLevel }),
    limits: { stampsPerMinute: config.serve.stampsPerMinute },
    ...(existsSync(WEB_ROOT) ? { webRoot: WEB_ROOT } : {}),
  })

const backendOf = (parts: {
  readonly running: RunningNode
  readonly config: Config
  readonly devnet: Backend['devnet'] | undefined
  readonly servers: TimeServers
  readonly tsa: TimeStampAuthority | undefined
}): Backend => {
  const { running, config, devnet, servers, tsa } = parts
  const { chimer, time, places, store, stamping, offline, cosigning } = running
  const { greetings, discovery, own } = chimer.networking
  return openNodeBackend({
    chimer,
    time,
    version: packageFile.version,
    parts: { greetings, own, discovery, outboundWanted: config.network.outboundPeers, places },
    archive: archiveOf(store),
    stamps: stamping,
    offline,
    tlog: cosigning,
    served: () => [
      ...servers.servers.map((server) => ({ name: server.name, address: server.address, ...server.counts() })),
      ...(tsa === undefined ? [] : [{ name: 'tsa', address: '/tsa', ...tsa.counts() }]),
    ],
    ...(devnet === undefined ? {} : { devnet }),
    ...(tsa === undefined ? {} : { tsa }),
  })
}

/** Where what was asked for and what the chain counts are two things: neither is wrong, and either may be meant. */
const votingWarnings = ({ chimer: { deciding, id } }: RunningNode, { consensus }: Config): readonly string[] => {
  const member = memberOf(deciding.state, id)
  if (consensus.validator && member === undefined)
    return ['this node’s key is no member of the chain, so it follows and does not vote; truechimer join makes it one']
  if (!consensus.validator && member !== undefined && member.weight > 0n)
    return ['this node’s key has weight, and the node runs without --validator: its weight is silent']
  return []
}

/** What becomes of the clock and its sources, once a change. */
const logClock = ({ chimer: { timekeeper }, time }: RunningNode, log: NodeLog): ReturnType<typeof heraldClock> =>
  heraldClock(
    time,
    () => ({
      localNs: time.elapsedNs(),
      status: timekeeper.read()?.status ?? 'unsynchronised',
      reports: timekeeper.reports(),
    }),
    (news) => log.record({ type: 'clock', ...news }),
  )

/** The log of entries, in the node's own time. */
const keep = async (
  log: NodeLog,
  parts: { readonly running: RunningNode; readonly config: Config; readonly directory: string },
): Promise<AsyncDisposable> => {
  const { running, config, directory } = parts
  const { chimer, signer } = running
  if (config.logEntries === 'silent') return log
  return keepLog({
    log,
    time: realTime,
    directory,
    networkId: chimer.genesis.networkId,
    signer,
    now: () => {
      const reading = chimer.timekeeper.read()
      return reading === undefined ? null : { earliest: reading.earliest, latest: reading.latest }
    },
    keepMb: config.logKeepMb,
  })
}
