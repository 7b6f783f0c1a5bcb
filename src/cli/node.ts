/**
 * `truechimer node`: runs one node in the foreground until it is told to stop. Here is what it is told; what runs is loaded
 * (`node-run.ts`) only when that can be used, so that a mistake is answered at once.
 */
import { nearestWord } from '../base/index.ts'
import { CONFIG_VARIABLES, overridesOf, readConfig } from '../node/config.ts'
import type { Config, Overrides } from '../node/config.ts'
import { readConfigFile } from '../node/io/data-directory.ts'
import { openLog, openLogger } from './log.ts'
import type { ExitCode } from './output.ts'
import type { PassphraseOptions } from './passphrase.ts'

export interface NodeOptions extends PassphraseOptions {
  readonly data: string
  readonly api?: string
  readonly listen?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly bootstrapDns?: readonly string[]
  readonly bootstrapFile?: string
  readonly mdns?: boolean
  readonly announce?: readonly string[]
  readonly location?: string
  readonly outboundPeers?: number
  readonly connectionsMax?: number
  readonly relayServer?: boolean
  readonly relayClient?: boolean
  readonly holePunching?: boolean
  readonly autonat?: boolean
  readonly validator?: boolean
  readonly checkpoint?: string
  readonly paceMs?: number
  readonly ntp?: readonly string[]
  readonly ntpPool?: readonly string[]
  readonly nts?: readonly string[]
  readonly ntsCaFile?: string
  readonly roughtime?: readonly string[]
  readonly gpsd?: readonly string[]
  readonly gpsdLatencyMs?: number
  readonly hostBoundMs?: number
  readonly chronyTracking?: boolean
  readonly pollIntervalMs?: number
  readonly pollIntervalMaxMs?: number
  readonly ntpServe?: string
  readonly ntpWorkers?: number
  readonly ntpRate?: number
  readonly ntsServe?: string
  readonly ntsCertFile?: string
  readonly ntsKeyFile?: string
  readonly roughtimeServe?: string
  readonly tsaServe?: string | true
  readonly tsaPolicy?: string
  readonly tsaBoundMs?: number
  readonly refclockSock?: string
  readonly stampsPerMinute?: number
  readonly logLevel?: string
  readonly logEntries?: string
  readonly logKeepMb?: number
  readonly devnet?: boolean
  readonly json?: boolean
}

export const node = async (options: NodeOptions): Promise<ExitCode> => {
  const config = readConfig(await readConfigFile(options.data), overridesOf(process.env), flagOverrides(options))
  const logger = openLogger({ level: config.logLevel, isForPeople: process.stderr.isTTY && options.json !== true })
  const log = openLog({ logger, entries: config.logEntries })
  for (const warning of [...strangeVariables(process.env), ...sourceWarnings(config)])
    log.record({ level: 'warn', type: 'operator', message: warning })
  const { runNode } = await import('./node-run.ts')
  return runNode({ options, config, logger, log })
}

/** Other variables that a node knows. */
const VARIABLES = [...Object.keys(CONFIG_VARIABLES), 'TRUECHIMER_PASSPHRASE']

/** Variables that look like settings and are none. They may belong to something else, so they are told and not refused. */
const strangeVariables = (environment: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.keys(environment)
    .filter((name) => name.startsWith('TRUECHIMER_') && !VARIABLES.includes(name))
    .flatMap((name) => {
      const nearest = nearestWord(name, VARIABLES)
      return nearest === undefined ? [] : [`the environment variable ${name} is not known; did you mean ${nearest}?`]
    })

const sourceWarnings = ({
  sources: { ntp, ntpPool, nts, roughtime, gpsd, hostBoundMs, chronyTracking },
}: Config): readonly string[] =>
  [ntp, ntpPool, nts, roughtime, gpsd].some((list) => list.length > 0) || hostBoundMs !== null || chronyTracking
    ? []
    : ['no source of time is set, so this node will never have the time; give --ntp, --nts, --gpsd or --host-bound-ms']

/** What flags were given, by the key that each sets. */
const flagOverrides = (options: NodeOptions): Overrides => {
  const { api, listen, bootstrap, ntp, ntpPool, gpsd, gpsdLatencyMs, hostBoundMs, logLevel } = options
  const { pollIntervalMs, pollIntervalMaxMs, ntpServe, ntpWorkers, ntpRate, refclockSock, stampsPerMinute } = options
  const flags = {
    api,
    listen,
    bootstrap,
    'network.bootstrapDns': options.bootstrapDns,
    'network.bootstrapFile': options.bootstrapFile,
    'network.mdns': options.mdns,
    'network.announce': options.announce,
    'network.location': options.location,
    'network.outboundPeers': options.outboundPeers,
    'network.connectionsMax': options.connectionsMax,
    'network.relayServer': options.relayServer,
    'network.relayClient': options.relayClient,
    'network.holePunching': options.holePunching,
    'network.autonat': options.autonat,
    'consensus.validator': options.validator,
    'consensus.checkpoint': options.checkpoint,
    'consensus.paceMs': options.paceMs,
    'sources.ntp': ntp,
    'sources.ntpPool': ntpPool,
    'sources.nts': options.nts,
    'sources.ntsCaFile': options.ntsCaFile,
    'sources.roughtime': options.roughtime,
    'sources.gpsd': gpsd,
    'sources.gpsdLatencyMs': gpsdLatencyMs,
    'sources.hostBoundMs': hostBoundMs,
    'sources.chronyTracking': options.chronyTracking,
    'sources.pollIntervalMs': pollIntervalMs,
    'sources.pollIntervalMaxMs': pollIntervalMaxMs,
    'serve.ntp': ntpServe,
    'serve.ntpWorkers': ntpWorkers,
    'serve.ntpRate': ntpRate,
    'serve.nts': options.ntsServe,
    'serve.ntsCertFile': options.ntsCertFile,
    'serve.ntsKeyFile': options.ntsKeyFile,
    'serve.roughtime': options.roughtimeServe,
    'serve.tsa': options.tsaServe,
    'serve.tsaPolicy': options.tsaPolicy,
    'serve.tsaBoundMs': options.tsaBoundMs,
    'serve.refclockSock': refclockSock,
    'serve.stampsPerMinute': stampsPerMinute,
    logLevel,
    logEntries: options.logEntries,
    logKeepMb: options.logKeepMb,
  }
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
}
