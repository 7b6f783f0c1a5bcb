/**
 * The docket: everything a node has heard about every member, slot by slot, and what follows from it. `record` takes one
 * admitted attestation; `close` ends a slot and returns each member's finding and verdict. A pure machine: the same
 * records in the same slots give the same verdicts, in whatever order they came within a slot.
 *
 * Source: DESIGN §5.3. Rules V-1 to V-12 in docs/spec/validation.md.
 */
import type { Admission, NsInterval } from '../base/index.ts'
import { accept, ignore } from '../base/index.ts'
import { committeeOf } from '../proofs/index.ts'
import type { Member } from '../proofs/index.ts'
import { mayWitness } from './action.ts'
import { ABSENT_AFTER_SLOTS_DEFAULT, INITIAL_VERDICT, nextVerdict } from './verdict.ts'
import type { NodeStatus, Verdict } from './verdict.ts'
import { ACCEPTED_VARIANCE_NS_DEFAULT, findOffset } from './finding.ts'
import type { Finding, WitnessedOffset } from './finding.ts'

/** The parameters of judgement, part of the genesis. */
export interface JudgementParameters {
  /** V, ns > 0. */
  readonly acceptedVarianceNs: bigint
  /** Seats of a committee, > 0. */
  readonly committeeSeats: number
  /** Slots without proof until a node is absent, > 0. */
  readonly absentAfterSlots: number
}

/** Witnesses of one node in one slot: 7. */
export const COMMITTEE_SEATS_DEFAULT = 7

export const JUDGEMENT_DEFAULTS: JudgementParameters = {
  acceptedVarianceNs: ACCEPTED_VARIANCE_NS_DEFAULT,
  committeeSeats: COMMITTEE_SEATS_DEFAULT,
  absentAfterSlots: ABSENT_AFTER_SLOTS_DEFAULT,
}

/** How many slots ahead of the last closed one are kept open: a witness's clock may be this much ahead of ours. */
export const OPEN_SLOTS_MAX = 8

export const DOCKET_REASONS = [
  'not-member',
  'own-witness',
  'slot-closed',
  'slot-too-far',
  'not-asked',
  'already-attested',
  'author-falseticker',
  'author-absent',
] as const
export type DocketReason = (typeof DOCKET_REASONS)[number]

export interface Testimony extends WitnessedOffset {
  readonly subject: string
  readonly slot: number
}

/** What a closed slot says of one member. */
export interface Judgement {
  readonly id: string
  readonly finding: Finding
  readonly before: NodeStatus
  readonly verdict: Verdict
}

type SlotBook = Map<string, Map<string, NsInterval>>

export class Docket {
  readonly #members: readonly Member[]
  readonly #parameters: JudgementParameters
  readonly #verdicts = new Map<string, Verdict>()
  readonly #lastProofSlot = new Map<string, number>()
  readonly #open = new Map<number, SlotBook>()
  readonly #firstSlot: number
  #closed: number

  /** @param slot the slot that is being lived through: the first that will be closed. */
  constructor(options: { readonly members: readonly Member[]; readonly parameters: JudgementParameters; readonly slot: number }) {
    this.#members = options.members
    this.#parameters = options.parameters
    this.#firstSlot = options.slot
    this.#closed = options.slot - 1
    for (const { id } of options.members) this.#verdicts.set(id, INITIAL_VERDICT)
  }

  /** The last slot that was closed. */
  get closed(): number {
    return this.#closed
  }

  verdict(id: string): Verdict {
    return this.#verdicts.get(id) ?? INITIAL_VERDICT
  }

  /** Who witnesses `subject` in any slot that is still open: drawn from those who may, or from all where nobody may. */
  committee(subject: string, slot: number): readonly Member[] {
    const able = this.#members.filter(({ id }) => id !== subject && mayWitness(this.verdict(id).status))
    const members = able.length > 0 ? able : this.#members
    return committeeOf({ subject, slot, members, seats: this.#parameters.committeeSeats })
  }

  /** Tells that `id` proved something in `slot`; silence is counted from the newest such slot. */
  notePresence(id: string, slot: number): void {
    this.#lastProofSlot.set(id, Math.max(slot, this.#lastProofSlot.get(id) ?? slot))
  }

  /** Enters one measurement, or says why it does not count. */
  record(testimony: Testimony): Admission<null, DocketReason> {
    const fault = this.#fault(testimony)
    if (fault !== undefined) return ignore(fault)
    const { subject, witness, slot, offset } = testimony
    const book: SlotBook = this.#open.get(slot) ?? new Map()
    const page = book.get(subject) ?? new Map<string, NsInterval>()
    if (page.has(witness)) return ignore('already-attested')
    page.set(witness, offset)
    book.set(subject, page)
    this.#open.set(slot, book)
    return accept(null)
  }

  #fault({ subject, witness, slot }: Testimony): DocketReason | undefined {
    if (!this.#verdicts.has(subject) || !this.#verdicts.has(witness)) return 'not-member'
    if (subject === witness) return 'own-witness'
    if (slot <= this.#closed) return 'slot-closed'
    if (slot > this.#closed + OPEN_SLOTS_MAX) return 'slot-too-far'
    if (this.committee(subject, slot).some(({ id }) => id === witness)) return undefined
    const { status } = this.verdict(witness)
    return status === 'falseticker' || status === 'absent' ? `author-${status}` : 'not-asked'
  }

  /** Ends `slot`, and any before it that is still open, and judges every member on it. Closing twice is a no-op. */
  close(slot: number): readonly Judgement[] {
    if (slot <= this.#closed) return []
    const book = this.#open.get(slot) ?? new Map<string, Map<string, NsInterval>>()
    const judgements = this.#members.map(({ id }) => this.#judge(id, slot, book.get(id)))
    for (const { id, verdict } of judgements) this.#verdicts.set(id, verdict)
    this.#closed = slot
    for (const open of this.#open.keys()) if (open <= slot) this.#open.delete(open)
    return judgements
  }

  #judge(id: string, slot: number, page: ReadonlyMap<string, NsInterval> | undefined): Judgement {
    const { acceptedVarianceNs, absentAfterSlots } = this.#parameters
    const measured = [...(page ?? [])].map(([witness, offset]) => ({ witness, offset }))
    const finding = findOffset({ committee: this.committee(id, slot), measured, acceptedVarianceNs })
    const slotsWithoutProof = slot - (this.#lastProofSlot.get(id) ?? this.#firstSlot)
    const before = this.verdict(id)
    const verdict = nextVerdict(before, { slot, finding, slotsWithoutProof, absentAfterSlots })
    return { id, finding, before: before.status, verdict }
  }
}
