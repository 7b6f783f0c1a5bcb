/**
 * What must hold of every single word of an honest node, looked at by somebody who hears everything: its signatures are true, a quorum stands behind what
 * needs one, nobody goes to a round that too few have come to, and what was decided was decided by votes that were cast.
 * Rules: docs/spec/simulation.md Z-32 to Z-35.
 */
import { isHeadSigned, isTimeSigned, isVoteSigned } from '../consensus/index.ts'
import type { Message, SignedVote } from '../consensus/index.ts'
import type { Verifier } from '../crypto/index.ts'
import type { Ballots, Choice } from './ballots.ts'
import type { Checker, RunFacts } from './run-record.ts'

/** Z-32. What an honest node says can be opened and bears true signatures, whatever its signer gave back. */
export const trueWords = (facts: RunFacts, verifier: Verifier): Checker => ({
  name: 'true words',
  unopened: ({ node, reason }) =>
    facts.isFalse(node.id) ? undefined : `node ${node.number} says what nobody can open: ${reason}`,
  said: ({ node, message }) => {
    if (facts.isFalse(node.id) || areSigned(message, verifier)) return undefined
    return `a ${message.type} of node ${node.number} bears a wrong signature`
  },
})

const areSigned = (message: Message, verifier: Verifier): boolean => {
  if (message.type === 'proposal') return isHeadSigned(message.proposal.head, verifier)
  const { vote, time } = message.vote
  return isVoteSigned(vote, verifier) && (time === null || isTimeSigned(time, verifier))
}

/** Z-33. An honest node precommits only after a quorum has prevoted, a block only after a quorum has prevoted it; and leans on no round in which none did. */
export const quorumBehind = (facts: RunFacts, ballots: Ballots): Checker => ({
  name: 'a quorum behind each word',
  found: (said) => {
    ballots.add(said)
    return undefined
  },
  said: (said) => {
    ballots.add(said)
    const { node, message } = said
    if (message.type !== 'vote' || facts.isFalse(node.id) || facts.isBeyondThird) return undefined
    const { vote } = message.vote
    const wanting = neededBy(message.vote).find((choices) => !choices.some((one) => ballots.isQuorum(vote.height, one)))
    if (wanting === undefined) return undefined
    return `node ${node.number} at ${vote.height}/${vote.round}: a ${vote.kind} without a quorum of prevotes in round ${wanting[0]?.round}`
  },
})

/** Of each group at least one must have a quorum. */
const neededBy = ({ vote }: SignedVote): readonly (readonly Choice[])[] => {
  const { kind, round, block, validRound } = vote
  if (kind === 'prevote') return block === null || validRound < 0 ? [] : [prevotesFor(block, validRound)]
  return block === null ? [[{ kind: 'prevote', round }]] : [prevotesFor(block, round)]
}

/** Prevotes of a round for a block, whatever round all of them lean on. */
const prevotesFor = (block: string, round: number): readonly Choice[] =>
  Array.from({ length: round + 1 }, (_, i): Choice => ({ kind: 'prevote', round, block, validRound: i - 1 }))

/** Z-34. An honest node goes to a round once a quorum has precommitted in the one before, or more than a third has come to it or a later one. */
export const roundsEarned = (facts: RunFacts, ballots: Ballots): Checker => ({
  name: 'rounds earned',
  stepped: ({ node, height, round }) => {
    if (facts.isFalse(node.id) || facts.isBeyondThird) return undefined
    if (ballots.isReached(height, round) || ballots.isQuorum(height, { kind: 'precommit', round: round - 1 }))
      return undefined
    return `node ${node.number} goes to round ${round} of height ${height}, which too few have come to`
  },
})

/** Z-35. Each honest node has a quorum of votes for what it decided, each of somebody else, and those of the honest were cast. */
export const decidedByVotes = (facts: RunFacts, ballots: Ballots): Checker => ({
  name: 'decided by votes',
  decided: ({ node, block, commit }) => {
    const { height, round } = commit
    const validators = facts.isFalse(node.id) || facts.isBeyondThird ? undefined : ballots.validators(height)
    if (validators === undefined) return undefined
    const choice: Choice = { kind: 'precommit', round, block: block.id }
    const counted = new Set<string>()
    let weight = 0n
    for (const { index } of commit.entries) {
      const validator = validators.at(index)
      if (validator === undefined) return `height ${height} was decided with a vote of nobody`
      if (counted.has(validator.id)) return `height ${height} was decided with one vote twice`
      if (!ballots.hasVoted(height, choice, validator.id)) return `height ${height} was decided with a vote never cast`
      counted.add(validator.id)
      weight += validator.weight
    }
    const isOf = commit.block === block.id && height === block.header.height
    return isOf && validators.isQuorum(weight)
      ? undefined
      : `height ${height} was decided by ${weight} of ${validators.total}`
  },
})
