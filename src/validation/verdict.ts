/**
 * From findings to a verdict in one word: `unproven → truechimer ⇄ falseticker`, and `absent` where no proof came for the
 * allowed time. One step a slot; pure.
 *
 * Source: DESIGN §5.3. Rules V-5 to V-8 in docs/spec/validation.md.
 */
import type { Finding, FindingReason } from './finding.ts'

export const NODE_STATUSES = ['unproven', 'truechimer', 'falseticker', 'absent'] as const
export type NodeStatus = (typeof NODE_STATUSES)[number]

/** Slots without a proof after which a node is absent: 10. */
export const ABSENT_AFTER_SLOTS_DEFAULT = 10

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

export interface VerdictInput {
  readonly slot: number
  readonly finding: Finding
  /** Slots since the node's newest proof, or since it was first waited for. */
  readonly slotsWithoutProof: number
  readonly absentAfterSlots: number
}

/**
 * The verdict after a slot. Evidence decides where there is any; silence makes a node absent, but never clears a
 * falseticker: only a new proof in range does. A slot whose witnesses were too few, or disagreed, changes nothing.
 */
export const nextVerdict = (verdict: Verdict, input: VerdictInput): Verdict => {
  const decided = statusOf(input.finding.reason)
  if (decided !== undefined) return changed(verdict, decided, input.slot)
  if (verdict.status === 'falseticker' || input.slotsWithoutProof < input.absentAfterSlots) return verdict
  return changed(verdict, { status: 'absent', reason: 'no-proof' }, input.slot)
}

type Decided = Pick<Verdict, 'status' | 'reason'>

const statusOf = (reason: FindingReason): Decided | undefined => {
  if (reason === 'in-range') return { status: 'truechimer', reason }
  return reason === 'ahead' || reason === 'behind' ? { status: 'falseticker', reason } : undefined
}

const changed = (verdict: Verdict, decided: Decided, slot: number): Verdict => ({
  ...decided,
  since: verdict.status === decided.status ? verdict.since : slot,
})
