/**
 * Answers to the questions of peers, out of what this node holds: bounded in bytes and work, whoever asks, and never a failure for any
 * bytes. What it reads of the store it sends as it stands.
 *
 * Rules B-90 to B-93 in docs/spec/consensus.md.
 */
import { BoundedMap, accept, ignore } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { encodeState } from './chain-snapshot.ts'
import type { ChainState } from './chain-state.ts'
import { encodeCommit } from './commit.ts'
import type { EngineHeight } from './engine-height.ts'
import { makeLightProof } from './light-proof-making.ts'
import type { LightQuestion } from './light-proof-making.ts'
import { encodeLightProof } from './light-proof.ts'
import { encodeMessage } from './messages.ts'
import type { BlockStore, ValidatorStore } from './port.ts'
import {
  ANSWER_BLOCKS_MAX,
  ANSWER_BYTES_MAX,
  ANSWER_MESSAGES_MAX,
  SNAPSHOT_PART_BYTES,
  blocksAnswerCodec,
  blocksQuestionCodec,
  missingOf,
  roundAnswerCodec,
  roundQuestionCodec,
  snapshotAnswerCodec,
  snapshotQuestionCodec,
} from './questions.ts'
import type { AnsweredBlock, QuestionReason, SnapshotAnswer, SnapshotQuestion } from './questions.ts'
import type { ChainTip } from './restoring.ts'

/** What the engine reads of the store; `validators` serves peers that begin from a checkpoint. */
export type EngineStore = Pick<BlockStore, 'range' | 'block' | 'blocks' | 'snapshot'> &
  Partial<Pick<ValidatorStore, 'validators'>>

/** What an answer is made from. */
export interface AnswerSource {
  readonly store: EngineStore
  readonly running: EngineHeight
  readonly tip: ChainTip | undefined
  /** The state before the newest: the newest block's header names its root. */
  readonly before: ChainState | undefined
}

/** Room for what stands around the parts of an answer, bytes. */
const FRAME_BYTES = 4096
const ROOM_BYTES = ANSWER_BYTES_MAX - FRAME_BYTES
/** States kept encoded for peers that are fetching them. */
const SERVED_MAX = 2
/** Light proofs kept, by what is trusted and what is shown: of a state that is given out one for each checkpoint that is in use. */
const PROOFS_MAX = 8
/** How long one is given out before a newer one is made, heights. */
const SERVED_HEIGHTS = 64
/** What stands before each part, bytes at most. */
const PART_BYTES = 16

export class Answers {
  readonly #served = new BoundedMap<number, Uint8Array>(SERVED_MAX)
  readonly #proofs = new BoundedMap<string, Uint8Array>(PROOFS_MAX)

  /** Also gives the height that the asker is deciding. */
  round(
    given: Uint8Array,
    source: AnswerSource,
  ): Admission<{ readonly bytes: Uint8Array; readonly height: number }, QuestionReason> {
    const question = roundQuestionCodec.decode(given)
    if (question.verdict !== 'accept') return question
    const { height } = question.value
    const { running } = source
    const messages: Uint8Array[] = []
    const decided: AnsweredBlock[] = []
    if (height === running.height) {
      const { proposals, votes } = missingOf(question.value, running.machine.known(), running.state.validators)
      let bytes = 0
      const add = (message: Uint8Array): void => {
        if (messages.length === ANSWER_MESSAGES_MAX || bytes + message.length + PART_BYTES > ROOM_BYTES) return
        messages.push(message)
        bytes += message.length + PART_BYTES
      }
      for (const vote of votes.slice(0, ANSWER_MESSAGES_MAX - 1)) add(encodeMessage({ type: 'vote', vote }))
      for (const proposal of proposals) if (bytes < ROOM_BYTES) add(encodeMessage({ type: 'proposal', proposal }))
    } else if (height < running.height) decided.push(...decidedAt(height, source))
    return accept({ bytes: roundAnswerCodec.encode({ height: running.height, messages, decided }), height })
  }

  blocks(given: Uint8Array, { store, running }: AnswerSource): Admission<Uint8Array, QuestionReason> {
    const question = blocksQuestionCodec.decode(given)
    if (question.verdict !== 'accept') return question
    const { from } = question.value
    const last = running.height - 1
    const limits = { countMax: ANSWER_BLOCKS_MAX, bytesMax: ROOM_BYTES - ANSWER_BLOCKS_MAX * PART_BYTES }
    const isHeld = store.range !== undefined && from >= store.range.first && from <= store.range.last
    const blocks = isHeld ? store.blocks(from, limits) : []
    const answer = { last, blocks: blocks.map(({ block, commit }) => ({ block, commit })) }
    return accept(blocksAnswerCodec.encode(answer))
  }

  snapshot(given: Uint8Array, source: AnswerSource): Admission<Uint8Array, QuestionReason | 'no-snapshot'> {
    const question = snapshotQuestionCodec.decode(given)
    if (question.verdict !== 'accept') return question
    const { offset, height } = question.value
    if (offset > 0) {
      const state = this.#served.get(height)
      if (state === undefined || offset >= state.length) return ignore('no-snapshot')
      const part = state.slice(offset, offset + SNAPSHOT_PART_BYTES)
      return accept(snapshotAnswerCodec.encode({ height, total: state.length, proof: new Uint8Array(0), part }))
    }
    const begun = this.#beginSnapshot(question.value, source)
    return accept(snapshotAnswerCodec.encode(begun ?? NO_SNAPSHOT))
  }

  /** The newest state whose root a decided header names; with the proof of that header from the block that the asker trusts. */
  #beginSnapshot({ trusted }: SnapshotQuestion, { store, before }: AnswerSource): SnapshotAnswer | undefined {
    const { validators } = store
    if (before === undefined || before.height < 1 || validators === undefined) return undefined
    const state = this.#stateToServe(before, trusted)
    const { height } = state
    const proof = this.#proofOf({ from: trusted, to: height + 1 }, { store, validators })
    if (proof === undefined || proof.length > SNAPSHOT_PART_BYTES) return undefined
    return { height, total: state.bytes.length, proof, part: state.bytes.slice(0, SNAPSHOT_PART_BYTES) }
  }

  /** Making one reads some dozens of blocks: those that were made last are kept. */
  #proofOf(
    asked: LightQuestion,
    { store, validators }: { readonly store: EngineStore; readonly validators: ValidatorStore['validators'] },
  ): Uint8Array | undefined {
    const name = `${asked.from} ${asked.to}`
    const known = this.#proofs.get(name)
    if (known !== undefined) return known
    const reader = {
      get range() {
        return store.range
      },
      block: (at: number) => store.block(at),
      validators: (at: number) => validators.call(store, at),
    }
    const made = makeLightProof(reader, asked)
    if (made.verdict !== 'accept') return undefined
    const proof = encodeLightProof(made.value)
    this.#proofs.set(name, proof)
    return proof
  }

  /** One that others may be fetching still, if it is new enough; else the newest. */
  #stateToServe(before: ChainState, trusted: number): { readonly height: number; readonly bytes: Uint8Array } {
    for (const [height, bytes] of this.#served)
      if (height > before.height - SERVED_HEIGHTS && height + 1 >= trusted) return { height, bytes }
    const bytes = encodeState(before)
    this.#served.set(before.height, bytes)
    return { height: before.height, bytes }
  }
}

const NO_SNAPSHOT: SnapshotAnswer = { height: 0, total: 0, proof: new Uint8Array(0), part: new Uint8Array(0) }

/** A decided block: the newest may not be in the store yet. */
const decidedAt = (height: number, { store, tip }: AnswerSource): readonly AnsweredBlock[] => {
  if (tip?.block.header.height === height) return [{ block: tip.block.bytes, commit: encodeCommit(tip.commit) }]
  const stored = store.block(height)
  return stored === undefined ? [] : [{ block: stored.block, commit: stored.commit }]
}
