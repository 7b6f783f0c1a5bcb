/** Four validators of equal weight, one of their machines, and short ways to feed it and to read what it says. */
import { proposerOf } from './proposer.ts'
import type { Block } from './block.ts'
import type { WalRecord } from './port.ts'
import type { RoundEffect } from './round-events.ts'
import { blockOf, HEIGHT, machineOf, NETWORK, proposalOf, validatorsOf, voteOf } from './round-machine.test-kit.ts'
import type { BlockId } from './validators.ts'
import type { VoteKind } from './vote.ts'

export const FOUR = validatorsOf([1n, 1n, 1n, 1n])
export const ALL = [0, 1, 2, 3]
export const proposerAt = (round: number): number =>
  proposerOf({ networkId: NETWORK, validators: FOUR, height: HEIGHT, round })
/** Somebody who proposes in none of the first three rounds. */
export const SELF = ALL.find((index) => ![0, 1, 2].map(proposerAt).includes(index)) ?? 0
export const OTHERS = ALL.filter((index) => index !== SELF)
export const FIRST = proposerAt(0)

/** Effects in one line each. */
export const lines = (effects: readonly RoundEffect[]): string[] => effects.map(lineOf)

const lineOf = (effect: RoundEffect): string => {
  if (effect.type === 'offence') return `offence ${effect.evidence.type}`
  const { type, round } = effect
  if (type === 'step') return `step ${effect.step} ${round}`
  if (type === 'timeout') return `wait ${effect.step} ${round} ${effect.delayNs / 1_000_000n} ms`
  if (type === 'vote') return `${effect.kind} ${round} ${effect.block?.slice(0, 4) ?? 'nil'} ${effect.validRound}`
  if (type === 'lock' || type === 'decide') return `${type} ${round} ${effect.block.id.slice(0, 4)}`
  return `propose ${round} ${effect.block?.id.slice(0, 4) ?? 'new'} ${effect.validRound} ${effect.polka.length}`
}

/** A machine and a short way to feed it. */
export const begin = (self: number | null = SELF, records: readonly WalRecord[] = [], validators = FOUR) => {
  const machine = machineOf(validators, self ?? undefined, records)
  const started = lines(machine.step({ type: 'start' }))
  const vote =
    (kind: VoteKind, round: number, block: BlockId | null, validRound = -1) =>
    (by: number) =>
      lines(machine.step({ type: 'vote', vote: voteOf({ by, kind, round, block, validRound }) }))
  return {
    machine,
    started,
    propose: (block: Block, round: number, rest: { validRound?: number; polka?: ReturnType<typeof polkaOf> } = {}) =>
      lines(
        machine.step({
          type: 'proposal',
          proposal: proposalOf(block, { by: proposerAt(round), round, ...rest }),
          isValid: true,
        }),
      ),
    votes: (kind: VoteKind, round: number, block: BlockId | null, by: readonly number[], validRound = -1) =>
      by.flatMap(vote(kind, round, block, validRound)),
    timeout: (step: 'propose' | 'prevote' | 'precommit', round: number) =>
      lines(machine.step({ type: 'timeout', step, round })),
  }
}

export const polkaOf = (block: Block, round: number, by: readonly number[], validRound = -1) =>
  by.map((index) => voteOf({ by: index, kind: 'prevote', round, block: block.id, validRound }).vote)

export const A = blockOf(0, FIRST, 1)
export const B = blockOf(1, proposerAt(1), 2)
export const short = (block: Block): string => block.id.slice(0, 4)
