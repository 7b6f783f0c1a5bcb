/**
 * The docket: everything a node has heard about every member, slot by slot, and what follows from it. `record` takes one
 * admitted attestation; `close` ends a slot and returns each member's finding and verdict. A pure machine: the same
 * records in the same slots give the same verdicts, in whatever order they came, also across the closing of the slot before.
 *
 * Source: DESIGN §5.3. Rules V-4 to V-9 in docs/spec/validation.md.
 */
import type { Admission, NsInterval } from '../base/index.ts'
import { accept, ignore, width } from '../base/index.ts'
import { CommitteeDraw } from '../proofs/index.ts'
import type { Member } from '../proofs/index.ts'
import { mayWitness } from './action.ts'
import { ABSENT_AFTER_SLOTS_DEFAULT, INITIAL_VERDICT, nextVerdict } from './verdict.ts'
import type { NodeStatus, Silence, Verdict } from './verdict.ts'
import { ACCEPTED_VARIANCE_NS_DEFAULT, findOffset } from './finding.ts'
import type { Finding, WitnessedOffset } from './finding.ts'

/** The parameters of judgement, part of the genesis. */
export interface JudgementParameters {
  /** V, ns > 0. */
  readonly acceptedVarianceNs: bigint
  /** Seats of a committee, > 0. */
  readonly committeeSeats: number
  /** Judged slots without a witnessed proof until a node is absent, > 0. */
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

/**
 * An offset known no better than this many V counts for nothing. Without it, a node whose clock is ahead could hold its
 * answers back for as long as it is ahead, and stay in range.
 */
export const OFFSET_WIDTH_VARIANCES_MAX = 4n

export const DOCKET_REASONS = [
  'not-member',
  'own-witness',
  'slot-closed',
  'slot-too-far',
  'not-asked',
  'too-wide',
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

/** What each witness measured of one subject. */
type Page = ReadonlyMap<string, NsInterval>

/** What is known of one open slot: by subject, its committee once drawn, and by witness what was measured. */
interface OpenSlot {
  readonly committees: Map<string, readonly Member[]>
  readonly pages: Map<string, Map<string, NsInterval>>
}

const NOT_SILENT: Silence = { unwitnessedSlots: 0, unplacedSlots: 0 }

export class Docket {
  readonly #members: readonly Member[]
  readonly #parameters: JudgementParameters
  readonly #verdicts = new Map<string, Verdict>()
  readonly #silences = new Map<string, Silence>()
  readonly #open = new Map<number, OpenSlot>()
  readonly #all: CommitteeDraw
  /** From those who may witness in the slot after the closed one, and in all later ones. */
  #ableNext: CommitteeDraw
  #ableLater: CommitteeDraw
  #closed: number

  /** @param slot the slot that is being lived through: the first that will be closed. */
  constructor(options: {
    readonly members: readonly Member[]
    readonly parameters: JudgementParameters
    readonly slot: number
  }) {
    this.#members = options.members
    this.#parameters = options.parameters
    this.#closed = options.slot - 1
    this.#all = new CommitteeDraw(options.members)
    this.#ableNext = this.#all
    this.#ableLater = this.#all
    for (const { id } of options.members) this.#verdicts.set(id, INITIAL_VERDICT)
  }

  /** The last slot that was closed. */
  get closed(): number {
    return this.#closed
  }

  verdict(id: string): Verdict {
    return this.#verdicts.get(id) ?? INITIAL_VERDICT
  }

  /**
   * Who witnesses `subject` in an open slot: drawn from those who may by the verdicts after the slot two before, or from all
   * where nobody may. A slot's committees so stand fixed before it begins, whenever the slot before is closed.
   */
  committee(subject: string, slot: number): readonly Member[] {
    const open = this.#open.get(slot)
    const known = open?.committees.get(subject)
    if (known !== undefined) return known
    const able = slot <= this.#closed + 1 ? this.#ableNext : this.#ableLater
    const seat = { subject, slot, seats: this.#parameters.committeeSeats }
    const fromAble = able.committeeOf(seat)
    const drawn = fromAble.length > 0 ? fromAble : this.#all.committeeOf(seat)
    if (this.slotFault(slot) === undefined && this.#verdicts.has(subject))
      this.#openSlot(slot).committees.set(subject, drawn)
    return drawn
  }

  /** Why nothing said of this slot can count now, or nothing. */
  slotFault(slot: number): 'slot-closed' | 'slot-too-far' | undefined {
    if (slot <= this.#closed) return 'slot-closed'
    return slot > this.#closed + OPEN_SLOTS_MAX ? 'slot-too-far' : undefined
  }

  /** Enters one measurement, or says why it does not count. */
  record(testimony: Testimony): Admission<null, DocketReason> {
    const fault = this.#fault(testimony)
    if (fault !== undefined) return ignore(fault)
    const { subject, witness, slot, offset } = testimony
    const { pages } = this.#openSlot(slot)
    const page = pages.get(subject) ?? new Map<string, NsInterval>()
    if (page.has(witness)) return ignore('already-attested')
    page.set(witness, offset)
    pages.set(subject, page)
    return accept(null)
  }

  #fault({ subject, witness, slot, offset }: Testimony): DocketReason | undefined {
    if (!this.#verdicts.has(subject) || !this.#verdicts.has(witness)) return 'not-member'
    if (subject === witness) return 'own-witness'
    const slotFault = this.slotFault(slot)
    if (slotFault !== undefined) return slotFault
    const isAsked = this.committee(subject, slot).some(({ id }) => id === witness)
    if (isAsked) return this.#isTooWide(offset) ? 'too-wide' : undefined
    const { status } = this.verdict(witness)
    return status === 'falseticker' || status === 'absent' ? `author-${status}` : 'not-asked'
  }

  #isTooWide(offset: NsInterval): boolean {
    return width(offset) > OFFSET_WIDTH_VARIANCES_MAX * this.#parameters.acceptedVarianceNs
  }

  #openSlot(slot: number): OpenSlot {
    const open = this.#open.get(slot) ?? { committees: new Map(), pages: new Map() }
    this.#open.set(slot, open)
    return open
  }

  /**
   * Ends `slot`, and judges every member on it. Slots before it that are still open end unjudged: this node did not live
   * through them, and nobody is held absent for that. Closing twice is a no-op.
   */
  close(slot: number): readonly Judgement[] {
    if (slot <= this.#closed) return []
    const pages = this.#open.get(slot)?.pages
    const judgements = this.#members.map(({ id }) => this.#judge(id, slot, pages?.get(id) ?? new Map()))
    for (const { id, verdict } of judgements) this.#verdicts.set(id, verdict)
    this.#ableNext = this.#ableLater
    this.#ableLater = this.#drawFromAble()
    this.#closed = slot
    for (const [open, { committees }] of this.#open) {
      if (open <= slot) this.#open.delete(open)
      else if (open > slot + 1) committees.clear()
    }
    return judgements
  }

  /** From those who may witness by the verdicts as they stand; what was made for the same ones is kept. */
  #drawFromAble(): CommitteeDraw {
    const able = this.#members.filter(({ id }) => mayWitness(this.verdict(id).status))
    const known = [this.#ableLater, this.#all].find(
      ({ members }) => members.length === able.length && members.every(({ id }, i) => id === able[i]?.id),
    )
    return known ?? new CommitteeDraw(able)
  }

  #judge(id: string, slot: number, page: Page): Judgement {
    const { acceptedVarianceNs, absentAfterSlots } = this.#parameters
    const measured = [...page].map(([witness, offset]) => ({ witness, offset }))
    const committee = this.committee(id, slot)
    const finding = findOffset({ committee, measured, acceptedVarianceNs })
    const isWitnessed = committee.some((member) => page.has(member.id))
    const silence = this.#listen(id, { isWitnessed, isPlaced: finding.offset !== undefined })
    const before = this.verdict(id)
    const verdict = nextVerdict(before, { slot, finding, silence, absentAfterSlots })
    return { id, finding, before: before.status, verdict }
  }

  /** Counts one more slot of silence, or begins again. */
  #listen(id: string, heard: { readonly isWitnessed: boolean; readonly isPlaced: boolean }): Silence {
    const { unwitnessedSlots, unplacedSlots } = this.#silences.get(id) ?? NOT_SILENT
    const silence = {
      unwitnessedSlots: heard.isWitnessed ? 0 : unwitnessedSlots + 1,
      unplacedSlots: heard.isPlaced ? 0 : unplacedSlots + 1,
    }
    this.#silences.set(id, silence)
    return silence
  }
}
