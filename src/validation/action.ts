/**
 * Does an action count? It does if its author kept good time when it acted: a truechimer at the parent slot, and a time of
 * action that meets the block's interval.
 *
 * Source: DESIGN §5.3; seed 000 "Action Validity". Rules V-10 to V-12 in docs/spec/validation.md.
 */
import type { Admission, TimeInterval } from '../base/index.ts'
import { accept, ignore } from '../base/index.ts'
import type { NodeStatus } from './verdict.ts'

export const ACTION_REASONS = [
  'author-unproven',
  'author-falseticker',
  'author-absent',
  'time-before-block',
  'time-after-block',
] as const
export type ActionReason = (typeof ACTION_REASONS)[number]

export interface ActionInput {
  /** The author's status at the parent. */
  readonly authorStatus: NodeStatus
  /** When the author says that it acted. */
  readonly acted: TimeInterval
  /** The interval of time of the block, or of the slot, that the action is for. */
  readonly block: TimeInterval
}

/** Accepts an action, or says why it does not count. Whoever relays an invalid action has done nothing wrong. */
export const actionValidity = ({ authorStatus, acted, block }: ActionInput): Admission<null, ActionReason> => {
  if (authorStatus !== 'truechimer') return ignore(`author-${authorStatus}`)
  if (acted.latest < block.earliest) return ignore('time-before-block')
  return acted.earliest > block.latest ? ignore('time-after-block') : accept(null)
}

/**
 * May a node of this status witness others? An attestation is an action, with one exception: an unproven member may
 * witness, because a network in which nobody is proved yet must begin somewhere.
 */
export const mayWitness = (status: NodeStatus): boolean => status === 'truechimer' || status === 'unproven'
