/**
 * Starts a node from its data directory: opens key, signer, network and sources, joins them to a Chimer, and closes them in
 * the reverse order.
 */
import { NS_PER_MS, min, seededRandom } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { Discipline, GPS_LIMITS, createKalmanFilter, createOscillator } from '../../clock/index.ts'
import type { GpsLimits, Source } from '../../clock/index.ts'
import { gpsdSource } from '../../clock/io/gpsd-source.ts'
import { hostSource } from '../../clock/io/host-source.ts'
import { ntpSource } from '../../clock/io/ntp-source.ts'
import { keyPathOf, openFileSigner } from '../../crypto/io/file-signer.ts'
import { readSeed } from '../../crypto/io/key-file.ts'
import { openLibp2pNetwork } from '../../network/io/libp2p.ts'
import { Chimer } from '../chimer.ts'
import { splitHostPort } from '../config.ts'
import type { Config } from '../config.ts'
import type { Genesis } from '../genesis.ts'
import { keysDirectoryOf, readGenesisFile } from './data-directory.ts'
import { timeOverOscillator } from './simulated-time.ts'

/** Questions of the burst are at least this far apart, ns; a network's servers are not to be pestered. */
const POLL_INTERVAL_NS_MIN = 500n * NS_PER_MS

export interface StartNodeOptions {
  readonly time: Time
  readonly random: Random
  readonly directory: string
  readonly config: Config
  /** For an encrypted key. */
  readonly passphrase: string | undefined
  /** Wraps every source: a devnet bends them so. */
  readonly wrapSource?: (source: Source) => Source
}

export interface RunningNode extends AsyncDisposable {
  readonly chimer: Chimer
  /** The time that the node runs on: the machine's, or a simulated oscillator's. */
  readonly time: Time
}

/** Rejects with a documented code where a file, the key, an address or a port stands in the way. */
export const startNode = async (options: StartNodeOptions): Promise<RunningNode> => {
  const { random, directory, config, passphrase } = options
  const genesis = await readGenesisFile(directory)
  const time = nodeTime(options.time, config)
  await using stack = new AsyncDisposableStack()
  const keys = keysDirectoryOf(directory)
  const secret = passphrase === undefined ? {} : { passphrase }
  const signer = stack.use(await openFileSigner({ directory: keys, ...secret }))
  const network = stack.use(
    await openLibp2pNetwork({
      time,
      privateKey: await readSeed(keyPathOf(keys), passphrase),
      listen: config.listen,
      bootstrap: config.bootstrap,
    }),
  )
  const discipline = new Discipline(disciplineOptions(config, genesis), createKalmanFilter())
  const sources = makeSources({ time, random, config }).map((source) => options.wrapSource?.(source) ?? source)
  const chimer = stack.use(new Chimer({ time, random, genesis, signer, network, discipline, sources }))
  await chimer.start()
  const opened = stack.move()
  return { chimer, time, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const nodeTime = (time: Time, { oscillator }: Config): Time => {
  if (oscillator === null) return time
  const { offsetNs, driftPpb, walkPpb, seed } = oscillator
  const parameters = { offsetNs: BigInt(offsetNs), driftPpb, randomWalkPpb: walkPpb }
  return timeOverOscillator(time, createOscillator(parameters, seededRandom(BigInt(seed))))
}

const disciplineOptions = (
  config: Config,
  genesis: Genesis,
): { readonly acceptedVarianceNs: bigint; readonly pollIntervalNs: bigint; readonly pollIntervalMinNs: bigint } => ({
  acceptedVarianceNs: genesis.judgement.acceptedVarianceNs,
  pollIntervalNs: BigInt(config.sources.pollIntervalMs) * NS_PER_MS,
  pollIntervalMinNs: POLL_INTERVAL_NS_MIN,
})

const makeSources = (parts: {
  readonly time: Time
  readonly random: Random
  readonly config: Config
}): readonly Source[] => {
  const { time, random, config } = parts
  const { ntp, gpsd, gpsdLatencyMs, hostBoundMs, pollIntervalMs } = config.sources
  const host =
    hostBoundMs === null
      ? []
      : [hostSource(time, { id: 'host', boundNs: BigInt(Math.round(hostBoundMs * Number(NS_PER_MS))) })]
  return [
    ...ntp.map((address) => ntpSource(time, random, { id: `ntp:${address}`, ...splitHostPort(address) })),
    ...gpsd.map((address) =>
      gpsdSource(time, random, {
        id: `gpsd:${address}`,
        ...splitHostPort(address),
        intervalNs: BigInt(pollIntervalMs) * NS_PER_MS,
        limits: gpsLimits(gpsdLatencyMs),
      }),
    ),
    ...host,
  ]
}

/** A smaller stated latency holds for the receiver's first byte too. */
const gpsLimits = (latencyMs: number): GpsLimits => {
  const latencyNsMax = BigInt(Math.round(latencyMs * Number(NS_PER_MS)))
  return { ...GPS_LIMITS, latencyNsMax, toffLatencyNsMax: min(latencyNsMax, GPS_LIMITS.toffLatencyNsMax) }
}
