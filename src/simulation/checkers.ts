/**
 * What must hold in every run, each as a small function over what happened. A new promise is one more function here and one
 * more line in `allCheckers`. Rules: docs/spec/simulation.md Z-20 to Z-31.
 */
import { BoundedMap, hexOf } from '../base/index.ts'
import { offenderOf, stateRoot } from '../consensus/index.ts'
import type { BlockId, ChainState, Vote } from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { Ballots } from './ballots.ts'
import { breachBlames } from './checkers-breach.ts'
import { honestInterval, tallyAgain } from './checkers-time.ts'
import { weightAgain } from './checkers-weight.ts'
import { decidedByVotes, quorumBehind, roundsEarned, trueWords } from './checkers-words.ts'
import { SEC } from './scenario.ts'
import type { Checker, RunFacts } from './run-record.ts'

/** Heights that checkers remember: what is older cannot be spoken of any more. */
const HEIGHTS_MAX = 4096
const VOTES_MAX = 8192

/** Z-20. No two honest nodes decide differently. */
export const agreement = (facts: RunFacts): Checker => {
  const decided = new BoundedMap<number, BlockId>(HEIGHTS_MAX)
  return {
    name: 'agreement',
    decided: ({ node, block }) => {
      if (facts.isFalse(node.id)) return undefined
      const { height } = block.header
      const before = decided.get(height)
      if (before === undefined) decided.set(height, block.id)
      if (before === undefined || before === block.id || facts.isBeyondThird) return undefined
      return `height ${height} was decided as ${before.slice(0, 8)} and as ${block.id.slice(0, 8)}`
    },
  }
}

/** Z-21. Every decided block follows the one before it, was put forward by a validator of its height, and leaves the same state everywhere. */
export const validity = (facts: RunFacts): Checker => {
  const roots = new BoundedMap<number, { readonly id: BlockId; readonly state: ChainState; readonly root: string }>(
    HEIGHTS_MAX,
  )
  return {
    name: 'validity',
    decided: ({ node, block, state }) => {
      if (facts.isFalse(node.id) || facts.isBeyondThird) return undefined
      const { height, parent, proposer } = block.header
      const before = roots.get(height - 1)
      if (before !== undefined && before.id !== parent) return `height ${height} does not follow what was decided`
      const known = roots.get(height)
      if (known?.state === state) return undefined
      const root = hexOf(stateRoot(state))
      if (known === undefined) roots.set(height, { id: block.id, state, root })
      else if (known.id === block.id && known.root !== root) return `height ${height} left two states`
      return state.lastValidators.indexOf(proposer) === undefined ? `height ${height} is by a stranger` : undefined
    },
  }
}

const valueOf = ({ block, validRound }: Vote): string => `${block ?? 'nothing'} ${validRound}`

/** Z-22. An honest node signs one thing for a height, round and kind, whatever crashed in between. */
export const noDoubleSigning = (facts: RunFacts): Checker => {
  const votes = new BoundedMap<string, string>(VOTES_MAX)
  const once = (name: string, value: string): string | undefined => {
    const before = votes.get(name)
    if (before === undefined) votes.set(name, value)
    return before === undefined || before === value ? undefined : `${name}: ${before}, and then ${value}`
  }
  return {
    name: 'no double signing',
    said: ({ node, message }) => {
      if (facts.isFalse(node.id)) return undefined
      if (message.type === 'proposal') {
        const { height, round, block, validRound } = message.proposal.head
        return once(`proposal ${height} ${round} ${node.number}`, `${block} ${validRound}`)
      }
      const { vote, time } = message.vote
      const name = `${vote.height} ${vote.round} ${node.number}`
      const received = time === null ? '' : ` at ${time.received.earliest}..${time.received.latest}`
      return once(`${vote.kind} ${name}`, valueOf(vote) + received)
    },
  }
}

/** Z-23. Having precommitted a block, an honest node prevotes another only where a later quorum of prevotes stands behind it. */
export const lockRule = (facts: RunFacts): Checker => {
  const votes = new BoundedMap<string, Vote[]>(VOTES_MAX / 16)
  return {
    name: 'lock rule',
    said: ({ node, message }) => {
      if (message.type !== 'vote' || facts.isFalse(node.id)) return undefined
      const { vote } = message.vote
      if (vote.block === null) return undefined
      const name = `${vote.height} ${node.number}`
      const before = votes.get(name) ?? []
      votes.set(name, [...before, vote])
      const broken = before.find((other) => breaksLock(other, vote) || breaksLock(vote, other))
      return broken === undefined ? undefined : `height ${vote.height}, rounds ${broken.round} and ${vote.round}`
    },
  }
}

const breaksLock = (lock: Vote, later: Vote): boolean =>
  lock.kind === 'precommit' &&
  later.kind === 'prevote' &&
  later.round > lock.round &&
  later.block !== lock.block &&
  later.validRound < lock.round

/** Z-27. Nobody honest is ever named by evidence. */
export const noHonestNamed = (facts: RunFacts): Checker => ({
  name: 'no honest node named',
  named: ({ evidence }) => {
    const id = nodeIdText(offenderOf(evidence))
    return facts.isFalse(id) ? undefined : `evidence of ${evidence.type} names ${id}, which has done nothing`
  },
})

/** Z-28. Weight moves at an epoch's end only, and never more than a sixth of it goes: so the gate stops actions, never the chain. */
export const weightKept = (facts: RunFacts): Checker => {
  let before: ChainState | undefined
  return {
    name: 'weight kept',
    decided: ({ state, isFirst }) => {
      if (!isFirst || facts.isBeyondThird) return undefined
      const old = before?.validators
      before = state
      const now = state.validators
      if (old === undefined || old === now) return undefined
      if (now.total <= 0n) return `nobody votes after height ${state.height}`
      const newWeights = new Map(now.list.map(({ id, weight }) => [id, weight]))
      const lost = old.list.reduce((sum, { id, weight }) => {
        const kept = newWeights.get(id) ?? 0n
        return kept < weight ? sum + weight - kept : sum
      }, 0n)
      const isChanged = lost > 0n || old.total !== now.total
      if (isChanged && state.height % facts.scenario.epochSlots !== 0) return `weights moved at height ${state.height}`
      return lost * 6n > old.total ? `${lost} of ${old.total} went at height ${state.height}` : undefined
    },
  }
}

/** Z-26. In a stretch without faults that is long enough, every honest node goes on. */
export const progress = (facts: RunFacts): Checker => {
  const newest = new Map<number, number>()
  const { progressNs } = facts.scenario
  return {
    name: 'progress',
    decided: ({ node, atNs }) => void newest.set(node.number, atNs),
    calm: ({ fromNs, untilNs }) => {
      if (untilNs - fromNs < progressNs || facts.isBeyondThird) return undefined
      const stuck = facts.endpoints.filter(
        (node) => !facts.isFalse(node.id) && untilNs - (newest.get(node.number) ?? 0) > progressNs,
      )
      if (stuck.length === 0) return undefined
      return `no height in ${progressNs / SEC} s without faults: ${stuck.map(whyStuck).join('; ')}`
    },
  }
}

const whyStuck = (node: RunFacts['endpoints'][number]): string => {
  const view = node.view()
  if (view === undefined) return `node ${node.number} is down`
  const { height, round, step, prevoted, precommitted, total, behind } = view
  return `node ${node.number} at ${height}/${round} ${step}, prevotes ${prevoted}, precommits ${precommitted} of ${total}, behind ${behind}`
}

/** All of them, for a run of these facts. */
export const allCheckers = (facts: RunFacts, verifier: Verifier): readonly Checker[] => {
  const ballots = new Ballots(facts)
  return [
    agreement(facts),
    validity(facts),
    noDoubleSigning(facts),
    lockRule(facts),
    honestInterval(facts),
    tallyAgain(facts),
    progress(facts),
    noHonestNamed(facts),
    weightKept(facts),
    breachBlames(facts, verifier),
    trueWords(facts, verifier),
    quorumBehind(facts, ballots),
    roundsEarned(facts, ballots),
    decidedByVotes(facts, ballots),
    weightAgain(facts),
  ]
}
