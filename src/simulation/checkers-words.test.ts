/** The checkers of words and weights: silent on what honest nodes said in a run, and loud where one thing of it is changed. Rules Z-32 to Z-36. */
import { equal, match, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ChainState, Commit, SignedVote } from '../consensus/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import { Ballots } from './ballots.ts'
import { weightAgain } from './checkers-weight.ts'
import { decidedByVotes, quorumBehind, roundsEarned, trueWords } from './checkers-words.ts'
import { flipped } from './packet.ts'
import type { Checker, Decided, Said } from './run-record.ts'
import { SCENARIO_DEFAULTS, SEC } from './scenario.ts'
import { Simulation } from './simulation.ts'

/** Everything that was said and decided in a short run with true signatures. */
const said: Said[] = []
const decided: Decided[] = []
const simulation = new Simulation(
  { ...SCENARIO_DEFAULTS, nodes: 4, durationNs: 5 * SEC, crypto: 'real', epochSlots: 4, filterWords: 4 },
  {
    checkers: () => [
      { name: 'said', said: (one) => void said.push(one) },
      { name: 'decided', decided: (one) => void decided.push(one) },
    ],
  },
)
simulation.runUntil(5 * SEC)
const { facts } = simulation.record

const votes = said.flatMap((one) => (one.message.type === 'vote' ? [{ ...one, vote: one.message.vote }] : []))
const withVote = (one: Said, vote: SignedVote): Said => ({ ...one, message: { type: 'vote', vote } })
const found = <T>(value: T | undefined): T => {
  ok(value !== undefined)
  return value
}
/** The newest height: its validators are still known from the nodes themselves. */
const newest = found(facts.endpoints[0]?.state?.height)
const precommit = found(votes.find(({ vote }) => vote.vote.kind === 'precommit' && vote.vote.height === newest))
const last = found(decided.findLast(({ isFirst, block }) => isFirst && block.header.height === newest))

/** Ballots that have heard so much of the run. */
const heard = (isHeard: (vote: SignedVote) => boolean): Ballots => {
  const ballots = new Ballots(facts)
  for (const one of votes) if (isHeard(one.vote)) ballots.add(one)
  return ballots
}
const everything = heard(() => true)

test('nothing is wrong with what was said and decided', () => {
  const ballots = new Ballots(facts)
  const checkers: readonly Checker[] = [
    trueWords(facts, ed25519Verifier),
    quorumBehind(facts, ballots),
    roundsEarned(facts, ballots),
    decidedByVotes(facts, ballots),
    weightAgain(facts),
  ]
  ok(said.length > 20 && decided.length >= 12)
  for (const checker of checkers) for (const one of said) equal(checker.said?.(one), undefined)
  for (const checker of checkers) for (const one of decided) equal(checker.decided?.(one), undefined)
})

describe('true words', () => {
  const checker = trueWords(facts, ed25519Verifier)
  const { vote, time } = precommit.vote
  test('a flipped bit in a vote’s signature', () => {
    const bent = { vote: { ...vote, signature: flipped(vote.signature, 7) }, time }
    match(checker.said?.(withVote(precommit, bent)) ?? '', /wrong signature/)
  })
  test('a flipped bit in a time’s', () => {
    const signed = found(time ?? undefined)
    const bent = { vote, time: { ...signed, signature: flipped(signed.signature, 300) } }
    match(checker.said?.(withVote(precommit, bent)) ?? '', /wrong signature/)
  })
  test('what nobody can open', () =>
    match(checker.unopened?.({ node: precommit.node, reason: 'wrong-shape' }) ?? '', /nobody can open/))
})

describe('a quorum behind each word', () => {
  test('a precommit before two prevotes have been said', () => {
    let prevotes = 0
    const few = heard(({ vote }) => vote.height === newest && vote.kind === 'prevote' && (prevotes += 1) <= 2)
    match(quorumBehind(facts, few).said?.(precommit) ?? '', /without a quorum of prevotes in round 0/)
  })
  test('a prevote that leans on a round without one', () => {
    const { vote } = found(
      votes.find((one) => one.vote.vote.kind === 'prevote' && one.vote.vote.height === newest),
    ).vote
    const leaning = withVote(precommit, { vote: { ...vote, round: 2, validRound: 1 }, time: null })
    match(
      quorumBehind(
        facts,
        heard(() => true),
      ).said?.(leaning) ?? '',
      /quorum of prevotes in round 1/,
    )
  })
})

describe('rounds earned', () => {
  const { node } = precommit
  test('a round that nobody has come to', () =>
    match(roundsEarned(facts, everything).stepped?.({ node, height: newest, round: 2 }) ?? '', /too few/))
  test('the round after a quorum of precommits', () =>
    equal(roundsEarned(facts, everything).stepped?.({ node, height: newest, round: 1 }), undefined))
})

describe('decided by votes', () => {
  const checker = decidedByVotes(facts, everything)
  const withEntries = (entries: Commit['entries']): Decided => ({ ...last, commit: { ...last.commit, entries } })
  const { entries } = last.commit
  const [first] = entries
  for (const [name, bent, what] of [
    ['one entry is missing too many', entries.slice(0, 2), /was decided by/],
    ['one is there twice', [...entries.slice(0, 2), ...entries.slice(0, 1)], /twice/],
    ['one is of nobody', [...entries, { ...found(first), index: 9 }], /of nobody/],
  ] as const)
    test(name, () => match(checker.decided?.(withEntries(bent)) ?? '', what))
  test('a vote was never cast', () => {
    const without = new Ballots(facts)
    for (const one of votes) if (one.node !== last.node) without.add(one)
    match(decidedByVotes(facts, without).decided?.(last) ?? '', /never cast/)
  })
})

describe('weight reckoned again', () => {
  const at = (height: number): Decided =>
    found(decided.find(({ isFirst, block }) => isFirst && block.header.height === height))
  const [before, end] = [at(3), at(4)]
  const judge = (state: ChainState): string | undefined => {
    const checker = weightAgain(facts)
    checker.decided?.(before)
    return checker.decided?.({ ...end, state })
  }
  test('as it was', () => equal(judge(end.state), undefined))
  test('one unit more', () => {
    const [one, ...rest] = end.state.members
    const bent = { ...found(one), weight: found(one).weight + 1n }
    match(judge({ ...end.state, members: [bent, ...rest] }) ?? '', /has weight/)
  })
  test('what the record does not ask for', () => {
    const { members } = end.state
    const bent = members.map((member, i) => (i === 0 ? { ...member, reputation: member.reputation - 1000n } : member))
    match(judge({ ...end.state, members: bent }) ?? '', /has weight/)
  })
})
