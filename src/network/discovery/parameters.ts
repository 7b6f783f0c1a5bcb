/** Numbers of discovery, with their units and why they are so. Rules: docs/spec/network.md N-20 to N-34. */
import { NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, NS_PER_SEC } from '../../base/index.ts'
import { CHOSEN_SCORE_MIN } from '../score-weights.ts'

export interface DiscoveryParameters {
  /** Connections that we make and keep, each to another group where there are so many. */
  readonly outboundMin: number
  /** Up to so many known peers we connect to all of them: small networks are a full mesh. */
  readonly fullMeshMax: number
  /** A peer that our operator named is left free after so long at the earliest, where there are enough others, ns. */
  readonly introducerNsMin: bigint
  /** Dials under way at once. */
  readonly dialsMax: number
  /** A dial is given up after, ns. */
  readonly dialNsMax: bigint
  /** Mean pause between two feelers, ns; drawn between half and one and a half of it. */
  readonly feelerNs: bigint
  /** The same while fewer than `triedEnough` peers have been tried. */
  readonly feelerThinNs: bigint
  readonly triedEnough: number
  /** Mean pause between two replacements of the worst outbound peer, of equals the oldest, ns; drawn likewise. */
  readonly rotationNs: bigint
  /** Outbound peers kept over restarts. */
  readonly anchorsMax: number
  /** An outbound peer may become an anchor after so long, ns. */
  readonly anchorAgeNsMin: bigint
  /** Pause between two questions to one peer, ns. */
  readonly askNsMin: bigint
  /** Mean pause between two questions to anybody, ns; drawn likewise. */
  readonly askNs: bigint
  /** Pause between two rounds of the bootstrap ways while peers are missing: doubles from the first to the second, ns. */
  readonly bootstrapNsMin: bigint
  readonly bootstrapNsMax: bigint
  /** A bootstrap way is given up after, ns. */
  readonly bootstrapWayNsMax: bigint
  /** Life of our own records, ns; a new one is made at half of it. */
  readonly recordLifeNs: bigint
  /** How far the clocks of two nodes may be apart, ns. */
  readonly slackNs: bigint
  /** Between two steps while something is missing, and while all is well, ns. */
  readonly stepNsMin: bigint
  readonly stepNsMax: bigint
  /** An outbound peer whose score is below this is replaced. */
  readonly scoreMin: number
}

/**
 * Eight outbound are as many as Bitcoin Core keeps. A rotation every five minutes gives nobody a place for much longer than 40: little
 * beside the hours that honest peers stay, so that never leaving gains little. Feelers go out every 5 s until half of `tried` could
 * be full, because whoever fills that table first has the greatest share of it, and every 30 s from then on. A step costs
 * a pass over the tables for each peer that is drawn. Five minutes of slack are far more
 * than two nodes with the time differ by, and little beside a life of an hour.
 */
export const DISCOVERY_PARAMETERS: DiscoveryParameters = {
  outboundMin: 8,
  fullMeshMax: 9,
  introducerNsMin: 5n * NS_PER_SEC,
  dialsMax: 8,
  dialNsMax: 10n * NS_PER_SEC,
  feelerNs: 30n * NS_PER_SEC,
  feelerThinNs: 5n * NS_PER_SEC,
  triedEnough: 1024,
  rotationNs: 5n * NS_PER_MINUTE,
  anchorsMax: 4,
  anchorAgeNsMin: 10n * NS_PER_MINUTE,
  askNsMin: 30n * NS_PER_SEC,
  askNs: NS_PER_MINUTE,
  bootstrapNsMin: NS_PER_SEC,
  bootstrapNsMax: 5n * NS_PER_MINUTE,
  bootstrapWayNsMax: 10n * NS_PER_SEC,
  recordLifeNs: NS_PER_HOUR,
  slackNs: 5n * NS_PER_MINUTE,
  stepNsMin: 500n * NS_PER_MS,
  stepNsMax: 5n * NS_PER_SEC,
  scoreMin: CHOSEN_SCORE_MIN,
}
