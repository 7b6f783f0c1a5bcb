/**
 * How stamps are taken: submissions that come in one turn of the event loop, or while the group before is being written, become one durable write,
 * and up to sixteen of their receipts share a signature. Signed first, written second, answered last; where the disk will not, what was signed
 * never leaves. Rules T-41 to T-43 in docs/spec/stamps.md.
 */
import assert from 'node:assert/strict'
import { BoundedQueue, ChimerError, accept, ignore } from '../base/index.ts'
import type { Admission, TimeInterval } from '../base/index.ts'
import type { BlockId } from '../consensus/index.ts'
import type { Signer } from '../crypto/index.ts'
import { PROMISE_HEIGHTS, RECEIPT_DOMAIN, StampDraft, draftReceipts, inGroups, receiptAt } from '../stamps/index.ts'
import type {
  DraftSlot,
  KeptEntry,
  KeptGroup,
  StampRecord,
  StampRefusal,
  StampRequest,
  StampStore,
} from '../stamps/index.ts'

/** Submissions that wait to be written; each has at most SUBMISSION_STAMPS_MAX stamps. */
export const SUBMISSIONS_WAITING_MAX = 10_000
/** Stamps of one write, about: what is done for them in one turn stays below 50 ms on a busy machine. */
const GROUP_STAMPS = 512

/** What the receipts will say, where anything may be taken now. */
export interface IntakeFacts {
  readonly received: TimeInterval
  readonly heightNewest: number
  readonly sources: number
  /** Entries that may be taken before the log has too many that wait. */
  readonly room: number
}
export type IntakeGate = Admission<IntakeFacts, StampRefusal>

export interface IntakeOptions {
  readonly networkId: Uint8Array
  readonly turn: (run: () => void) => void
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  readonly store: StampStore
  readonly gate: () => IntakeGate
  /** Height of a block that was decided lately. */
  readonly heightOf: (block: BlockId) => number | undefined
  /** The record of a stamp that is kept. */
  readonly recordAt: (position: number) => StampRecord
  /** These are durable. */
  readonly onTaken: (entries: readonly KeptEntry[]) => void
  readonly onTrouble: (error: ChimerError) => void
}

type Answer = Admission<readonly StampRecord[], StampRefusal>

const NO_RECORDS: ReadonlyMap<number, StampRecord> = new Map()

interface Submission {
  readonly requests: readonly StampRequest[]
  readonly resolve: (answer: Answer) => void
  readonly reject: (cause: unknown) => void
}

export class Intake {
  readonly #options: IntakeOptions
  readonly #waiting = new BoundedQueue<Submission>(SUBMISSIONS_WAITING_MAX)
  #running: Promise<void> | undefined
  #isFailing = false
  #isClosed = false

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  submit(requests: readonly StampRequest[]): Promise<Answer> {
    if (requests.length === 0) return Promise.resolve(accept([]))
    if (this.#isClosed) return Promise.resolve(ignore('stamping-halted'))
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    if (!this.#waiting.push({ requests, resolve, reject })) return Promise.resolve(ignore('stamps-full'))
    this.#running ??= this.#run()
    return promise
  }

  /** Takes nothing more, and waits for what is being written. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#running
  }

  /** One group a turn, so that what came meanwhile is heard. */
  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#options.turn(resolve)
      await promise
      await this.#takeGroup(this.#gathered())
    }
    this.#running = undefined
  }

  #gathered(): readonly Submission[] {
    const gathered: Submission[] = []
    let left = GROUP_STAMPS
    while (left > 0) {
      const submission = this.#waiting.shift()
      if (submission === undefined) break
      gathered.push(submission)
      left -= submission.requests.length
    }
    return gathered
  }

  async #takeGroup(submissions: readonly Submission[]): Promise<void> {
    const gate = this.#options.gate()
    try {
      // Nearly always all are new: only where the store says otherwise is each looked up.
      const isTaken =
        (await this.#take(submissions, { gate, lookedUp: 'refused' })) ||
        (await this.#take(submissions, { gate, lookedUp: 'all' }))
      assert(isTaken)
      this.#isFailing = false
    } catch (cause) {
      this.#fail(submissions, cause)
    }
  }

  /** False, and nothing happened, where what was held to be new is known. */
  async #take(
    submissions: readonly Submission[],
    { gate, lookedUp }: { readonly gate: IntakeGate; readonly lookedUp: 'all' | 'refused' },
  ): Promise<boolean> {
    const { store, heightOf } = this.#options
    const facts = gate.verdict === 'accept' ? gate.value : undefined
    const draft = new StampDraft({
      size: store.size,
      room: facts?.room ?? 0,
      heightNewest: facts?.heightNewest ?? 0,
      refusal: gate.verdict === 'accept' ? undefined : gate.reason,
      lookedUp,
      positionOf: (id) => store.positionOf(id),
      heightOf,
    })
    const drafted = submissions.map(({ requests }) => draft.add(requests))
    const records = facts === undefined ? NO_RECORDS : await this.#keep(draft, facts)
    if (records === undefined) return false
    for (const [i, slots] of drafted.entries())
      submissions[i]?.resolve(slots.verdict === 'accept' ? accept(this.#records(slots.value, records)) : slots)
    return true
  }

  /** Signs, writes, and only then gives away. Undefined where an entry is known already. */
  async #keep(
    draft: StampDraft,
    { received, heightNewest, sources }: IntakeFacts,
  ): Promise<ReadonlyMap<number, StampRecord> | undefined> {
    const { networkId, signer, store, onTaken } = this.#options
    const facts = { received, heightNewest, heightPromised: heightNewest + PROMISE_HEIGHTS, sources }
    const records = new Map<number, StampRecord>()
    if (draft.entries.length === 0) return records
    const groups: KeptGroup[] = []
    for (const members of inGroups(draft.entries)) {
      const group = draftReceipts(members, { ...facts, networkId, node: signer.nodeId })
      const signature = await signer.sign(RECEIPT_DOMAIN, group.root)
      for (const [i, { position, idText: id, entry }] of members.entries()) {
        const receipt = receiptAt(group, i, signature)
        records.set(position, { id, entry, receipt, state: 'received', height: undefined })
      }
      groups.push({ ...facts, first: members[0]?.position ?? 0, size: members.length, signature })
    }
    if ((await store.take(draft.entries, groups)) === 'known') return undefined
    onTaken(draft.entries)
    return records
  }

  #records(slots: readonly DraftSlot[], records: ReadonlyMap<number, StampRecord>): readonly StampRecord[] {
    return slots.map(({ position, isNew }) => {
      const record = records.get(position) ?? this.#options.recordAt(position)
      return isNew ? record : { ...record, isKnown: true }
    })
  }

  /** Nobody of the group is answered. Told once, until a group is kept again. Whoever was answered already hears nothing of it. */
  #fail(submissions: readonly Submission[], cause: unknown): void {
    for (const { reject } of submissions) reject(cause)
    if (!(cause instanceof ChimerError)) throw cause
    if (!this.#isFailing) this.#options.onTrouble(cause)
    this.#isFailing = true
  }
}
