/**
 * How weights move at an epoch's end: towards their targets, but slowly, and never so that members without stake together could
 * stop or split the network.
 *
 * Two limits. The rate: an epoch takes away at most a sixth of all weight and adds at most a sixth of it, so that a quorum of
 * the new validators always holds more than half of the old weight, and of those an epoch earlier more than a third, which is
 * what a light client leans on. The cap: whoever has no stake can have as many identities as he likes; together they stay under a
 * third, as long as anybody with stake means to stay.
 *
 * Source: DESIGN §5.3, §5.4; seed 003 §4.4, seed 002 §1.2. Rules: docs/spec/standing.md W-10 to W-13. Whole numbers; the order of members
 * does not matter.
 */
import assert from 'node:assert/strict'
import { max } from '../base/index.ts'

/** Part of all weight that one epoch may take away, and part that it may add: one over this. */
export const EPOCH_SHARE_DIVISOR = 6n

/** One member at an epoch's end. */
export interface WeightChange {
  /** Node id; each once. */
  readonly id: string
  /** Present vote weight, >= 0. */
  readonly weight: bigint
  /** The weight that its record asks for (`voteWeightPpb`), >= 0; 0 for who leaves. Unit as `weight`. */
  readonly target: bigint
  /** Whether it has genesis stake. */
  readonly isStaked: boolean
}

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n)

/** All amounts as they are if their sum is within `sumMax`, else each times sumMax ÷ sum, rounded down; so the sum is within it. */
const scaled = (amounts: readonly bigint[], sumMax: bigint): readonly bigint[] => {
  const sum = sumOf(amounts)
  return sum <= sumMax ? amounts : amounts.map((amount) => (amount * sumMax) / sum)
}

/** The largest weight that is under a third of the whole when the rest weighs `staked` > 0: the largest u with 3u < u + staked. */
const unstakedMax = (staked: bigint): bigint => max(0n, (staked - 1n) / 2n)

/** `amounts` of the members that are staked, or of those that are not; 0 for the others. */
const only = (members: readonly WeightChange[], amounts: readonly bigint[], isStaked: boolean): readonly bigint[] =>
  amounts.map((amount, index) => (members[index]?.isStaked === isStaked ? amount : 0n))

const plus = (a: readonly bigint[], b: readonly bigint[]): readonly bigint[] =>
  a.map((amount, index) => amount + (b[index] ?? 0n))

/**
 * Targets under the cap of a third, in the order of `members`: where those without stake would together weigh a third or more, they are
 * scaled down together. Unchanged where no staked member has a target above 0. Also what a genesis begins with.
 */
export const cappedTargets = (members: readonly Pick<WeightChange, 'target' | 'isStaked'>[]): readonly bigint[] => {
  const staked = sumOf(members.map(({ target, isStaked }) => (isStaked ? target : 0n)))
  if (staked === 0n) return members.map(({ target }) => target)
  const unstaked = scaled(
    members.map(({ target, isStaked }) => (isStaked ? 0n : target)),
    unstakedMax(staked),
  )
  return members.map(({ target, isStaked }, index) => (isStaked ? target : (unstaked[index] ?? 0n)))
}

/**
 * The weights after an epoch, by id, all members in it, none below 0. In units of one weight:
 * all that is taken away is at most ⌊total ÷ 6⌋, and so is all that is added; the total stays above 0; members without stake weigh
 * together under a third of the new total if they did of the old (W-12 for where they did not).
 * Asserted bugs: an id twice, a negative weight or target, a total of 0.
 */
export const nextWeights = ({ members }: { readonly members: readonly WeightChange[] }): Map<string, bigint> => {
  const total = sumOf(members.map(({ weight }) => weight))
  assert(total > 0n && members.every(({ weight, target }) => weight >= 0n && target >= 0n))
  assert.equal(new Set(members.map(({ id }) => id)).size, members.length, 'a member is named twice')
  const targets = cappedTargets(members)
  const limit = total / EPOCH_SHARE_DIVISOR
  const taken = scaled(
    members.map(({ weight }, index) => max(0n, weight - (targets[index] ?? 0n))),
    limit,
  )
  const added = scaled(
    members.map(({ weight }, index) => max(0n, (targets[index] ?? 0n) - weight)),
    limit,
  )
  const held = heldUnderCap(members, { taken, added })
  return new Map(
    members.map(({ id, weight }, index) => [id, weight - (held.taken[index] ?? 0n) + (held.added[index] ?? 0n)]),
  )
}

interface Moves {
  readonly taken: readonly bigint[]
  readonly added: readonly bigint[]
}

/**
 * As much of the moves as the cap allows: first what members without stake gain is cut, then what staked ones lose. Both only lessen
 * a move, so the limits of the rate still hold; and if the old weights kept the cap, so do the new, since undoing all of both
 * leaves the staked with no less and the others with no more than before.
 */
const heldUnderCap = (members: readonly WeightChange[], { taken, added }: Moves): Moves => {
  if (!members.some(({ isStaked, target }) => isStaked && target > 0n)) return { taken, added }
  const weights = members.map(({ weight }) => weight)
  const sumOver = (amounts: readonly bigint[], isStaked: boolean): bigint => sumOf(only(members, amounts, isStaked))
  const staked = sumOver(weights, true) + sumOver(added, true)
  const unstaked = sumOver(weights, false) - sumOver(taken, false)
  const room = max(0n, unstakedMax(staked - sumOver(taken, true)) - unstaked)
  const unstakedAdded = scaled(only(members, added, false), room)
  const spare = max(0n, staked - 2n * (unstaked + sumOf(unstakedAdded)) - 1n)
  const stakedTaken = scaled(only(members, taken, true), spare)
  return {
    taken: plus(only(members, taken, false), stakedTaken),
    added: plus(only(members, added, true), unstakedAdded),
  }
}
