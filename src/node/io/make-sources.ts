/**
 * The sources of time that a configuration names, made: for a node and for the clock library alike. Each kind of source adds
 * its own function here.
 *
 * Nothing is asked and no socket opened before a source is started and polled.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, min } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { GPS_LIMITS, roughtimeServerOf } from '../../clock/index.ts'
import type { ClockKnowledge, GpsLimits, RoughtimeLink, Source } from '../../clock/index.ts'
import { gpsdSource } from '../../clock/io/gpsd-source.ts'
import { hostSource } from '../../clock/io/host-source.ts'
import { hostTrackingSource } from '../../clock/io/host-tracking-source.ts'
import { ntpPool } from '../../clock/io/ntp-pool-source.ts'
import { ntpSource } from '../../clock/io/ntp-source.ts'
import { readRootsFile } from '../../clock/io/nts-roots.ts'
import { ntsSource } from '../../clock/io/nts-source.ts'
import { RoughtimeSequence } from '../../clock/io/roughtime-sequence.ts'
import { roughtimeSource } from '../../clock/io/roughtime-source.ts'
import { splitHostPort } from '../config.ts'
import type { Config } from '../config.ts'

/** What a configuration says of sources: the key `sources`, read. */
export type SourcesConfig = Config['sources']

/** What every source is made of. */
export interface SourceParts {
  readonly time: Time
  readonly random: Random
  readonly sources: SourcesConfig
  /** Called with the proof when two Roughtime servers contradict each other. */
  readonly onContradiction?: (links: readonly RoughtimeLink[]) => void
  /** What the clock knows without one source, for the judge of that source; GPS is judged by itself where not given. */
  readonly knowledgeOf?: (sourceId: string, localNs: bigint) => ClockKnowledge | undefined
}

/** The sources in the order of the configuration's keys; each id once. */
export const makeSources = (parts: SourceParts): readonly Source[] => [
  ...ntpSources(parts),
  ...ntpPools(parts),
  ...ntsSources(parts),
  ...roughtimeSources(parts),
  ...gpsdSources(parts),
  ...hostSources(parts),
]

const ntpSources = ({ time, random, sources }: SourceParts): readonly Source[] =>
  sources.ntp.map((address) => ntpSource(time, random, { id: `ntp:${address}`, ...splitHostPort(address) }))

/** One server is one voice: an address that is named as a server, or sits in one pool, is not seated in another. */
const ntpPools = ({ time, random, sources }: SourceParts): readonly Source[] => {
  const seated = new Set(sources.ntp.map((address) => splitHostPort(address).host))
  return sources.ntpPool.flatMap((address) =>
    ntpPool(time, random, { id: `ntp:${address}`, ...splitHostPort(address), seated }),
  )
}

/** `TC_NTS_CA_FILE` where the file of authorities is of no use. */
const ntsSources = ({ time, random, sources }: SourceParts): readonly Source[] => {
  const extraRoots = sources.ntsCaFile === null ? [] : readRootsFile(sources.ntsCaFile)
  return sources.nts.map((address) =>
    ntsSource(time, random, { id: `nts:${address}`, ...splitHostPort(address), extraRoots }),
  )
}

/** All in one sequence, so that each answer is held against those before it. */
const roughtimeSources = ({ time, random, sources, onContradiction }: SourceParts): readonly Source[] => {
  const sequence = new RoughtimeSequence(time, random, onContradiction)
  return sources.roughtime.map((text) => {
    const server = roughtimeServerOf(text)
    assert(server !== undefined, 'the schema lets only such servers pass')
    return roughtimeSource(time, random, { id: `roughtime:${text.split(' ')[0] ?? ''}`, ...server, sequence })
  })
}

const gpsdSources = ({ time, random, sources, knowledgeOf }: SourceParts): readonly Source[] =>
  sources.gpsd.map((address) =>
    gpsdSource(time, random, {
      id: `gpsd:${address}`,
      knownAt: (localNs) => knowledgeOf?.(`gpsd:${address}`, localNs),
      ...splitHostPort(address),
      intervalNs: BigInt(sources.pollIntervalMs) * NS_PER_MS,
      limits: gpsLimits(sources.gpsdLatencyMs),
    }),
  )

/** One clock is one voice: what is measured of it wins over what its operator says. */
const hostSources = ({ time, sources: { hostBoundMs, chronyTracking } }: SourceParts): readonly Source[] => {
  if (chronyTracking) return [hostTrackingSource(time, { id: 'host' })]
  if (hostBoundMs === null) return []
  return [hostSource(time, { id: 'host', boundNs: BigInt(Math.round(hostBoundMs * Number(NS_PER_MS))) })]
}

/** A smaller stated latency holds for the receiver's first byte too. */
const gpsLimits = (latencyMs: number): GpsLimits => {
  const latencyNsMax = BigInt(Math.round(latencyMs * Number(NS_PER_MS)))
  return { ...GPS_LIMITS, latencyNsMax, toffLatencyNsMax: min(latencyNsMax, GPS_LIMITS.toffLatencyNsMax) }
}
