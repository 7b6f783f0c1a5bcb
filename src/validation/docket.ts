/**
 * The docket: everything that evidence has said about every member's clock, slot by slot, and what follows from it. `record`
 * takes one admitted attestation; `close` ends a slot and returns the finding and verdict of each member whose turn it was. A
 * pure machine: the same records in the same slots give the same verdicts, in whatever order they came, also across the
 * closing of the slot before. The chain's state holds one; `fork` makes the next state's from it, and shares what is the same.
 *
 * Source: DESIGN §5.3. Rules V-4 to V-9 and V-13 in docs/spec/validation.md.
 */
import type { Admission, NsInterval } from '../base/index.ts'
import { accept, ignore, width } from '../base/index.ts'
import type { Member } from '../proofs/index.ts'
import { mayWitness } from './action.ts'
import { DocketDraw } from './docket-draws.ts'
import { isWitnessedIn } from './docket-turns.ts'
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

/** How many slots ahead of the last closed one, and of what it lags behind, are kept open: for a witness's clock that is ahead. */
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

export interface DocketOptions {
  /** Everybody who is judged; those with weight may witness. Ids differ. */
  readonly members: readonly Member[]
  readonly parameters: JudgementParameters
  /** The slot that is being lived through: the first that will be closed. */
  readonly slot: number
  /** A member is witnessed in one slot out of so many, >= 1; 1 where not given. */
  readonly witnessEverySlots?: number
  /** How many slots after it was lived through a slot is closed, >= 0; 0 where not given. Committees are fixed that much earlier. */
  readonly lagSlots?: number
}

/** What the docket holds of one member: never changed in place. */
export interface DocketLine extends Silence {
  readonly verdict: Verdict
}

/** What was measured of one member in one slot, each witness once: never changed in place. */
export type DocketPage = readonly WitnessedOffset[]

/** Everything that a docket holds, to be written down: docket-bytes.ts. */
export interface DocketContent {
  readonly closed: number
  /** One for each member, in their order. */
  readonly lines: readonly DocketLine[]
  /** Of slots that are open, by slot and subject. */
  readonly open: ReadonlyMap<number, ReadonlyMap<string, DocketPage>>
  /** Who may witness: in the slot after the closed one, the next, and so on; the last in all later ones. 2 + `lagSlots` of them. */
  readonly draws: readonly DocketDraw[]
}

const INITIAL_LINE: DocketLine = { verdict: INITIAL_VERDICT, unwitnessedSlots: 0, unplacedSlots: 0 }
const EMPTY_PAGE: DocketPage = []

export class Docket {
  readonly #options: Required<DocketOptions>
  #members: readonly Member[]
  #indexes: ReadonlyMap<string, number>
  #lines: DocketLine[]
  readonly #open: Map<number, Map<string, DocketPage>>
  #draws: readonly DocketDraw[]
  #all: DocketDraw
  #closed: number

  /** @param content where it goes on; without it, it begins. */
  constructor(options: DocketOptions, content?: DocketContent) {
    this.#options = { witnessEverySlots: 1, lagSlots: 0, ...options }
    this.#members = options.members
    this.#indexes = indexesOf(options.members)
    this.#all = new DocketDraw(options.members.filter(hasWeight))
    this.#closed = content?.closed ?? options.slot - 1
    this.#lines = content?.lines.slice() ?? options.members.map(() => INITIAL_LINE)
    this.#draws = content?.draws ?? Array.from({ length: this.#options.lagSlots + 2 }, () => this.#all)
    this.#open = new Map([...(content?.open ?? [])].map(([slot, pages]) => [slot, new Map(pages)]))
  }

  /** Another docket with the same content; what is done to either does not reach the other. Copies no evidence. */
  fork(): Docket {
    const fork = new Docket({ ...this.#options, members: [] }, this.content())
    fork.#members = this.#members
    fork.#indexes = this.#indexes
    fork.#all = this.#all
    return fork
  }

  content(): DocketContent {
    return { closed: this.#closed, lines: this.#lines, open: this.#open, draws: this.#draws }
  }

  /** Everybody who is judged, in the order given. */
  get members(): readonly Member[] {
    return this.#members
  }

  /** The last slot that was closed. */
  get closed(): number {
    return this.#closed
  }

  /** Of a stranger too: `unproven`. */
  verdict(id: string): Verdict {
    return this.#lineOf(id).verdict
  }

  #lineOf(id: string): DocketLine {
    const index = this.#indexes.get(id)
    return (index === undefined ? undefined : this.#lines[index]) ?? INITIAL_LINE
  }

  /**
   * Who witnesses `subject` in an open slot: drawn from those who may by the verdicts after the slot `2 + lagSlots` before, or
   * from all where nobody may; nobody where it is not its turn. A slot's committees so stand fixed before it begins,
   * whenever the slot before is closed.
   */
  committee(subject: string, slot: number): readonly Member[] {
    const { witnessEverySlots, parameters } = this.#options
    if (!isWitnessedIn(subject, slot, witnessEverySlots)) return []
    const seat = { subject, slot, seats: parameters.committeeSeats }
    const ahead = Math.max(0, Math.min(slot - this.#closed, this.#draws.length) - 1)
    const drawn = this.#draws[ahead]?.committeeOf(seat) ?? []
    return drawn.length > 0 ? drawn : this.#all.committeeOf(seat)
  }

  /** Why nothing said of this slot can count now, or nothing. */
  slotFault(slot: number): 'slot-closed' | 'slot-too-far' | undefined {
    if (slot <= this.#closed) return 'slot-closed'
    return slot > this.#closed + this.#options.lagSlots + OPEN_SLOTS_MAX ? 'slot-too-far' : undefined
  }

  /** Enters one measurement, or says why it does not count. */
  record(testimony: Testimony): Admission<null, DocketReason> {
    const fault = this.fault(testimony)
    if (fault !== undefined) return ignore(fault)
    const { subject, witness, slot, offset } = testimony
    const pages = this.#open.get(slot) ?? new Map<string, DocketPage>()
    const page = pages.get(subject) ?? EMPTY_PAGE
    if (page.some((entry) => entry.witness === witness)) return ignore('already-attested')
    pages.set(subject, [...page, { witness, offset }])
    this.#open.set(slot, pages)
    return accept(null)
  }

  /** Why a measurement would not count now, or nothing. */
  fault({ subject, witness, slot, offset }: Testimony): DocketReason | undefined {
    if (!this.#indexes.has(subject) || !this.#indexes.has(witness)) return 'not-member'
    if (subject === witness) return 'own-witness'
    const slotFault = this.slotFault(slot)
    if (slotFault !== undefined) return slotFault
    const isAsked = this.committee(subject, slot).some(({ id }) => id === witness)
    if (isAsked) return this.#isTooWide(offset) ? 'too-wide' : undefined
    const { status } = this.verdict(witness)
    return status === 'falseticker' || status === 'absent' ? `author-${status}` : 'not-asked'
  }

  #isTooWide(offset: NsInterval): boolean {
    return width(offset) > OFFSET_WIDTH_VARIANCES_MAX * this.#options.parameters.acceptedVarianceNs
  }

  /**
   * Ends `slot`, and judges on it every member whose turn it was. Slots before it that are still open end unjudged: nobody is
   * held absent for what was not lived through. Closing twice is a no-op.
   */
  close(slot: number): readonly Judgement[] {
    if (slot <= this.#closed) return []
    this.skip(slot - 1)
    const pages = this.#open.get(slot)
    const { witnessEverySlots } = this.#options
    const judgements = this.#members.flatMap(({ id }, index) =>
      isWitnessedIn(id, slot, witnessEverySlots) ? [this.#judge(index, id, slot, pages?.get(id) ?? EMPTY_PAGE)] : [],
    )
    this.skip(slot)
    const hasChanged = judgements.some(({ before, verdict }) => before !== verdict.status)
    if (hasChanged) this.#draws = [...this.#draws.slice(0, -1), this.#drawFromAble()]
    return judgements
  }

  /** Ends every slot up to `slot` unjudged. */
  skip(slot: number): void {
    if (slot <= this.#closed) return
    const last = this.#draws.at(-1) ?? this.#all
    const ended = Math.min(slot - this.#closed, this.#draws.length)
    this.#draws = [...this.#draws.slice(ended), ...Array.from({ length: ended }, () => last)]
    this.#closed = slot
    for (const open of this.#open.keys()) if (open <= slot) this.#open.delete(open)
  }

  /**
   * Other members, or other weights, from now on. Who stays keeps its verdict and its evidence; what was drawn for slots
   * whose committees are fixed stands, but for those who are no members any more: their seats are silent.
   */
  replaceMembers(members: readonly Member[]): void {
    const lines = members.map(({ id }) => this.#lineOf(id))
    this.#members = members
    this.#indexes = indexesOf(members)
    this.#lines = lines
    const all = members.filter(hasWeight)
    this.#all = this.#all.isOf(all) ? this.#all : new DocketDraw(all)
    this.#draws = [...this.#draws.slice(0, -1), this.#drawFromAble()]
    for (const [slot, pages] of this.#open) this.#open.set(slot, this.#pagesOfMembers(pages))
  }

  #pagesOfMembers(pages: ReadonlyMap<string, DocketPage>): Map<string, DocketPage> {
    const kept = [...pages].filter(([subject]) => this.#indexes.has(subject))
    return new Map(kept.map(([subject, page]) => [subject, page.filter(({ witness }) => this.#indexes.has(witness))]))
  }

  /** From those who may witness by the verdicts as they stand; what was made for the same ones is kept. */
  #drawFromAble(): DocketDraw {
    const able = this.#all.members.filter(({ id }) => mayWitness(this.verdict(id).status))
    return [this.#all, ...this.#draws].find((draw) => draw.isOf(able)) ?? new DocketDraw(able)
  }

  #judge(index: number, id: string, slot: number, measured: DocketPage): Judgement {
    const { acceptedVarianceNs, absentAfterSlots } = this.#options.parameters
    const committee = this.committee(id, slot)
    const finding = findOffset({ committee, measured, acceptedVarianceNs })
    const isWitnessed = measured.some(({ witness }) => committee.some((member) => member.id === witness))
    const line = this.#lines[index] ?? INITIAL_LINE
    const silence: Silence = {
      unwitnessedSlots: isWitnessed ? 0 : line.unwitnessedSlots + 1,
      unplacedSlots: finding.offset === undefined ? line.unplacedSlots + 1 : 0,
    }
    const before = line.verdict
    const verdict = nextVerdict(before, { slot, finding, silence, absentAfterSlots })
    if (!isSameLine(line, verdict, silence)) this.#lines[index] = { verdict, ...silence }
    return { id, finding, before: before.status, verdict }
  }
}

/** A line that says the same is kept, and so are its bytes. */
const isSameLine = (line: DocketLine, verdict: Verdict, silence: Silence): boolean =>
  line.verdict.status === verdict.status &&
  line.verdict.reason === verdict.reason &&
  line.verdict.since === verdict.since &&
  line.unwitnessedSlots === silence.unwitnessedSlots &&
  line.unplacedSlots === silence.unplacedSlots

const hasWeight = ({ weight }: Member): boolean => weight > 0n

const indexesOf = (members: readonly Member[]): ReadonlyMap<string, number> =>
  new Map(members.map(({ id }, index) => [id, index]))
