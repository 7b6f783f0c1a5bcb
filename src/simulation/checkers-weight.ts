/**
 * Weight once more, in the plainest way, in whole numbers: what each member's record asks for, and how far an epoch moves towards it. Where a weight
 * differs by one from what is reckoned here, two machines may come to differ. Rule: docs/spec/simulation.md Z-36.
 */
import { PPB_ONE } from '../base/index.ts'
import type { ChainMember, ChainState } from '../consensus/index.ts'
import type { Checker, RunFacts } from './run-record.ts'

/** Z-36. Weights are, to the unit, what reputation, stake and integrity ask for, as far as an epoch may move them; in an emergency they stay. */
export const weightAgain = (facts: RunFacts): Checker => {
  let before: ChainState | undefined
  return {
    name: 'weight reckoned again',
    decided: ({ state, isFirst }) => {
      if (!isFirst || facts.isBeyondThird) return undefined
      const old = before
      before = state
      if (old?.height !== state.height - 1 || state.height % facts.scenario.epochSlots !== 0) return undefined
      return weightFault(facts, old, state)
    },
  }
}

const weightFault = (facts: RunFacts, old: ChainState, state: ChainState): string | undefined => {
  const moves = movesBetween(facts, old.members, state.members)
  const expected = state.emergency ? moves.map(({ weight }) => weight) : movedBy(moves)
  for (const [i, { id, now }] of moves.entries()) {
    const weight = expected?.[i]
    if (weight !== undefined && weight !== now)
      return `${id} has weight ${now} after height ${state.height}, not ${weight}`
  }
  const voting = state.members.filter(({ weight }) => weight > 0n)
  const isSame = state.validators.list.every(({ id, weight }) =>
    voting.some((one) => one.id === id && one.weight === weight),
  )
  if (state.emergency || (isSame && voting.length === state.validators.size)) return undefined
  return `who votes after height ${state.height} is not who has weight`
}

/** A member at an epoch's end: its weight before and now, and what its record asks for. */
interface Move {
  readonly id: string
  readonly weight: bigint
  readonly now: bigint
  readonly target: bigint
  readonly isStaked: boolean
}

const movesBetween = (
  { genesis }: RunFacts,
  old: readonly ChainMember[],
  members: readonly ChainMember[],
): readonly Move[] => {
  const { alphaPpb } = genesis.parameters.standing
  const largest = genesis.members.reduce((most, { stake }) => (stake > most ? stake : most), 1n)
  const before = new Map(old.map((member) => [member.id, member]))
  const after = new Map(members.map((member) => [member.id, member]))
  return [...new Set([...before.keys(), ...after.keys()])].map((id): Move => {
    const member = after.get(id)
    const { weight = 0n, stake = 0n } = before.get(id) ?? {}
    const isStaked = (member?.stake ?? stake) > 0n
    if (member?.role !== 'validator') return { id, weight, now: member?.weight ?? 0n, target: 0n, isStaked }
    const share = (member.stake * PPB_ONE) / largest
    const mixed = alphaPpb * member.reputation + (PPB_ONE - alphaPpb) * share
    return { id, weight, now: member.weight, target: (mixed * member.integrity) / (PPB_ONE * PPB_ONE), isStaked }
  })
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)

/** Each amount, or where together they are too many each its share of the most. */
const share = (amounts: readonly bigint[], most: bigint): readonly bigint[] => {
  const all = sum(amounts)
  return all <= most ? amounts : amounts.map((amount) => (amount * most) / all)
}

/** Where every weight goes; undefined where those without stake come near a third, when less moves. */
const movedBy = (moves: readonly Move[]): readonly bigint[] | undefined => {
  const sixth = sum(moves.map(({ weight }) => weight)) / 6n
  const lost = share(
    moves.map(({ weight, target }) => (weight > target ? weight - target : 0n)),
    sixth,
  )
  const won = share(
    moves.map(({ weight, target }) => (target > weight ? target - weight : 0n)),
    sixth,
  )
  const weights = moves.map(({ weight }, i) => weight - (lost[i] ?? 0n) + (won[i] ?? 0n))
  const isNear = (amounts: readonly bigint[]): boolean =>
    3n * sum(amounts.filter((_, i) => moves[i]?.isStaked !== true)) >= sum(amounts)
  return isNear(weights) || isNear(moves.map(({ target }) => target)) ? undefined : weights
}
