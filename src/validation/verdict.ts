/**
 * From findings to a verdict in one word: `unproven → truechimer ⇄ falseticker`, and `absent` where nothing proved a node for
 * the allowed time. One step a slot; pure.
 *
 * Source: DESIGN §5.3. Rules V-8 and V-9 in docs/spec/validation.md.
 */
import type { Finding, FindingReason } from './finding.ts'

export const NODE_STATUSES = ['unproven', 'truechimer', 'falseticker', 'absent'] as const
export type NodeStatus = (typeof NODE_STATUSES)[number]

/** Slots without a witnessed proof after which a node is absent: 10. */
export const ABSENT_AFTER_SLOTS_DEFAULT = 10
/** A node whose witnesses are heard, but never enough of them in agreement, has this many times as long. */
export const UNPLACED_FACTOR = 2

export const STATUS_REASONS = ['never-proved', 'in-range', 'ahead', 'behind', 'no-proof'] as const
export type StatusReason = (typeof STATUS_REASONS)[number]

/** What a node is held to be, why, and since when. */
export interface Verdict {
  readonly status: NodeStatus
  /** Why it is so: the finding that last changed or confirmed it. */
  readonly reason: StatusReason
  /** Slot of the last change of `status`. */
  readonly since: number
}

export const INITIAL_VERDICT: Verdict = { status: 'unproven', reason: 'never-proved', since: 0 }

/** For how many judged slots in a row, this one included, evidence of a node has been missing. */
export interface Silence {
  /** No witness with a seat has measured it. */
  readonly unwitnessedSlots: number
  /** Its witnesses, if any, have not agreed where its clock is. */
  readonly unplacedSlots: number
}

export interface VerdictInput {
  readonly slot: number
  readonly finding: Finding
  readonly silence: Silence
  readonly absentAfterSlots: number
}

/**
 * The verdict after a slot. Evidence decides where there is any; silence makes a node absent, but never clears a
 * falseticker: only a new proof in range does. A slot whose witnesses were too few, or disagreed, changes nothing by itself;
 * but a standing that nobody can confirm lapses, or a node could keep it by answering nobody.
 */
export const nextVerdict = (verdict: Verdict, input: VerdictInput): Verdict => {
  const decided = statusOf(input.finding.reason)
  if (decided !== undefined) return changed(verdict, decided, input.slot)
  if (verdict.status === 'falseticker' || input.finding.asked === 0 || !isLapsed(input)) return verdict
  return changed(verdict, { status: 'absent', reason: 'no-proof' }, input.slot)
}

const isLapsed = ({ silence, absentAfterSlots }: VerdictInput): boolean =>
  silence.unwitnessedSlots >= absentAfterSlots || silence.unplacedSlots >= UNPLACED_FACTOR * absentAfterSlots

type Decided = Pick<Verdict, 'status' | 'reason'>

const statusOf = (reason: FindingReason): Decided | undefined => {
  if (reason === 'in-range') return { status: 'truechimer', reason }
  return reason === 'ahead' || reason === 'behind' ? { status: 'falseticker', reason } : undefined
}

const changed = (verdict: Verdict, decided: Decided, slot: number): Verdict => ({
  ...decided,
  since: verdict.status === decided.status ? verdict.since : slot,
})
