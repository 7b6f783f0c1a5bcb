/**
 * Blocks, rounds, epochs and emergencies as `/v1/blocks` and `/v1/status` show them: pure functions from what consensus holds.
 * Rules: docs/spec/api.md, A-90 to A-96.
 */
import { TAI_MAX, hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import { offenderOf, statusOf } from '../consensus/index.ts'
import type {
  Block,
  BlockTime,
  ChainState,
  Commit,
  CommitEntry,
  EngineView,
  SealedTransaction,
  Validator,
  ValidatorSet,
} from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import {
  explainEmergency,
  explainOffence,
  explainOpen,
  explainProven,
  explainRound,
  percentText,
} from './chain-explanations.ts'
import { TRANSACTIONS_SHOWN_MAX } from './chain-schema.ts'
import type { BlockSummary, BlockTimeView, BlockView, EmergencyView, EpochView, RoundView } from './chain-schema.ts'
import type { DecidedBlock } from './chain-source.ts'

/** Who is who, and who asks. */
export interface People {
  readonly self: string
  /** As the genesis has it; undefined for everybody else. */
  readonly nameOf: (id: string) => string | undefined
}

type Author = BlockSummary['proposer']
type Weighed = Author & { weight: number }

export const authorView = (id: string, { nameOf }: People): Author => ({ id, name: nameOf(id) ?? `…${id.slice(-8)}` })

const weighedView = ({ id, weight }: Pick<Validator, 'id' | 'weight'>, people: People): Weighed => ({
  ...authorView(id, people),
  weight: Number(weight),
})

/** A length of time as a number; what no number holds is the largest that does, 104 days. */
const lengthNs = (ns: bigint): number => Number(ns > MAX_NS ? MAX_NS : ns)
const MAX_NS = BigInt(Number.MAX_SAFE_INTEGER)

/** The least weight that is more than two thirds of all. */
export const quorumOf = (total: bigint): bigint => (2n * total) / 3n + 1n

export const blockTimeView = (time: BlockTime): BlockTimeView => ({
  earliest: String(time.earliest),
  latest: String(time.latest),
  timestamp: String(time.timestamp),
  widthNs: lengthNs(time.latest - time.earliest),
  utc: utcFromTai(time.timestamp),
})

const intervalView = ({ earliest, latest }: TimeInterval): { earliest: string; latest: string } => ({
  earliest: String(earliest),
  latest: String(latest),
})

/** Whose clock had no time signs the interval that says nothing; a late proposal is told from above only. Both begin at zero. */
const isOpenBelow = ({ earliest }: TimeInterval): boolean => earliest === 0n
const isOpenAbove = ({ latest }: TimeInterval): boolean => latest >= TAI_MAX

/** A block, and what of its neighbours and its validators is known. */
export interface BlockParts {
  readonly decided: DecidedBlock
  /** The block after it: its commit and its header settle the time. */
  readonly next: Block | undefined
  readonly validators: ValidatorSet | undefined
  /** What the node's own commit gives, where there is no next block. */
  readonly tipTime: BlockTime | undefined
}

const commitOf = ({ decided, next }: BlockParts): Commit => next?.body.lastCommit ?? decided.commit
const timeOf = ({ next, tipTime }: BlockParts): BlockTime | undefined => next?.header.time ?? tipTime

const ownInterval = (parts: BlockParts, { self }: People): BlockSummary['own'] => {
  const entry = commitOf(parts).entries.find(({ index }) => parts.validators?.at(index)?.id === self)
  return entry === undefined || isOpenBelow(entry.received) ? null : intervalView(entry.received)
}

export const blockSummary = (parts: BlockParts, people: People): BlockSummary => {
  const { block } = parts.decided
  const { header, body } = block
  const commit = commitOf(parts)
  const time = timeOf(parts)
  return {
    height: header.height,
    id: block.id,
    round: commit.round,
    proposer: authorView(nodeIdText(header.proposer), people),
    time: time === undefined ? null : blockTimeView(time),
    settled: parts.next !== undefined,
    own: ownInterval(parts, people),
    signers: commit.entries.length,
    validators: parts.validators?.size ?? 0,
    transactions: body.transactions.length,
    witnessed: body.witnessed.length,
    offences: body.offences.length,
    emergency: header.emergency,
    bytes: block.bytes.length,
  }
}

export const blockView = (parts: BlockParts, people: People): BlockView => {
  const { header, body } = parts.decided.block
  const time = timeOf(parts)
  const commit = commitView(parts, people)
  const facts = {
    height: header.height,
    isSettled: parts.next !== undefined,
    signers: commit.signers.length,
    voters: votersOf(parts),
    widthNs: time === undefined ? undefined : time.latest - time.earliest,
  }
  return {
    ...blockSummary(parts, people),
    parent: header.parent,
    proven: explainProven(facts),
    open: explainOpen(facts),
    header: {
      proposedRound: header.round,
      commitRoot: hexOf(header.commitRoot),
      transactionsRoot: hexOf(header.transactionsRoot),
      evidenceRoot: hexOf(header.evidenceRoot),
      stateRoot: hexOf(header.stateRoot),
      weightsRoot: hexOf(header.weightsRoot),
      availability: header.availability.map(hexOf),
      proposerKey: hexOf(header.proposer),
    },
    commit,
    transactionList: body.transactions
      .slice(0, TRANSACTIONS_SHOWN_MAX)
      .map((sealed) => transactionView(sealed, people)),
    attestations: body.witnessed.reduce((sum, { attestations }) => sum + attestations.length, 0),
    offenceList: body.offences.map((evidence) => ({
      type: evidence.type,
      offender: authorView(nodeIdText(offenderOf(evidence)), people),
      explanation: explainOffence(evidence.type),
    })),
  }
}

const votersOf = (parts: BlockParts): { count: number; weight: bigint; total: bigint } | undefined => {
  const { validators } = parts
  if (validators === undefined) return undefined
  const weight = commitOf(parts).entries.reduce((sum, { index }) => sum + (validators.at(index)?.weight ?? 0n), 0n)
  return { count: validators.size, weight, total: validators.total }
}

type CommitView = NonNullable<BlockView['commit']>

const commitView = (parts: BlockParts, people: People): CommitView => {
  const { validators, next } = parts
  const commit = commitOf(parts)
  const voters = votersOf(parts)
  const signed = new Set(commit.entries.map(({ index }) => index))
  return {
    round: commit.round,
    settles: next !== undefined,
    weight: voters === undefined ? null : Number(voters.weight),
    total: voters === undefined ? null : Number(voters.total),
    quorum: voters === undefined ? null : Number(quorumOf(voters.total)),
    signers: commit.entries.map((entry) => signerView(entry, validators?.at(entry.index), people)),
    missing: (validators?.list ?? [])
      .filter((_, index) => !signed.has(index))
      .map((validator) => weighedView(validator, people)),
  }
}

const signerView = (
  { index, received }: CommitEntry,
  validator: Validator | undefined,
  people: People,
): CommitView['signers'][number] => {
  const who = validator === undefined ? { id: null, name: `validator ${index}` } : authorView(validator.id, people)
  const isSilent = isOpenBelow(received) && isOpenAbove(received)
  return {
    index,
    ...who,
    weight: validator === undefined ? null : Number(validator.weight),
    received: isSilent ? null : intervalView(received),
    widthNs: isOpenBelow(received) ? null : lengthNs(received.latest - received.earliest),
  }
}

const transactionView = (
  { transaction, key }: SealedTransaction,
  people: People,
): BlockView['transactionList'][number] => ({
  key,
  kind: transaction.kind,
  author: authorView(nodeIdText(transaction.author), people),
  sequence: transaction.sequence,
  acted: intervalView(transaction.acted),
  payload: hexOf(transaction.payload),
})

/** Epochs begin with height 1; weights change after every height that the length divides. */
export const epochOf = (height: number, slots: number): number => Math.floor((Math.max(1, height) - 1) / slots)

/** The epoch that the next height belongs to, after `height` is decided. */
export const epochView = (height: number, slots: number): EpochView => {
  const number = epochOf(height + 1, slots)
  return {
    number,
    firstHeight: number * slots + 1,
    lastHeight: (number + 1) * slots,
    decided: height - number * slots,
    slots,
  }
}

const heaviestFirst = (a: Weighed, b: Weighed): number => b.weight - a.weight || (a.name < b.name ? -1 : 1)

/** Who is out of range by committed evidence, and whether that is an emergency. */
export const emergencyView = (state: ChainState, people: People): EmergencyView => {
  const { validators, emergency } = state
  const outside = validators.list.filter(({ id }) => statusOf(state, id).status === 'falseticker')
  const weight = outside.reduce((sum, one) => sum + one.weight, 0n)
  const out = outside.map((one) => weighedView(one, people)).sort(heaviestFirst)
  const names = out.map(({ name }) => name)
  return {
    emergency,
    out,
    outShare: validators.total === 0n ? 0 : Number((weight * 1_000_000_000n) / validators.total),
    explanation: emergency ? explainEmergency(names, percentText(weight, validators.total)) : '',
  }
}

/** @param silentBefore who had not been heard in the round before, where this is a later one: everybody is silent when a round begins. */
export const roundView = (
  view: EngineView,
  context: {
    readonly validators: ValidatorSet
    readonly people: People
    readonly silentBefore: ReadonlySet<string> | undefined
    /** Has this height taken longer than a round should? */
    readonly isLate: boolean
  },
): RoundView => {
  const { validators, people, silentBefore, isLate } = context
  // Before its proposal no vote of a round is due.
  const isSilent = (id: string): boolean => view.step !== 'propose' || silentBefore?.has(id) === true
  const ids = new Set(view.silent.filter(isSilent))
  const silent = validators.list
    .filter(({ id }) => ids.has(id))
    .map((one) => weighedView(one, people))
    .sort(heaviestFirst)
  const silentWeight = BigInt(silent.reduce((sum, { weight }) => sum + weight, 0))
  const proposer = authorView(view.proposer, people)
  const heard = view.step === 'precommit' ? view.precommitted : view.prevoted
  return {
    height: view.height,
    round: view.round,
    step: view.step,
    proposer,
    validator: view.isValidator,
    prevoted: Number(view.prevoted),
    precommitted: Number(view.precommitted),
    total: Number(view.total),
    quorum: Number(quorumOf(view.total)),
    silent,
    silentWeight: Number(silentWeight),
    behind: view.behind,
    pending: view.pendingTransactions,
    locked: view.lockedBlock,
    waiting: explainRound({
      ...view,
      proposer: proposer.name,
      isProposer: view.proposer === people.self,
      heard,
      silent: silent.map(({ name }) => name),
      silentWeight,
    }),
    stuck: isLate && view.behind === 0 && 3n * (view.total - silentWeight) <= 2n * view.total,
  }
}
