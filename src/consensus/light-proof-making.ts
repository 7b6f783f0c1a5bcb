/**
 * Making a proof for a light client, out of stored blocks: from a height that the client trusts to the one that it asks for, in
 * as few steps as lead there and with as few signatures as each takes. Pure over what it reads.
 *
 * Rules B-104, B-106, B-112 in docs/spec/consensus.md. Not promised: the fewest steps of all where reach does not shrink with distance
 * (a later commit may have been signed by more of those who are trusted than an earlier one).
 */
import assert from 'node:assert/strict'
import { decodeFirst } from 'cborg'
import { accept, ignore, max } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { decodeData, encodeData } from '../codec/index.ts'
import { merklePath, merkleRoot } from '../crypto/index.ts'
import { HEADER_BYTES_MAX, headerField } from './block-bytes.ts'
import type { Block, Header } from './block.ts'
import { openCommit } from './commit.ts'
import type { Commit, CommitEntry } from './commit.ts'
import { encodeEvidence } from './evidence-bytes.ts'
import { trustedWeight } from './light-client.ts'
import { LIGHT_STEPS_MAX } from './light-proof.ts'
import type { LightInclusion, LightKind, LightProof, LightStep } from './light-proof.ts'
import type { BlockStore, ValidatorStore } from './port.ts'
import { openValidators } from './validators-bytes.ts'
import type { ValidatorSet } from './validators.ts'

/** What is read: any block store that also keeps validators. */
export type LightReader = Pick<BlockStore, 'range' | 'block'> & Pick<ValidatorStore, 'validators'>

export interface LightQuestion {
  /** What the client trusts: 0 the genesis, else a checkpoint's height. */
  readonly from: number
  /** >= `from`, >= 1. */
  readonly to: number
  /** Shown to be in the block at `to`. */
  readonly inclusions?: readonly LightInclusion[]
}

export const LIGHT_MAKING_REASONS = ['light-unknown-height', 'light-unknown-validators', 'light-out-of-reach'] as const
export type LightMakingReason = (typeof LIGHT_MAKING_REASONS)[number]

/** A decided height, as far as a step needs it. */
interface Decided {
  readonly header: Header
  readonly commit: Commit
  readonly validators: ValidatorSet
}

/**
 * The proof, or why there is none: `light-unknown-height` where a block is not held, `light-unknown-validators` where who voted
 * is not, `light-out-of-reach` where it would take more than `LIGHT_STEPS_MAX` steps. Costs a few dozen blocks read per step.
 */
export const makeLightProof = (
  reader: LightReader,
  { from, to, inclusions = [] }: LightQuestion,
): Admission<LightProof, LightMakingReason> => {
  const { range } = reader
  if (!isHeight(from, 0) || !isHeight(to, Math.max(1, from)) || range === undefined || to > range.last)
    return ignore('light-unknown-height')
  const ledger = new DecidedHeights(reader)
  const start = from === 0 ? undefined : ledger.at(from)
  const trusted = from === 0 ? ledger.validatorsAt(1) : start?.validators
  const isSettled = to < range.last
  const end = isSettled ? to + 1 : to
  const last = ledger.at(end)
  const target = isSettled ? ledger.headerAt(to) : undefined
  if (last === undefined || (from > 0 && ledger.headerAt(from) === undefined) || (isSettled && target === undefined))
    return ignore(ledger.missing)
  if (trusted === undefined) return ignore('light-unknown-validators')
  const steps = stepsTo(ledger, { height: from, validators: trusted }, end)
  if (steps === undefined) return ignore(ledger.hasGap ? ledger.missing : 'light-out-of-reach')
  return accept({
    start: start === undefined ? undefined : { header: start.header, validators: start.validators },
    steps: slim(trusted, steps, isSettled),
    target,
    inclusions,
  })
}

const isHeight = (height: number, min: number): boolean => Number.isSafeInteger(height) && height >= min

/** That one thing of a block is in it: number `index` of its list, which it must have (else a bug). */
export const makeInclusion = ({ body }: Block, kind: LightKind, index: number): LightInclusion => {
  const lists: Readonly<Record<LightKind, readonly Uint8Array[]>> = {
    transaction: body.transactions.map(({ bytes }) => bytes),
    witnessed: body.witnessed.map(({ proof, attestations }) =>
      encodeData([proof.bytes, attestations.map(({ bytes }) => bytes)]),
    ),
    offence: body.offences.map(encodeEvidence),
  }
  const leaves = lists[kind]
  const leaf = leaves[index]
  assert(leaf !== undefined, 'the block has no such thing')
  const halves = kind === 'transaction' ? [] : [merkleRoot(lists.witnessed), merkleRoot(lists.offence)]
  return { kind, leaf, index, size: leaves.length, path: merklePath(leaves, index), halves }
}

/** The header of a block of our own store, without opening its body. */
const headerOfStored = (block: Uint8Array): Header | undefined => {
  // A block is a list of two, header and body: one byte, and then the header.
  const [, rest] = decodeFirst(block.subarray(1))
  const data = decodeData(block.subarray(1, block.length - rest.length), HEADER_BYTES_MAX)
  return data.verdict === 'accept' ? headerField.read(data.value) : undefined
}

/** Heights as they are asked for, each opened once. As many as a proof asks for: steps by the logarithm of the distance. */
class DecidedHeights {
  readonly #reader: LightReader
  readonly #decided = new Map<number, Decided | undefined>()
  readonly #sets = new Map<number, ValidatorSet | undefined>()
  /** Why the newest height that was not found was not. */
  missing: LightMakingReason = 'light-unknown-height'
  hasGap = false

  constructor(reader: LightReader) {
    this.#reader = reader
  }

  /** The lowest height that is held. */
  get first(): number {
    return this.#reader.range?.first ?? 1
  }

  headerAt(height: number): Header | undefined {
    const stored = this.#reader.block(height)
    return stored === undefined ? undefined : headerOfStored(stored.block)
  }

  /** Who votes at a height. */
  validatorsAt(height: number): ValidatorSet | undefined {
    const kept = this.#reader.validators(height)
    if (kept === undefined) return undefined
    if (!this.#sets.has(kept.height)) {
      const opened = openValidators(kept.validators)
      this.#sets.set(kept.height, opened.verdict === 'accept' ? opened.value : undefined)
    }
    return this.#sets.get(kept.height)
  }

  at(height: number): Decided | undefined {
    if (!this.#decided.has(height)) this.#decided.set(height, this.#read(height))
    return this.#decided.get(height)
  }

  #read(height: number): Decided | undefined {
    const stored = this.#reader.block(height)
    const header = this.headerAt(height)
    const commit = stored === undefined ? undefined : openCommit(stored.commit)
    const validators = this.validatorsAt(height)
    const isHeld = header !== undefined && commit?.verdict === 'accept'
    if (isHeld && validators !== undefined) return { header, commit: commit.value, validators }
    this.missing = isHeld ? 'light-unknown-validators' : 'light-unknown-height'
    this.hasGap = true
    return undefined
  }
}

interface Place {
  readonly height: number
  readonly validators: ValidatorSet
}

/** From a trusted height to `end`, the furthest reach each time; undefined where it cannot be done. */
const stepsTo = (ledger: DecidedHeights, trusted: Place, end: number): readonly Decided[] | undefined => {
  const steps: Decided[] = []
  let place = trusted
  while (steps.length === 0 || place.height < end) {
    const next = furthest(ledger, place, end)
    if (next === undefined || steps.length === LIGHT_STEPS_MAX) return undefined
    steps.push(next)
    place = { height: next.header.height, validators: next.validators }
  }
  return steps
}

/** The highest height up to `end` that those who are trusted vouch for; found by halving, as reach shrinks with distance. */
const furthest = (ledger: DecidedHeights, { height, validators }: Place, end: number): Decided | undefined => {
  const reached = (candidate: number): Decided | undefined => {
    const decided = ledger.at(candidate)
    if (decided === undefined) return undefined
    const weight = trustedWeight(validators, decided.commit, decided.validators)
    return validators.isOverThird(weight) ? decided : undefined
  }
  const whole = reached(end)
  if (whole !== undefined) return whole
  let best: Decided | undefined
  let [low, high] = [Math.max(height, ledger.first - 1), end]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const found = reached(middle)
    if (found === undefined) high = middle
    else [low, best] = [middle, found]
  }
  return best
}

/** Validators only where they change, and of each commit what is needed; the last one whole, where its time is what is shown. */
const slim = (trusted: ValidatorSet, steps: readonly Decided[], isSettled: boolean): readonly LightStep[] => {
  let before = trusted
  return steps.map(({ header, commit, validators }, i) => {
    const isWhole = i === steps.length - 1 && !isSettled
    const step: LightStep = {
      header,
      commit: isWhole ? commit : fewestEntries(before, commit, validators),
      validators: validators === before ? undefined : validators,
    }
    before = validators
    return step
  })
}

/** The commit with the fewest entries that are a quorum of `validators` and more than a third of `trusted`. */
export const fewestEntries = (trusted: ValidatorSet, commit: Commit, validators: ValidatorSet): Commit => {
  const weighed = commit.entries.map((entry) => {
    const own = validators.at(entry.index)
    const place = own === undefined ? undefined : trusted.indexOf(own.key)
    return { entry, own: own?.weight ?? 0n, trusted: place === undefined ? 0n : (trusted.at(place)?.weight ?? 0n) }
  })
  const taken: CommitEntry[] = []
  let [own, other] = [0n, 0n]
  for (const next of weighed.toSorted((a, b) => compare(max(b.own, b.trusted), max(a.own, a.trusted)))) {
    if (validators.isQuorum(own) && trusted.isOverThird(other)) break
    const isOfUse = (!validators.isQuorum(own) && next.own > 0n) || next.trusted > 0n
    if (!isOfUse) continue
    taken.push(next.entry)
    own += next.own
    other += next.trusted
  }
  return { ...commit, entries: taken.sort((a, b) => a.index - b.index) }
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
