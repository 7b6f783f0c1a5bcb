/**
 * What must hold of the time of blocks: it rises, it holds the true time of the proposal as long as less than a third of the
 * weight is wrong, and it is made of the very votes that were signed. True time is known here, and nowhere else.
 * Rules: docs/spec/simulation.md Z-24, Z-25.
 */
import { BoundedMap, TAI_MAX, hexOf, max, min } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { OVERHANG_NS_MAX } from '../consensus/index.ts'
import type { Block, BlockTime, ChainState, Commit, CommitEntry, ValidatorSet } from '../consensus/index.ts'
import { ORIGIN_TAI } from './simulated-clock.ts'
import type { Checker, Decided, RunFacts, Said } from './run-record.ts'

const HEIGHTS_MAX = 4096
const SAID_MAX = 8192

/** Of a height whose time is settled: what the next block says of it, and what it was made of. */
export interface Settled {
  readonly height: number
  readonly time: BlockTime
  readonly commit: Commit
  readonly validators: ValidatorSet
  readonly parentTime: BlockTime
  /** When its proposal was first let out, TAI ns; nothing where nobody saw it. */
  readonly proposedTai: bigint | undefined
}

/** Follows proposals and decisions, and tells of each height once when its time is settled. */
export class Settling {
  readonly #proposed = new BoundedMap<string, number>(HEIGHTS_MAX)
  readonly #states = new BoundedMap<number, ChainState>(8)

  said({ message, atNs }: Said): void {
    if (message.type !== 'proposal') return
    const { height, round, block } = message.proposal.head
    const name = `${height} ${round} ${block}`
    if (!this.#proposed.has(name)) this.#proposed.set(name, atNs)
  }

  /** When a block was first put forward in a round, ns; nothing where nobody saw it. */
  proposedNs(height: number, round: number, block: string): number | undefined {
    return this.#proposed.get(`${height} ${round} ${block}`)
  }

  decided({ block, state, isFirst }: Decided): Settled | undefined {
    if (!isFirst) return undefined
    this.#states.set(state.height, state)
    const before = this.#states.get(state.height - 1)
    return before === undefined || before.height === 0 ? undefined : this.#settled(block, before)
  }

  #settled({ header, body }: Block, before: ChainState): Settled {
    const { lastCommit } = body
    const proposedNs = this.proposedNs(lastCommit.height, lastCommit.round, lastCommit.block)
    return {
      height: lastCommit.height,
      time: header.time,
      commit: lastCommit,
      validators: before.lastValidators,
      parentTime: before.time,
      proposedTai: proposedNs === undefined ? undefined : ORIGIN_TAI + BigInt(proposedNs),
    }
  }
}

const widened = ({ received }: CommitEntry, byNs: bigint): TimeInterval => ({
  earliest: received.earliest - byNs,
  latest: received.latest,
})

const isIn = (value: bigint, interval: TimeInterval): boolean => interval.earliest <= value && value <= interval.latest

/** Whose interval, widened by Δ, holds the true time of the proposal, and whose does not: false clocks, liars and the late. */
export const sortEntries = (
  { commit, validators, proposedTai }: Settled,
  proposalDelayNs: bigint,
): { readonly right: readonly TimeInterval[]; readonly wrongWeight: bigint } => {
  const right: TimeInterval[] = []
  let wrongWeight = 0n
  for (const entry of commit.entries) {
    const interval = widened(entry, proposalDelayNs)
    if (proposedTai !== undefined && isIn(proposedTai, interval)) right.push(interval)
    else wrongWeight += validators.at(entry.index)?.weight ?? 0n
  }
  return { right, wrongWeight }
}

/** Z-24. Time rises, holds the true time of the proposal, and reaches no further than the intervals of the right. */
export const honestInterval = (facts: RunFacts): Checker => {
  const settling = new Settling()
  /** The time before was not to be trusted, and may have pushed this one. */
  let isTainted = false
  const { proposalDelayNs } = facts.genesis.parameters
  return {
    name: 'honest interval',
    said: (said) => {
      settling.said(said)
      return undefined
    },
    decided: (decided) => {
      const settled = settling.decided(decided)
      if (settled === undefined || settled.proposedTai === undefined) return undefined
      const { time, parentTime, validators, height, proposedTai } = settled
      const isRising = time.earliest > parentTime.earliest && time.timestamp > parentTime.timestamp
      if (!isRising || !isIn(time.timestamp, time)) return `the time of height ${height} does not rise`
      const { right, wrongWeight } = sortEntries(settled, proposalDelayNs)
      if (3n * wrongWeight >= validators.total) {
        isTainted = true
        return undefined
      }
      const isPushed = {
        early: time.earliest === parentTime.earliest + 1n,
        late: time.latest === parentTime.latest + 1n || time.latest === time.timestamp,
      }
      if (isTainted && (isPushed.early || isPushed.late)) return undefined
      isTainted = false
      if (!isIn(proposedTai, time)) return `the time of height ${height} misses its proposal by ${missNs(settled)} ns`
      const isWide = !isPushed.early && !right.some(({ earliest }) => earliest <= time.earliest)
      const isLate = !isPushed.late && !right.some(({ latest }) => latest >= time.latest)
      return isWide || isLate ? `the time of height ${height} reaches past all honest intervals` : undefined
    },
  }
}

const missNs = ({ time, proposedTai }: Settled): bigint =>
  proposedTai === undefined ? 0n : max(time.earliest - proposedTai, proposedTai - time.latest)

/**
 * Z-25. The time of a block is that of the votes in the commit, and what is counted for an honest validator is what it said. (One
 * that is false may count, as proposer, what it has told nobody.)
 */
export const tallyAgain = (facts: RunFacts): Checker => {
  const settling = new Settling()
  const said = new BoundedMap<string, TimeInterval>(SAID_MAX)
  const { proposalDelayNs } = facts.genesis.parameters
  const note = ({ message }: Said): undefined => {
    if (message.type !== 'vote' || message.vote.time === null) return undefined
    const { vote, time } = message.vote
    said.set(`${hexOf(vote.signature.subarray(0, 16))} ${hexOf(time.signature.subarray(0, 16))}`, time.received)
    return undefined
  }
  return {
    name: 'verified set is tallied set',
    said: note,
    found: note,
    decided: (decided) => {
      const settled = settling.decided(decided)
      if (settled === undefined) return undefined
      const { commit, height, validators } = settled
      for (const { index, voteSignature, timeSignature, received } of commit.entries) {
        if (facts.isFalse(validators.at(index)?.id ?? '')) continue
        const words = said.get(`${hexOf(voteSignature.subarray(0, 16))} ${hexOf(timeSignature.subarray(0, 16))}`)
        if (words === undefined || words.earliest !== received.earliest || words.latest !== received.latest)
          return `height ${height} counts a vote that was never said`
      }
      return tallyFault(settled, proposalDelayNs)
    },
  }
}

/** The tally once more, in the plainest way: quadratic, and nothing shared with consensus/. */
const tallyFault = (settled: Settled, proposalDelayNs: bigint): string | undefined => {
  const { commit, validators, time, parentTime, height } = settled
  const votes = commit.entries.map((entry) => ({
    ...widened(entry, proposalDelayNs),
    weight: validators.at(entry.index)?.weight ?? 0n,
  }))
  const weight = votes.reduce((sum, vote) => sum + vote.weight, 0n)
  if (new Set(commit.entries.map(({ index }) => index)).size !== votes.length) return `height ${height}: counted twice`
  if (3n * weight <= 2n * validators.total) return `height ${height} was decided by ${weight} of ${validators.total}`
  const needed = weight - (validators.total - 1n) / 3n
  const isCovered = (point: bigint): boolean =>
    votes.reduce((sum, vote) => (isIn(point, vote) ? sum + vote.weight : sum), 0n) >= needed
  const starts = votes.map(({ earliest }) => earliest).filter(isCovered)
  const ends = votes.map(({ latest }) => latest).filter(isCovered)
  const earliest = least(starts.length > 0 ? starts : votes.map((vote) => vote.earliest))
  const latest = most(ends.length > 0 ? ends : votes.map((vote) => vote.latest))
  const isHangingOver = parentTime.latest - latest > OVERHANG_NS_MAX
  const latestLeast = max(max(latest, time.timestamp), isHangingOver ? time.timestamp : parentTime.latest + 1n)
  const isSame = time.earliest === max(earliest, parentTime.earliest + 1n) && time.latest === min(latestLeast, TAI_MAX)
  return isSame ? undefined : `height ${height} has another time than its votes`
}

const least = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b), values[0] ?? 0n)
const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b), values[0] ?? 0n)
