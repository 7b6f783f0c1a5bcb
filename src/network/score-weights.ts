/**
 * What a peer's deeds are worth: the table of points, how fast they fade, what they may add up to, and what follows from a
 * sum. The arithmetic is `peer-account.ts`, the book `peer-scores.ts`. Rules: docs/spec/network.md N-10, N-50 and N-51.
 *
 * Source: libp2p specs `pubsub/gossipsub/gossipsub-v1.1.md` (scores by topic, decay, thresholds, a cap on what good deeds
 * earn).
 */
import { NS_PER_SEC } from '../base/index.ts'

/** What a peer can do to its score. The meaning of each stands in docs/errors.md. */
export const SCORE_REASONS = [
  'first-delivery',
  'rejected',
  'ignored',
  'flood',
  'slow-reader',
  'failed-request',
  'greeting-refused',
  'broken-promise',
] as const
export type ScoreName = (typeof SCORE_REASONS)[number]

/** Points of one deed, where they fade to the half (s), and the most that all deeds of this kind together may come to. */
export interface ScoreWeight {
  readonly points: number
  readonly halfLifeSec: number
  /** Bound of the sum over all channels: highest for a merit, lowest for a fault. */
  readonly sumMax: number
}

/**
 * A rejected message costs 1 and fades to the half in 20 s: 500 at once are borne, or 17 a second for ever. `ignored` and
 * `flood` are capped at -40 each: they come from honest peers too, when this node's clock is wrong or when authors flood
 * through a relay, and neither may cost a peer its place in the mesh. Merits are capped at 40 over all topics, so that they pay
 * for 40 wrong messages and for no more.
 */
export const SCORE_WEIGHTS: Readonly<Record<ScoreName, ScoreWeight>> = {
  'first-delivery': { points: 0.1, halfLifeSec: 600, sumMax: 40 },
  rejected: { points: -1, halfLifeSec: 20, sumMax: -2000 },
  ignored: { points: -0.1, halfLifeSec: 60, sumMax: -40 },
  flood: { points: -0.02, halfLifeSec: 20, sumMax: -40 },
  'slow-reader': { points: -20, halfLifeSec: 300, sumMax: -200 },
  'failed-request': { points: -2, halfLifeSec: 60, sumMax: -60 },
  'greeting-refused': { points: -100, halfLifeSec: 600, sumMax: -200 },
  'broken-promise': { points: -20, halfLifeSec: 300, sumMax: -400 },
}

/** How one channel differs from the others: its weight in every sum, and the most that it may earn. */
export interface ChannelScoring {
  /** Factor of all points on this channel, in [0, 100]. */
  readonly weight: number
  /** The most that first deliveries on this channel come to, in [0, 40]. */
  readonly meritMax: number
  /** Share of ignored messages from which on each of them costs, in [0, 1]. */
  readonly ignoredShareMax: number
}

/** Half of all merit can be earned on one topic; less than half of what honest peers say is late or already known. */
export const CHANNEL_SCORING: ChannelScoring = { weight: 1, meritMax: 20, ignoredShareMax: 0.5 }

/** Below this a peer is not chosen: for the mesh, for gossip, for a dial. */
export const CHOSEN_SCORE_MIN = -100
/** Below this it is shut out. */
export const BORNE_SCORE_MIN = -500
/** How long a peer stays shut out, ns: three half-lives of `rejected`, after which the worst stands at -250. */
export const SHUT_OUT_NS = 60n * NS_PER_SEC
