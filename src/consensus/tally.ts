/**
 * The one tally: it decides whether a set of votes is a quorum and, from the very same votes, what the block's time is. There
 * is no second path to either.
 *
 * Source: DESIGN §4 "One tally", §5.5; K. Marzullo 1984 for the cover. Rules B-30 to B-36 in docs/spec/consensus.md, with the proof. It
 * promises nothing of the time where a third of the weight or more is false, or proposals take longer than Δ.
 */
import assert from 'node:assert/strict'
import { NS_PER_SEC, TAI_MAX, max, min } from '../base/index.ts'
import type { NsInterval, TimeInterval, Tai } from '../base/index.ts'
import { coverInterval } from '../clock/index.ts'
import type { WeightedInterval } from '../clock/index.ts'
import type { ValidatorSet } from './validators.ts'

/**
 * How far one block may hang over into the future of the next: a timestamp is at most this much later than the earliest end, ns, and
 * the latest end is not kept rising for the sake of a parent's that lay further ahead than this (B-35). Far above what
 * honest intervals and Δ add up to; without it one interval without an end would leave its mark on every block after it.
 */
export const OVERHANG_NS_MAX = 60n * NS_PER_SEC

/** A block's time: an interval of true time of its proposal, and the timestamp inside it. All TAI ns. */
export interface BlockTime extends TimeInterval {
  readonly timestamp: Tai
}

/** One validator's vote for the block, and the interval in which it received the proposal. Its signatures have been verified. */
export interface CountedVote {
  /** Place in the validator set. */
  readonly index: number
  readonly received: TimeInterval
}

export interface TallyInput {
  readonly validators: ValidatorSet
  readonly votes: readonly CountedVote[]
  /** The time of the block before: the new one is later. */
  readonly parentTime: BlockTime
  /** Δ, ns. */
  readonly proposalDelayNs: bigint
}

export interface Tally {
  /** Weight of the distinct validators among the votes. */
  readonly weight: bigint
  readonly isQuorum: boolean
  /** There exactly where it is a quorum. */
  readonly time: BlockTime | undefined
  /** False where no instant was covered by enough weight: a third or more of the weight is false, or messages took longer than Δ. */
  readonly isAgreed: boolean
}

/** The time of the block before the first. */
export const NO_TIME: BlockTime = { earliest: 0n, latest: 0n, timestamp: 0n }

/** O(n log n) in the votes. A vote of nobody in the set is an asserted bug; of a validator's votes the first counts. */
export const tally = (input: TallyInput): Tally => {
  const { validators, proposalDelayNs, parentTime } = input
  const seen = new Set<number>()
  const intervals: WeightedInterval[] = []
  let weight = 0n
  for (const { index, received } of input.votes) {
    const validator = validators.at(index)
    assert(validator !== undefined && received.earliest <= received.latest)
    if (seen.has(index)) continue
    seen.add(index)
    weight += validator.weight
    const interval = { lo: received.earliest - proposalDelayNs, hi: received.latest }
    intervals.push({ interval, weight: validator.weight })
  }
  if (!validators.isQuorum(weight)) return { weight, isQuorum: false, time: undefined, isAgreed: false }
  const agreed = coverInterval({ intervals, weightNeeded: weight - faultyWeightMax(validators.total) })
  return {
    weight,
    isQuorum: true,
    time: laterThan(parentTime, agreed ?? hullOf(intervals)),
    isAgreed: agreed !== undefined,
  }
}

/** The most weight that is less than a third of `total`. */
export const faultyWeightMax = (total: bigint): bigint => (total - 1n) / 3n

/** Around all of them; there is at least one. */
const hullOf = (intervals: readonly WeightedInterval[]): NsInterval => {
  let [lo, hi] = [TAI_MAX, 0n]
  for (const { interval } of intervals) [lo, hi] = [min(lo, interval.lo), max(hi, interval.hi)]
  return { lo, hi }
}

/** What the votes say, made later than the parent's time. Ends stay within TAI, where nothing is later than TAI_MAX. */
const laterThan = (parent: BlockTime, said: NsInterval): BlockTime => {
  const earliest = max(said.lo, next(parent.earliest))
  const middle = (earliest + said.hi) / 2n
  const timestamp = max(min(middle, earliest + OVERHANG_NS_MAX), next(parent.timestamp))
  const isParentFarAhead = parent.latest - said.hi > OVERHANG_NS_MAX
  return { earliest, timestamp, latest: max(said.hi, isParentFarAhead ? timestamp : next(parent.latest)) }
}

const next = (tai: Tai): Tai => min(tai + 1n, TAI_MAX)
